"""The bus over a network: any MQTT 5 broker (docs/bus.md)."""

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.bus import topics
from pipeline.bus.contract import Kinds
from pipeline.bus.link import WINDOW, Filters, Link, Take
from pipeline.bus.memory import MemoryBus
from pipeline.bus.queues import Inbox, Outbox, Parcel
from pipeline.bus.settings import Broker
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import BusError
from pipeline.messages import Status
from pipeline.wire import encode

_LOGGER = logging.getLogger(__name__)
FRESH = 5.0
"""Seconds for which an answer waits to be sent."""
ALIVE_FOR = 15
"""Seconds for which it keeps one that is said again every five: who was thrown out without a last will is forgotten."""
GONE_FOR = 86_400
"""Seconds for which the broker keeps the status of one who has gone."""


class MqttBus:
    """What is published goes to the broker and to our own listeners; everything of our edge comes from there."""

    def __init__(
        self, broker: Broker, clock: Clock, *, edge: str, boot: str, will: Status | None, hear: Filters
    ) -> None:
        self.edge = edge
        self._broker, self._clock, self._boot = broker, clock, boot
        self._hub = MemoryBus()
        self.outbox = Outbox()
        self._under_way: dict[asyncio.Task[None], Parcel] = {}
        self._failed: deque[Parcel] = deque(maxlen=WINDOW)
        self._back = asyncio.Event()
        self._links: list[Link] = []
        self._ended: Counter[str] = Counter()
        """What is counted of links that are no more: a count never falls."""
        self._count = 0
        self.unsent = 0
        """Requests that were not sent while the connection was lost: the session sends them again."""
        filters = [*([topics.edge_tree(broker.site, edge)] if edge else []), *hear]
        self.main = self._link(filters, self._arrived, will)

    def _link(self, filters: Filters, take: Take, will: Status | None = None) -> Link:
        self._count += 1
        link = Link(self._broker, self._clock, f"{self._boot}-{self._count}", filters, take, will)
        self._links.append(link)
        return link

    def _arrived(self, message: Message) -> None:
        self._hub.hand_over(message)

    @property
    def reconnects(self) -> int:
        """How often a connection has come back."""
        return self._ended["reconnects"] + sum(max(0, link.ups - 1) for link in self._links)

    @property
    def refused(self) -> Counter[str]:
        """Messages from outside that are none, by code."""
        ended = Counter({code: count for code, count in self._ended.items() if code != "reconnects"})
        return sum((link.refused for link in self._links), ended)

    @property
    def counts(self) -> dict[str, int]:
        """What a `Status` tells of the bus."""
        lost = {f"lost_{why}": count for why, count in self.outbox.lost.items()}
        refused = {f"refused_{code}": count for code, count in self.refused.items()}
        return {"reconnects": self.reconnects, "unsent": self.unsent, **lost, **refused}

    @property
    def connected(self) -> bool:
        """The connection by which we publish stands."""
        return self.main.up.is_set()

    async def run(self) -> None:
        """Keep the connection by which we publish, for ever."""
        await self.main.run(self._changed)

    def _changed(self) -> None:
        if not self.connected:
            self._take_back()
            return
        if self.main.ups > 1:
            _LOGGER.warning("bus.back broker=%s", self._broker.url)
            self._back.set()
            self._back = asyncio.Event()
        self._send()

    def _take_back(self) -> None:
        """What the lost connection has not acknowledged is sent first on the next one, in its order."""
        lost = [*self._failed, *self._under_way.values()]
        for task in self._under_way:
            task.cancel()
        self._failed.clear()
        self._under_way.clear()
        for parcel in reversed(lost):
            self.outbox.put_back(parcel)

    async def reconnected(self) -> None:
        await self._back.wait()

    async def publish(self, message: Message, *, to: str = "", stage: str = "") -> None:
        if not isinstance(message, Status):
            self._hub.hand_over(message)
        if self.edge and message.requests and not self.connected:
            self.unsent += 1
            return
        now = self._clock.now()
        retain = isinstance(message, Status)
        expiry = None if message.left_ms is None else math.ceil(message.left_ms / 1000) + 1
        if isinstance(message, Status):
            expiry = GONE_FOR if message.state in {"gone", "drained"} else ALIVE_FOR
        place = topics.topic(self._broker.site, message, node=to, stage=stage)
        payload = encode(message)
        sound = "pcm" in type(message).model_fields
        payload = payload if sound else payload.rstrip(b"\n")
        self.outbox.put(Parcel(place, payload, now + (expiry or FRESH), expiry, retain, sound), now)
        self._send()

    def _send(self) -> None:
        """Give the broker as much as it may have under way."""
        while self.connected and len(self._under_way) < WINDOW:
            parcel = self.outbox.take(self._clock.now())
            if parcel is None:
                return
            task = asyncio.get_running_loop().create_task(self.main.post(parcel), name="post")
            self._under_way[task] = parcel
            task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        failed, parcel = task.exception() is not None, self._under_way.pop(task)
        if failed:
            self._failed.append(parcel)  # the connection is about to be lost: `_take_back` has the order
        elif len(self.outbox):
            self._send()

    @asynccontextmanager
    async def subscribe(
        self, *kinds: type[Message], session: str = "", jobs: Kinds = (), stage: str = "", node: str = ""
    ) -> AsyncIterator[Inbox]:
        if self.edge and not jobs:
            async with self._hub.subscribe(*kinds, session=session) as inbox:
                yield inbox
            return
        site = self._broker.site
        taken = [topics.shared(site, stage, kind) for kind in jobs]
        taken += [topics.own(site, node, stage, kind) for kind in jobs if node]
        heard = [text for kind in kinds for text in topics.hearing(site, kind, session)]
        async with self.listen(heard, taken, node) as inbox:
            yield inbox

    @asynccontextmanager
    async def listen(self, heard: Filters, taken: Filters = (), node: str = "") -> AsyncIterator[Inbox]:
        """A connection of its own for these filters: it hears what we say ourselves, and what the broker keeps."""
        inbox, leaving = Inbox(node), list(taken)
        link = self._link([*heard, *leaving], inbox.put)
        inbox.on_leave = lambda: link.leave(leaving)
        task = asyncio.get_running_loop().create_task(link.run(lambda: None), name="link")
        try:
            await link.up.wait()
            yield inbox
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._links.remove(link)
            self._ended.update(link.refused, reconnects=max(0, link.ups - 1))

    async def flushed(self, seconds: float) -> None:
        """Wait until all that was published has reached the broker, at most so long."""
        try:
            async with self._clock.timeout(seconds):
                while self.connected and (len(self.outbox) or self._under_way):
                    await (asyncio.wait(list(self._under_way)) if self._under_way else self._clock.sleep(0.01))
        except TimeoutError:
            pass


@asynccontextmanager
async def connection(
    broker: Broker, clock: Clock, *, edge: str = "", boot: str, will: Status | None = None, hear: Filters = (),
    patience: float = 10.0,
) -> AsyncIterator[MqttBus]:  # fmt: skip
    """A bus that is connected when the body begins.

    `boot` names this start of this program, and no other. BusError: `bus-refused`, or `bus-unreachable` after
    `patience` seconds.
    """
    bus = MqttBus(broker, clock, edge=edge, boot=boot, will=will, hear=hear)
    task = asyncio.get_running_loop().create_task(bus.run(), name="bus")
    try:
        await _stands(bus, broker, clock, patience)
        yield bus
        await bus.flushed(2.0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _stands(bus: MqttBus, broker: Broker, clock: Clock, patience: float) -> None:
    until = clock.now() + patience
    while not bus.connected:
        if bus.main.fatal:
            who = broker.login.user or "nobody (broker.user is not set)"
            text = f"the broker at {broker.url} refuses user {who}: {bus.main.trouble}"
            raise BusError("bus-refused", f"{text}: look at broker.user and its password")
        if clock.now() >= until:
            text = f"the broker at {broker.url} cannot be reached ({bus.main.trouble or 'no answer'})"
            mend = "start it, or correct 'bus' (mqtts:// where it speaks TLS, mqtt:// where it does not)"
            mend += ", its host's name or broker.ca" if broker.tls else ""
            raise BusError("bus-unreachable", f"{text}: {mend}", retry=True)
        await clock.sleep(0.02)
