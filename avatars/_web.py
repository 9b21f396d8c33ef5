"""The screen server's HTTP: files, headers, and the WebSocket of each screen. The only file that loads aiohttp."""

import logging
import os
import socket as sockets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.web_protocol import RequestHandler

from avatars._assets import Asset
from avatars._door import bracketed, host_known, is_local, origin_known
from avatars._frames import MESSAGE
from avatars._headers import security
from avatars._link import LOST, TOO_LONG, Closed
from avatars._lobby import Lobby
from pipeline.errors import ConfigError

_LOGGER = logging.getLogger(__name__)
HEARTBEAT = 10.0
"""Seconds between pings; half of it later a connection that does not answer is lost."""
IDLE = 20.0
"""Seconds that a connection may take to ask for something."""
CLOSING = 2.0
AHEAD = 16_384
"""Bytes that the socket and the kernel each hold back at most: a cut must not stand behind speech."""
_WILD = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  named to be replaced


class _WebSocket(web.WebSocketResponse):
    """Says with our own code that a frame is too long."""

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        if code == 1009:
            code, message = 4413, TOO_LONG.encode()
        return await super().close(code=code, message=message, drain=drain)


class _Socket:
    """A WebSocket as a link wants it."""

    def __init__(self, inner: _WebSocket, transport: Any) -> None:
        self._inner, self._transport = inner, transport

    async def receive(self) -> str | bytes | Closed:
        said = await self._inner.receive()
        if said.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            frame: str | bytes = said.data
            return frame
        return Closed(said.data) if said.type is WSMsgType.CLOSE else Closed(LOST)

    async def send(self, frame: str | bytes) -> None:
        if self._inner.closed:
            raise ConnectionResetError("it is closed")
        await (self._inner.send_str(frame) if isinstance(frame, str) else self._inner.send_bytes(frame))

    async def close(self, code: int, reason: str) -> None:
        await self._inner.close(code=code, message=reason.encode()[:120])

    def abort(self) -> None:
        self._transport.abort()


class _Handler(RequestHandler):
    """One connection; what is no HTTP gets a plain answer, and one line in the log."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        del message
        if status >= 500:
            _LOGGER.error("screen.crashed path=%r", request.path[:80], exc_info=exc)
        else:
            _LOGGER.info("screen.garbage status=%d peer=%s", status, request.remote)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way")
        refused = plain(status, "server-error" if status >= 500 else "not a request")
        refused.force_close()
        return refused


class _Server(web.Server):
    """Bounds how many connections there are."""

    def __init__(self, handler: Any, most: int, **options: Any) -> None:
        super().__init__(handler, **options)
        self._most, self._options = most, options

    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._options)

    def connection_made(self, handler: RequestHandler, transport: Any) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > self._most:
            _LOGGER.warning("screen.crowded connections=%d", self._most)
            transport.abort()


def plain(status: int, text: str, **headers: str) -> web.Response:
    """An answer in words."""
    return web.Response(status=status, text=text, headers={**security(""), "Cache-Control": "no-store", **headers})


class Site:
    """Answers requests."""

    def __init__(self, assets: Mapping[str, Asset], lobby: Lobby, settings: Any) -> None:
        self._assets, self._lobby, self._settings = assets, lobby, settings

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request."""
        settings, host = self._settings, request.headers.get("Host", "")
        if request.method not in {"GET", "HEAD"}:
            return _closing(plain(405, "only GET and HEAD", Allow="GET, HEAD"))
        if request.body_exists:
            return _closing(plain(413, "no body is taken here"))
        if not host_known(host, settings.host, settings.hosts):
            return _closing(plain(403, "screen-host: this server has another name"))
        path = request.rel_url.raw_path
        if path == "/healthz":
            return plain(200, "ok")
        if path.startswith("/screen/"):
            return await self._screen(request, path.removeprefix("/screen/"), host)
        return self._file(request, path, host)

    def _file(self, request: web.BaseRequest, path: str, host: str) -> web.Response:
        first = request.rel_url.raw_query_string.partition("&")[0].partition("=")[0]
        found = self._assets.get(f"{path}?{first}") or self._assets.get(path)
        if found is None:
            return plain(404, "there is no such file")
        squeezed = bool(found.squeezed) and takes_gzip(request.headers.get("Accept-Encoding", ""))
        tag = f'"{found.tag}{"-gz" if squeezed else ""}"'
        headers = {**security(host), "Cache-Control": "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = found.kind
        if squeezed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=found.squeezed if squeezed else found.plain, headers=headers)

    async def _screen(self, request: web.BaseRequest, name: str, host: str) -> web.StreamResponse:
        peer = request.remote or ""
        if not origin_known(request.headers.get("Origin"), host, self._settings.origins):
            _LOGGER.warning("screen.refused peer=%s: screen-origin, a page of another site", peer)
            return _closing(plain(403, "screen-origin: a page of this origin may not open a screen"))
        inner = _WebSocket(
            timeout=CLOSING, heartbeat=HEARTBEAT, compress=False, max_msg_size=4 * MESSAGE, writer_limit=0
        )
        if not inner.can_prepare(request):
            return plain(426, "a screen is a WebSocket", Upgrade="websocket")
        inner.headers.update(security(host))
        try:
            await inner.prepare(request)
        except web.HTTPException as no:
            return _closing(plain(no.status, "not a WebSocket of version 13"))
        transport = request.transport
        if transport is not None:
            narrow(transport)
            local = is_local(peer, request.headers)
            await self._lobby.attend(_Socket(inner, transport), name, local=local, peer=peer)
        return inner


def takes_gzip(accepted: str) -> bool:
    """By the header `Accept-Encoding`."""
    ways = [way.replace(" ", "").lower().split(";") for way in accepted.split(",")]
    return any(name == "gzip" and not {"q=0", "q=0.0"} & set(rest) for name, *rest in ways)


def narrow(transport: Any) -> None:
    """Hold back little: what has been handed over can be overtaken by nothing."""
    transport.set_write_buffer_limits(high=AHEAD)
    socket, lowat = transport.get_extra_info("socket"), getattr(sockets, "TCP_NOTSENT_LOWAT", None)
    if socket is not None and lowat is not None:
        socket.setsockopt(sockets.IPPROTO_TCP, lowat, AHEAD)


def _closing(answer: web.Response) -> web.Response:
    answer.force_close()
    return answer


@asynccontextmanager
async def serving(settings: Any, lobby: Lobby, assets: Mapping[str, Asset]) -> AsyncIterator[str]:
    """Answer while the body runs; gives the address. ConfigError: `screen-port`, `screen-certificate`."""
    secure = tls(settings)
    server = _Server(
        Site(assets, lobby, settings).handle, 4 * settings.max_connections + 64, access_log=None, max_line_size=4096,
        max_field_size=4096, max_headers=64, keepalive_timeout=IDLE, lingering_time=0.0,
    )  # fmt: skip
    runner = web.ServerRunner(server, shutdown_timeout=CLOSING)
    await runner.setup()
    try:
        await _listen(web.TCPSite(runner, settings.host, settings.port, ssl_context=secure), settings)
        port = runner.addresses[0][1]
        host = bracketed(_WILD.get(settings.host, settings.host))
        yield f"{'https' if secure else 'http'}://{host}:{port}/"
    finally:
        await lobby.restart()
        await runner.cleanup()


async def _listen(site: web.TCPSite, settings: Any) -> None:
    try:
        await site.start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        text = f"screens cannot be served at {settings.host}:{settings.port} ({why})"
        mend = "name another screen.port (0: any free one) and an address of this machine as screen.host"
        raise ConfigError("screen-port", f"{text}: {mend}") from error


def tls(settings: Any) -> ssl.SSLContext | None:
    """For https, where a certificate is named. ConfigError: `screen-certificate`."""
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        text = f"screen.certificate {settings.certificate} and screen.key cannot be used ({error})"
        raise ConfigError("screen-certificate", f"{text}: name a PEM certificate chain and its key") from error
    return context
