"""An edge with visitors, worker nodes as processes and a real broker, for tests that break one of them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fleet import Fleet, fleet, read, write_config
from benchmarks.nodes import NodeProcess, nodes
from pipeline.clock import Clock, run_real
from pipeline.node import OF_ALL
from pipeline.session.settings import Deadlines
from tests.broker import Mosquitto, mosquitto
from tests.proxy import Proxy

LIMIT = Deadlines().turn + 0.3 + 2.0
"""Seconds in which an answer or an apology sounds; the last two are this test machine's: it may be busy."""
SLOW = ", seconds: 0.3, each: true"
"""A reply that takes its time, so that faults hit it."""


@dataclass
class Cluster:
    """What a test can break."""

    broker: Mosquitto
    config: Path
    folder: Path
    crew: dict[str, NodeProcess]
    house: Fleet
    clock: Clock

    async def all_ask(self, times: int = 1) -> None:
        """Every visitor, at once, so many times one after the other."""

        async def again(visitor: Any) -> None:
            for _ in range(times):
                await visitor.ask()

        await asyncio.gather(*(again(visitor) for visitor in self.house.visitors))

    def holders(self) -> set[str]:
        """Nodes that work on something of ours now."""
        open_requests = [
            request
            for visitor in self.house.visitors
            for request in visitor.edge.visit.conversation._state.requests._open.values()
        ]
        return {name for request in open_requests for name in request.holders.values()}

    async def somebody_holds(self) -> str:
        """The name of a node that works on something."""
        while not (holders := self.holders()):
            await self.clock.sleep(0.01)
        return min(holders)


Act = Callable[[Cluster], Coroutine[Any, Any, None]]
EVERYTHING = tuple(word for stage in OF_ALL for word in ("--stage", stage))


def play(
    folder: Path, act: Act, *, workers: int = 2, visitors: int = 3, proxy: Proxy | None = None,
    reply: str = SLOW, code: str = "", metrics: int | None = None,
) -> dict[str, int]:  # fmt: skip
    """Run `act`, check what every visitor heard, and say how the turns ended.

    With a `proxy`, the edge reaches the broker through it.
    """
    with mosquitto(folder) as broker:
        config = write_config(folder / "config.yaml", broker.url, reply=reply)
        if proxy is not None:
            proxy.target = broker.port
        at_edge = write_config(
            folder / "edge.yaml", f"mqtt://127.0.0.1:{proxy.port if proxy else broker.port}", reply=reply
        )
        words = (*EVERYTHING, *(() if metrics is None else ("--metrics", str(metrics))))
        named = {f"n{number}": words for number in range(workers)}
        with nodes(config, named, folder, code=code) as crew:

            async def main(clock: Clock) -> dict[str, int]:
                async with fleet(read(at_edge), clock, visitors) as house:
                    await act(Cluster(broker, config, folder, crew, house, clock))
                    check(house)
                    return house.outcomes()

            return run_real(main)


def check(house: Fleet) -> None:
    """Nobody heard another's answer, a garbled one or nothing; all in time; nothing is left open."""
    for heard in house.ears.turns.values():
        assert heard.outcome in {"answered", "apologised", "interrupted"}, (heard.outcome, heard)
        assert heard.outcome == "interrupted" or heard.latency <= LIMIT, heard
    for visitor in house.visitors:
        assert visitor.edge.visit.conversation.quiet
        assert visitor.edge.visit.conversation.waits_for == 0
