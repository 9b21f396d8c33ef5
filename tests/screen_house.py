"""A screen server on a real socket, and whoever asks it."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp

from avatars.screen import Engine, Settings
from pipeline.clock import Clock, run_real
from pipeline.gateway import Hall, Post
from pipeline.screens import ScreenPlan
from tests.screens import HandEdge

FACE = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


class Pack:
    """A pack of one file: what a real one holds is none of this business."""

    files = frozenset({"art/face.svg"})

    def as_json(self) -> bytes:
        return b"{}"


@contextmanager
def pack() -> Iterator[Path]:
    """Its folder."""
    with tempfile.TemporaryDirectory() as top, patch("avatars.pack.read_pack", lambda _: Pack()):
        folder = Path(top) / "mei"
        (folder / "art").mkdir(parents=True)
        (folder / "art" / "face.svg").write_bytes(FACE)
        (folder / "avatar.yaml").write_bytes(b"secret")
        yield folder


class House:
    """A server and whoever asks it."""

    def __init__(self, engine: Engine, address: str, client: aiohttp.ClientSession, clock: Clock) -> None:
        self.engine, self.address, self.client, self.clock = engine, address, client, clock
        self.port = int(address.rsplit(":", 1)[1].rstrip("/"))

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body."""
        url = self.address.rstrip("/") + path
        async with self.client.request(method, url, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.read()

    async def raw(self, request: bytes) -> bytes:
        """Whatever it answers to any bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        async with self.clock.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer


def serve(act: Callable[[House], Coroutine[Any, Any, None]], settings: Settings | None = None, **plan: Any) -> Engine:
    """Run `act` against a server with a screen `hall`."""

    async def main(clock: Clock) -> Engine:
        engine = Engine(settings or Settings(port=0), clock)
        edge = HandEdge(engine.screen("hall"))
        post = Post(ScreenPlan(name="hall", **plan), edge, {"zh": "小河"}, "stub", {}, {})  # type: ignore[arg-type]
        with pack() as folder:
            async with (
                engine.serving(Hall({"hall": post}, folder, "0.1.0")) as address,
                aiohttp.ClientSession(auto_decompress=False) as client,
            ):
                await act(House(engine, address, client, clock))
        return engine

    return run_real(main)
