"""A small HTTP server for Prometheus and for whoever restarts what is dead: `/metrics`, `/healthz`, `/readyz`."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from pipeline.errors import ConfigError

Why = Callable[[], str]
"""Why not; '' when all is well."""
PATIENCE = 1.0
"""Seconds for which an answer under way may hold up the end."""
IDLE = 75.0
"""Seconds for which a connection is kept for the next question: longer than Prometheus waits between two (60)."""


class Texts(Protocol):
    """What has metrics: a `pipeline.metrics.Meter`."""

    def text(self) -> tuple[bytes, str]:
        """Body and content type of `/metrics`."""


@asynccontextmanager
async def serving(host: str, port: int, meter: Texts, *, alive: Why, ready: Why) -> AsyncIterator[int]:
    """Answer while the body runs; gives the port, chosen here when `port` is 0.

    `/healthz` and `/readyz` are 200 and `ok`, or 503 and what `alive` or `ready` says. GET alone is taken, without a
    body. ConfigError (metrics-port): it cannot listen there.
    """
    from aiohttp import web

    app = web.Application(middlewares=[web.middleware(_without_body)])
    app.router.add_get("/metrics", _answering(lambda: _metrics(meter)), allow_head=False)
    app.router.add_get("/healthz", _answering(lambda: _state(alive())), allow_head=False)
    app.router.add_get("/readyz", _answering(lambda: _state(ready())), allow_head=False)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE, keepalive_timeout=IDLE, lingering_time=0.0)
    await runner.setup()
    try:
        await _listen(web.TCPSite(runner, host, port), host, port)
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _listen(site: Any, host: str, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        text = f"metrics cannot be served at {host}:{port} ({why})"
        mend = "name another metrics.port (0: any free one) and an address of this machine as metrics.host"
        raise ConfigError("metrics-port", f"{text}: {mend}") from error


async def _without_body(request: Any, handler: Callable[[Any], Any]) -> Any:
    """Refuse what nobody has a use for, without reading it."""
    from aiohttp import web

    if not request.body_exists:
        return await handler(request)
    refused = web.Response(status=413, text="no body is taken here")
    refused.force_close()
    return refused


def _answering(answer: Callable[[], Any]) -> Callable[[Any], Any]:
    async def handle(_request: Any) -> Any:
        return answer()

    return handle


def _metrics(meter: Texts) -> Any:
    from aiohttp import web

    body, kind = meter.text()
    return web.Response(body=body, headers={"Content-Type": kind, "Cache-Control": "no-store"})


def _state(why_not: str) -> Any:
    from aiohttp import web

    return web.Response(status=503 if why_not else 200, text=why_not or "ok", headers={"Cache-Control": "no-store"})
