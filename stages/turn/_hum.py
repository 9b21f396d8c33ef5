"""Whether a voice says anything: a "嗯" is hummed through the nose, with the mouth closed."""

import numpy as np

from pipeline.audio import HEAR_RATE, Samples
from stages.turn._vad import CHUNK

_LOW, _SPLIT, _HIGH = (round(edge * CHUNK / HEAR_RATE) for edge in (90, 1000, 5000))
"""Bins. A closed mouth lets nearly nothing above 1 kHz out (Fujimura 1962, "Analysis of nasal consonants")."""
_LOUDER = 100.0
"""20 dB: hums lie at 22-28, and no quarter of a second of 103 sentences and 40 digits of real people all above 20."""
_FADING = 0.8
"""Of the loudest hum a chunk: 20 dB in half a second."""
_WINDOW = np.hanning(CHUNK)


class Hum:
    """One visitor's voice, chunk by chunk."""

    def __init__(self) -> None:
        self._hummed = 0.0

    def only(self, chunk: Samples) -> bool:
        """Whether the `[512]` samples at 16 kHz, a voice, hold next to nothing above 1 kHz.

        Beside the loudest of late, as the room's noise, in which a hum ends, holds more.
        """
        power = np.abs(np.fft.rfft(chunk * _WINDOW)) ** 2
        self._hummed = max(float(power[_LOW:_SPLIT].sum()), _FADING * self._hummed)
        return self._hummed > _LOUDER * float(power[_SPLIT:_HIGH].sum())
