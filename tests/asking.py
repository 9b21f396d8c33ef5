"""Asks the `deepseek` engine of a rough server, and keeps what it says."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from pipeline.clock import Clock, run_real
from pipeline.envelope import Message
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence
from stages.reply import deepseek
from tests.rough_server import Handler, Run, forever, serving, stream

QUESTION = Question(session="s", turn=1, revision=1, text="瓷器在哪里", language="zh")


def sends(*pieces: bytes, then: Callable[[web.Request], Awaitable[None]] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, *pieces)
        if then:
            await then(request)
        return response

    return handler


async def abort(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


async def hang(_: web.Request) -> None:
    await forever()


def asked(
    handler: Handler, run: Run = run_real, question: Question = QUESTION, **settings: Any
) -> tuple[list[Message], EngineError | None]:
    """What the engine says of a server's answer, and how it fails."""
    said: list[Message] = []

    async def main(clock: Clock) -> None:
        engine = deepseek.Engine(deepseek.Settings(base_url=rough.url, model="m", **settings), clock)
        try:
            async for message in engine.work(question):
                said.append(message)
        finally:
            await engine.close()

    with serving(handler) as rough:
        try:
            run(main)
        except EngineError as error:
            failed = error
        else:
            return said, None
    assert rough.url in failed.text
    return said, failed


def sentences(said: list[Message]) -> list[str]:
    return [message.text for message in said if isinstance(message, Sentence)]
