"""Every way in which a model server can fail has a code, a sentence that names the address, and a mend."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from aiohttp import web
from pydantic import BaseModel, SecretStr, ValidationError

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.errors import EngineError, ServerError, ServerSilent, WireError
from pipeline.http import Answered, BaseUrl, Client, Request, whole
from tests.rough_server import Run, forever, serving, stream

KEY = "sk-secret-0123456789"
RUNS = pytest.mark.parametrize("run", [run_real, run_virtual])


async def chunks(answered: Answered) -> AsyncIterator[bytes]:
    async for chunk in answered.chunks:
        if chunk.strip(b":\n"):  # comments that keep the connection alive are no data
            yield chunk


async def body(answered: Answered) -> AsyncIterator[bytes]:
    yield await whole(answered, 1000)


async def ask(clock: Clock, url: str, *, first: float = 5.0, between: float = 5.0, total: float = 9.0) -> list[bytes]:
    client = Client(clock, url, SecretStr(KEY), {}, 2.0)
    request = Request("/x", json={}, first_seconds=first, between_seconds=between, total_seconds=total)
    try:
        return [item async for item in client.post(request, chunks, seconds=0.01)]
    finally:
        await client.close()


def fails(url: str, **limits: float) -> EngineError:
    with pytest.raises(EngineError) as caught:
        run_real(lambda clock: ask(clock, url, **limits))
    assert url in caught.value.text
    assert KEY not in caught.value.text
    return caught.value


@RUNS
def test_an_answer_comes_with_the_key_sent(run: Run) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await stream(request, b"abc")

    with serving(handler) as rough:
        assert b"".join(run(lambda clock: ask(clock, rough.url))) == b"abc"
        assert rough.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "text", "code", "retry"),
    [
        (400, '{"error": {"message": "no such model: x"}}', "server-rejected", False),
        (401, '{"error": {"message": "bad key"}}', "server-refused", False),
        (402, "Insufficient Balance", "server-refused", False),
        (403, "", "server-refused", False),
        (404, '{"detail": "Not Found"}', "server-rejected", False),
        (422, '{"detail": [{"loc": ["body"], "msg": "field required"}]}', "server-rejected", False),
        (429, "rate limit", "server-busy", True),
        (500, "boom", "server-broken", True),
        (500, '{"error": "服务器繁忙，请稍后再试"}', "server-busy", True),
        (502, "<html><h1>Bad gateway</h1></html>", "server-broken", True),
        (503, "", "server-busy", True),
    ],
)
def test_each_status_has_its_code_and_repeats_the_server(status: int, text: str, code: str, *, retry: bool) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    with serving(handler) as rough:
        error = fails(rough.url)
    assert (error.code, error.retry) == (code, retry)
    assert str(status) in error.text
    for word in ("no such model: x", "bad key", "Not Found", "field required", "Bad gateway", "服务器繁忙"):
        assert (word in text) == (word in error.text)
    assert "<" not in error.text


def test_a_key_that_the_server_repeats_is_not_repeated_by_us() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=401, text=f"wrong key {KEY}")

    with serving(handler) as rough:
        assert "wrong key ***" in fails(rough.url).text


def test_a_redirect_is_not_followed_with_the_key_but_told() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"})

    with serving(handler) as rough:
        error = fails(rough.url)
    assert error.code == "server-rejected"
    assert "moved to http://127.0.0.1:9/elsewhere" in error.text


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = fails(f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    assert (error.code, error.retry) == ("server-unreachable", True)


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    assert fails("http://no-such-host.invalid/v1").code == "server-unreachable"


def test_a_server_that_does_not_speak_tls_is_unreachable_by_https() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    with serving(handler) as rough:
        assert fails(rough.url.replace("http:", "https:")).code == "server-unreachable"


@RUNS
def test_silence_before_the_answer_ends_at_the_first_deadline(run: Run) -> None:
    async def handler(_: web.Request) -> web.Response:
        await forever()
        return web.Response()

    with serving(handler) as rough, pytest.raises(ServerSilent, match="kept silent"):
        run(lambda clock: ask(clock, rough.url, first=0.1))


def test_comments_that_keep_the_connection_alive_do_not_stop_the_deadline() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        while True:
            await response.write(b":\n")

    with serving(handler) as rough:
        assert fails(rough.url, first=0.2).code == "server-silent"


def test_silence_in_the_middle_ends_at_the_deadline_between() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, b"one")
        await forever()
        return response

    with serving(handler) as rough:
        assert fails(rough.url, between=0.1).code == "server-silent"


def test_a_stream_that_never_ends_meets_the_total_deadline() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        while True:
            await response.write(b"more")

    with serving(handler) as rough:
        assert fails(rough.url, total=0.3).code == "server-silent"


@pytest.mark.parametrize("started", [False, True])
def test_a_connection_cut_before_or_within_the_answer_is_broken(*, started: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, b"half") if started else web.StreamResponse()
        assert request.transport is not None
        request.transport.abort()
        return response

    with serving(handler) as rough:
        error = fails(rough.url)
    assert (type(error), error.code, error.retry) == (ServerError, "server-broken", True)


def test_what_the_reader_cannot_understand_is_broken_and_says_what() -> None:
    async def read(_: Answered) -> AsyncIterator[bytes]:
        raise WireError("x", "sent nonsense")
        yield b""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="?")

    async def main(clock: Clock) -> None:
        client = Client(clock, rough.url, None, {}, 1.0)
        try:
            async for _ in client.post(Request("/x", 5.0, json={}), read, seconds=0.01):
                pass
        finally:
            await client.close()

    with serving(handler) as rough, pytest.raises(ServerError, match=r"/v1/x sent nonsense: .*log"):
        run_real(main)


def test_a_body_is_read_up_to_its_limit() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="x" * 2000)

    async def main(clock: Clock) -> None:
        client = Client(clock, rough.url, None, {}, 1.0)
        try:
            async for _ in client.post(Request("/x", 5.0, json={}), body, seconds=0.01):
                pass
        finally:
            await client.close()

    with serving(handler) as rough, pytest.raises(ServerError, match="more than 1000 bytes"):
        run_real(main)


@RUNS
def test_connections_are_kept_for_the_next_call(run: Run) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def main(clock: Clock) -> None:
        client = Client(clock, rough.url, None, {"X-Team": "lobby"}, 1.0)
        for _ in range(3):
            async for item in client.post(Request("/x", 5.0, json={}), body, seconds=0.01):
                assert item == b"ok"
        await client.close()
        await client.close()

    with serving(handler) as rough:
        run(main)
        assert len(rough.connections) == 1
        assert rough.headers[2]["X-Team"] == "lobby"


@RUNS
def test_who_stops_listening_drops_the_connection(run: Run) -> None:
    gone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, b"one")
        try:
            await forever()
        finally:
            gone.set()
        return response

    async def main(clock: Clock) -> None:
        client = Client(clock, rough.url, None, {}, 1.0)
        async with aclosing(client.post(Request("/x", 5.0, json={}), chunks, seconds=0.01)) as items:
            assert await anext(items) == b"one"
        await client.close()

    with serving(handler) as rough:
        run(main)
    assert gone.is_set()


def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    with serving(handler) as rough:
        assert run_real(lambda clock: ask(clock, rough.url)) == [b"ok"]


class Place(BaseModel):
    url: BaseUrl


def test_an_address_gets_its_version_where_it_names_no_path() -> None:
    assert Place(url="https://api.deepseek.com").url == "https://api.deepseek.com/v1"
    assert Place(url="http://node:8000/api/v3/").url == "http://node:8000/api/v3"


@pytest.mark.parametrize("url", ["node:8000", "ftp://x", "http://", "http://key@x", "http://x?key=1", ""])
def test_what_is_no_address_is_refused_when_the_config_is_read(url: str) -> None:
    with pytest.raises(ValidationError):
        Place(url=url)
