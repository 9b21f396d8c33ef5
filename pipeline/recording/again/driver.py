"""Takes the visitor's place: does what was done in the recording, when its time has come."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import FRAME, HEAR_RATE, Samples
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import Control, Presence, Say, Typed
from pipeline.recording.again.ear import Ear
from pipeline.recording.again.steps import Step
from pipeline.session.edge import Edge

STEP = FRAME / HEAR_RATE
SETTLED = 1.0
"""Seconds of silence after which the replay ends."""
PATIENCE = 90.0
"""Seconds that a step, or the end, waits for an avatar that does not fall silent."""
_CLOSE = 0.01
"""Of a frame: recorded times are rounded to a ten-thousandth of a second."""
_PLACES = ("at_sample", "start_sample", "end_sample", "decided_sample")


@dataclass
class Track:
    """The microphone's sound of the replay: pieces of the recorded one, in their new places."""

    recorded: Samples
    origin: int
    pieces: list[tuple[int, int, int]] = field(default_factory=list)
    """First sample in the replay, first and last + 1 in `recorded`."""

    def lay(self, at: int, since: int, until: int) -> None:
        """Put the recorded samples from `since` to `until`, as its edge counts them, at sample `at`."""
        first, last = max(0, since - self.origin), max(0, until - self.origin)
        self.pieces.append((at + first - (since - self.origin), first, last))

    def voices(self, length: int, recorded: NDArray[np.float32]) -> list[float | None]:
        """How probable a voice is in each 20 ms of so many samples; None where the recording does not say."""
        found = np.full(-(-length // FRAME), -1.0, np.float32)
        for at, first, last in self.pieces:
            begin, source = max(0, -(-at // FRAME)), first // FRAME
            piece = recorded[source + begin - at // FRAME : last // FRAME][: max(0, len(found) - begin)]
            found[begin : begin + len(piece)] = piece
        return [float(voice) if voice >= 0 else None for voice in found] if len(recorded) else []

    def samples(self, length: int) -> Samples:
        """All of it; silence between the pieces."""
        sound = np.zeros(length, np.int16)
        for at, first, last in self.pieces:
            skip = max(0, -at)
            piece = self.recorded[first + skip : last][: max(0, length - at - skip)]
            sound[at + skip : at + skip + len(piece)] = piece
        return sound

    def frame(self, at: int) -> Samples:
        """20 ms from sample `at` on; the latest piece covers the earlier ones."""
        frame = np.zeros(FRAME, np.int16)
        for start, first, last in self.pieces[-2:]:
            offset = at - start
            if -FRAME < offset < last - first:
                begin = max(0, -offset)
                piece = self.recorded[first + offset + begin : min(last, first + offset + FRAME)]
                frame[begin : begin + len(piece)] = piece
        return frame

    @property
    def end(self) -> int:
        """Where the last piece ends."""
        return max((at + last - first for at, first, last in self.pieces), default=0)


class Driver:
    """One visitor before one edge."""

    def __init__(self, edge: Edge, ear: Ear, clock: Clock, track: Track, *, hears: bool) -> None:
        """`hears`: the turn engine is live and is given sound, instead of what it said in the recording."""
        self._edge, self._ear, self._clock, self._track, self._hears = edge, ear, clock, track, hears
        self.start = clock.now()
        self._last = self.start
        self._moved = 0
        self.remarks: list[str] = []
        """What could not be as it was, in Chinese and English."""

    # --- time

    @property
    def sample(self) -> int:
        """Of the replay's microphone, now."""
        return round((self._clock.now() - self.start) / STEP) * FRAME

    async def _until(self, when: float) -> None:
        """Sleep to the frame that ends at `when` or next after it."""
        number = math.ceil((when - self.start) / STEP - _CLOSE)
        await self._clock.sleep(self.start + number * STEP - self._clock.now())

    async def _while(self, waits: Callable[[], bool]) -> None:
        until = self._clock.now() + PATIENCE
        while waits() and self._clock.now() < until:
            await self._until(self._clock.now() + STEP)

    @property
    def _busy(self) -> bool:
        return not self._edge.visit.conversation.quiet or (self._hears and self.sample < self._track.end)

    # --- steps

    async def run(self, steps: list[Step]) -> None:
        """Do them all."""
        for step in steps:
            await self._wait(step)
            self._last = self._clock.now()
            await self._do(step)

    async def _wait(self, step: Step) -> None:
        wait, lead = step.wait, (step.sample - step.since) / HEAR_RATE if self._hears and step.opens else 0.0
        if wait.what == "start":
            await self._until(self.start + wait.seconds - lead)
        elif wait.what == "step":
            await self._until(self._last + wait.seconds - lead)
        elif wait.what == "silence":
            await self._while(lambda: self._busy)
            await self._until(max(self._ear.silent_since, self._last) + wait.seconds - lead)
        else:
            await self._sound(step, lead)

    async def _sound(self, step: Step, lead: float) -> None:
        """Wait for the answer that the visitor broke into, and as long as she heard of it."""
        heard, key = self._ear.begun, (step.wait.turn, step.wait.answer)
        await self._while(lambda: self._busy and key not in heard)
        begun = heard.get(key, heard.get((step.wait.turn, True)))
        if begun is None:
            self.remarks.append(
                f"第 {step.turn} 轮：没有可打断的回答 · turn {step.turn}: no answer sounded to break into"
            )
            return
        await self._until(begun + step.wait.seconds - lead)
        if self._edge.visit.conversation.quiet:
            text = "原来是打断，现在回答已经结束 · broke into the answer, which now is over already"
            self.remarks.append(f"第 {step.turn} 轮 · turn {step.turn}: {text}")

    async def _do(self, step: Step) -> None:
        edge = self._edge
        if step.opens:
            self._open(step)
        if step.kind == "said":
            if not self._hears:
                await self._say(step)
            return
        if not self._hears:
            await edge.said([], self.sample)
        if step.kind == "begin":
            edge.visit.begin()
            await edge.said([], edge.sample)
        elif step.kind == "touched":
            self._touch(step.messages[0])
            await self._clock.sleep(STEP / 2)  # its visit takes it in a moment, and is busy from then on
        elif step.kind == "talk":
            await edge.talk(step.on)
        elif step.kind == "deafen":
            await edge.deafen()
        elif step.kind == "leave":
            edge.end("ended" if step.why == "ended" else "left")

    def _open(self, step: Step) -> None:
        """Her sound begins: from here to its end its samples have moved by so many."""
        lead = step.sample - step.since
        self._moved = self.sample - (step.since if self._hears else step.sample)
        at = self.sample if self._hears else self.sample - lead
        self._track.lay(at, step.since, step.until)

    async def _say(self, step: Step) -> None:
        shift = self._edge.visit.conversation.shift
        said = [self._here(message, max(0, message.turn - shift)) for message in step.messages]
        await self._edge.said(said, self.sample)

    def _here(self, message: Message, turn: int) -> Message:
        places = {name: max(0, getattr(message, name) + self._moved) for name in _PLACES if hasattr(message, name)}
        return message.changed(turn=turn, **places)

    def _touch(self, message: Message) -> None:
        edge = self._edge
        if isinstance(message, Presence):
            edge.present(message.present)
        elif isinstance(message, Typed):
            edge.typed(message.text, message.language)
        elif isinstance(message, Control):
            edge.control(mode=message.mode, language=message.language, mute=message.mute, stop=message.stop)
        elif isinstance(message, Say):
            edge.visit.report(message.changed(session=""))

    # --- its end

    async def rest(self, seconds: float) -> None:
        """Stay as long as the recorded microphone was open."""
        await self._until(self.start + seconds)

    async def settle(self, *, idle: bool) -> None:
        """Wait until nothing happens any more; with `idle`, until the avatar has said goodbye by itself."""
        if idle:
            visit = self._edge.visit
            await self._while(lambda: visit.begun and self._edge.visit is visit)
            return
        now = self._clock.now()
        since = now if self._busy else max(self._last, self._ear.silent_since)
        quiet, until = math.ceil((now - since) / STEP - _CLOSE) * STEP, now + PATIENCE
        while quiet < SETTLED - STEP / 2 and self._clock.now() < until:
            await self._until(self._clock.now() + STEP)
            quiet = 0.0 if self._busy else quiet + STEP

    async def feed(self) -> NoReturn:
        """For ever: give the edge its microphone, 20 ms after 20 ms."""
        number = 0
        while True:
            number += 1
            await self._clock.sleep(self.start + number * STEP - self._clock.now())
            await self._edge.hear(self._track.frame((number - 1) * FRAME))
