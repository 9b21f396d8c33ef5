"""From a voice's sound to `Speech` parts: resampled as it streams, and cut."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Mark
from pipeline.messages import Sentence, Speech
from stages.speech._loudness import Sound

FIRST = 4_320
"""Samples of the first part: 180 ms, so that sound starts early."""
REST = 14_400
"""Samples of the others: 0.6 s, 28.8 kB."""
LARGEST = 16_000
"""No part is longer: 32 kB on the bus."""
_SILENT = 48  # of 32768: a voice below it is silent
_CONTEXT = 4
"""Phonemes before a part and after it: what the lips of `cues` depend on."""


class Resampler:
    """A stream of sound at one rate becomes the same stream at another: no seam, and nothing shifts in time."""

    def __init__(self, rate: int, to: int = SPEAK_RATE) -> None:
        import soxr

        self._stream: Any = soxr.ResampleStream(rate, to, 1, dtype="float32") if rate != to else None

    def feed(self, sound: Sound, *, last: bool = False) -> Sound:
        """What can be said so far; `last` flushes the filter."""
        if self._stream is None:
            return sound
        resampled: Sound = self._stream.resample_chunk(np.ascontiguousarray(sound, np.float32), last)
        return resampled


def to_speak_rate(rate: int) -> Resampler:
    """For a voice that speaks at `rate` Hz."""
    return Resampler(rate)


def trimmed(samples: NDArray[np.int16], rate: int, pause_ms: int) -> NDArray[np.int16]:
    """Without the voice's own silence at the end (espeak: 190-320 ms, by voice), and with `pause_ms` of ours."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENT)
    end = int(loud[-1]) + 1 if len(loud) else 0
    return np.concatenate([samples[:end], np.zeros(rate * pause_ms // 1000, np.int16)])


class Parts:
    """Cuts the sound of one sentence into `Speech` messages; marks go where they begin."""

    def __init__(self, sentence: Sentence, *, timed: bool) -> None:
        """`timed`: the voice gives phoneme times."""
        self._sentence = sentence
        self._timed = timed
        self._sound = np.zeros(0, np.int16)
        self._phonemes: list[Mark] = []
        self._words: list[Mark] = []
        self._before: tuple[Mark, ...] = ()
        self._start = 0
        self._part = 0

    def feed(self, pcm: NDArray[np.int16], phonemes: Sequence[Mark] = (), words: Sequence[Mark] = ()) -> list[Speech]:
        """Take 24 kHz sound, and marks on the sentence's clock (not later than the sound they lie in)."""
        self._sound = np.concatenate([self._sound, pcm])
        self._phonemes.extend(phonemes)
        self._words.extend(words)
        parts = []
        while len(self._sound) >= self._size() + LARGEST - REST:  # what is left is then never a splinter
            parts.append(self._cut(self._size()))
        return parts

    def finish(self) -> list[Speech]:
        """The last part; an empty one where nothing was fed."""
        return [self._cut(len(self._sound), last=True)]

    def _size(self) -> int:
        return REST if self._part else FIRST

    def _cut(self, size: int, *, last: bool = False) -> Speech:
        end = self._start + size
        phonemes = [mark for mark in self._phonemes if last or mark.start < end]
        words = [mark for mark in self._words if last or mark.start < end]
        del self._phonemes[: len(phonemes)], self._words[: len(words)]
        speech = self._sentence.answer(
            Speech,
            index=self._sentence.index,
            part=self._part,
            start=self._start,
            last=last,
            pcm=self._sound[:size].astype("<i2").tobytes(),
            phonemes=tuple(phonemes),
            timed=self._timed,
            words=tuple(words),
            context=(*self._before, *self._phonemes[:_CONTEXT]),
            text=self._sentence.text,
            language=self._sentence.language,
            emotion=self._sentence.emotion,
            strength=self._sentence.strength,
            gesture=self._sentence.gesture,
            origin=self._sentence.origin,
        )
        self._before = (*self._before, *phonemes)[-_CONTEXT:]
        self._sound = self._sound[size:]
        self._start, self._part = end, self._part + 1
        return speech
