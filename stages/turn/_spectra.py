"""Blocks of sound as spectra, and spectra as bands."""

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import FRAME, HEAR_RATE

Real = NDArray[np.float32]
Complex = NDArray[np.complex64]
BLOCK = FRAME
"""Samples that are looked at together: 20 ms."""
BINS = BLOCK + 1
"""Of the transform of two blocks: 25 Hz each."""
_EDGES = np.unique(np.round(np.geomspace(125, 7600, 25) / (HEAR_RATE / 2 / BLOCK)).astype(int))
BANDS = len(_EDGES) - 1
"""Of about a fifth of an octave, from 125 Hz to 7.6 kHz; narrower than 25 Hz there is none."""
_PLACES = np.interp(np.arange(BINS), (_EDGES[:-1] + _EDGES[1:]) / 2, np.arange(BANDS))
_BELOW = np.minimum(_PLACES.astype(int), BANDS - 2)
_SHARE = (_PLACES - _BELOW).astype(np.float32)


def spectrum(before: Real, block: Real) -> Complex:
    """`[321]` of two successive blocks, `[320]` each."""
    return transform(np.concatenate((before, block)))


def transform(blocks: Real) -> Complex:
    """`[640]` to `[321]`."""
    return np.fft.rfft(blocks).astype(np.complex64, copy=False)


def power(spectra: Complex) -> Real:
    """Squared magnitudes, of any shape."""
    found: Real = spectra.real**2 + spectra.imag**2
    return found


def bands(powers: Real) -> Real:
    """`[321]` to `[BANDS]`: the sum of each band."""
    found: Real = np.add.reduceat(powers, _EDGES)[:BANDS]
    return found


def over_bins(values: Real) -> Real:
    """`[BANDS]` to `[321]`, straight lines between the middles of the bands."""
    found: Real = values[_BELOW] + _SHARE * (values[_BELOW + 1] - values[_BELOW])
    return found
