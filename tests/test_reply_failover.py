"""Faults of real HTTP, wherever the connection or the bytes break: the next server goes on, and nobody hears of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.envelope import Message
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence, Thought
from stages.reply import deepseek
from tests.asking import QUESTION, abort, hang, sends, sentences
from tests.rough_server import DONE, USAGE, Handler, Run, chunk, event, serving, stream
from tests.router_scene import ANSWER, SENTENCES, plain

WHOLE = [*(chunk(ANSWER[at : at + 2]) for at in range(0, len(ANSWER), 2)), chunk("", "stop"), USAGE, DONE]
BEGUN = WHOLE[:6]
"""Twelve characters: the first sentence, and half of the second."""
THINKS = [chunk(reasoning_content="访客在"), chunk(reasoning_content="问路")]
LETTER = chunk("楼梯")
CUT_LETTER = LETTER[: LETTER.index("楼".encode()) + 1]
"""An event that ends in the middle of a UTF-8 character."""


def status(code: int, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "no"}}, status=code, headers=headers)

    return handler


async def no_headers(request: web.Request) -> web.StreamResponse:
    return await _and(request, abort)


async def silent_before_headers(request: web.Request) -> web.StreamResponse:
    return await _and(request, hang)


async def half_a_header(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    return await _and(request, abort)


async def no_http(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"SMTP ready\r\n\r\n")
    return await _and(request, abort)


async def _and(request: web.Request, then: Callable[[web.Request], Awaitable[None]]) -> web.StreamResponse:
    await then(request)
    return web.Response()


async def keep_alive(request: web.Request) -> web.StreamResponse:
    response = await stream(request)
    for _ in range(100_000):
        await response.write(b": keep-alive\n\n")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    return response


async def too_short(request: web.Request) -> web.StreamResponse:
    """A body that is shorter than its Content-Length."""
    assert request.transport is not None
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
    request.transport.write(head + b"".join(BEGUN))
    return await _and(request, abort)


FAULTS: dict[str, Handler] = {
    "reset before headers": no_headers,
    "silent before headers": silent_before_headers,
    "cut in the headers": half_a_header,
    "not HTTP": no_http,
    "429": status(429),
    "429 with Retry-After": status(429, **{"Retry-After": "20"}),
    "503": status(503),
    "401": status(401),
    "402": status(402),
    "403": status(403),
    "404": status(404),
    "500": status(500),
    "302": status(302, Location="http://127.0.0.1:9/"),
    "excuse with 200": sends(chunk("服务器繁忙，请稍后再试。", "stop"), DONE),
    "busy in the stream": sends(event({"error": {"message": "Server busy", "code": 503}})),
    "keep-alive for ever": keep_alive,
    "empty 200": sends(),
    "a page": sends(b"<html>Welcome</html>"),
    "empty answer": sends(chunk("", "stop"), DONE),
    "cut in reasoning": sends(*THINKS),
    "reset in reasoning": sends(*THINKS, then=abort),
    "silent in reasoning": sends(*THINKS, then=hang),
    "answer in reasoning": sends(*THINKS, chunk("", "stop"), DONE),
    "cut in mid-sentence": sends(*BEGUN),
    "done without a reason": sends(*BEGUN, DONE),
    "reset in mid-sentence": sends(*BEGUN, then=abort),
    "silent in mid-sentence": sends(*BEGUN, then=hang),
    "error in mid-sentence": sends(*BEGUN, event({"error": {"message": "engine died", "code": 500}})),
    "no resources": sends(*BEGUN, chunk("", "insufficient_system_resource"), DONE),
    "invalid event": sends(*BEGUN, event('{"choices": [')),
    "invalid SSE": sends(*BEGUN, b"\x00\xff\xfe garbage\n\n", event("no JSON")),
    "cut in mid-UTF-8": sends(*BEGUN, CUT_LETTER),
    "reset in mid-UTF-8": sends(*BEGUN, CUT_LETTER, then=abort),
    "silent in mid-UTF-8": sends(*BEGUN, CUT_LETTER, then=hang),
    "shorter than said": too_short,
}
SHORT = {"first_token_seconds": 1.0, "between_tokens_seconds": 0.5}


def ask(
    *handlers: Handler, run: Run = run_real, question: Question = QUESTION, listed: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[list[Message], EngineError | None, list[list[Any]], dict[str, int]]:  # fmt: skip
    """What an engine with these servers says, its error, what each was sent, and the counts."""
    said: list[Message] = []
    error: EngineError | None = None
    counts: dict[str, int] = {}

    async def main(clock: Clock) -> None:
        nonlocal error
        endpoints = [{"name": f"e{at}", "model": "m", "base_url": rough.url, "dialect": "vllm"} | SHORT | (listed or {})
                     for at, rough in enumerate(servers)]  # fmt: skip
        engine = deepseek.Engine(deepseek.Settings.model_validate({"endpoints": endpoints} | more), clock)
        try:
            async for message in engine.work(question):
                said.append(message)
        except EngineError as caught:
            error = caught
        finally:
            counts.update(engine.counts)
            await engine.close()

    with ExitStack() as stack:
        servers = [stack.enter_context(serving(handler)) for handler in handlers]
        run(main)
    return said, error, [server.bodies for server in servers], counts


@pytest.mark.parametrize("case", list(FAULTS))
def test_the_next_server_goes_on_wherever_the_first_breaks(case: str) -> None:
    async def goes_on(request: web.Request) -> web.StreamResponse:
        begun = bool((await request.json()).get("continue_final_message"))
        text = "".join(SENTENCES[1:]) if begun else ANSWER
        return await stream(request, *(chunk(sign) for sign in text), chunk("", "stop"), USAGE, DONE)

    said, error, (first, second), _ = ask(FAULTS[case], goes_on)
    assert error is None
    assert plain("".join(sentences(said))) == plain(ANSWER)
    spoken = [message for message in said if isinstance(message, Sentence)]
    assert [sentence.index for sentence in spoken] == list(range(len(spoken)))
    assert [sentence.last for sentence in spoken] == [False] * (len(spoken) - 1) + [True]
    assert spoken[-1].by == "e1/m"
    assert len(first) == len(second) == 1
    mid = case.rpartition(" in ")[2] in {"mid-sentence", "mid-UTF-8"}
    assert (second[0]["messages"][-1]["role"] == "assistant") is (
        mid or case in {"done without a reason", "no resources", "invalid event", "invalid SSE", "shorter than said"}
    )
    assert "繁忙" not in "".join(sentences(said))


@pytest.mark.parametrize("code", [400, 422])
def test_a_request_that_is_wrong_is_sent_to_nobody_else(code: int) -> None:
    said, error, (_, second), _ = ask(status(code), sends(*WHOLE))
    assert said == []
    assert error is not None
    assert (error.code, error.retry) == ("server-rejected", False)
    assert second == []


def test_a_model_that_begins_anew_repeats_nothing() -> None:
    said, error, _, _ = ask(sends(*BEGUN, then=abort), sends(*WHOLE), listed={"dialect": "openai"})
    assert error is None
    assert plain("".join(sentences(said))) == plain(ANSWER)


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_a_failover_is_the_same_on_both_clocks(run: Run) -> None:
    said, error, _, counts = ask(sends(*THINKS, *BEGUN, then=hang), sends(*WHOLE), run=run)
    assert error is None
    assert [message.text for message in said if isinstance(message, Thought)] == ["访客在", "问路"]
    assert plain("".join(sentences(said))) == plain(ANSWER)
    assert counts["e0.slow"] == counts["e1.answered"] == 1


def test_the_time_to_answer_is_shared_out() -> None:
    said, error, _, _ = ask(
        silent_before_headers, silent_before_headers, sends(*WHOLE),
        listed={"first_token_seconds": None}, answer_within=1.2,
    )  # fmt: skip
    assert error is None
    assert sentences(said)


def test_a_key_is_in_no_message() -> None:
    _, error, _, _ = ask(status(401), status(401), listed={"api_key": "sk-0123456789"})
    assert error is not None
    assert "sk-0123456789" not in error.text


def test_retry_after_is_believed() -> None:
    async def main(clock: Clock) -> float:
        settings = deepseek.Settings(base_url=rough.url, model="m")
        engine = deepseek.Engine(settings, clock)
        with pytest.raises(EngineError):
            _ = [message async for message in engine.work(QUESTION)]
        await engine.close()
        return engine._router._book.breakers["model"].wait(clock.now())

    with serving(FAULTS["429 with Retry-After"]) as rough:
        assert 19 < run_real(main) <= 20
