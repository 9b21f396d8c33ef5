"""The bus of one process: queues, with the semantics that a broker has."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.bus.contract import Kinds
from pipeline.bus.queues import Inbox
from pipeline.envelope import Message


class MemoryBus:
    """Hands message objects over as they are: nothing is encoded."""

    def __init__(self, edge: str = "") -> None:
        """`edge`: as a replayed visit's edge was called on its bus."""
        self._edge = edge
        self._hearers: defaultdict[tuple[type[Message], str], list[Inbox]] = defaultdict(list)
        self._workers: defaultdict[type[Message], dict[str, deque[Inbox]]] = defaultdict(dict)

    @property
    def edge(self) -> str:
        return self._edge

    async def publish(self, message: Message, *, to: str = "", stage: str = "") -> None:
        self.hand_over(message)
        for name, workers in self._workers.get(type(message), {}).items():
            if stage in {"", name}:
                _hand_out(workers, message, to)

    def hand_over(self, message: Message) -> None:
        """To those who listen; to no worker."""
        kind = type(message)
        for queue in self._hearers.get((kind, ""), ()):
            queue.put(message)
        for queue in self._hearers.get((kind, message.session), ()) if message.session else ():
            queue.put(message)

    async def reconnected(self) -> None:
        await asyncio.Event().wait()  # it is never away

    @asynccontextmanager
    async def subscribe(
        self, *kinds: type[Message], session: str = "", jobs: Kinds = (), stage: str = "", node: str = ""
    ) -> AsyncIterator[Inbox]:
        queue = Inbox(node)

        async def leave() -> None:
            for kind in jobs:
                if queue in self._workers[kind][stage]:
                    self._workers[kind][stage].remove(queue)

        queue.on_leave = leave
        for kind in kinds:
            self._hearers[kind, session].append(queue)
        for kind in jobs:
            self._workers[kind].setdefault(stage, deque()).append(queue)
        try:
            yield queue
        finally:
            await leave()
            self._leave(queue, kinds, session)

    def _leave(self, queue: Inbox, kinds: Kinds, session: str) -> None:
        for kind in kinds:
            self._hearers[kind, session].remove(queue)
            if not self._hearers[kind, session]:
                del self._hearers[kind, session]


def _hand_out(workers: deque[Inbox], message: Message, to: str) -> None:
    if to:
        for queue in workers:
            if queue.node == to:
                queue.put(message)
                return
    elif workers:
        workers[0].put(message)
        workers.rotate(-1)
