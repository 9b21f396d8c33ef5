"""The language model: what goes wrong is named, and what was whole is said."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real
from pipeline.errors import EngineError
from pipeline.messages import Sentence
from stages.reply import deepseek
from tests.asking import QUESTION, abort, asked, hang, sends, sentences
from tests.rough_server import DONE, Handler, chunk, event, stream

SHORT: dict[str, Any] = {"first_token_seconds": 1.0, "between_tokens_seconds": 0.5}


WHOLE = chunk("在二楼。左转")
CUTS: dict[str, tuple[list[bytes], Callable[[web.Request], Awaitable[None]] | None, str]] = {
    "the stream ends": ([WHOLE], None, "server-broken"),
    "done without a reason": ([WHOLE, DONE], None, "server-broken"),
    "the connection breaks": ([WHOLE], abort, "server-broken"),
    "half an event": ([WHOLE, chunk("就到。")[:20]], None, "server-broken"),
    "half an event, then silence": ([WHOLE, chunk("就到。")[:20]], hang, "server-silent"),
    "silence": ([WHOLE], hang, "server-silent"),
    "invalid JSON": ([WHOLE, event('{"choices": [')], None, "server-broken"),
    "something else": ([WHOLE, event("[1, 2]")], None, "server-broken"),
    "an error": ([WHOLE, event({"error": {"message": "engine died", "code": 500}})], None, "server-broken"),
    "busy": ([WHOLE, event({"error": {"message": "server is busy"}})], None, "server-busy"),
    "no resources": ([WHOLE, chunk("", "insufficient_system_resource")], None, "server-busy"),
}


@pytest.mark.parametrize("case", list(CUTS))
def test_an_answer_that_is_cut_gives_its_whole_sentences_and_then_fails(case: str) -> None:
    pieces, then, code = CUTS[case]
    said, error = asked(sends(*pieces, then=then), **SHORT)
    assert error is not None
    assert (error.code, error.retry) == (code, True)
    assert sentences(said) == ["在二楼。"]
    assert not any(message.last for message in said if isinstance(message, Sentence))


def test_a_sentence_that_was_whole_when_the_answer_was_cut_is_given() -> None:
    said, error = asked(sends(chunk("在二楼。")))
    assert error is not None
    assert sentences(said) == ["在二楼。"]


@pytest.mark.parametrize("refusal", [chunk("", "content_filter"), chunk(refusal="no")])
def test_a_refusal_after_text_is_told_and_what_is_held_is_not_said(refusal: bytes) -> None:
    said, error = asked(sends(chunk("在二楼。左转。"), refusal, DONE))
    assert sentences(said) == ["在二楼。"]
    assert error is not None
    assert (error.code, error.retry) == ("server-content", False)


async def keep_alive(request: web.Request) -> web.StreamResponse:
    response = await stream(request)
    while True:
        await response.write(b": keep-alive\n\n")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (keep_alive, "server-silent"),
        (sends(chunk(role="assistant"), then=hang), "server-silent"),
        (sends(then=hang), "server-silent"),
        (sends(), "server-broken"),
        (sends(b"<html>Welcome</html>"), "server-broken"),
        (sends(event({"error": {"message": "Server busy", "code": 503}})), "server-busy"),
        (sends(event({"error": {"message": "context too long", "code": 400}})), "server-rejected"),
        (sends(b"data: \xff\xfe\n\n"), "server-broken"),
        (sends(event({"choices": [{"delta": {"content": 5}}]})), "server-broken"),
        (sends(b'{"code": 500, "msg": "x"}'), "server-broken"),
    ],
)
def test_a_server_that_says_nothing_useful_is_named(handler: Handler, code: str) -> None:
    said, error = asked(handler, **SHORT)
    assert said == []
    assert error is not None
    assert error.code == code


@pytest.mark.parametrize(("status", "code"), [(401, "server-refused"), (429, "server-busy"), (404, "server-rejected")])
def test_a_refused_request_is_named_and_the_key_is_not(status: int, code: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "key sk-12345678 is wrong"}}, status=status)

    said, error = asked(handler, api_key="sk-12345678")
    assert said == []
    assert error is not None
    assert error.code == code
    assert "sk-12345678" not in error.text


def test_nobody_there_is_named() -> None:
    async def main(clock: Clock) -> None:
        engine = deepseek.Engine(deepseek.Settings(base_url="http://127.0.0.1:9", model="m"), clock)
        try:
            async for _ in engine.work(QUESTION):
                pass
        finally:
            await engine.close()

    with pytest.raises(EngineError, match=r"cannot be reached .*base_url"):
        run_real(main)
