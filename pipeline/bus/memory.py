"""The bus of one process: queues, with the semantics that a broker has."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.bus.contract import Kinds
from pipeline.envelope import Message

LIMIT = 10_000
"""Messages that may wait for one subscriber."""


class _Queue:
    """A subscription: bounded, the oldest goes first."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.lost = 0
        self._waiting: deque[Message] = deque()
        self._filled = asyncio.Event()

    def put(self, message: Message) -> None:
        if len(self._waiting) >= LIMIT:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(message)
        self._filled.set()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()


class MemoryBus:
    """Hands message objects over as they are: nothing is encoded."""

    def __init__(self) -> None:
        self._hearers: defaultdict[tuple[type[Message], str], list[_Queue]] = defaultdict(list)
        self._workers: defaultdict[type[Message], dict[str, deque[_Queue]]] = defaultdict(dict)

    async def publish(self, message: Message, *, to: str = "") -> None:
        kind = type(message)
        if not to:
            for queue in self._hearers.get((kind, ""), ()):
                queue.put(message)
            for queue in self._hearers.get((kind, message.session), ()) if message.session else ():
                queue.put(message)
        for workers in self._workers.get(kind, {}).values():
            _hand_out(workers, message, to)

    @asynccontextmanager
    async def subscribe(
        self, *kinds: type[Message], session: str = "", jobs: Kinds = (), stage: str = "", node: str = ""
    ) -> AsyncIterator[_Queue]:
        queue = _Queue(node)
        for kind in kinds:
            self._hearers[kind, session].append(queue)
        for kind in jobs:
            self._workers[kind].setdefault(stage, deque()).append(queue)
        try:
            yield queue
        finally:
            self._leave(queue, kinds, session, jobs, stage)

    def _leave(self, queue: _Queue, kinds: Kinds, session: str, jobs: Kinds, stage: str) -> None:
        for kind in kinds:
            self._hearers[kind, session].remove(queue)
            if not self._hearers[kind, session]:
                del self._hearers[kind, session]
        for kind in jobs:
            self._workers[kind][stage].remove(queue)


def _hand_out(workers: deque[_Queue], message: Message, to: str) -> None:
    if to:
        for queue in workers:
            if queue.node == to:
                queue.put(message)
                return
    elif workers:
        workers[0].put(message)
        workers.rotate(-1)
