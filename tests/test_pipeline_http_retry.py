"""What a server says of when to come again, and requests without a body."""

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real
from pipeline.errors import ServerError
from pipeline.http import Client, Request, retry_after
from tests.rough_server import serving
from tests.test_pipeline_http import body, fails

NOW = {"Date": "Wed, 25 Nov 2026 03:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "20"}, 20.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "Wed, 25 Nov 2026 03:01:30 GMT", **NOW}, 90.0),
        ({"Retry-After": "Wed, 25 Nov 2026 02:00:00 GMT", **NOW}, 0.0),
        ({"Retry-After": "Wed, 25 Nov 2026 03:01:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_of_the_servers_clock(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_an_error_carries_its_status_and_the_servers_wish() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "7"})

    with serving(handler) as rough:
        error = fails(rough.url)
    assert isinstance(error, ServerError)
    assert (error.status, error.retry_after) == (503, 7.0)


def test_a_get_sends_no_body() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {await request.text()}")

    async def main(clock: Clock) -> list[bytes]:
        client = Client(clock, rough.url, None, {}, 1.0)
        request = Request("/models", 5.0, method="GET")
        try:
            return [item async for item in client.post(request, body, seconds=0.01)]
        finally:
            await client.close()

    with serving(handler) as rough:
        assert run_real(main) == [b"GET "]


def test_a_kept_connection_that_is_gone_is_no_failure() -> None:
    asked: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(len(asked))
        if len(asked) == 2:  # as if it had been closed just before
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text=f"{len(asked)}")

    async def main(clock: Clock) -> list[bytes]:
        client = Client(clock, rough.url, None, {}, 1.0)
        request = Request("/x", 5.0, json={})
        try:
            return [item for _ in range(2) async for item in client.post(request, body, seconds=0.01)]
        finally:
            await client.close()

    with serving(handler) as rough:
        assert run_real(main) == [b"1", b"3"]


def test_a_server_that_resets_every_connection_is_not_asked_for_ever() -> None:
    asked: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(len(asked))
        if len(asked) > 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text="once")

    async def main(clock: Clock) -> None:
        client = Client(clock, rough.url, None, {}, 1.0)
        request = Request("/x", 5.0, json={})
        try:
            for _ in range(2):
                async for _ in client.post(request, body, seconds=0.01):
                    pass
        finally:
            await client.close()

    with serving(handler) as rough, pytest.raises(ServerError, match="broke the connection"):
        run_real(main)
    assert len(asked) == 3
