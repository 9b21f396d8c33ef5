"""How late the loudspeaker is heard: found again and again from the sound itself."""

import numpy as np

from stages.turn._spectra import BINS, BLOCK, Complex, Real, power, transform

SPAN = 32
"""Blocks in which the echo may come: 640 ms, drivers and room together."""
_MEMORY = 0.92
"""Kept from block to block: half after 170 ms, the length of a syllable."""
_WHITENING = 0.7
"""Exponent of the magnitudes that are divided out. 1 is GCC-PHAT (Knapp and Carter 1976), which lets the empty bins of
a voice outvote the full ones; at 0.7 the peak stood clearest above a visitor's voice.
"""
_FAINT = np.float32(300.0)
"""Magnitude below which a bin is not lifted: that of noise of about 10 (of 32768)."""
_CLEAR, _COHERENT = 8.5, 0.22
"""A peak counts at so many times the correlation's own effective value, and so much of the energy. Echoes of a voice
stand at 14-25 and 0.4-0.8; where nothing is heard but a visitor, 8 and 0.14 were the highest.
"""
_ENOUGH = 4.0
"""Blocks of sound that a peak must come from: one block and one other always look alike somewhere."""
_SAME = 320
"""Samples between two peaks of one echo, a reflection among them: 20 ms."""


def _windows() -> tuple[Real, Real]:
    """For two blocks of reference, flat but for its ends, and for a block of microphone behind a block of nothing.

    Without them the edges of the blocks, which lie at the same places in both, would correlate.
    """
    slope = np.hanning(131)[1:65]
    reference = np.concatenate([slope, np.ones(2 * BLOCK - 128), slope[::-1]])
    return reference.astype(np.float32), np.hanning(BLOCK + 2)[1:-1].astype(np.float32)


_REFERENCE, _HEARD = _windows()
_NOTHING: Real = np.zeros(BLOCK, np.float32)
_BAND: Real = ((np.arange(BINS) > 8) & (np.arange(BINS) < 200)).astype(np.float32)
"""200 Hz to 5 kHz: what small loudspeakers play."""


class Delay:
    """Correlates the microphone with the last 640 ms of what was played, all lags at once.

    Whitened spectra of blocks are multiplied lag by lag and averaged (generalised cross-correlation); the strongest
    place must be found twice, 40 ms apart, before it counts.
    """

    def __init__(self) -> None:
        self._played = np.zeros((SPAN, BINS), np.complex64)
        self._energy = np.zeros(SPAN, np.float32)
        self._product = np.zeros((SPAN, BINS), np.complex64)
        self._heard = np.zeros(SPAN, np.float32)
        self._weights = (_MEMORY ** np.arange(SPAN)).astype(np.float32)
        self._turn = 0
        self._candidate = -1

    def take(self, before: Real, played: Real, heard: Real) -> int | None:
        """A block (`[320]` each) of what was played, that before it, and of the microphone.

        The lag in samples, where one is clear just now.
        """
        self._add(before, played, heard)
        self._turn = 1 - self._turn
        return self._look() if self._turn else None

    def _add(self, before: Real, played: Real, heard: Real) -> None:
        self._played[1:] = self._played[:-1]
        self._energy[1:] = self._energy[:-1]
        self._played[0] = _whitened(transform(np.concatenate((before, played)) * _REFERENCE))
        self._energy[0] = power(self._played[0]).sum()
        white = _whitened(transform(np.concatenate((_NOTHING, heard * _HEARD))))
        self._product *= np.float32(_MEMORY)
        self._product += self._played.conj() * white
        self._heard[1:] = self._heard[:-1]
        self._heard[0] = power(white).sum()

    def _look(self) -> int | None:
        correlation = np.fft.irfft(self._product)[:, :BLOCK].ravel()
        lag = int(np.abs(correlation).argmax())
        peak, usual = abs(float(correlation[lag])), float(np.sqrt(correlation @ correlation / correlation.size))
        partition = lag // BLOCK
        played = self._energy[partition:] * self._weights[: SPAN - partition]
        heard = self._heard * self._weights
        whole = np.sqrt(float(heard.sum() * played.sum())) / (2 * BLOCK)
        clear = peak > _CLEAR * usual and peak > _COHERENT * whole and min(_blocks(played), _blocks(heard)) > _ENOUGH
        again, self._candidate = clear and abs(lag - self._candidate) < _SAME, lag if clear else -1 - _SAME
        return lag if again else None


def _blocks(energies: Real) -> float:
    """How many blocks share the energy: 1 where it is all in one."""
    return float(energies.sum() ** 2 / (energies @ energies + np.float32(1e-9)))


def _whitened(spectrum: Complex) -> Complex:
    white: Complex = spectrum * (_BAND / (np.abs(spectrum) + _FAINT) ** np.float32(_WHITENING))
    return white
