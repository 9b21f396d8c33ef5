"""What really sounded, made again from what was spoken and from what the screen reports of it."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import SPEAK_RATE, Samples
from pipeline.messages import Interrupt, Played, Speech
from pipeline.recording.filescreen import DUCKED, FADE

JITTER = 0.12
"""Seconds: a report that is late or early by less moves no sound, and so makes no click."""
MOST = 128
"""Sentences that are remembered: many more than any screen holds."""

_Parts = dict[int, Speech]


@dataclass(slots=True)
class _Sentence:
    """One that was spoken; `heard`: up to which sample of its own clock it is known to have sounded."""

    attempts: dict[int, _Parts] = field(default_factory=dict)
    heard: int = 0
    begun: bool = False
    over: bool = False

    def ends_with(self, number: int) -> bool:
        """Part `number` is its last."""
        return any(number in parts and parts[number].last for parts in self.attempts.values())

    def pcm(self, start: int, end: int) -> Samples:
        """Samples `start` to `end` of its own clock; silence where nothing was spoken."""
        sound = np.zeros(end - start, np.int16)
        for part in max(self.attempts.values(), key=len, default={}).values():
            piece = np.frombuffer(part.pcm, "<i2")
            first, last = max(start, part.start), min(end, part.start + len(piece))
            if first < last:
                sound[first - start : last - start] = piece[first - part.start : last - part.start]
        return sound


class Sounded:
    """Takes messages in the order in which they come; `at` are seconds on the recording's clock.

    A screen's report says how far a sentence has sounded: that much of it ends at that moment. What no report says did
    not sound, so a screen that dies without a word is right, too, to a fifth of a second.
    """

    def __init__(self) -> None:
        self._sentences: OrderedDict[str, _Sentence] = OrderedDict()
        self._pieces: deque[tuple[int, Samples]] = deque()
        self._fades: deque[int] = deque()
        """Where sound was cut: it has faded out by then."""
        self._gains: list[tuple[int, float]] = [(0, 1.0)]
        self._head = 0
        """End of the last piece."""
        self._written = 0

    def speech(self, part: Speech) -> None:
        """Take a part of a sentence, from any worker."""
        known = self._sentences.setdefault(part.cause, _Sentence())
        known.attempts.setdefault(part.attempt, {}).setdefault(part.part, part)
        while len(self._sentences) > MOST:
            self._sentences.popitem(last=False)

    def interrupt(self, order: Interrupt) -> None:
        """An attempt is not wanted: another worker's is played, unless this one sounds already."""
        known = self._sentences.get(order.cause)
        if known is not None and order.stopped and not known.begun and len(known.attempts) > 1:
            known.attempts.pop(order.stopped, None)

    def played(self, at: float, report: Played) -> None:
        """Take the screen's report."""
        known = self._sentences.get(report.cause)
        if known is None or known.over:
            return
        now = max(0, round(at * SPEAK_RATE))
        if report.state == "started" or report.sample > known.heard:
            known.begun = True
            self._sound(known, now, max(known.heard, report.sample))
        if report.state == "cut" and known.begun:
            self._fades.append(self._head)
        if report.state == "cut" or (report.state == "ended" and known.ends_with(report.part)):
            known.over = True
            known.attempts.clear()

    def _sound(self, known: _Sentence, now: int, until: int) -> None:
        """It has sounded from `known.heard` to `until`, which was heard at `now`."""
        begun = now - (until - known.heard)
        if begun > self._head + JITTER * SPEAK_RATE or not self._head:
            self._head = max(self._head, begun)
        self._head = max(self._head, self._written)
        if until > known.heard:
            self._pieces.append((self._head, known.pcm(known.heard, until)))
            self._head += until - known.heard
            known.heard = until

    def duck(self, at: float, *, on: bool) -> None:
        """Softer, or louder again, within 20 ms."""
        gain, place = DUCKED if on else 1.0, max(0, round(at * SPEAK_RATE))
        last = self._gains[-1][1]
        if gain != last:
            self._gains += [(max(place, self._gains[-1][0]), last), (max(place, self._gains[-1][0]) + FADE, gain)]

    def render(self, until: int) -> Samples:
        """What sounds from where it was last called to `until` (24 kHz samples from second 0)."""
        start, self._written = self._written, max(until, self._written)
        block = np.zeros(self._written - start, np.float32)
        for begun, pcm in self._pieces:
            first, last = max(start, begun), min(self._written, begun + len(pcm))
            if first < last:
                block[first - start : last - start] += pcm[first - begun : last - begun]
        while self._pieces and self._pieces[0][0] + len(self._pieces[0][1]) <= self._written:
            self._pieces.popleft()
        if block.any():
            block *= self._gain(start, len(block))
            for end in self._fades:
                _fade(block, end - start)
        while self._fades and self._fades[0] <= self._written:
            self._fades.popleft()
        samples: Samples = np.clip(np.rint(block), -32768, 32767).astype(np.int16)
        return samples

    def _gain(self, start: int, length: int) -> NDArray[np.float32]:
        places, gains = zip(*self._gains, strict=True)
        curve: NDArray[np.float32] = np.interp(np.arange(start, start + length), places, gains).astype(np.float32)
        while len(self._gains) > 1 and self._gains[1][0] < start:
            del self._gains[0]
        return curve


def _fade(block: NDArray[np.float32], end: int) -> None:
    """Sound that was cut has faded out by `end` of the block, over 20 ms; what comes after it is not touched."""
    first, last = max(0, end - FADE), min(len(block), end)
    if first < last:
        block[first:last] *= ((end - np.arange(first, last)) / FADE).astype(np.float32)
