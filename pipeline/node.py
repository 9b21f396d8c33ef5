"""Runs worker stages: builds the engines that a config names, warms them, and keeps their loops going."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pipeline.bus.contract import Bus
from pipeline.clock import Clock
from pipeline.config import Config, EngineConfig
from pipeline.engines import EdgeEngine, build
from pipeline.errors import VisavisError
from pipeline.flow import WORKERS
from pipeline.stage import Running, StageLoop, Timing

_LOGGER = logging.getLogger(__name__)


@asynccontextmanager
async def workers(
    config: Config, bus: Bus, clock: Clock, *, node: str = "local", note: Callable[[Timing], None] | None = None
) -> AsyncIterator[None]:
    """All worker stages of `config`, warm and listening inside the body."""
    built: list[Any] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            running: list[asyncio.Task[Any]] = []
            for stage in WORKERS:
                chosen = config.stages[stage.name]
                primary = await _warmed(chosen, clock, built)
                second = await _warmed(chosen.fallback, clock, built) if chosen.fallback else None
                loop = StageLoop(
                    stage, primary, fallback=second, bus=bus, clock=clock, node=node,
                    concurrency=chosen.concurrency, waiting=chosen.waiting, note=note,
                )  # fmt: skip
                listening = asyncio.Event()
                running.append(tasks.create_task(loop.run(listening), name=stage.name))
                await listening.wait()
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
    finally:
        for engine in built:
            await _close(engine)


async def turn_engine(config: Config, clock: Clock) -> EdgeEngine:
    """The edge engine of `config`, warm."""
    engine: EdgeEngine = (await _warmed(config.stages["turn"], clock, [])).engine  # type: ignore[assignment]
    return engine


async def _warmed(chosen: EngineConfig, clock: Clock, built: list[Any]) -> Running:
    engine = build(chosen.module, chosen.settings, clock)
    built.append(engine)
    started = clock.measure()
    warm = getattr(engine, "warm", None)
    if warm is not None:
        try:
            await warm()
        except VisavisError as error:
            if chosen.fallback is None:
                raise
            _LOGGER.warning("%s.cold engine=%s %s: its fallback works", chosen.stage, chosen.name, error)
    ms = (clock.measure() - started) * 1000
    _LOGGER.info("%s.ready engine=%s ms=%.0f", chosen.stage, chosen.name, ms)
    return Running(chosen.name, engine)


async def _close(engine: Any) -> None:
    close = getattr(engine, "close", None)
    if close is not None:
        await close()
