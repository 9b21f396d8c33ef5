"""Server-sent events, read as they come: the WHATWG format, without ids and reconnecting, which a POST has not."""

from typing import NamedTuple

from pipeline.errors import WireError

LARGEST = 1_048_576
"""Bytes of one event: a server that sends more is broken, and must not fill the memory."""


class Event(NamedTuple):
    """A dispatched event."""

    data: str
    """Its `data` lines, joined by newlines."""
    kind: str = "message"
    """Its `event` field."""


class SseReader:
    """Takes bytes cut anywhere, gives events; comments and keep-alive lines give none.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation: lines end with CR, LF
    or CRLF, a blank line dispatches, an event that the stream's end cuts off is discarded. Bytes that are no UTF-8
    become U+FFFD.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._size = 0
        self._after_cr = False
        self._first_line = True
        self._data: list[str] = []
        self._kind = ""

    @property
    def unfinished(self) -> bool:
        """Part of an event has come: a stream that ends now was cut."""
        return bool(self._rest or self._data)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes. WireError when one grows too large."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk, self._after_cr = chunk[1:], False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        self._size += len(chunk)
        self._rest += chunk
        if b"\n" not in chunk and b"\r" not in chunk:
            self._bound()
            return []
        lines = self._rest.splitlines(keepends=True)
        self._rest = bytearray() if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        events = [event for line in lines if (event := self._take(line.rstrip(b"\r\n")))]
        self._size = len(self._rest) if events else self._size
        self._bound()
        return events

    def _bound(self) -> None:
        if self._data or self._rest:
            if self._size > LARGEST:
                raise WireError("event-too-long", f"sent an event of more than {LARGEST} bytes")
        else:
            self._size = 0

    def _take(self, line: bytes | bytearray) -> Event | None:
        if not self._first_line:  # nearly always one of these two
            if not line:
                return self._dispatch()
            if line.startswith(b"data: "):
                self._data.append(line[6:].decode(errors="replace"))
                return None
        text = line.decode(errors="replace")
        if self._first_line:
            text, self._first_line = text.removeprefix("\ufeff"), False
        if not text:
            return self._dispatch()
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        return None

    def _dispatch(self) -> Event | None:
        data, kind = self._data, self._kind
        self._data, self._kind = [], ""
        return Event("\n".join(data), kind or "message") if data else None
