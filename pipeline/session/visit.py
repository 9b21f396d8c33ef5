"""One visit: carries out its conversation's orders, and brings it what is heard and said."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from pipeline.audio import FRAME, SILENCE, Frame, Hint
from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import SESSION, Clock, Timer
from pipeline.engines import EdgeEngine, Listener
from pipeline.envelope import Message
from pipeline.flow import OF_WORKERS
from pipeline.messages import Claim, Control, Cues, Presence, Say, SessionEnded, SessionStarted, Speech, Status, Typed
from pipeline.screen import Screen
from pipeline.session.conversation import BACK, LEAVE, Conversation
from pipeline.session.crew import Crew
from pipeline.session.lines import Lines
from pipeline.session.settings import Conversing
from pipeline.session.tape import OF_TURN, TOUCHES, Blank, Tape

_LOGGER = logging.getLogger(__name__)
RENEW = "renew"
"""An event: begin anew, if nobody has come yet."""


@dataclass(frozen=True, slots=True)
class Venue:
    """What all edges of a process share."""

    bus: Bus
    clock: Clock
    turn: EdgeEngine
    lines: Lines
    settings: Conversing
    persona: str
    versions: dict[str, str]
    crew: Crew
    hour: Callable[[], float | None] = lambda: None
    """The local time of day, 0 to 24; None: no calendar is asked."""
    tapes: Callable[[str], Tape] = lambda _screen: Blank()
    """What keeps a recording of the screen of that name."""


class Visit:
    """One visit: carries out its conversation's orders (it is the conversation's hands)."""

    def __init__(self, venue: Venue, screen: Screen, session: str, name: str, sample: int, tape: Tape) -> None:
        self._venue, self._screen, self._sample, self._tape = venue, screen, sample, tape
        self.session = session
        self.over: SessionEnded | None = None
        self.lured = False
        """A line was said to attract: it is cut when the visit begins."""
        self._listener: Listener = venue.turn.open(session)
        self._outbox: deque[tuple[Message, str, str]] = deque()
        self._own: set[str] = set()
        """`id`s of what the screen said and we published: it comes back by the bus."""
        self._events: asyncio.Queue[Message | str] = asyncio.Queue()
        self._timers: dict[str, Timer] = {}
        fixed = venue.settings.language
        started = SessionStarted(
            edge=venue.bus.edge, session=session, screen=name, versions=venue.versions,
            language=venue.settings.greeting_language if fixed == "auto" else fixed,
            mode=venue.settings.mode, daytime=daytime(venue.hour()),
        )  # fmt: skip
        self.conversation = Conversation(started, venue.settings, venue.persona, venue.lines, self, venue.crew)
        self._begun = False
        self._muted = False
        self._mode, self._talking = venue.settings.mode, False

    # --- orders

    def now(self) -> float:
        return self._venue.clock.now()

    def sample(self) -> int:
        return self._sample

    def publish(self, message: Message, to: str = "", stage: str = "") -> None:
        self._outbox.append((message, to, stage))

    def play(self, speech: Speech, cues: Cues | None) -> None:
        self._screen.play(speech, cues)

    def cut(self) -> None:
        self._note("cut")
        self._screen.cut()

    def duck(self, on: bool) -> None:
        self._note("duck", on=on)
        self._screen.duck(on=on)

    def show(self, message: Message) -> None:
        self._screen.show(message)

    def hint(self, hint: Hint) -> None:
        self._note("hint", turn=hint.turn, revision=hint.revision, complete=hint.complete, sample=hint.at_sample)
        self._tell(self._listener.hint(hint))

    def wake(self, key: str, after: float | None) -> None:
        known = self._timers.pop(key, None)
        if known:
            known.cancel()
        if after is not None:
            self._timers[key] = self._venue.clock.call_at(self.now() + after, lambda: self._fired(key))

    def end(self, ended: SessionEnded) -> None:
        self.over = ended
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # --- events

    def _fired(self, key: str) -> None:
        self._timers.pop(key, None)
        self._note("timer", key=key)
        self._events.put_nowait(key)

    def _note(self, event: str, **fields: Any) -> None:
        self._tape.note(event, self.session, **fields)

    def report(self, message: Message) -> None:
        """Take what the screen says."""
        self._events.put_nowait(message)

    def renew(self) -> None:
        """Another screen's visitor may come: what was set for a visit that has not begun is forgotten."""
        self._events.put_nowait(RENEW)

    @property
    def begun(self) -> bool:
        """A visitor is there."""
        return self._begun and self.over is None

    def begin(self) -> None:
        """Open the visit, once."""
        if not self._begun:
            self._begun = True
            self._note("begin", sample=self._sample)
            if self.lured:
                self._screen.cut()
            _LOGGER.info("visit.began session=%s", self.session)
            self.conversation.begin()

    async def hear(self, frame: Frame) -> None:
        """Take 20 ms of microphone."""
        self._sample = frame.sample + FRAME
        if self._muted or not (self._talking or self._mode != "push-to-talk"):
            self._tape.hear(Frame(frame.sample, SILENCE), None)  # what nobody listens to is not kept either
            return
        said = self._listener.hear(frame)
        self._tape.hear(frame, getattr(self._listener, "voice", None))
        await self._heard(said)

    async def said(self, messages: list[Message], sample: int) -> None:
        """Take what a turn engine said elsewhere, when all before `sample` had been heard."""
        self._sample = sample
        await self._heard(messages)

    async def talk(self, on: bool) -> None:
        """The key is pressed: the avatar is silent and listens. It is released: the turn ends here."""
        self._talking = on
        if on:
            self._listener.hold(on=True)
            self.begin()
            self._note("talk", on=True)
            self.conversation.on(Control(stop=True))
            await self._send()
        else:
            self._note("talk", on=False)
            await self._heard(self._listener.flush())
            self._listener.hold(on=False)

    async def deafen(self) -> None:
        """No more sound comes for now: what is being said ends here."""
        self._talking = False
        self._note("deafen")
        await self._heard(self._listener.flush())
        self._listener.hold(on=False)

    def leave(self, why: Literal["left", "ended"]) -> None:
        """The visitor has gone, or a new conversation is wanted; nothing where none has begun."""
        self._events.put_nowait(why)

    async def finish(self) -> None:
        """The sound ends here, and so does the visit, if one has begun."""
        await self._heard(self._listener.flush())
        if self._begun and self.over is None:
            self.conversation.end("ended")
        await self._send()

    async def _heard(self, said: list[Message]) -> None:
        if said:
            self.begin()
            self._tell(said)
        if self._outbox:
            await self._send()

    def _tell(self, said: list[Message]) -> None:
        """Hand over what the turn engine says; on the tape it is what the conversation makes of it."""
        before = len(self._outbox)
        for message in said:
            self.conversation.on(message)
        if ids := [message.id for message, _, _ in list(self._outbox)[before:] if isinstance(message, OF_TURN)]:
            self._note("heard", sample=self._sample, ids=ids)

    async def _send(self) -> None:
        while self._outbox:
            message, to, stage = self._outbox.popleft()
            await self._venue.bus.publish(message, to=to, stage=stage)

    def unheard(self) -> list[Message]:
        """What was said to it at its very end, and is for the next visit."""
        left: list[Message] = []
        while not self._events.empty():
            event = self._events.get_nowait()
            if isinstance(event, (Typed, Say)) or (isinstance(event, Presence) and event.present):
                left.append(event)
        return left

    async def run(self) -> None:
        """Carry messages and timers to the conversation until it is over."""
        SESSION.set(self.session)
        self._venue.crew.watch(self._news)
        try:
            async with (
                self._venue.bus.subscribe(*OF_WORKERS, Say, Typed, Control, session=self.session) as said,
                asyncio.TaskGroup() as tasks,
            ):
                from_bus = tasks.create_task(self._take(said), name=f"visit {self.session}")
                while self.over is None:
                    await self._event(await self._events.get())
                from_bus.cancel()
        finally:
            self._venue.crew.unwatch(self._news)
        _LOGGER.info("visit.ended session=%s why=%s", self.session, self.over.why)

    def _news(self, gone: Status | None) -> None:
        self._events.put_nowait(BACK if gone is None else gone)

    def _woken(self, event: str) -> None:
        if event == RENEW and not self._begun:
            self.end(SessionEnded(edge=self._venue.bus.edge, session=self.session, why="left"))
        elif event != RENEW and (self._begun or event not in LEAVE):
            if event in LEAVE:
                self._note("leave", why=event)
            self.conversation.wake(event)

    async def _event(self, event: Message | str) -> None:
        if isinstance(event, str):
            self._woken(event)
        else:
            if isinstance(event, Presence) and not (event.present or self._begun):
                return  # nobody has gone
            if isinstance(event, Control) and event.mute is not None:
                self._muted = event.mute
                await self._heard(self._listener.flush())
            if isinstance(event, Control) and event.mode:
                self._mode = event.mode
            if isinstance(event, (Typed, Say)) or (isinstance(event, Presence) and event.present):
                self.begin()
            if isinstance(event, TOUCHES):
                self._note("touched", message=event)
            if event.session:
                if isinstance(event, (Say, Typed, Control)):
                    self._own.add(event.id)
                self.publish(event)
            self.conversation.on(event)
        await self._send()

    async def _take(self, said: Subscription) -> NoReturn:
        async for message in said:
            if message.id in self._own:
                self._own.discard(message.id)
            elif message.sent > 1:
                pass  # what we sent again, for somebody to take: an answer is sent once
            elif isinstance(message, (Say, Typed, Control)):
                self._events.put_nowait(message.changed(session=""))  # somebody else's: not to be published again
            else:
                if isinstance(message, Claim):
                    self._venue.crew.claimed(message)
                self.conversation.on(message)
            await self._send()
            if self.over:
                self._events.put_nowait("idle")
        raise AssertionError("a subscription never ends")


def daytime(hour: float | None) -> Literal["", "morning", "afternoon", "evening"]:
    """What the greeting goes by: morning is 5 to 11 o'clock, evening begins at 18."""
    if hour is None:
        return ""
    if 5 <= hour < 11:
        return "morning"
    return "evening" if hour >= 18 or hour < 5 else "afternoon"
