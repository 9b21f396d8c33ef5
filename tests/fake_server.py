"""A screen server that does what a test tells it: the page's real files and headers, and the protocol by hand."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from avatars._assets import assets
from avatars._headers import security
from pipeline.audio import Samples

ROOT = Path(__file__).resolve().parent.parent
WELCOME = {
    "type": "welcome", "protocol": 1, "screen": "kiosk", "version": "0.1.0", "resume": "r1", "resumed": False,
    "session": "", "language": "zh", "mode": "hands-free", "muted": False, "wake": ["小河小河"],
    "name": {"zh": "小河", "en": "River"}, "label": {"zh": "由AI生成", "en": "AI-generated"}, "model": "knowledge",
    "avatar": "mei", "notice": {"zh": "", "en": ""}, "limits": {"text": 2000, "message": 16384, "per_second": 120},
    "questions": {
        "zh": ["几点开门？", "门票多少钱？", "洗手间在哪儿？", "青铜器在几楼？"],
        "en": ["When do you open?", "How much is a ticket?", "Where are the toilets?", "Is there a cafe?"],
    },
}  # fmt: skip

PLAY = {
    "type": "play", "cause": "c1", "index": 0, "part": 0, "start": 0, "last": True, "text": "你好！", "language": "zh",
    "emotion": "neutral", "origin": "reply", "words": [], "cues": None,
}  # fmt: skip


@dataclass
class FakeServer:
    """What it was told, and what it shall say. Its methods are called by the test's thread."""

    port: int = 0
    welcome: dict[str, Any] = field(default_factory=lambda: dict(WELCOME))
    turn_away: tuple[int, str] | None = None
    """A close code and reason for whoever says hello."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    sound: list[bytes] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of each file that was asked for, as the real server sends it."""
    deaf: bool = False
    """It answers no ping."""
    stop: Callable[[], None] = lambda: None
    """Go away in the middle of everything."""
    handle: int = 0
    reports: int = 0
    """How often it was told what sounds; never forgotten."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _closing: dict[web.WebSocketResponse, asyncio.Event] = field(default_factory=dict)
    _run: Callable[[Coroutine[Any, Any, Any]], Any] = lambda work: work

    @property
    def url(self) -> str:
        """Of the page."""
        return f"http://localhost:{self.port}/"

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What the page has said of one type."""
        return [message for message in self.heard if message["type"] == kind]

    def played(self, state: str) -> list[tuple[int, int]]:
        """Handle and sample of each report of that state."""
        return [(said["handle"], said["sample"]) for said in self.of("played") if said["state"] == state]

    def wait(self, true: Callable[[], object], seconds: float = 10.0) -> None:
        """Until the page has said what is awaited."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(true()), seconds), f"in vain; heard {self.heard[-12:]}"

    def forget(self) -> None:
        """What was heard until now."""
        with self._changed:
            self.heard.clear()
            self.sound.clear()

    def say(self, kind: str, **fields: Any) -> None:
        """A message to the page."""
        self._run(self._send(json.dumps({"type": kind, **fields}, ensure_ascii=False)))

    def play(self, pcm: Samples, **fields: Any) -> int:
        """Order a part to be played; its handle."""
        self.handle += 1
        line = {**PLAY, "handle": self.handle, "samples": len(pcm), **fields}
        self._run(self._send(json.dumps(line, ensure_ascii=False).encode() + b"\n" + pcm.astype("<i2").tobytes()))
        return self.handle

    def close(self, code: int, reason: str) -> None:
        """End the page's connection."""
        self._run(self._close(self.sockets[-1], code, reason))

    async def _close(self, socket: web.WebSocketResponse, code: int, reason: str) -> None:
        # Whoever closes waits for the other side: sound that comes meanwhile and is not read would tear the connection.
        self._closing[socket] = asyncio.Event()
        await socket.close(code=code, message=reason.encode())
        self._closing.pop(socket).set()

    async def _send(self, frame: str | bytes) -> None:
        socket = self.sockets[-1]
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))

    async def attend(self, request: web.Request) -> web.WebSocketResponse:
        """A screen's connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for said in socket:
            if said.type is WSMsgType.BINARY:
                self._note(said.data)
            elif said.type is WSMsgType.TEXT:
                await self._told(socket, json.loads(said.data))
        if socket in self._closing:
            await self._closing[socket].wait()
        return socket

    async def _told(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "ping" and not self.deaf:
            await socket.send_json({"type": "pong", "n": message["n"]})
        if message["type"] == "hello" and self.turn_away:
            await self._close(socket, *self.turn_away)
        elif message["type"] == "hello":
            self.sockets.append(socket)
            self.handle = 0
            await socket.send_json(self.welcome)
        self._note(message)

    def _note(self, message: dict[str, Any] | bytes) -> None:
        with self._changed:
            if isinstance(message, bytes):
                self.sound.append(message)
            else:
                self.heard.append(message)
                self.reports += message["type"] == "played"
            self._changed.notify_all()


@contextmanager
def fake_server(port: int = 0) -> Iterator[FakeServer]:
    """Serve the page on a port of 127.0.0.1 while the body runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = FakeServer()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=30)

    server._run = run
    runner = run(_start(server, port))
    server.port = runner.addresses[0][1]
    server.stop = lambda: run(_vanish(server, runner))
    try:
        yield server
    finally:
        server.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _vanish(server: FakeServer, runner: web.AppRunner) -> None:
    for socket in server.sockets:
        if socket._req is not None and socket._req.transport is not None:
            socket._req.transport.abort()
    server.sockets.clear()
    await runner.cleanup()


async def _start(server: FakeServer, port: int) -> web.AppRunner:
    files = assets(ROOT / "avatars" / "kiosk", ROOT / "avatars" / "mei")

    async def file(request: web.Request) -> web.Response:
        found = files.get(request.path)
        if found is None:
            return web.Response(status=404)
        server.sizes[request.path] = len(found.squeezed or found.plain)
        return web.Response(body=found.plain, headers={**security(request.host), "Content-Type": found.kind})

    app = web.Application()
    app.router.add_get("/screen/{name}", server.attend)
    app.router.add_get("/{path:.*}", file)
    runner = web.AppRunner(app, shutdown_timeout=0.0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    """A sound to be played, 24 kHz."""
    times = np.arange(round(seconds * 24_000)) / 24_000
    return np.asarray(np.sin(2 * np.pi * hertz * times) * 8_000).astype(np.int16)
