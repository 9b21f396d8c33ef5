"""Bounded queues: when one is full, the oldest goes first and is counted."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.envelope import Message

LIMIT = 10_000
"""Messages that may wait for one subscriber, or to be sent."""
BYTES = 64 * 1024 * 1024
"""Bytes of sound that may wait there: a hundred of the longest utterances."""


class Inbox:
    """What waits for a subscriber."""

    def __init__(self, node: str = "") -> None:
        self.node = node
        self.lost = 0
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self.on_leave: Callable[[], Awaitable[None]] | None = None
        """How the bus is told that no more jobs are taken."""

    async def leave(self) -> None:
        """Take no more jobs, and go on hearing the rest."""
        if self.on_leave is not None:
            await self.on_leave()

    def put(self, message: Message) -> None:
        """Take a message; the oldest is lost when there is no room."""
        self._waiting.append(message)
        self._bytes += _size(message)
        while len(self._waiting) > LIMIT or (self._bytes > BYTES and len(self._waiting) > 1):
            self._bytes -= _size(self._waiting.popleft())
            self.lost += 1
        self._filled.set()

    def __aiter__(self) -> "Inbox":
        return self

    async def __anext__(self) -> Message:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        message = self._waiting.popleft()
        self._bytes -= _size(message)
        return message


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way out, encoded."""

    topic: str
    payload: bytes
    due: float
    """On the clock: later, nobody wants it."""
    expiry: int | None = None
    """Seconds for which the broker may keep it."""
    retain: bool = False
    sound: bool = False


class Outbox:
    """What waits to be sent. When it is full, what is stale goes first, then what is oldest."""

    def __init__(self) -> None:
        self._waiting: deque[Parcel] = deque()
        self._bytes = 0
        self.lost: Counter[str] = Counter()
        """Parcels never sent: `stale` (nobody would want them) and `full`."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, parcel: Parcel, now: float) -> None:
        """Add the newest."""
        self._waiting.append(parcel)
        self._bytes += len(parcel.payload)
        if self._over():
            self._drop_stale(now)
        while self._over() and len(self._waiting) > 1:
            self._bytes -= len(self._waiting.popleft().payload)
            self.lost["full"] += 1

    def put_back(self, parcel: Parcel) -> None:
        """It was taken, and could not be sent."""
        self._waiting.appendleft(parcel)
        self._bytes += len(parcel.payload)

    def take(self, now: float) -> Parcel | None:
        """The oldest that somebody still wants."""
        while self._waiting:
            parcel = self._waiting.popleft()
            self._bytes -= len(parcel.payload)
            if parcel.due > now:
                return parcel
            self.lost["stale"] += 1
        return None

    def __iter__(self) -> Iterator[Parcel]:
        return iter(self._waiting)

    def _over(self) -> bool:
        return len(self._waiting) > LIMIT or self._bytes > BYTES

    def _drop_stale(self, now: float) -> None:
        fresh = [parcel for parcel in self._waiting if parcel.due > now]
        self.lost["stale"] += len(self._waiting) - len(fresh)
        self._waiting = deque(fresh)
        self._bytes = sum(len(parcel.payload) for parcel in fresh)


def _size(message: Any) -> int:
    return len(getattr(message, "pcm", b""))
