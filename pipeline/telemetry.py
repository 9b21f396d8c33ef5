"""`/metrics`, `/healthz` and `/readyz` of a long-running command."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pipeline.config import Config
from pipeline.health import serving
from pipeline.messages import Status
from pipeline.metrics import Meter
from pipeline.telling import Telling


@asynccontextmanager
async def telemetry(
    config: Config, telling: Telling, *, port: int | None, host: str = ""
) -> AsyncIterator[Meter | None]:
    """A meter that is served inside the body; None without a port.

    ConfigError (`metrics-port`): the port is taken.
    """
    if port is None:
        yield None
        return
    meter, first = Meter(), telling.status()
    meter.info(first.version, first.node, config.site, first.facts)
    meter.watch_loads(lambda: telling.status().stages)
    meter.watch_counts("visavis_bus_events", telling.counts)
    meter.watch_counts("visavis_requests", lambda: _requests(telling.status()))
    async with serving(host or config.metrics.host, port, meter, alive=lambda: "", ready=telling.why_not_ready):
        yield meter


def _requests(status: Status) -> Mapping[str, int]:
    of_the_edge = {"sessions", "open", "reconnects", "unsent"}
    return {
        what: count
        for what, count in status.counts.items()
        if what not in of_the_edge and not what.startswith(("lost_", "refused_"))
    }
