"""Where screens enter: a connection is let in, or told why not."""

import logging
from collections.abc import Mapping

from avatars._door import token_fits
from avatars._frames import PROTOCOL, Hello, kind_of, read
from avatars._link import CLOSING, TOO_LONG, Closed, Link, Socket, close, said_by, too_long
from avatars._stand import Shared, Stand
from pipeline.errors import WireError

_LOGGER = logging.getLogger(__name__)
HELLO = 5.0
"""Seconds in which a screen has to say hello."""
WAITING = 32
"""Connections that may have said nothing yet: those of screens are not theirs to take."""
WRONG = 0.5
"""Seconds that a wrong token costs whoever tries many."""

RESTART = "screen-restart: the server restarts, try again"


class _Refused(Exception):  # noqa: N818  it is named by what happened
    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code, self.reason = close_code, reason


class Lobby:
    """All screens of a server."""

    def __init__(self, stands: Mapping[str, Stand], shared: Shared, most: int) -> None:
        self._stands, self._shared, self._most = stands, shared, most
        self._waiting = 0
        self._closing = False
        self._links: set[Link] = set()

    async def attend(self, socket: Socket, name: str, *, local: bool, peer: str) -> None:
        """A connection, from its hello to its end."""
        counts = self._shared.counts
        counts["connections"] += 1
        try:
            stand, hello = await self._admit(socket, name, local=local)
        except _Refused as no:
            counts["turned_away"] += 1
            _LOGGER.warning("screen.refused screen=%r peer=%s: %s", said_by(name, 40), peer, no.reason)
            await close(socket, self._shared.clock, no.close_code, no.reason)
            return
        if hello is None:
            return
        link = Link(socket, stand, self._shared)
        self._links.add(link)
        counts["open"] = len(self._links)
        try:
            await link.run(hello)
        finally:
            self._links.discard(link)
            link.ended.set()
            counts["open"] = len(self._links)

    async def restart(self) -> None:
        """Tell everybody that the server goes away and will be back; nobody enters any more."""
        self._closing = True
        for link in self._links:
            link.dismiss(1012, RESTART)
        try:
            async with self._shared.clock.timeout(CLOSING + 0.5):
                while self._links:
                    await next(iter(self._links)).ended.wait()
        except TimeoutError:
            _LOGGER.warning("screen.left screens=%d: they do not close", len(self._links))

    async def _admit(self, socket: Socket, name: str, *, local: bool) -> tuple[Stand, Hello | None]:
        if self._closing:
            raise _Refused(1012, RESTART)
        stand = self._stands.get(name)
        if stand is None:
            raise _Refused(4404, "screen-unknown: no screen of that name in the config")
        if self._waiting >= WAITING:
            raise _Refused(4429, "screen-too-much: too many connections wait to say hello")
        self._waiting += 1
        try:
            hello = await self._hello(socket)
            if hello is not None and not token_fits(hello.token, stand.post.plan.token, local=local):
                await self._shared.clock.sleep(WRONG)
                raise _Refused(4401, "screen-token: this screen needs the token of the config")
        finally:
            self._waiting -= 1
        if len(self._links) >= self._most and hello is not None and not stand.held:
            raise _Refused(4429, f"screen-too-much: {self._most} screens are open, the most that may be")
        return stand, hello

    async def _hello(self, socket: Socket) -> Hello | None:
        """The first frame; None when the connection ended before it."""
        try:
            async with self._shared.clock.timeout(HELLO):
                frame = await socket.receive()
        except TimeoutError:
            raise _Refused(4400, f"screen-hello: no hello within {HELLO:g} s") from None
        if isinstance(frame, Closed):
            return None
        if too_long(frame):
            raise _Refused(4413, TOO_LONG)
        return _read_hello(frame)


def _read_hello(frame: str | bytes) -> Hello:
    if isinstance(frame, bytes):
        raise _Refused(4400, "screen-hello: the first frame is a hello, not sound")
    try:
        kind, fields = kind_of(frame)
        if kind == "hello" and fields.get("protocol") not in {None, PROTOCOL}:
            raise _Refused(4426, f"screen-protocol: this server speaks version {PROTOCOL}")
        said = read(kind, fields)
    except WireError as error:
        raise _Refused(4400, f"screen-hello: {said_by(error.text, 90)}") from error
    if not isinstance(said, Hello):
        raise _Refused(4400, f"screen-hello: the first frame is a hello, not {said_by(kind, 20)}")
    return said
