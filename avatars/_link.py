"""One connection to a screen: what it says goes to its edge, and what waits for it is sent."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from avatars import _frames as f
from avatars._bucket import Bucket
from avatars._outbox import Outbox
from avatars._stand import PER_SECOND, Shared, Stand
from pipeline.audio import FRAME
from pipeline.errors import VisavisError, WireError

_LOGGER = logging.getLogger(__name__)
STALLED = 15.0
"""Seconds that a screen may take nothing of what is sent; then it is gone."""
CLOSING = 2.0
"""Seconds that the end of a connection may take."""
LOST = 1006
"""The close code of a connection that ended without one."""
AHEAD = 3.0
"""A microphone may be this many times as fast as time (it catches up after a stall), and a minute more."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side ended the connection."""

    code: int = LOST


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a connection ends."""

    code: int
    reason: str = ""
    """Said to the screen; empty: it ended it itself."""


class Socket(Protocol):
    """A WebSocket."""

    async def receive(self) -> str | bytes | Closed:
        """The next frame."""

    async def send(self, frame: str | bytes) -> None:
        """Hand a frame over; returns when there is room for another. ConnectionError: the other side has gone."""

    async def close(self, code: int, reason: str) -> None:
        """Say so, and wait for the other side a little."""

    def abort(self) -> None:
        """At once."""


def said_by(text: str, most: int = 80) -> str:
    """What a screen wrote, as one short line for the operator's log."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:most]).strip()


class Link:
    """A screen that has entered."""

    def __init__(self, socket: Socket, stand: Stand, shared: Shared) -> None:
        clock = self._clock = shared.clock
        self._socket, self._stand, self._counts = socket, stand, shared.counts
        self._edge, self._screen = stand.post.edge, stand.screen
        self.outbox = Outbox()
        self.ended = asyncio.Event()
        self._over: asyncio.Future[_Ending] = asyncio.get_running_loop().create_future()
        self._first: tuple[int, int, float] | None = None
        """The microphone's first sample as the screen counts and as the edge does, and when it came."""
        self._number = 0
        self._latency = 0.0
        self._receiving = True
        self._frames = Bucket(clock, PER_SECOND, 10 * PER_SECOND)
        self._unread = Bucket(clock, 1 / 3, 20)
        self._acts = Bucket(clock, 5, 20)
        self._asks = Bucket(clock, 0.5, 8)
        self._lines = Bucket(clock, 1 / 3, 20)
        self._ways: dict[type[Any], Callable[[Any], Any]] = {
            f.Present: self._present, f.Typed: self._typed, f.Talk: self._talk, f.Controls: self._control,
            f.New: self._new, f.Heard: self._screen.heard, f.Device: self._device, f.Log: self._log,
            f.Stats: self._stats, f.Ping: self._ping,
        }  # fmt: skip

    async def run(self, hello: f.Hello) -> None:
        """Everything from its welcome to its end."""
        name, ending = self._stand.name, _Ending(LOST)
        try:
            resumed = await self._stand.enter(self, hello)
            client, again = said_by(hello.client), "yes" if resumed else "no"
            _LOGGER.info("screen.opened screen=%s client=%r resumed=%s", name, client, again)
            ending = await self._serve()
        finally:
            await self._stand.leave(self, ending.code)
            _LOGGER.info("screen.closed screen=%s code=%d", name, ending.code)
        if ending.reason:
            await close(self._socket, self._clock, ending.code, ending.reason)
        elif ending.code == LOST:
            self._socket.abort()

    def dismiss(self, code: int, reason: str) -> None:
        """Close it: the first reason counts."""
        self._end(_Ending(code, reason))

    def _end(self, ending: _Ending) -> None:
        if not self._over.done():
            self._over.set_result(ending)

    async def _serve(self) -> _Ending:
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(work(), name=f"screen {self._stand.name} {word}")
            for word, work in (("sends", self._send), ("hears", self._hear))
        ]
        try:
            waited: list[asyncio.Future[Any]] = [*tasks, self._over]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks[0].cancel()
            if self._receiving:
                tasks[1].cancel()
            await self._ended(tasks)
        for error in (task.exception() for task in tasks if not task.cancelled()):
            if isinstance(error, VisavisError):
                _LOGGER.warning("screen.failed screen=%s code=%s: %s", self._stand.name, error.code, error.text)
                return _Ending(1011, "screen-failed: try again")
            if error is not None and not isinstance(error, ConnectionError):
                raise error
        return self._over.result() if self._over.done() else _Ending(LOST)

    async def _ended(self, tasks: "list[asyncio.Task[None]]") -> None:
        """A frame that the edge has begun to take is taken whole: half of one could lose a message of the visit."""
        try:
            async with self._clock.timeout(CLOSING):
                await asyncio.wait(tasks)
        except TimeoutError:
            tasks[1].cancel()
            await asyncio.wait(tasks)

    # --- down

    async def _send(self) -> None:
        while not self._over.done():
            frame = await self.outbox.next()
            try:
                async with self._clock.timeout(STALLED):
                    await self._socket.send(frame)
            except TimeoutError:
                self._counts["stalled"] += 1
                _LOGGER.warning("screen.stalled screen=%s: it takes nothing", self._stand.name)
                self._end(_Ending(LOST))

    def _refuse(self, error: WireError, about: str) -> None:
        """Say what was wrong; a screen of which nothing can be understood is sent away."""
        self._counts["refused"] += 1
        if not self._unread.take():
            self.dismiss(4400, f"{error.code}: too many frames that cannot be taken")
        else:
            self.outbox.say(f.told("refused", code=error.code, text=said_by(error.text, 300), about=said_by(about)))

    # --- up

    async def _hear(self) -> None:
        while not self._over.done():
            self._receiving = True
            frame = await self._socket.receive()
            self._receiving = False
            if isinstance(frame, Closed):
                self._end(_Ending(frame.code))
            elif not self._frames.take():
                self.dismiss(4429, f"screen-too-much: more than {PER_SECOND} frames a second")
            elif too_long(frame):
                self.dismiss(4413, TOO_LONG)
            elif isinstance(frame, bytes):
                await self._microphone(frame)
            else:
                await self._said(frame)

    async def _said(self, text: str) -> None:
        kind = ""
        try:
            kind, fields = f.kind_of(text)
            frame = f.read(kind, fields)
            way = self._ways.get(type(frame))
            if way is None:
                self._counts["unknown"] += 1
                return
            self._allow(frame)
            waits = way(frame)
            if waits is not None:
                await waits
        except WireError as error:
            self._refuse(error, kind)

    def _allow(self, frame: Any) -> None:
        """What costs something may not be said without end."""
        if isinstance(frame, (f.Heard, f.Ping)):
            return
        bucket = self._asks if isinstance(frame, f.Typed) else self._acts
        if isinstance(frame, (f.Log, f.Stats)):
            bucket = self._lines
        if not bucket.take():
            raise WireError("screen-often", "too many of these in a short time: wait a little")

    async def _microphone(self, frame: bytes) -> None:
        try:
            sound = f.read_sound(frame)
            at = self._on_the_edge(sound.number)
        except WireError as error:
            self._refuse(error, "microphone")
            return
        self._counts["gaps"] += sound.missing
        if sound.latency and not self._latency:
            self._latency = sound.latency
            _LOGGER.info("screen.latency screen=%s ms=%.0f", self._stand.name, sound.latency * 1000)
        self._screen.hears(sound.handle, sound.place)
        await self._edge.hear(sound.pcm, at)

    def _on_the_edge(self, number: int) -> int:
        """Where the edge counts the sample that the screen counts as `number`: it counts over all connections."""
        now = self._clock.now()
        if self._first is None:
            self._first, self._number = (number, self._edge.sample, now), number
        first, base, began = self._first
        if number < self._number:
            raise WireError("screen-microphone", f"sample {number} after {self._number - 1}: it never goes back")
        if number - first > (AHEAD * (now - began) + 60) * 16_000:
            raise WireError("screen-microphone", f"sample {number} lies ahead of time: the first was {first}")
        self._number = number + FRAME
        return base + number - first

    async def _present(self, frame: f.Present) -> None:
        if frame.present:
            self._screen.touched = True
            self._edge.present(there=True)
        else:
            await self._stand.until_next(lambda: self._edge.present(there=False))

    def _typed(self, frame: f.Typed) -> None:
        self._counts["typed"] += 1
        self._screen.touched = True
        self._edge.typed(frame.text, frame.language)

    async def _talk(self, frame: f.Talk) -> None:
        self._screen.touched = self._screen.touched or frame.on
        await self._edge.talk(frame.on)

    def _control(self, frame: f.Controls) -> None:
        if frame.mode == "wake-phrase" and not self._stand.post.plan.wake_phrases:
            raise WireError("screen-field", "control.mode: this screen has no wake phrase")
        given = frame.model_dump(exclude_none=True)
        self._screen.state = self._screen.state.model_copy(update=given)
        self._edge.control(**given)

    async def _new(self, frame: f.New) -> None:
        del frame
        await self._stand.end("ended")

    async def _device(self, frame: f.Device) -> None:
        for name, state in frame.model_dump(exclude_none=True).items():
            self._counts[f"{name}_{state}"] += 1
            level = logging.INFO if state == "ok" else logging.WARNING
            _LOGGER.log(level, "screen.device screen=%s %s=%s", self._stand.name, name, state)
        if frame.microphone not in {None, "ok"}:
            await self._edge.deafen()

    def _log(self, frame: f.Log) -> None:
        self._counts[f"log_{frame.level}"] += 1
        level = logging.getLevelNamesMapping()[frame.level.upper()]
        _LOGGER.log(level, "screen.log screen=%s text=%r", self._stand.name, said_by(frame.text, 500))

    def _stats(self, frame: f.Stats) -> None:
        self._counts["underruns"] += round(frame.underruns or 0)
        pairs = " ".join(f"{name}={value:g}" for name, value in frame.model_dump(exclude_none=True).items())
        _LOGGER.info("screen.stats screen=%s %s", self._stand.name, pairs)

    def _ping(self, frame: f.Ping) -> None:
        self.outbox.urge(f.told("pong", n=frame.n))


TOO_LONG = f"screen-too-long: a text frame has at most {f.MESSAGE} bytes, a binary one {f.SOUND}"


def too_long(frame: str | bytes) -> bool:
    """Whether a frame is longer than any that is taken."""
    size = len(frame) if isinstance(frame, bytes) else len(frame.encode("utf-8", "replace"))
    return size > (f.SOUND if isinstance(frame, bytes) else f.MESSAGE)


async def close(socket: Socket, clock: Any, code: int, reason: str) -> None:
    """End a connection with a code and a reason, whatever the other side does."""
    try:
        async with clock.timeout(CLOSING):
            await socket.close(code, reason)
    except (TimeoutError, ConnectionError):
        socket.abort()
