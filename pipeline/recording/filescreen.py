"""A screen without glass: plays on the pipeline's clock, into memory or a file."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import FRAME, SILENCE, SPEAK_RATE, Samples
from pipeline.clock import Clock, Timer
from pipeline.envelope import Message
from pipeline.messages import Cues, Played, Speech

FADE = SPEAK_RATE // 50
"""Samples of a fade or a change of gain: 20 ms."""
DUCKED = 0.25
"""Gain while the visitor may be speaking: -12 dB."""
PROGRESS = 0.2
"""Seconds between reports: 5 a second, as the blueprint asks."""
BLOCK = SPEAK_RATE // 50
"""24 kHz samples that sound during one microphone frame."""


class Sink(Protocol):
    """Where sound goes."""

    def write(self, samples: Samples) -> None:
        """Append."""


@dataclass(slots=True)
class _Piece:
    """A part and where it sounds on the loudspeaker's timeline, in 24 kHz samples from its start."""

    speech: Speech
    cues: Cues | None
    start: int
    end: int
    cut: bool = False


class FileScreen:
    """One loudspeaker. Its time is the clock's: sample = seconds since it was made x 24,000."""

    def __init__(self, clock: Clock, sink: Sink | None = None) -> None:
        self._clock, self._sink = clock, sink
        self.start = clock.now()
        self._report: Callable[[Message], None] = lambda _: None
        self._queue: deque[tuple[Speech, Cues | None]] = deque()
        self._now: _Piece | None = None
        self._timers: list[Timer] = []
        self._sounding: list[_Piece] = []
        """Pieces that `render` has still to write."""
        self._gains: list[tuple[int, float]] = [(0, 1.0)]
        self._written = 0
        self.cued: list[tuple[int, int, Cues]] = []
        """What the face did: first and last sample on the loudspeaker's timeline, cues."""
        self.shown: list[tuple[float, Message]] = []
        """What the visitor saw and when."""

    def open(self, report: Callable[[Message], None]) -> None:
        self._report = report

    def play(self, speech: Speech, cues: Cues | None) -> None:
        self._queue.append((speech, cues))
        if self._now is None:
            self._next(self._sample())

    def show(self, message: Message) -> None:
        self.shown.append((self._clock.now(), message))

    def duck(self, *, on: bool) -> None:
        gain = DUCKED if on else 1.0
        last = self._gains[-1][1]
        if gain != last:
            self._gains += [(self._sample(), last), (self._sample() + FADE, gain)]

    def cut(self) -> None:
        piece, waiting = self._now, list(self._queue)
        self._stop_timers()
        self._queue.clear()
        self._now = None
        done: set[str] = set()
        if piece is not None:
            position = max(self._sample(), piece.start)
            piece.end, piece.cut = min(piece.end, position + FADE), True
            done.add(piece.speech.cause)
            self._tell(piece.speech, piece.speech.start + position - piece.start, "cut")
        for speech, _ in waiting:
            if speech.cause not in done:
                done.add(speech.cause)
                self._tell(speech, speech.start, "cut")

    def played(self, sample: int) -> Samples:
        del sample  # the loudspeaker and the microphone share the clock
        block = self.render(self._written + BLOCK)
        return _to_hear(block) if block.any() else SILENCE

    def render(self, until: int) -> Samples:
        """What sounds from where it was last called to `until` (24 kHz samples from the start); also to the sink."""
        start, self._written = self._written, max(until, self._written)
        block = np.zeros(self._written - start, np.float32)
        for piece in self._sounding:
            _mix(block, start, piece)
        if block.any():
            block *= self._gain(start, len(block))
        self._sounding = [piece for piece in self._sounding if piece is self._now or piece.end > until]
        samples: Samples = np.clip(np.rint(block), -32768, 32767).astype(np.int16)
        if self._sink is not None:
            self._sink.write(samples)
        return samples

    def _gain(self, start: int, length: int) -> NDArray[np.float32]:
        places, gains = zip(*self._gains, strict=True)
        curve: NDArray[np.float32] = np.interp(np.arange(start, start + length), places, gains).astype(np.float32)
        while len(self._gains) > 1 and self._gains[1][0] < start:
            del self._gains[0]
        return curve

    def _sample(self) -> int:
        return round((self._clock.now() - self.start) * SPEAK_RATE)

    def _next(self, start: int) -> None:
        """Begin the next part at sample `start`, which follows the one before it without a gap."""
        if not self._queue:
            self._now = None
            return
        speech, cues = self._queue.popleft()
        piece = self._now = _Piece(speech, cues, start, start + len(speech.pcm) // 2)
        self._sounding.append(piece)
        if cues is not None:
            self.cued.append((piece.start, piece.end, cues))
        if speech.part == 0:
            self._tell(speech, 0, "started")
        self._stop_timers()
        self._timers.append(self._clock.call_at(self.start + piece.end / SPEAK_RATE, lambda: self._ended(piece)))
        self._progress(piece, self.start + start / SPEAK_RATE + PROGRESS)

    def _progress(self, piece: _Piece, when: float) -> None:
        if round((when - self.start) * SPEAK_RATE) >= piece.end:
            return

        def tell() -> None:
            if self._now is piece:
                self._tell(piece.speech, piece.speech.start + self._sample() - piece.start, "progress")
                self._progress(piece, when + PROGRESS)

        self._timers.append(self._clock.call_at(when, tell))

    def _ended(self, piece: _Piece) -> None:
        if self._now is piece:
            self._tell(piece.speech, piece.speech.start + piece.end - piece.start, "ended")
            self._next(piece.end if self._queue else self._sample())

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _tell(self, speech: Speech, sample: int, state: str) -> None:
        self._report(speech.answer(Played, index=speech.index, part=speech.part, sample=sample, state=state)
                     .changed(cause=speech.cause))  # fmt: skip


def _mix(block: NDArray[np.float32], start: int, piece: _Piece) -> None:
    """Add what `piece` sounds in the block that begins at `start`; a cut piece fades over its last 20 ms."""
    first, last = max(start, piece.start), min(start + len(block), piece.end)
    if first >= last:
        return
    pcm = np.frombuffer(piece.speech.pcm, "<i2")[first - piece.start : last - piece.start].astype(np.float32)
    if piece.cut:
        pcm = pcm * np.clip((piece.end - np.arange(first, last)) / FADE, 0.0, 1.0).astype(np.float32)
    block[first - start : last - start] += pcm


def _to_hear(block: Samples) -> Samples:
    """24 to 16 kHz by linear interpolation: a reference for comparing energies and delays, not for listening."""
    places = np.arange(FRAME) * (len(block) / FRAME)
    heard: Samples = np.interp(places, np.arange(len(block)), block).astype(np.int16)
    return heard
