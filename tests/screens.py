"""Screens without a network: a socket and an edge made by hand, on virtual time."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import SecretStr

from avatars._frames import write_sound
from avatars._link import Closed
from avatars._lobby import Lobby
from avatars._stand import Shared, Stand
from avatars._webscreen import WebScreen
from pipeline.audio import SILENCE, Samples
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.gateway import Post
from pipeline.messages import Played, Speech
from pipeline.screens import ScreenPlan

KEY = "key"
"""Token of the screen `desk`."""


def part(number: int, samples: int, *, sentence: str = "a", start: int = 0, last: bool = False) -> Speech:
    pcm = np.full(samples, 8000, "<i2").tobytes()
    return Speech(session="s", cause=sentence, index=0, part=number, start=start, pcm=pcm, last=last)


def sound(number: int, **header: int) -> bytes:
    """A frame of microphone, silent."""
    return write_sound(number, SILENCE, handle=header.get("handle", 0), place=header.get("place", 0))


@dataclass
class Wire:
    """A socket: what the server sent, and what it is sent."""

    sent: list[str | bytes] = field(default_factory=list)
    closed: tuple[int, str] | None = None
    aborted: bool = False
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: it takes nothing."""
    coming: "asyncio.Queue[str | bytes | Closed]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.takes.set()

    async def receive(self) -> str | bytes | Closed:
        return await self.coming.get()

    async def send(self, frame: str | bytes) -> None:
        await self.takes.wait()
        self.sent.append(frame)

    async def close(self, code: int, reason: str) -> None:
        self.closed = code, reason

    def abort(self) -> None:
        self.aborted = True

    # --- the screen's side

    def say(self, kind: str, **fields: Any) -> None:
        self.coming.put_nowait(json.dumps({"type": kind, **fields}))

    def says(self, frame: str | bytes | Closed) -> None:
        self.coming.put_nowait(frame)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Every frame of a type so far."""
        lines = [frame.split(b"\n", 1)[0] if isinstance(frame, bytes) else frame for frame in self.sent]
        return [line for line in map(json.loads, lines) if line["type"] == kind]


@dataclass
class HandVisit:
    session: str
    begun: bool = False


class HandEdge:
    """An edge that notes what it is told."""

    def __init__(self, screen: WebScreen) -> None:
        self._screen, self._count = screen, 0
        self.sample = 0
        self.said: list[tuple[Any, ...]] = []
        self.heard: list[tuple[int, Samples, Samples]] = []
        self.reports: list[Message] = []
        self.visit = HandVisit("")
        self.next()

    def next(self) -> None:
        """The visit is over and the next one waits."""
        self._count += 1
        self.visit = HandVisit(f"s{self._count}")
        self._screen.open(self.reports.append)

    async def hear(self, pcm: Samples, at: int | None = None) -> None:
        self.sample = max(self.sample, at or 0)
        self.heard.append((self.sample, pcm, self._screen.played(self.sample)))
        self.sample += len(pcm)

    def present(self, there: bool) -> None:
        self._say("present", there)
        self.visit.begun = self.visit.begun or there
        if not there:
            self.end("left")

    def typed(self, text: str, language: str | None = None) -> None:
        self._say("typed", text, language)
        self.visit.begun = True

    def control(self, **fields: Any) -> None:
        self._say("control", fields)

    async def talk(self, on: bool) -> None:
        self._say("talk", on)

    async def deafen(self) -> None:
        self._say("deafen")

    def renew(self) -> None:
        """A visit that has not begun is none yet."""

    def end(self, why: str) -> None:
        if self.visit.begun:
            self._say("end", why)
            asyncio.get_running_loop().call_soon(self.next)

    def _say(self, *words: Any) -> None:
        self.said.append((self.visit.session, *words))

    def words(self) -> list[tuple[Any, ...]]:
        """What was said, without the sessions."""
        return [words[1:] for words in self.said]

    def played(self) -> list[tuple[str, str, int]]:
        """What was reported: sentence, state, sample."""
        return [(one.cause, one.state, one.sample) for one in self.reports if isinstance(one, Played)]


@dataclass
class Hallway:
    """Screens `hall` (without a token) and `desk` (with the token `key`), and whoever comes to them."""

    clock: Clock
    shared: Shared
    edges: dict[str, HandEdge]
    screens: dict[str, WebScreen]
    lobby: Lobby
    tasks: asyncio.TaskGroup

    def connect(self, name: str = "hall", *, local: bool = True) -> Wire:
        """Somebody opens a connection."""
        wire = Wire()
        self.tasks.create_task(self.lobby.attend(wire, name, local=local, peer="test"))
        return wire

    async def enter(self, name: str = "hall", **fields: Any) -> Wire:
        """And says hello."""
        wire = self.connect(name)
        wire.say("hello", **{"protocol": 1, "client": "test/1", **fields})
        await self.clock.sleep(0.01)
        return wire


def hallway(act: Callable[[Hallway], Coroutine[Any, Any, None]], *, most: int = 64) -> Hallway:
    """Run `act`; whoever is still there then is sent away."""

    async def main(clock: Clock) -> Hallway:
        shared = Shared(clock, "0.1.0", "mei")
        plans = [ScreenPlan(name="hall"), ScreenPlan(name="desk", token=SecretStr(KEY))]
        screens = {plan.name: WebScreen(plan.name, clock, shared.counts) for plan in plans}
        edges = {name: HandEdge(screen) for name, screen in screens.items()}
        posts = {plan.name: Post(plan, edges[plan.name], {"zh": "小河"}, "stub", {}, {}) for plan in plans}  # type: ignore[arg-type]
        stands = {name: Stand(post, screens[name], shared) for name, post in posts.items()}
        async with asyncio.TaskGroup() as tasks:
            hall = Hallway(clock, shared, edges, screens, Lobby(stands, shared, most), tasks)
            await act(hall)
            await hall.lobby.restart()
        return hall

    return run_virtual(main)
