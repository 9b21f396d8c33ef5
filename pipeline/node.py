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
from pipeline.flow import WORKERS, Stage
from pipeline.jobs import Timing
from pipeline.stage import Running, StageLoop

_LOGGER = logging.getLogger(__name__)


Note = Callable[[Timing], None]
OF_ALL = tuple(stage.name for stage in WORKERS)


@asynccontextmanager
async def workers(
    config: Config,
    bus: Bus,
    clock: Clock,
    *,
    node: str = "local",
    only: tuple[str, ...] = OF_ALL,
    note: Note | None = None,
) -> AsyncIterator[None]:
    """The worker stages of `config` (those named by `only`), warm and listening inside the body."""
    built: list[Any] = []
    try:
        loops = [
            await _loop(stage, config.stages[stage.name], built, bus=bus, clock=clock, node=node, note=note)
            for stage in WORKERS
            if stage.name in only
        ]
        async with asyncio.TaskGroup() as tasks:
            running = [await _started(loop, tasks) for loop in loops]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
    finally:
        for engine in built:
            await _close(engine)


async def _loop(
    stage: Stage, chosen: EngineConfig, built: list[Any], *, bus: Bus, clock: Clock, node: str, note: Note | None
) -> StageLoop:
    primary = await _warmed(chosen, clock, built)
    second = await _warmed(chosen.fallback, clock, built) if chosen.fallback else None
    return StageLoop(
        stage, primary, fallback=second, bus=bus, clock=clock, node=node,
        concurrency=chosen.concurrency, waiting=chosen.waiting, note=note,
    )  # fmt: skip


async def _started(loop: StageLoop, tasks: asyncio.TaskGroup) -> asyncio.Task[Any]:
    listening = asyncio.Event()
    task = tasks.create_task(loop.run(listening))
    await listening.wait()
    return task


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
