"""A screen in Python that knows only docs/screen-protocol.md: it plays on its own clock, and reports what it plays."""

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray

from pipeline.clock import Clock

MICROPHONE = struct.Struct("<BBHIIQ")
FRAME = 320
RATE = 24_000
PROGRESS = 0.15
LATENCY = 0.02
"""Seconds from its loudspeaker's queue to the ear, it says."""


@dataclass
class Robot:
    """One connection of it."""

    socket: aiohttp.ClientWebSocketResponse
    clock: Clock
    welcome: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Every frame of the server, and when it came; with `pcm` where it is a `play`."""
    played: list[dict[str, Any]] = field(default_factory=list)
    """What it reported."""
    code: int | None = None
    """How the connection ended."""
    reason: str = ""
    listens: bool = True
    """It plays what it is given."""

    def __post_init__(self) -> None:
        self._some = asyncio.Event()
        self._queue: deque[dict[str, Any]] = deque()
        self._now: tuple[dict[str, Any], float] | None = None
        self._wake = asyncio.Event()
        self._number = 0
        self._tasks: list[asyncio.Task[None]] = []

    # --- coming and going

    @classmethod
    async def enter(cls, http: aiohttp.ClientSession, address: str, clock: Clock, /, **hello: Any) -> "Robot":
        """Connect and say hello; the answer is `welcome`, or `code` and `reason`."""
        robot = cls(await http.ws_connect(address, max_msg_size=0, autoping=True), clock)
        robot._tasks = [asyncio.create_task(robot._receive()), asyncio.create_task(robot._loudspeaker())]
        await robot.say("hello", **{"protocol": 1, "client": "robot/1", **hello})
        await robot.until(lambda: bool(robot.welcome) or robot.code is not None)
        return robot

    async def leave(self, code: int = 1000) -> None:
        """Close, as whoever leaves."""
        await self.socket.close(code=code)
        await self._stop()

    async def vanish(self) -> None:
        """The network goes."""
        connection = self.socket._response.connection  # noqa: SLF001  aiohttp offers no way to lose a connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        await self._stop()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.socket.close()

    # --- what it says

    async def say(self, kind: str, **fields: Any) -> None:
        """A text frame."""
        if not self.socket.closed:
            await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def microphone(self, sound: NDArray[np.int16], speed: float = 1.0) -> None:
        """What its microphone hears, from where it is, at real time or faster; the last frame is filled up."""
        began, first = self.clock.now(), self._number
        for start in range(0, len(sound), FRAME):
            await self.clock.sleep(began + (self._number - first) / 16_000 / speed - self.clock.now())
            if self.socket.closed:
                return
            piece = sound[start : start + FRAME]
            handle, place = self._handing()
            header = MICROPHONE.pack(1, 0, round(LATENCY * 10_000), handle, place, self._number)
            await self.socket.send_bytes(header + np.pad(piece, (0, FRAME - len(piece))).astype("<i2").tobytes())
            self._number += FRAME

    def _handing(self) -> tuple[int, int]:
        if self._now is None:
            return 0, 0
        part, began = self._now
        return part["handle"], min(part["samples"], max(0, round((self.clock.now() - began) * RATE)))

    # --- what it hears

    async def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for it."""
        async with self.clock.timeout(seconds):
            while not true():
                self._some.clear()
                await self._some.wait()

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every frame of a type."""
        return [frame for _, frame in self.heard if frame["type"] == kind]

    def reported(self, state: str) -> list[dict[str, Any]]:
        """Every report of a state."""
        return [report for report in self.played if report["state"] == state]

    async def _receive(self) -> None:
        async for said in self.socket:
            if said.type is aiohttp.WSMsgType.TEXT:
                self._take(json.loads(said.data))
            elif said.type is aiohttp.WSMsgType.BINARY:
                line, _, pcm = said.data.partition(b"\n")
                self._take({**json.loads(line), "pcm": pcm})
        self.code = self.socket.close_code
        self._some.set()

    def _take(self, frame: dict[str, Any]) -> None:
        self.heard.append((self.clock.now(), frame))
        if frame["type"] == "welcome":
            self.welcome = frame
        elif frame["type"] == "play" and self.listens:
            self._queue.append(frame)
            self._wake.set()
        elif frame["type"] == "cut":
            self._cut()
        self._some.set()

    # --- its loudspeaker

    async def _loudspeaker(self) -> None:
        end = 0.0
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            part = self._queue.popleft()
            began = max(end, self.clock.now())
            end = began + part["samples"] / RATE
            self._now = part, began
            if part["part"] == 0:
                await self._report(part, 0, "started")
            while self._now is not None and self.clock.now() < end:
                await self.clock.sleep(min(PROGRESS, end - self.clock.now()))
                if self._now is not None and self.clock.now() < end:
                    await self._report(part, self._place(), "progress")
            if self._now is None:
                end = 0.0
            else:
                self._now = None
                await self._report(part, part["samples"], "ended")

    def _place(self) -> int:
        """As it is heard."""
        assert self._now is not None
        part, began = self._now
        return max(0, min(int(part["samples"]), round((self.clock.now() - began - LATENCY) * RATE)))

    def _cut(self) -> None:
        done: set[str] = set()
        if self._now is not None:
            part = self._now[0]
            done.add(part["cause"])
            self._later(part, self._place(), "cut")
        for part in self._queue:
            if part["cause"] not in done:
                done.add(part["cause"])
                self._later(part, 0, "cut")
        self._queue.clear()
        self._now = None

    def _later(self, part: dict[str, Any], sample: int, state: str) -> None:
        self._tasks.append(asyncio.create_task(self._report(part, sample, state)))

    async def _report(self, part: dict[str, Any], sample: int, state: str) -> None:
        self.played.append({"handle": part["handle"], "sample": sample, "state": state, "at": self.clock.now()})
        self._some.set()
        await self.say("played", handle=part["handle"], sample=sample, state=state)
