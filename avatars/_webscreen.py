"""A screen at the other end of a connection: it owns the time, and reports what sounded."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable

from avatars._bucket import Bucket
from avatars._echo_reference import EchoReference
from avatars._frames import Controls, Heard, play, shown, told
from avatars._outbox import Outbox, Part
from pipeline.audio import SILENCE, Samples
from pipeline.clock import Clock, Timer
from pipeline.envelope import Message
from pipeline.messages import Cues, Played, SessionEnded, SessionStarted, Speech, Transcript

_LOGGER = logging.getLogger(__name__)
ANSWER = 2.0
"""Seconds that a screen may take to report a cut; then what it told last counts."""
MUTE = 15.0
"""Seconds without a report while something is to sound; then the screen counts as one that plays nothing."""
KEPT = 200
"""Messages that are kept for a screen whose connection was lost."""


class WebScreen:
    """One screen, over all its connections. While there is none, it plays nothing."""

    def __init__(self, name: str, clock: Clock, counts: "Counter[str]") -> None:
        self._name, self._clock, self._counts = name, clock, counts
        self._report: Callable[[Message], None] = lambda _: None
        self._outbox: Outbox | None = None
        self._kept: deque[str] = deque(maxlen=KEPT)
        self._parts: dict[int, Part] = {}
        """Ordered and not over, by handle."""
        self._handle = 0
        self._broken: set[str] = set()
        """Sentences that lost a part while an earlier one was to sound: cut where that ends."""
        self._cut: deque[str] = deque(maxlen=KEPT)
        """Sentences that were reported as cut lately: what else comes of them is so, too."""
        self._told_at = 0.0
        self._watching: Timer | None = None
        self._block = SILENCE
        self._slow_lines = Bucket(clock, 0.1, 1)
        self.echo = EchoReference(clock)
        self.opened: Callable[[], None] = lambda: None
        """Called at each new visit."""
        self.touched = False
        """The visitor has done something: a visit is under way, or will be once its edge has taken that."""
        self.state = Controls()
        """Of this visit, as far as it is known: what a screen that comes back is told."""

    # --- a Screen for the session

    def open(self, report: Callable[[Message], None]) -> None:
        if self._parts:
            self.cut()  # a new visitor does not hear what the one before was told
        self._report = report
        self.state = Controls()
        self.touched = False
        self.opened()

    def play(self, speech: Speech, cues: Cues | None) -> None:
        self._handle += 1
        part = Part(self._handle, speech, self._report)
        if speech.cause in self._broken:
            return
        if self._outbox is None or speech.cause in self._cut:
            self._soon(part, 0)
            return
        part.data = play(part.handle, speech, cues)
        self._parts[part.handle] = part
        self.echo.add(part.handle, speech.pcm)
        self._told_at = self._clock.now()
        self._watch(self._told_at + MUTE)
        self._dropped(self._outbox.play(part))

    def cut(self) -> None:
        if self._outbox is None:
            return
        unsent = self._outbox.cut()
        self._outbox.urge(told("cut"))
        self._forget(unsent)
        left = list(self._parts.values())
        self._cut_unsounded(unsent)
        if left:
            self._clock.call_at(self._clock.now() + ANSWER, lambda: self._give_up(left))

    def duck(self, *, on: bool) -> None:
        self.echo.ducked = on
        if self._outbox is not None:
            self._outbox.urge(told("duck", on=on))

    def show(self, message: Message) -> None:
        if isinstance(message, SessionStarted):
            self.state = Controls(mode=message.mode, language=message.language)
        if self._outbox is not None:
            self._outbox.say(shown(message))
        elif not (isinstance(message, Transcript) and message.partial):
            if isinstance(message, SessionEnded):
                self._kept.clear()
            self._kept.append(shown(message))

    def played(self, sample: int) -> Samples:
        del sample  # `hears` was told of this very frame
        return self._block

    # --- its connection

    def connect(self, outbox: Outbox, *, resumed: bool) -> None:
        """A screen is there; `resumed`: the one that was lost, with the same visitor before it."""
        self.disconnect()
        self._outbox = outbox
        if self.echo.ducked:
            outbox.urge(told("duck", on=True))
        for text in self._kept if resumed else ():
            outbox.say(text)
        self._kept.clear()

    def disconnect(self) -> None:
        """It has gone: nothing sounds any more, and what was told last is what was heard."""
        self._outbox = None
        self._give_up(list(self._parts.values()))

    def forget(self) -> None:
        """It will not come back for what was to be shown."""
        self._kept.clear()

    def hears(self, handle: int, place: int) -> None:
        """The next frame of microphone was taken while sample `place` of that part was handed over; 0: none."""
        self._block = self.echo.sounding(handle, place) if handle else SILENCE

    def heard(self, report: Heard) -> None:
        """Take its report."""
        self._told_at = self._clock.now()
        part = self._parts.get(report.handle)
        if part is None or not part.sent:
            self._counts["stale"] += 1
            return
        ended = report.state == "ended"
        part.told = part.samples if ended else min(report.sample, part.samples)
        if ended:
            self._forget([part])
        elif report.state == "cut":
            self._forget(self._of(part.speech.cause))
        self._tell(part, part.told, report.state)
        if ended and part.speech.cause in self._broken and not self._of(part.speech.cause):
            self._broken.discard(part.speech.cause)
            self._tell(part, part.told, "cut")

    # --- what does not come to its end

    def _dropped(self, gone: list[Part]) -> None:
        """A screen that is too slow lost these."""
        if gone:
            seconds = sum(part.samples for part in gone) / 24_000
            self._counts["dropped_ms"] += round(seconds * 1000)
            if self._slow_lines.take():
                total = self._counts["dropped_ms"] / 1000
                _LOGGER.warning("screen.slow screen=%s dropped_s=%.1f all_s=%.1f", self._name, seconds, total)
            self._forget(gone)
            self._broken |= {part.speech.cause for part in gone if self._of(part.speech.cause)}
            self._cut_unsounded(gone)

    def _cut_unsounded(self, gone: Iterable[Part]) -> None:
        """Report the sentences of which nothing is with the screen, each once; it reports the others."""
        for part in _firsts(gone):
            if not self._of(part.speech.cause):
                self._soon(part, 0)

    def _give_up(self, parts: Iterable[Part]) -> None:
        """The screen says no more about these: they were cut where it was last."""
        left = [part for part in parts if part.handle in self._parts]
        if self._outbox is not None:
            self._outbox.drop(lambda part: part in left)
        self._forget(left)
        told_of = [part for part in left if part.told]
        for part in _firsts([*reversed(told_of), *left]):
            self._broken.discard(part.speech.cause)
            self._soon(part, part.told)

    def _watch(self, when: float) -> None:
        if self._watching is None:
            self._watching = self._clock.call_at(when, self._look)

    def _look(self) -> None:
        """Whether it still reports what it has."""
        self._watching = None
        sent = [part for part in self._parts.values() if part.sent]
        if sent and self._clock.now() >= self._told_at + MUTE:
            self._counts["mute"] += 1
            _LOGGER.warning("screen.mute screen=%s: it reports nothing of what it should play", self._name)
            self.cut()
            self._give_up(sent)
        elif self._parts:
            self._watch(max(self._told_at, self._clock.now() - MUTE + 1) + MUTE)

    def _of(self, cause: str) -> list[Part]:
        return [part for part in self._parts.values() if part.speech.cause == cause]

    def _forget(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._parts.pop(part.handle, None)
            self.echo.over(part.handle)

    # --- reports

    def _soon(self, part: Part, sample: int) -> None:
        """Report it as cut, but not while whoever ordered it is still at it."""
        self._cut.append(part.speech.cause)
        self._clock.call_at(self._clock.now(), lambda: self._tell(part, sample, "cut"))

    def _tell(self, part: Part, sample: int, state: str) -> None:
        speech = part.speech
        if state == "cut":
            self._cut.append(speech.cause)
        at = speech.start + sample
        played = speech.answer(Played, index=speech.index, part=speech.part, sample=at, state=state)
        part.report(played.changed(cause=speech.cause))


def _firsts(parts: Iterable[Part]) -> list[Part]:
    """The first of each sentence."""
    found: dict[str, Part] = {}
    for part in parts:
        found.setdefault(part.speech.cause, part)
    return list(found.values())
