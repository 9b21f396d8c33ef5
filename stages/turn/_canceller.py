"""What the loudspeaker adds to the microphone, learnt and taken away."""

import numpy as np

from stages.turn._spectra import BINS, BLOCK, Complex, Real, power, spectrum

PARTITIONS = 8
"""Blocks of the room's answer that are learnt: 160 ms from just before the first echo on."""
_TRANSITION = np.float32(0.98)
"""Of the squared answer this much is thought to be the same 20 ms later: it follows clocks that differ by 100 ppm.
Higher cancels a still room 1-2 dB better, and such clocks 3 dB worse.
"""
_UNKNOWN = np.float32(0.5)
"""Variance of each bin of the answer while nothing is known of it."""
_FAINT = np.float32(100.0)
_NOTHING: Real = np.zeros(BLOCK, np.float32)
_MEMORY = 0.7
"""Of the correlation of echo and microphone, a block: 60 ms."""
_MATTERS, _STRAYS = 0.2, 0.3
"""Share of the microphone's energy from which the echo's own size can be told beside a visitor's voice, whose chance
likeness moves it by a third; and the size below which it is not that echo any more.
"""


class Canceller:
    """A partitioned-block frequency-domain Kalman filter (Enzner and Vary 2006; Kuech, Mabande, Enzner 2014).

    Its step follows from what is known of the room and what else is heard, bin by bin, so that a visitor who speaks
    over the echo does not spoil what was learnt.
    """

    def __init__(self) -> None:
        self._answer = np.zeros((PARTITIONS, BINS), np.complex64)
        self._doubt = np.full((PARTITIONS, BINS), _UNKNOWN, np.float32)
        self._else: Real = np.zeros(BINS, np.float32)
        """Power of what is not echo."""
        self._both = self._echo = self._all = 0.0
        self.lost = False
        """The echo just now is not what the answer says."""
        self.changed = False
        """It is what the answer says, only louder or softer."""

    @property
    def decibels(self) -> float:
        """How loud the answer is."""
        return 10 * float(np.log10(power(self._answer).sum() + 1e-9))

    def shift(self, blocks: int) -> None:
        """The answer begins this many blocks later than it did."""
        kept = np.zeros_like(self._answer)
        for new in range(PARTITIONS):
            if 0 <= new + blocks < PARTITIONS:
                kept[new] = self._answer[new + blocks]
        self._answer = kept
        self._doubt[:] = _UNKNOWN

    def take(self, played: Complex, heard: Real) -> tuple[Real, Complex]:
        """Spectra `[8, 321]` of what was played, newest first, and the microphone's block `[320]`: without its echo,
        and the spectrum of that.
        """
        echo: Real = np.fft.irfft((played * self._answer).sum(0))[BLOCK:].astype(np.float32)
        echo *= self._size(echo, heard)
        rest = heard - echo
        found = spectrum(_NOTHING, rest)
        self._learn(played, found)
        return rest, found

    def _size(self, echo: Real, heard: Real) -> np.float32:
        """What the echo is to be multiplied with: 1, unless the loudness was changed behind the reference's back.

        The answer is scaled with it, as it would take the filter half a second to learn it.
        """
        self._both = _MEMORY * self._both + float(echo @ heard)
        self._echo = _MEMORY * self._echo + float(echo @ echo)
        self._all = _MEMORY * self._all + float(heard @ heard)
        size = self._both / (self._echo + 1.0)
        certain = self._both**2 > 0.5 * self._echo * self._all
        matters = self._echo > _MATTERS * self._all
        self.lost = matters and size < _STRAYS
        self.changed = certain and not 0.7 < size < 1.2
        if not ((matters and size < 0.5) or (certain and size > 1.5)):
            return np.float32(1.0)
        size = min(max(size, 0.0), 4.0)
        self._answer *= np.float32(size)
        self._both, self._echo = size * self._both, size**2 * self._echo
        return np.float32(size)

    def _learn(self, played: Complex, rest: Complex) -> None:
        self._else = np.float32(0.5) * (self._else + power(rest))
        loud = power(played)
        # Half: of the two blocks that are transformed together only the later one was heard.
        half = np.float32(0.5)
        gain = self._doubt / (half * (loud * self._doubt).sum(0) + self._else + _FAINT)
        step = np.fft.irfft(played.conj() * (gain * rest))
        step[:, BLOCK:] = 0.0  # an answer longer than its partition would be heard a second time, wrapped around
        self._answer += np.fft.rfft(step)
        self._doubt *= 1 - half * gain * loud
        self._doubt *= _TRANSITION
        self._doubt += (1 - _TRANSITION) * power(self._answer)
