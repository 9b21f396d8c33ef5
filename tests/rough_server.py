"""A model server in a thread of its own, that answers as a test tells it: well, badly or not at all."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from aiohttp import web

from pipeline.clock import Clock

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Run(Protocol):
    """`run_real` or `run_virtual`."""

    def __call__(self, main: Callable[[Clock], Coroutine[Any, Any, T]], /) -> T:
        """Run `main`."""


@dataclass
class Rough:
    """A running server, and what it was asked."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)


@contextmanager
def serving(handler: Handler) -> Iterator[Rough]:
    """Answer every request with `handler` on a port of 127.0.0.1 while the body runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=30)

    rough = Rough()

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        rough.headers.append(dict(request.headers))
        rough.connections.add(request.transport.get_extra_info("peername"))
        if request.method == "GET":
            rough.bodies.append(request.path)
        elif request.content_type == "application/json":
            rough.bodies.append(await request.json())
        else:
            form = await request.post()
            rough.bodies.append([(name, _value(value)) for name, value in form.items()])
        return await handler(request)

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=8_000_000)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        rough.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    runner = run(start())
    try:
        yield rough
    finally:
        run(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _value(value: Any) -> Any:
    if not isinstance(value, web.FileField):
        return value
    with value.file as file:
        return file.read()


async def forever() -> None:
    """Hang until the server stops."""
    await asyncio.get_running_loop().create_future()


async def stream(request: web.Request, *pieces: bytes, kind: str = "text/event-stream") -> web.StreamResponse:
    """Write each piece by itself; the caller ends the answer by returning it."""
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
    return response


def event(data: Any) -> bytes:
    """One server-sent event."""
    return f"data: {data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)}\n\n".encode()


def chunk(content: str = "", finish: str | None = None, **delta: str) -> bytes:
    """A chunk of a chat completion."""
    words = {"content": content, **delta} if content or not delta else delta
    return event({"choices": [{"index": 0, "delta": words, "finish_reason": finish}]})


DONE = event("[DONE]")
USAGE = event({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 9, "prompt_cache_hit_tokens": 100}})
