"""The avatar must not hear itself: what the loudspeaker played is taken out of what the microphone heard."""

from typing import NamedTuple

import numpy as np

from pipeline.audio import Samples
from stages.turn._canceller import PARTITIONS, Canceller
from stages.turn._delay import SPAN, Delay
from stages.turn._leak import FOREIGN, Leak
from stages.turn._spectra import BANDS, BINS, BLOCK, Complex, Real, bands, over_bins, power, spectrum

_HISTORY = SPAN + PARTITIONS
"""Blocks of what was played that may still sound: 800 ms."""
_EARLY = 100
"""Samples that the room's answer begins before the strongest echo: resamplers and loudspeakers smear both ways."""
_LATEST = 3
"""Blocks by which the strongest echo may lie behind the answer's beginning."""
_FADING: Real = np.float32(0.75) ** np.arange(PARTITIONS + 10, dtype=np.float32)
"""How the power of a room's echo fades at the slowest, a block: 60 dB in a second."""
_LOUD = 0.7
"""Kept, a block, of how loud the microphone was."""
_NOBODY, _SOMEBODY = 0.06, 0.004
"""What is left is nobody's voice below this share of the microphone's power (-12 dB) ... and, once somebody was heard,
below this one (-24 dB): a voice is not cut where the avatar's is louder for a moment.
"""
_STRANGE, _PATIENCE = 30.0, 20
"""A sound is so many times above the noise; after so many blocks of it (400 ms) that do not match what is played, what
is heard is foreign.
"""
_YOUNG, _ASTRAY = 5, 12
"""Blocks without trust after a delay was found (100 ms), and after the room's answer did not fit any more."""
_GROWN = 50
"""Blocks of echo (a second) after which what was learnt is relied on."""
_LONG_HEARD = 10
"""Blocks (200 ms) after which who is heard is a visitor, and no room that has changed."""
_UNCANCELLED = 0.25
"""Share of the microphone's power from which what is left may be an echo at another delay: less is reverberation."""
_FLOORS = np.array([[0.2], [0.03]], np.float32)
"""Gain of bands that hold nothing but echo: for the words -14 dB, for the network -30 dB."""
_RAMP: Real = np.linspace(0, 1, BLOCK, endpoint=False, dtype=np.float32)
_NOTHING: Real = np.zeros(BLOCK, np.float32)


class Cleaned(NamedTuple):
    """The microphone's sound without the avatar's."""

    words: Samples
    """For the transcript: cancelled, and softened where nothing but echo is left."""
    voice: Samples
    """For the voice detector: all that echo may explain is suppressed, at some cost to a voice beside it."""


class EchoGuard:
    """One visitor's. While nothing has been played for 0.8 s it hands the microphone's own samples on, untouched.

    A delay is found by correlation, a Kalman filter cancels the echo, and what is left is compared, band by band, with
    what usually is left of an echo as loud as the one that is due (a spectral suppressor in the manner of Faller and
    Chen, "Suppressing acoustic echo in a spectral envelope space", 2005).
    """

    def __init__(self) -> None:
        self._quiet = _HISTORY
        """Blocks since something was played."""
        self._room: _Room | None = None

    @property
    def alone(self) -> bool:
        """Nobody is heard but, perhaps, the avatar."""
        return self._room is not None and self._quiet < _HISTORY and self._room.alone

    def skip(self) -> None:
        """There is a hole in the sound: what was played before it is over. The room is the same."""
        self._quiet = _HISTORY
        if self._room:
            self._room.hush()

    def hear(self, pcm: Samples, played: Samples) -> Cleaned:
        """A frame of microphone and of what was played: `[320]`, 16 kHz. Others are cut and filled up to that."""
        self._quiet = 0 if played.any() else self._quiet + 1
        if self._quiet >= _HISTORY or not pcm.size:
            return Cleaned(pcm, pcm)
        if self._room is None:
            self._room = _Room()
        places = range(0, pcm.size, BLOCK)
        pieces = [self._room.hear(pcm[at : at + BLOCK], played[at : at + BLOCK]) for at in places]
        return pieces[0] if len(pieces) == 1 else Cleaned(*map(np.concatenate, zip(*pieces, strict=True)))


class _Room:
    """What is known of the way from the loudspeaker to the microphone."""

    def __init__(self) -> None:
        self._delay, self._canceller, self._leak = Delay(), Canceller(), Leak()
        self._spectra = np.zeros((_HISTORY, BINS), np.complex64)
        self._powers = np.zeros((_HISTORY, BANDS), np.float32)
        self._played = self._rest = _NOTHING
        self._gains: Real = np.ones((2, BINS), np.float32)
        self._noise: Real = np.full(BANDS, 1e6, np.float32)
        self._at: int | None = None
        """Block in which the room's answer begins; None: no echo was recognised yet."""
        self._new = True
        """What is heard now has yet to be taken for echo."""
        self._distrust = _YOUNG
        self._strange = 0
        self._energies = np.zeros(2)
        """Of the microphone and of what is left, of late."""
        self._size = 0.0
        """Loudness of the room's answer in dB, a block ago."""
        self._loud = 0.0
        self._someone = 0
        """Blocks since somebody else began to be heard."""
        self._before = True
        """The block before held nobody's voice."""
        self.alone = True
        """Nobody is heard but, perhaps, the avatar."""

    def hush(self) -> None:
        """Nothing sounds any more."""
        self._spectra[:] = 0
        self._powers[:] = 0
        self._played = self._rest = _NOTHING
        self._delay = Delay()

    def hear(self, pcm: Samples, played: Samples) -> Cleaned:
        """Up to a block of each."""
        heard, echo = _block(pcm), _block(played)
        self._remember(echo)
        rest, found = self._cancel(heard)
        self._locate(echo, heard, rest)
        left, due = bands(power(found)) + 1, self._due()
        self._learn(left, due)
        most = self._leak.most(due)
        self._judge(heard, left, most)
        sounds = self._suppress(rest, np.stack([self._leak.least(due), most]) / left)
        words = pcm if self._at is None else _samples(sounds[0], pcm.size)
        return Cleaned(words, _samples(sounds[1], pcm.size) if self._at is not None else pcm)

    def _remember(self, played: Real) -> None:
        self._spectra[1:] = self._spectra[:-1]
        self._powers[1:] = self._powers[:-1]
        self._spectra[0] = spectrum(self._played, played)
        self._powers[0] = bands(power(self._spectra[0]))

    def _cancel(self, heard: Real) -> tuple[Real, Complex]:
        if self._at is None:
            return heard, spectrum(_NOTHING, heard)
        return self._canceller.take(self._spectra[self._at : self._at + PARTITIONS], heard)

    def _locate(self, played: Real, heard: Real, rest: Real) -> None:
        """Begin the answer anew where what is left correlates with what was played at another delay."""
        self._energies = 0.9 * self._energies + [heard @ heard, rest @ rest]
        lag = self._delay.take(self._played, played, rest)
        self._played = played
        if lag is None or self._energies[1] < _UNCANCELLED * self._energies[0]:
            return
        at = max(0, (lag - _EARLY) // BLOCK)
        if self._at is None or not (self._at and self._at * BLOCK) <= lag < (self._at + _LATEST) * BLOCK:
            self._canceller.shift(at - (self._at or 0))
            self._at, self._new, self._distrust = at, True, _YOUNG

    def _due(self) -> Real:
        """Power `[BANDS]` of the echo that may sound now, as loud as it was played."""
        if self._at is None:
            near = self._powers[:SPAN]
        else:
            near = self._powers[max(0, self._at - 1) : self._at + PARTITIONS + 9]
            near = near * _FADING[: len(near), None]
        found: Real = near.max(0)
        return found

    def _learn(self, left: Real, due: Real) -> None:
        if self._at is None:
            self._new = False
            self._leak.learn(left, due, fall=1.0)
            self._strange += bool(left.sum() > _STRANGE * self._noise.sum() and due.any())
            if self._strange > _PATIENCE:
                self._leak.limit(FOREIGN)
        else:
            self._follow()
            self._leak.learn(left, due, anew=self._new)
            self._new = False
        self._noise = np.where(left < self._noise, 0.8 * self._noise + 0.2 * left, 1.01 * self._noise)

    def _follow(self) -> None:
        """What leaks through changes with the loudness of the echo; nothing is sure where the echo is not as learnt."""
        if self._canceller.lost and self._leak.age > 10 and self._someone <= _LONG_HEARD:
            self._distrust = _ASTRAY if self._leak.age > _GROWN else _YOUNG
        if self._canceller.changed:
            self._distrust = max(self._distrust, _YOUNG)
        size = self._canceller.decibels
        if self._leak.age > _GROWN:
            self._leak.scale(min(max(size - self._size, -3.0), 3.0))
        self._size = size

    def _judge(self, heard: Real, left: Real, most: Real) -> None:
        """Whether anybody but the avatar is heard."""
        if self._at is None:
            self.alone = self._leak.usual > FOREIGN or bool(left.sum() < most.sum())
            return
        whole = float(bands(power(spectrum(_NOTHING, heard))).sum())
        self._loud = max(whole, _LOUD * self._loud)
        foreign = float(np.maximum(left - most, _FLOORS[1] ** 2 * left).sum())
        share = _NOBODY if self.alone else _SOMEBODY
        nobody = foreign < share * self._loud or foreign < 2 * float(self._noise.sum()) or self._distrust > 0
        self._distrust = max(0, self._distrust - 1)
        self.alone, self._before = nobody and self._before, nobody
        self._someone = 0 if self.alone else self._someone + 1

    def _suppress(self, rest: Real, explained: Real) -> Real:
        """Two sounds `[2, 320]`, of which the shares `[2, BANDS]` are taken out, faded over from the last block's."""
        shares = np.sqrt(np.clip(1 - explained, _FLOORS**2, 1)).astype(np.float32)
        gains = np.stack([over_bins(share) for share in shares])
        whole = spectrum(self._rest, rest)
        old, new = np.fft.irfft(np.stack([whole * self._gains, whole * gains]))[..., BLOCK:]
        self._rest, self._gains = rest, gains
        sounds: Real = old + _RAMP * (new - old)
        return sounds


def _block(samples: Samples) -> Real:
    block = np.zeros(BLOCK, np.float32)
    block[: samples.size] = samples[:BLOCK]
    return block


def _samples(sound: Real, size: int) -> Samples:
    samples: Samples = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    return samples[:size]
