"""How much of an echo is still there after it was cancelled: what a linear model of a room does not explain."""

import numpy as np

from stages.turn._spectra import BANDS, Real

_AUDIBLE = np.float32(1e6)
"""Power of a band from which what is played teaches something: that of noise of about 3 (of 32768)."""
_RISE, _FALL = 0.1, 0.05
"""dB a block: they meet where a third of the blocks lie above."""
_OUTLIER, _CREEP = 8.0, 0.02
"""So many dB above the usual it is more likely a visitor, and the leak rises by less a block."""
_HASTE, _SETTLED = 10.0, 15.0
"""How much faster it learns at first, and the blocks in which it calms down."""
_MARGIN, _DOUBT, _MATURE = 6.0, 10.0, 25.0
"""dB by which a block's echo may exceed the usual, and how much more while little is known; blocks to grow up in."""
UNHEARD, FOREIGN = 6.0, -15.0
"""dB below what is played: before anything was heard, and once a voice was heard that is not what is played."""


class Leak:
    """What remains of the echo in each band, in dB of `echo`: powers that say how it would sound uncancelled.

    Followed as a quantile, with steps that do not depend on how far off a block is, so that a visitor's voice, far
    above it, hardly moves it.
    """

    def __init__(self) -> None:
        self._level: Real = np.full(BANDS, UNHEARD, np.float32)
        self.age = 0
        """Blocks of audible echo since it began anew."""

    @property
    def usual(self) -> float:
        """dB, the median of the bands."""
        return float(np.median(self._level))

    def limit(self, decibels: float) -> None:
        """It is not more than this."""
        self._level = np.minimum(self._level, np.float32(decibels))

    def scale(self, decibels: float) -> None:
        """The echo's loudness changed by this much."""
        self._level += np.float32(decibels)

    def learn(self, rest: Real, echo: Real, *, fall: float = 0.0, anew: bool = False) -> None:
        """Powers `[BANDS]` of a block's rest and echo. `fall`: dB that it may fall; `anew`: what is heard is echo."""
        found = 10 * np.log10(rest / (echo + 1))
        taught = (echo > 1e-3 * echo.max()) & (echo > _AUDIBLE)
        if anew:
            self._level, self.age = np.maximum(found, np.median(found)) + np.float32(3.0), 0
        self.age += int(taught.any())
        haste = 1 + _HASTE * np.exp(-self.age / _SETTLED)
        above = found - self._level
        up = np.where(above < _OUTLIER, _RISE, _CREEP) * haste
        step = np.where(above < 0, np.maximum(above, -(fall or _FALL * haste)), up)
        self._level = np.where(taught, self._level + step, self._level).astype(np.float32)

    def most(self, echo: Real) -> Real:
        """Power that echo explains in each band, generously: for hearing whether anybody else is there."""
        return self._times(echo, _MARGIN + _DOUBT * float(np.exp(-self.age / _MATURE)))

    def least(self, echo: Real) -> Real:
        """Power that is surely echo's: for taking it out without hurting a voice beside it."""
        return self._times(echo, -3.0)

    def _times(self, echo: Real, decibels: float) -> Real:
        found: Real = echo * np.power(np.float32(10), (self._level + np.float32(decibels)) / np.float32(10))
        return found
