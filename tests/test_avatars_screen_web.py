"""The screen server over a real socket: its files and headers, what it refuses, what a slow line does not delay."""

import asyncio
import contextlib
import gzip
import json
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from avatars import _assets, _web
from avatars.screen import Settings
from tests.screen_house import House, serve
from tests.screens import part

PAGE = b"<!doctype html><title>page</title>" + b"<p>filler</p>" * 100


@pytest.fixture(autouse=True)
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of the test's own."""
    folder = tmp_path / "kiosk"
    (folder / "deep").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "sheet.html").write_bytes(b"sheet")
    (folder / "deep" / "a.js").write_bytes(b"export {}")
    (folder / "README.md").write_bytes(b"not served")
    (folder / ".hidden.js").write_bytes(b"not served")
    (tmp_path / "secret.js").write_bytes(b"secret")
    (folder / "out.js").symlink_to(tmp_path / "secret.js")
    monkeypatch.setattr(_assets, "KIOSK", folder)
    return folder


def test_the_page_and_the_avatar_are_served_with_their_types() -> None:
    async def act(house: House) -> None:
        for path, kind in (
            ("/", "text/html; charset=utf-8"), ("/kiosk/deep/a.js", "text/javascript; charset=utf-8"),
            ("/avatars/rig.json", "application/json"), ("/avatars/mei/avatar.json", "application/json"),
            ("/avatars/mei/art/face.svg", "image/svg+xml"),
            ("/avatars/mei?sheet", "text/html; charset=utf-8"), ("/healthz", "text/plain; charset=utf-8"),
        ):  # fmt: skip
            status, headers, body = await house.get(path)
            assert (status, headers["Content-Type"]) == (200, kind), path
            assert body

    serve(act)


def test_every_answer_forbids_what_the_page_does_not_need() -> None:
    async def act(house: House) -> None:
        for path in ("/", "/nothing", "/screen/hall", "/healthz", "/kiosk/deep/a.js"):
            _, headers, _ = await house.get(path)
            assert headers["Content-Security-Policy"].startswith("default-src 'none'"), path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "camera=()" in headers["Permissions-Policy"]
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert b"default-src 'none'" in await house.raw(b"\x16\x03\x01 garbage\r\n\r\n")

    serve(act)


def test_a_file_is_sent_small_once_and_again_when_it_has_changed() -> None:
    async def act(house: House) -> None:
        _, plain, body = await house.get("/", **{"Accept-Encoding": "identity"})
        _, small, squeezed = await house.get("/", **{"Accept-Encoding": "gzip, br"})
        assert body == PAGE == gzip.decompress(squeezed)
        assert small["Content-Encoding"] == "gzip"
        assert plain["ETag"] != small["ETag"]
        assert "Content-Encoding" not in (await house.get("/", **{"Accept-Encoding": "gzip;q=0, br"}))[1]
        for headers in (plain, small):
            assert (headers["Cache-Control"], headers["Vary"]) == ("no-cache", "Accept-Encoding")
        status, _, none = await house.get("/", **{"Accept-Encoding": "gzip", "If-None-Match": small["ETag"]})
        assert (status, none) == (304, b"")
        status, headers, none = await house.get("/", "HEAD", **{"Accept-Encoding": "identity"})
        assert (status, headers["Content-Length"], none) == (200, str(len(PAGE)), b"")

    serve(act)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/kiosk/../../../etc/passwd", "/kiosk/..%2f..%2fscreen.py", "/kiosk/%2e%2e/screen.py",
        "/kiosk/....//screen.py", "//etc/passwd", "/kiosk/README.md", "/kiosk/.hidden.js", "/kiosk/out.js", "/kiosk/",
        "/kiosk", "/avatars/mei/lines", "/avatars/mei/avatar.yaml", "/avatars/mei/../screen.py", "/avatars/",
        "/avatars/mei/%00avatar.json", "/kiosk/deep\\a.js", "/kiosk//deep/a.js", "/%252e%252e/etc/passwd",
        "/avatars/other/avatar.json", "/metrics", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_nothing_else_can_be_had(path: str) -> None:
    async def act(house: House) -> None:
        answer = await house.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer.split(b" ", 2)[1] in {b"404", b"400"}, answer[:200]
        assert b"secret" not in answer
        assert b"root:" not in answer

    serve(act)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405),
        (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 413),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
        (b"GET / HTTP/1.0\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(200)) + b"\r\n", 400),
        (b"\x00\x01\x02\r\n\r\n", 400),
    ],
)
def test_what_is_no_proper_question_is_refused_in_a_line(
    request_: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(house: House) -> None:
        answer = await house.raw(request_)
        assert int(answer.split(b" ", 2)[1]) == status
        assert b"Traceback" not in answer

    serve(act)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_page_of_another_site_or_another_name_opens_no_screen() -> None:
    async def act(house: House) -> None:
        url = f"{house.address}screen/hall"
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await house.client.ws_connect(url, headers=headers)
            assert refused.value.status == 403
        async with house.client.ws_connect(url, headers={"Origin": house.address.rstrip("/")}) as wire:
            await wire.send_json({"type": "hello", "protocol": 1})
            assert (await wire.receive_json())["type"] == "welcome"

    serve(act)


def test_by_a_proxy_a_screen_without_a_token_stays_closed() -> None:
    async def act(house: House) -> None:
        url = f"{house.address}screen/hall"
        async with house.client.ws_connect(url, headers={"X-Forwarded-For": "10.0.0.1"}) as wire:
            await wire.send_json({"type": "hello", "protocol": 1})
            said = await wire.receive()
            assert (said.type, said.data) == (aiohttp.WSMsgType.CLOSE, 4401)
            assert said.extra is not None
            assert said.extra.startswith("screen-token: ")

    serve(act)


@pytest.mark.parametrize("size", [17_000, 200_000])
def test_a_frame_that_is_too_long_is_named_however_long_it_is(size: int) -> None:
    async def act(house: House) -> None:
        async with house.client.ws_connect(f"{house.address}screen/hall") as wire:
            await wire.send_json({"type": "hello", "protocol": 1})
            await wire.receive_json()
            await wire.send_str("x" * size)
            said = await wire.receive()
            assert (said.type, said.data) == (aiohttp.WSMsgType.CLOSE, 4413)

    serve(act)


def test_a_killed_screen_is_lost_and_a_closed_one_has_left() -> None:
    async def act(house: House) -> None:
        for ends in (True, False):
            wire = await house.client.ws_connect(f"{house.address}screen/hall")
            await wire.send_json({"type": "hello", "protocol": 1})
            await wire.receive_json()
            if ends:
                await wire.close(code=1000)
            else:
                assert wire._response.connection is not None
                transport = wire._response.connection.transport
                assert transport is not None
                transport.close()  # without a closing handshake: as a browser that was killed
            while house.engine.counts["open"]:
                await house.clock.sleep(0.01)

    engine = serve(act)
    assert (engine.counts["left"], engine.counts["lost"]) == (1, 1)


def narrow_socket(address: Any) -> socket.socket:
    """Of a client whose system takes little."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    made.settimeout(0)
    return made


def test_a_cut_overtakes_the_speech_that_a_slow_screen_has_not_taken() -> None:
    async def act(house: House) -> None:
        connector = aiohttp.TCPConnector(socket_factory=narrow_socket)
        async with (
            aiohttp.ClientSession(connector=connector) as client,
            client.ws_connect(f"{house.address}screen/hall", max_msg_size=0) as wire,
        ):
            await wire.send_json({"type": "hello", "protocol": 1})
            await wire.receive_json()
            connection = wire._response.connection
            assert connection is not None
            assert connection.transport is not None
            connection.transport.pause_reading()
            screen = house.engine.screen("hall")
            for number in range(48):
                screen.play(part(number, 14_400, start=14_400 * number), None)
            sent = -1
            while sent != (sent := sum(one.sent for one in screen._parts.values())) or not sent:
                await house.clock.sleep(0.05)
            screen.cut()
            connection.transport.resume_reading()
            before = 0
            async for said in wire:
                if said.type is aiohttp.WSMsgType.TEXT and json.loads(said.data)["type"] == "cut":
                    break
                before += 1
            assert before <= 3  # of 48: about 100 kB that the two systems hold

    serve(act)


def test_who_never_ends_a_question_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_web, "IDLE", 0.3)

    async def act(house: House) -> None:
        for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n"):
            assert await house.raw(begun) == b""

    serve(act)


def test_connections_are_counted_and_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async def act(house: House) -> None:
        most = 4 + 64
        pairs = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(most + 10)]
        last = pairs[-1][0]
        with contextlib.suppress(ConnectionResetError):
            assert await last.read() == b""
        for _, writer in pairs:
            writer.close()
        status = 0
        while status != 200:  # there is room again
            with contextlib.suppress(aiohttp.ClientError):
                status, _, _ = await house.get("/healthz")

    serve(act, Settings(port=0, max_connections=1))
    assert "screen.crowded connections=68" in caplog.messages
