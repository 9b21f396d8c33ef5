"""What waits to be sent to a screen: bounded, and what is urgent goes first."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Message
from pipeline.messages import Speech

LONGEST = 30 * SPEAK_RATE
"""Samples of speech that may wait."""
LARGEST = 4_000_000
"""Bytes that may wait."""


@dataclass(slots=True, eq=False)
class Part:
    """A part that a screen was ordered to play, until it is over."""

    handle: int
    speech: Speech
    report: Callable[[Message], None]
    """Of the visit that ordered it."""
    data: bytes = b""
    """As it is sent; empty once it has been."""
    sent: bool = False
    told: int = 0
    """Samples of it that have sounded, as the screen said last."""

    @property
    def samples(self) -> int:
        """Its length."""
        return len(self.speech.pcm) // 2


class Outbox:
    """Frames for one connection. Speech is dropped where too much waits, never kept without bounds."""

    def __init__(self, longest: int = LONGEST, largest: int = LARGEST) -> None:
        self._longest, self._largest = longest, largest
        self._urgent: deque[str] = deque()
        self._waiting: deque[str | Part] = deque()
        self._bytes = self._samples = 0
        self._some = asyncio.Event()

    def say(self, text: str) -> None:
        """After all that waits."""
        self._waiting.append(text)
        self._bytes += len(text)
        self._some.set()
        while self._bytes > self._largest and isinstance(self._waiting[0], str):
            self._bytes -= len(self._waiting.popleft())  # type: ignore[arg-type]  # it takes nothing: soon it is closed

    def urge(self, text: str) -> None:
        """Before all that waits."""
        self._urgent.append(text)
        self._some.set()

    def play(self, part: Part) -> list[Part]:
        """After all that waits; the parts that had to go for it: the oldest first, and a sentence as a whole."""
        self._waiting.append(part)
        self._bytes += len(part.data)
        self._samples += part.samples
        self._some.set()
        gone: list[Part] = []
        while self._samples > self._longest or self._bytes > self._largest:
            oldest = next((one for one in self._waiting if isinstance(one, Part)), None)
            if oldest is None:
                break
            gone += self.drop(lambda one, cause=oldest.speech.cause: one.speech.cause == cause)  # type: ignore[misc]
        return gone

    def cut(self) -> list[Part]:
        """No speech waits any more; what has waited."""
        return self.drop(lambda _: True)

    def drop(self, unwanted: Callable[[Part], bool]) -> list[Part]:
        """Take the parts out that are `unwanted`."""
        gone = [one for one in self._waiting if isinstance(one, Part) and unwanted(one)]
        if gone:
            self._waiting = deque(one for one in self._waiting if not (isinstance(one, Part) and one in gone))
        for part in gone:
            self._bytes -= len(part.data)
            self._samples -= part.samples
            part.data = b""
        return gone

    async def next(self) -> str | bytes:
        """The next frame to send, as soon as there is one."""
        while not (self._urgent or self._waiting):
            self._some.clear()
            await self._some.wait()
        if self._urgent:
            return self._urgent.popleft()
        first = self._waiting.popleft()
        if isinstance(first, str):
            self._bytes -= len(first)
            return first
        data, first.data, first.sent = first.data, b"", True
        self._bytes -= len(data)
        self._samples -= first.samples
        return data
