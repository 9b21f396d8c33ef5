"""Who asks a process how it is gets an answer, and nobody else gets anything."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from pipeline.clock import Clock, run_real
from pipeline.errors import ConfigError
from pipeline.health import serving
from pipeline.metrics import Meter

Ask = Callable[[aiohttp.ClientSession], Awaitable[None]]
LOCAL = "127.0.0.1"


class Plain:
    """Metrics that are easy to recognise."""

    def text(self) -> tuple[bytes, str]:
        return b"a_metric 1.0\n", "text/plain; version=0.0.4; charset=utf-8"


def asked(ask: Ask, *, alive: str = "", ready: str = "") -> None:
    async def main(clock: Clock) -> None:
        del clock
        async with (
            serving(LOCAL, 0, Plain(), alive=lambda: alive, ready=lambda: ready) as port,
            aiohttp.ClientSession(f"http://{LOCAL}:{port}") as session,
        ):
            await ask(session)

    run_real(main)


def answers(path: str, *, alive: str = "", ready: str = "") -> tuple[int, str, str]:
    """Status, content type and body."""
    found: list[tuple[int, str, str]] = []

    async def ask(session: aiohttp.ClientSession) -> None:
        async with session.get(path) as response:
            found.append((response.status, response.headers["Content-Type"], await response.text()))

    asked(ask, alive=alive, ready=ready)
    return found[0]


PLAIN = "text/plain; charset=utf-8"


def test_metrics_are_served_with_their_content_type() -> None:
    assert answers("/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "a_metric 1.0\n")


def test_who_is_well_says_ok() -> None:
    assert answers("/healthz") == (200, PLAIN, "ok")
    assert answers("/readyz") == (200, PLAIN, "ok")


def test_who_is_not_says_why() -> None:
    assert answers("/healthz", alive="the loop of speech 停了") == (503, PLAIN, "the loop of speech 停了")
    assert answers("/readyz", ready="speech is warming up") == (503, PLAIN, "speech is warming up")


def test_alive_and_ready_are_two_things() -> None:
    assert answers("/healthz", ready="warming up")[0] == 200
    assert answers("/readyz", alive="stuck")[0] == 200


def test_nothing_else_is_there() -> None:
    assert answers("/")[0] == 404


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_is_taken(method: str) -> None:
    async def ask(session: aiohttp.ClientSession) -> None:
        async with session.request(method, "/healthz") as response:
            assert response.status == 405

    asked(ask)


def test_a_body_is_refused_unread() -> None:
    async def ask(session: aiohttp.ClientSession) -> None:
        async with session.get("/healthz", data=b"x" * 100) as response:
            assert (response.status, response.headers["Connection"]) == (413, "close")

    asked(ask)


def test_a_body_that_never_comes_holds_nobody_up() -> None:
    async def main(clock: Clock) -> None:
        async with serving(LOCAL, 0, Plain(), alive=str, ready=str) as port, clock.timeout(30):
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
            writer.close()
            await writer.wait_closed()

    run_real(main)


def test_a_port_that_is_taken_is_named_with_the_mend() -> None:
    async def main(clock: Clock) -> None:
        del clock
        with socket.create_server((LOCAL, 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ConfigError, match=f"{LOCAL}:{port} .*in use.*: name another metrics.port") as caught:
                async with serving(LOCAL, port, Plain(), alive=str, ready=str):
                    pytest.fail("it listens there")
            assert caught.value.code == "metrics-port"

    run_real(main)


def test_an_address_of_another_machine_is_refused_the_same_way() -> None:
    async def main(clock: Clock) -> None:
        del clock
        with pytest.raises(ConfigError, match=r"metrics cannot be served at 192\.0\.2\.1:0") as caught:
            async with serving("192.0.2.1", 0, Plain(), alive=str, ready=str):
                pytest.fail("it listens there")
        assert caught.value.code == "metrics-port"

    run_real(main)


def test_the_port_is_free_again_when_the_body_ends() -> None:
    async def main(clock: Clock) -> None:
        del clock
        async with serving(LOCAL, 0, Plain(), alive=str, ready=str) as first:
            pass
        async with serving(LOCAL, first, Plain(), alive=str, ready=str) as second:
            assert second == first

    run_real(main)


def test_a_meter_can_be_served() -> None:
    async def main(clock: Clock) -> None:
        del clock
        async with (
            serving(LOCAL, 0, Meter(), alive=str, ready=str) as port,
            aiohttp.ClientSession() as session,
            session.get(f"http://{LOCAL}:{port}/metrics") as response,
        ):
            assert "visavis_turns_total" in await response.text()

    run_real(main)
