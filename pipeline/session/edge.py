"""One screen's edge: frames go in, and one visit follows the other."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Literal, NoReturn

from pipeline.audio import FRAME, Frame, Samples
from pipeline.bus.contract import Subscription
from pipeline.envelope import Language, Message, Mode
from pipeline.messages import Control, Presence, Say, Sentence, Typed
from pipeline.screen import Screen
from pipeline.session.attract import Attract, open_at
from pipeline.session.visit import Venue, Visit


class Edge:
    """A screen and its visits, one after the other."""

    def __init__(self, venue: Venue, screen: Screen, name: str, seed: str, ids: Sequence[str] = ()) -> None:
        """`ids`: what the first visits are called, where that is known before; the others by `seed` and number."""
        self._ids = ids
        self._venue, self._screen, self._name, self._seed = venue, screen, name, seed
        self._count = 0
        self.sample = 0
        """Number of the next sample of microphone, 16 kHz, counted over all visits."""
        self._typed = 0
        self.sessions: set[str] = set()
        """Of all its visits so far."""
        self._tape = venue.tapes(name)
        self._attract = Attract(venue.lines, screen, Sentence(edge=venue.bus.edge, index=0, text="", language="zh"))
        self.visit = self._open()

    def _open(self) -> Visit:
        self._count += 1
        place = f"{self._seed}/{self._name}/{self._count}"
        named = self._ids[self._count - 1 : self._count]
        session = named[0] if named else hashlib.blake2b(place.encode(), digest_size=6).hexdigest()
        self.sessions.add(session)
        visit = Visit(self._venue, self._screen, session, self._name, self.sample, self._tape)
        self._screen.open(visit.report)
        return visit

    async def run(self) -> NoReturn:
        """Serve one visit after the other."""
        async with self._venue.bus.subscribe(Presence, Say) as said, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sense(said), name=f"sensors {self._name}")
            if self._venue.settings.attract.every_seconds:
                tasks.create_task(self._invite(), name=f"attract {self._name}")
            while True:
                await self.visit.run()
                left = self.visit.unheard()
                self.visit = self._open()
                for message in left:
                    self.visit.report(self._said(message) if message.session else message)

    async def _sense(self, said: Subscription) -> NoReturn:
        """Hand over what sensors and other programs say to this screen: somebody is there, a line is to be spoken."""
        async for message in said:
            if not message.session and getattr(message, "screen", "") in {"", self._name}:
                self.visit.report(message)
        raise AssertionError("a subscription never ends")

    async def _invite(self) -> NoReturn:
        """Say a line now and then while nobody is there and the hour allows it."""
        settings = self._venue.settings.attract
        while True:
            await self._venue.clock.sleep(settings.every_seconds)
            if not self.visit.begun and open_at(self._venue.hour(), settings.hours):
                self.visit.lured = self._attract.say()

    # --- what comes from the screen

    async def hear(self, pcm: Samples, at: int | None = None) -> None:
        """Take 20 ms of microphone: `[320]` at 16 kHz. `at` is its first sample, where sound before it was lost."""
        self.sample = max(self.sample, at or 0)
        frame = Frame(self.sample, pcm, self._screen.played(self.sample))
        self.sample += FRAME
        await self.visit.hear(frame)

    async def said(self, messages: list[Message], sample: int) -> None:
        """Take what a turn engine said elsewhere, when all before `sample` had been heard."""
        self.sample = max(self.sample, sample)
        await self.visit.said(messages, self.sample)

    async def talk(self, on: bool) -> None:
        """Push-to-talk: the key is pressed, or released."""
        await self.visit.talk(on)

    async def deafen(self) -> None:
        """The microphone has gone: what was being said ends here."""
        await self.visit.deafen()

    def present(self, there: bool) -> None:
        """Somebody is there, or has gone."""
        self.visit.report(Presence(screen=self._name, present=there))

    def typed(self, text: str, language: Language | None = None) -> None:
        """A question that was typed or touched."""
        self.visit.report(self._said(Typed(text=text, language=language, index=self._next())))

    def control(
        self, *, mode: Mode | None = None, language: Language | None = None, mute: bool | None = None,
        stop: bool = False,
    ) -> None:  # fmt: skip
        """The hand on the controls."""
        self.visit.report(self._said(Control(mode=mode, language=language, mute=mute, stop=stop, index=self._next())))

    def _next(self) -> int:
        self._typed += 1
        return self._typed

    def _said(self, message: Message) -> Message:
        """It is part of the visit: published, recorded, seen by everybody."""
        return message.changed(edge=self._venue.bus.edge, session=self.visit.session)

    def renew(self) -> None:
        """A screen is there anew: nothing that was set before holds for its visitor."""
        self.visit.renew()

    def end(self, why: Literal["left", "ended"]) -> None:
        """The visit is over, if one has begun."""
        self.visit.leave(why)

    async def finish(self) -> None:
        """The microphone's sound ends here, and so does the visit."""
        await self.visit.finish()
