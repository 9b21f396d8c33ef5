"""Runs worker stages: builds the engines that a config names, warms them, and keeps their loops going."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.bus.contract import Bus
from pipeline.clock import Clock
from pipeline.config import Config, EngineConfig
from pipeline.engines import EdgeEngine, build
from pipeline.envelope import StageLoad
from pipeline.errors import VisavisError
from pipeline.flow import WORKERS
from pipeline.jobs import Timing
from pipeline.plans import Plan
from pipeline.stage import Running, StageLoop

_LOGGER = logging.getLogger(__name__)


Note = Callable[[Timing], None]
OF_ALL = tuple(stage.name for stage in WORKERS)
DRAIN = 10.0
"""Seconds that a stage may take to finish what it has begun; then it hands that back too."""


@dataclass(slots=True)
class _Working:
    """A stage at work."""

    loop: StageLoop
    task: asyncio.Task[None]
    engines: list[Any]


class Workers:
    """The worker stages of this process; each can be started, replaced and drained by itself."""

    def __init__(
        self, bus: Bus, clock: Clock, tasks: asyncio.TaskGroup, *, node: str, shares: bool, note: Note | None = None
    ) -> None:
        self._bus, self._clock, self._tasks = bus, clock, tasks
        self._node, self._shares, self._note = node, shares, note
        self._working: dict[str, _Working] = {}
        self._site: dict[str, tuple[int, int, float]] = {}

    @property
    def loads(self) -> tuple[StageLoad, ...]:
        """How each stage is doing, in the order of the flow."""
        return tuple(self._working[name].loop.load for name in OF_ALL if name in self._working)

    def counts(self, stage: str) -> Mapping[str, int]:
        """What the engines of a stage count by themselves, by `what`; empty where they count nothing."""
        total: Counter[str] = Counter()
        for engine in self._engines(stage):
            total.update(getattr(engine, "counts", {}))
        return total

    def shares(self, stage: str) -> bool:
        """An engine of a stage wants to know who shares its limits."""
        return any(hasattr(engine, "site") for engine in self._engines(stage))

    def site(self, stage: str, place: int, workers: int, spent: float) -> None:
        """Tell the engines of a stage who shares their limits, and those that begin later."""
        self._site[stage] = place, workers, spent
        for engine in self._engines(stage):
            if hasattr(engine, "site"):
                engine.site(place, workers, spent)

    def _engines(self, stage: str) -> list[Any]:
        return self._working[stage].engines if stage in self._working else []

    async def start(self, chosen: EngineConfig, plan: Plan) -> None:
        """Warm a stage's engines, then let it take work. One that runs already goes on until the new one is warm.

        What is sent in the moment between the two is unclaimed, and sent again. An engine that does not get warm raises
        its error, and nothing has changed.
        """
        stage = next(stage for stage in WORKERS if stage.name == chosen.stage)
        engines: list[Any] = []
        try:
            primary = await _warmed(chosen, self._clock, engines)
            second = await _warmed(chosen.fallback, self._clock, engines) if chosen.fallback else None
        except BaseException:
            await _close(engines)
            raise
        loop = StageLoop(
            stage, primary, fallback=second, bus=self._bus, clock=self._clock, node=self._node, note=self._note,
            concurrency=plan.concurrency, waiting=plan.waiting, shares=self._shares,
        )  # fmt: skip
        old = self._working.pop(stage.name, None)
        if old is not None:
            await old.loop.leave()
        listening = asyncio.Event()
        task = self._tasks.create_task(loop.run(listening), name=stage.name)
        await listening.wait()
        self._working[stage.name] = _Working(loop, task, engines)
        if stage.name in self._site:
            self.site(stage.name, *self._site[stage.name])
        if old is not None:
            self._tasks.create_task(self._finish(old), name=f"{stage.name}.finish")

    async def drain(self, names: Collection[str] = OF_ALL) -> None:
        """Take nothing new for these stages, finish or hand back what they hold, and close their engines."""
        leaving = [self._working.pop(name) for name in OF_ALL if name in names and name in self._working]
        await asyncio.gather(*(self._finish(working) for working in leaving))

    async def stop(self) -> None:
        """At once: whoever asked is going too."""
        working = list(self._working.values())
        self._working.clear()
        for one in working:
            one.task.cancel()
        await asyncio.gather(*(one.task for one in working), return_exceptions=True)
        await _close([engine for one in working for engine in one.engines])

    async def _finish(self, working: _Working) -> None:
        await working.loop.drain(DRAIN)
        await working.task
        await _close(working.engines)


@asynccontextmanager
async def workers(
    config: Config, bus: Bus, clock: Clock, *, node: str = "local", only: Collection[str] = OF_ALL,
    note: Note | None = None,
) -> AsyncIterator[Workers]:  # fmt: skip
    """The worker stages of `config` (those named by `only`), warm and listening inside the body."""
    async with asyncio.TaskGroup() as tasks:
        crew = Workers(bus, clock, tasks, node=node, shares=config.broker is not None, note=note)
        try:
            for name in OF_ALL:
                if name in only and name in config.stages:
                    await crew.start(config.stages[name], config.plans[name])
            yield crew
        finally:
            await crew.stop()


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


async def _close(engines: list[Any]) -> None:
    for engine in engines:
        close = getattr(engine, "close", None)
        if close is not None:
            await close()
