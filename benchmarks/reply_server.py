"""A model server for `benchmarks.reply`, in a process of its own: well, or broken in each way, by its path.

`python -m benchmarks.reply_server` prints its port. `/FAULT/v1/chat/completions` answers with that fault.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

ANSWER = "瓷器在二楼东厅。从这里上楼梯，然后左转，大约走两分钟就到。闭馆时间是下午五点，请留意时间。"
TOKENS = 2000
EACH, SPREAD = 30, 0.3
"""Questions that each meet a fault, and the seconds between two: a slow client must not be asked too much at once."""
PACE = 1 / 30
"""Seconds a token of `/paced`: what a visitor's model takes."""


def chunk(content: str, finish: str | None = None, **delta: str) -> bytes:
    """One event, as large as servers make it."""
    words = {"content": content, **delta} if content or not delta else delta
    told = {
        "id": "chatcmpl-0123456789abcdef", "object": "chat.completion.chunk", "created": 1764000000, "model": "m",
        "choices": [{"index": 0, "delta": words, "logprobs": None, "finish_reason": finish}],
    }  # fmt: skip
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


END = chunk("", "stop") + b"data: [DONE]\n\n"
BEGUN = [chunk(sign) for sign in ANSWER[:12]]
THOUGHT = [chunk("", reasoning_content=word) for word in ("访客", "在问", "路。")]


async def begin(request: web.Request, *pieces: bytes) -> web.StreamResponse:
    """The headers and some events."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
    return response


async def good(request: web.Request) -> web.StreamResponse:
    return await begin(request, *(chunk(sign) for sign in ANSWER), END)


async def paced(request: web.Request) -> web.StreamResponse:
    response = await begin(request)
    for sign in ANSWER * 2:
        await response.write(chunk(sign))
        await asyncio.sleep(PACE)
    await response.write(END)
    return response


async def many(request: web.Request) -> web.StreamResponse:
    """As fast as it goes, each token a write of its own."""
    response = await begin(request)
    for number in range(TOKENS):
        await response.write(chunk(ANSWER[number % len(ANSWER)]))
    await response.write(END)
    return response


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def keep_alive(request: web.Request) -> web.StreamResponse:
    response = await begin(request)
    while True:
        await response.write(b": keep-alive\n\n")
        await asyncio.sleep(0.5)


def status(code: int) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "not now", "code": code}}, status=code)

    return handler


def then(*pieces: bytes, how: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Events, and then the connection ends, breaks or hangs."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = await begin(request, *pieces)
        if how == "reset":
            assert request.transport is not None
            request.transport.abort()
        if how == "hang":
            await asyncio.Event().wait()
        return response

    return handler


HANDLERS = {
    "good": good, "paced": paced, "many": many, "hang": hang, "keep-alive": keep_alive, "429": status(429),
    "503": status(503), "401": status(401), "500": status(500), "empty": then(how="end"),
    "excuse": then(chunk("服务器繁忙，请稍后再试。", "stop"), b"data: [DONE]\n\n", how="end"),
    "reset": then(how="reset"), "invalid": then(b"data: {broken\n\n", how="end"),
    "cut-thinking": then(*THOUGHT, how="end"), "cut": then(*BEGUN, how="end"), "reset-mid": then(*BEGUN, how="reset"),
    "hang-mid": then(*BEGUN, how="hang"),
}  # fmt: skip
FAULTS = tuple(name for name in HANDLERS if name not in {"good", "paced", "many"})


async def main() -> None:
    """Serve until killed."""
    app = web.Application()
    for name, handler in HANDLERS.items():
        app.router.add_post(f"/{name}/v1/chat/completions", handler)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
