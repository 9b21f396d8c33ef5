"""What a bus is: every stage, session and recorder is written against this."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pipeline.envelope import Message

Kinds = Sequence[type[Message]]


class Subscription(Protocol):
    """Messages in the order of their arrival; when more wait than the bus allows, the oldest is lost and counted."""

    lost: int
    """Messages that were thrown away because nobody took them."""

    def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate for ever."""

    async def __anext__(self) -> Message:
        """The next message."""

    async def leave(self) -> None:
        """Take no more jobs, and go on hearing the rest. Jobs that are on their way may still come."""


class Bus(Protocol):
    """Publish and subscribe; a class of messages is a topic."""

    @property
    def edge(self) -> str:
        """Our name as an edge; empty in one process, and for worker nodes."""

    async def publish(self, message: Message, *, to: str = "", stage: str = "") -> None:
        """Hand over a message: to all who subscribed and to one worker of each stage that takes it.

        With `to`, it goes to that node alone, for its `stage`. Returns at once; what cannot be sent waits, bounded.
        """

    def subscribe(
        self, *kinds: type[Message], session: str = "", jobs: Kinds = (), stage: str = "", node: str = ""
    ) -> AbstractAsyncContextManager[Subscription]:
        """Hear all messages of `kinds` (of one session, if named).

        `jobs` are shared out among all who name the same `stage`: each goes to one of them in turn, busy or not
        (the semantics of an MQTT shared subscription). Jobs published `to` this `node` come here alone.
        """

    async def reconnected(self) -> None:
        """Wait until the bus is back after it was away: what was sent meanwhile may be lost."""
