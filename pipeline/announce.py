"""How a node or an edge makes itself known: a retained `Status`, its last will, and a name that nobody else has."""

import logging
import platform
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

from pipeline.bus import topics
from pipeline.bus.contract import Subscription
from pipeline.bus.mqtt import MqttBus, connection
from pipeline.bus.settings import Broker
from pipeline.clock import Clock, stamp
from pipeline.errors import BusError
from pipeline.messages import Status
from pipeline.session.crew import AWAY

_LOGGER = logging.getLogger(__name__)
TICK = 0.2
"""Seconds between two looks at what has changed."""
HEARTBEAT = 5.0
"""Seconds after which a status is said again though nothing has changed."""
SETTLED = 0.3
"""Seconds in which what a broker keeps under a name arrives."""
PATIENT = 8
"""How many times as long our own words may take to come back, before they count as forbidden."""
Read = Callable[[], Status]


def host_name() -> str:
    """Of the machine, as a topic can hold it."""
    return re.sub(r"[^\w.\-]", "-", platform.node())[:64] or "here"


class Announcer:
    """Says how this process is doing, when that changes and every few seconds."""

    def __init__(self, bus: MqttBus, clock: Clock, read: Read) -> None:
        self._bus, self._clock, self._read = bus, clock, read
        self._last: Status | None = None
        self._at = 0.0

    async def run(self) -> NoReturn:
        """For ever."""
        ups = self._bus.main.ups
        while True:
            await self._clock.sleep(TICK)
            if self._bus.main.ups != ups:  # a broker that began anew has kept nothing
                ups, self._last = self._bus.main.ups, None
            await self.say()

    async def say(self) -> None:
        """Now, if there is anything new."""
        status, now = self._read(), self._clock.now()
        if status != self._last or now - self._at >= HEARTBEAT:
            self._last, self._at = status, now
            await self._bus.publish(status)


@asynccontextmanager
async def joined(
    broker: Broker,
    clock: Clock,
    me: Status,
    *,
    edge: str = "",
    patience: float = 10.0,
    last: Callable[[], Status] | None = None,
) -> AsyncIterator[MqttBus]:
    """A bus on which nobody else has our name; `me` says what we are called.

    BusError: `bus-name-taken`, and those of `connection`. The body publishes its own `Status` with `me`'s `boot`; at
    its end the broker is told `last`, or that we are gone, which it also says by itself when we are lost.
    """
    will = me.changed(state="gone", stages=(), counts={})
    hear = (topics.node_statuses(broker.site),) if edge else ()
    async with connection(broker, clock, edge=edge, boot=me.boot, will=will, hear=hear, patience=patience) as bus:
        async with bus.listen([topics.topic(broker.site, me)]) as said:
            await _only_one(bus, clock, said, me, broker)
        try:
            yield bus
        finally:
            await bus.publish(last() if last else will)
            await bus.flushed(1.0)


def boot(name: str) -> str:
    """Names this start."""
    return f"{name}-{stamp()}"


async def _only_one(bus: MqttBus, clock: Clock, said: Subscription, me: Status, broker: Broker) -> None:
    """Twice: before we say that we are here, and after, when somebody may have said so at the same moment."""
    grace = max(broker.login.keepalive * 1.5, HEARTBEAT) + 1.5
    if await _other(clock, said, me, SETTLED) is not None:
        _LOGGER.warning("bus.name-taken name=%s: waiting whether the other one is gone", me.node)
        if await _other(clock, said, me, grace) is not None:  # one that lives is heard of in this time
            raise _taken(me, broker)
    await bus.publish(me)
    own: list[Status] = []
    rival = await _other(clock, said, me, SETTLED, own)
    for _ in range(PATIENT):
        if rival is None and not own:
            rival = await _other(clock, said, me, SETTLED, own)
    if rival is not None and rival.boot < me.boot:
        await bus.publish(rival)  # it is theirs
        raise _taken(me, broker)
    if rival is None and not own:
        raise _forbidden(me, broker)


def _forbidden(me: Status, broker: Broker) -> BusError:
    who, what = broker.login.user or "nobody", "edge" if me.edge else "node"
    text = f"the broker {broker.url} does not let user {who} say how the {what} '{me.node}' is"
    tree = f"visavis/1/{broker.site}/{me.edge}/#" if me.edge else f"visavis/1/{broker.site}/#"
    return BusError("bus-forbidden", f"{text}: its ACL must let that user read and write {tree}")


def _taken(me: Status, broker: Broker) -> BusError:
    what, mend = ("edge", "broker.user") if me.edge else ("node", "--name")
    text = f"another {what} is called '{me.node}' at the broker {broker.url}, site '{broker.site}'"
    return BusError("bus-name-taken", f"{text}: stop that one, or give this one another name ({mend})")


async def _other(
    clock: Clock, said: Subscription, me: Status, seconds: float, own: list[Status] | None = None
) -> Status | None:
    """Another one of our name that says within so many seconds that it lives. Our own words are put into `own`."""
    try:
        async with clock.timeout(seconds):
            async for status in said:
                if not isinstance(status, Status) or (status.edge, status.node) != (me.edge, me.node):
                    continue
                if status.boot == me.boot:
                    if own is not None:
                        own.append(status)
                elif status.state not in AWAY:
                    return status
    except TimeoutError:
        pass
    return None
