"""`/metrics`, `/healthz` and `/readyz` of a long-running command."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pipeline.config import Config
from pipeline.health import serving
from pipeline.messages import Status
from pipeline.metrics import Meter
from pipeline.telling import Telling

OF_REQUESTS = (
    "sent", "again", "bounced", "orphaned", "unclaimed", "silent", "broken", "poisoned", "missed", "failed",
)  # fmt: skip
OF_THE_BUS = ("reconnects", "unsent", "lost_full", "lost_stale")


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
    meter.watch_counts("visavis_bus_events", lambda: {**dict.fromkeys(OF_THE_BUS, 0), **telling.counts()})
    meter.watch_counts("visavis_reply_events", telling.replies)
    meter.watch_counts("visavis_requests", lambda: _requests(telling.status()))
    async with serving(host or config.metrics.host, port, meter, alive=lambda: "", ready=telling.why_not_ready):
        yield meter


def _requests(status: Status) -> Mapping[str, int]:
    """Those of an edge; a node has none. They begin at 0, or their first increase would not be seen."""
    return {what: status.counts.get(what, 0) for what in OF_REQUESTS} if status.edge or not status.node else {}
