"""The worker nodes as an edge knows them: from their `Status`, and from what they claim."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from pipeline.bus.contract import Bus
from pipeline.messages import Claim, Status

SUSPECTED = 6.0
"""Seconds for which a node that fell silent is not chosen, unless it is heard of; then the broker has noticed too."""
SILENT = 15.0
"""Seconds without a `Status`, which comes every five, after which a node counts as gone though nobody said so."""
AWAY = ("gone", "drained", "incompatible")
Watch = Callable[[Status | None], None]
"""Told of a node that has gone, or (None) that the bus is back after it was away."""


@dataclass(slots=True)
class _Place:
    """A stage of a node."""

    held: int
    concurrency: int


@dataclass(slots=True)
class _Member:
    """A node."""

    status: Status
    places: dict[str, _Place] = field(default_factory=dict)
    heard: float = 0.0
    suspected_until: float = 0.0


class Now(Protocol):
    """What tells the time: a clock."""

    def now(self) -> float:
        """Seconds."""


class Crew:
    """Chooses whom to send a request that the shared subscription did not place. Shared by all visits of a process."""

    def __init__(self, clock: Now) -> None:
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._watching: set[Watch] = set()
        self.counts: Counter[str] = Counter()
        """What became of requests: sent, again, bounced, orphaned, unclaimed, silent, broken, poisoned, missed."""

    async def run(self, bus: Bus, listening: asyncio.Event) -> NoReturn:
        """Hear of nodes, and of the bus that was away and is back, for ever."""
        async with bus.subscribe(Status) as said, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_back(bus), name="crew.back")
            listening.set()
            async for status in said:
                if isinstance(status, Status) and not status.edge:
                    self.hear(status)
        raise AssertionError("a subscription never ends")

    async def _tell_back(self, bus: Bus) -> NoReturn:
        while True:
            await bus.reconnected()
            self._tell(None)

    def watch(self, watch: Watch) -> None:
        """Tell `watch` from now on."""
        self._watching.add(watch)

    def unwatch(self, watch: Watch) -> None:
        """Tell it no more."""
        self._watching.discard(watch)

    def _tell(self, news: Status | None) -> None:
        for watch in list(self._watching):
            watch(news)

    def hear(self, status: Status) -> None:
        """Take what a node says of itself, or what the broker says of one that is lost."""
        silent = [name for name, member in self._members.items() if self._clock.now() > member.heard + SILENT]
        for name in silent:
            del self._members[name]
        known = self._members.get(status.node)
        if status.state in AWAY:
            if known is not None and known.status.boot in {status.boot, ""}:
                del self._members[status.node]
                self._tell(status)
            return
        if known is not None and known.status.boot != status.boot:
            self._tell(known.status)  # it began anew, and holds nothing of what it held
        member = self._members[status.node] = _Member(status, heard=self._clock.now())
        for load in status.stages:
            if load.state == "ready" and status.state == "ready":
                member.places[load.stage] = _Place(load.held, load.concurrency)

    def claimed(self, claim: Claim) -> None:
        """A node says what it holds: it lives."""
        member = self._members.get(claim.node)
        if member is not None:
            member.suspected_until = 0.0
            if place := member.places.get(claim.stage):
                place.held = claim.held if claim.accepted else max(claim.held, place.concurrency)

    def suspect(self, node: str) -> None:
        """It does not answer."""
        member = self._members.get(node)
        if member is not None:
            member.suspected_until = self._clock.now() + SUSPECTED

    def choose(self, stage: str, avoid: set[str]) -> str:
        """The node that is ready, not suspected, not to be avoided, and holds least for its size; '' for none."""
        now = self._clock.now()
        ready = [
            (member.places[stage].held / member.places[stage].concurrency, name)
            for name, member in self._members.items()
            if stage in member.places and name not in avoid and member.suspected_until <= now <= member.heard + SILENT
        ]
        if not ready:
            return ""
        _, name = min(ready)
        self._members[name].places[stage].held += 1  # until it says itself what it holds
        return name

    def runs(self, stage: str) -> bool:
        """Some node is ready for this stage."""
        now = self._clock.now()
        return any(stage in member.places and now <= member.heard + SILENT for member in self._members.values())
