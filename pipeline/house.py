"""What an edge stands on: bus, stages that run here, ears, fixed lines, and what it knows of workers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from pipeline.announce import Announcer, boot, host_name, joined
from pipeline.bus.contract import Bus
from pipeline.bus.memory import MemoryBus
from pipeline.bus.mqtt import MqttBus
from pipeline.clock import Clock
from pipeline.config import Config
from pipeline.engines import EdgeEngine
from pipeline.envelope import Message
from pipeline.flow import ALL, WORKERS
from pipeline.jobs import Timing
from pipeline.messages import Status
from pipeline.node import Workers, turn_engine, workers
from pipeline.plans import MANNER
from pipeline.recording.roundtrips import RoundTrips
from pipeline.screens import Planned
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.session.lines import PLAIN, Lines, Script, render
from pipeline.session.visit import Venue
from pipeline.telling import Telling

WORKERS_SECONDS = 10.0
"""How long a start waits for worker nodes; then the edge begins, and visitors hear an apology until they come."""


@dataclass(slots=True)
class House:
    """An edge, ready for screens."""

    venue: Venue
    crew: Crew
    bus: Bus
    boot: str
    """Names this start; '' in one process, where runs are the same each time."""
    missing: tuple[str, ...]
    """Stages that no node runs yet."""
    local: tuple[str, ...]
    """Worker stages that run in this process."""
    edges: list[Edge]
    """Those whose sessions are counted: the caller's."""
    telling: Telling


@asynccontextmanager
async def house(config: Config, clock: Clock, note: Callable[[Timing], None] | None = None) -> AsyncIterator[House]:
    """Everything but screens. Errors of a broker (BusError) and of engines that do not get warm."""
    edges: list[Edge] = []
    async with AsyncExitStack() as stack:
        name = (config.broker.login.user or host_name()) if config.broker else ""
        start = boot(name) if name else ""
        bus: Bus = MemoryBus()
        latest = [Status(edge=name, node=name, state="drained", version=current_version(), boot=start)]
        if config.broker:
            me = Status(edge=name, node=name, state="warming", version=current_version(), boot=start)
            bus = await stack.enter_async_context(joined(config.broker, clock, me, edge=name, last=lambda: latest[-1]))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        crew = Crew(clock)
        here = await stack.enter_async_context(workers(config, bus, clock, node=name or "local", note=note))

        def status() -> Status:
            return _status(name, start, crew, here, bus, edges)

        background = await _accompany(bus, clock, crew, tasks, status)
        try:
            turn = await turn_engine(config, clock)
            missing = await _await_workers(config, crew, clock, here)
            lines = await fixed_lines(config, bus, clock)
            local = tuple(load.stage for load in here.loads)
            yield House(venue(config, bus, clock, turn, lines, crew), crew, bus, start, missing, local, edges,
                        Telling(status, lambda: _counts(bus), lambda: _why_not_ready(bus),
                                lambda: here.counts("reply")))  # fmt: skip
        finally:
            latest.append(status().changed(state="drained", stages=()))
            for task in background:
                task.cancel()


async def _accompany(
    bus: Bus, clock: Clock, crew: Crew, tasks: asyncio.TaskGroup, read: Callable[[], Status]
) -> Sequence[asyncio.Task[NoReturn]]:
    """What runs beside the screens where there is a network."""
    if not isinstance(bus, MqttBus):
        return []
    listening = asyncio.Event()
    background: list[asyncio.Task[NoReturn]] = [tasks.create_task(crew.run(bus, listening), name="crew")]
    await listening.wait()
    background.append(tasks.create_task(Announcer(bus, clock, read).run(), name="announcer"))
    return background


def _status(name: str, start: str, crew: Crew, here: Workers, bus: Bus, edges: list[Edge]) -> Status:
    """How this edge is doing."""
    counts = dict(crew.counts)
    counts["sessions"] = sum(edge.visit.begun for edge in edges)
    counts["open"] = sum(edge.visit.conversation.waits_for for edge in edges)
    counts |= _counts(bus)
    return Status(edge=name, node=name, stages=here.loads, version=current_version(), boot=start, counts=counts)


def _counts(bus: Bus) -> dict[str, int]:
    return bus.counts if isinstance(bus, MqttBus) else {}


def _why_not_ready(bus: Bus) -> str:
    return "the connection to the broker is lost" if isinstance(bus, MqttBus) and not bus.connected else ""


async def _await_workers(config: Config, crew: Crew, clock: Clock, here: Workers) -> tuple[str, ...]:
    """Stages that nobody runs when the patience is over."""
    running = {load.stage for load in here.loads}
    wanted = [stage.name for stage in WORKERS if stage.name not in running] if config.broker else []
    until = clock.now() + WORKERS_SECONDS
    while (missing := tuple(name for name in wanted if not crew.runs(name))) and clock.now() < until:
        await clock.sleep(0.05)
    return missing


def venue(config: Config, bus: Bus, clock: Clock, turn: EdgeEngine, lines: Lines, crew: Crew) -> Venue:
    """What the edges of this process share."""
    return Venue(bus, clock, turn, lines, config.session, config.prompt(), versions(config), crew)


async def fixed_lines(config: Config, bus: Bus, clock: Clock, planned: Planned | None = None) -> Lines:
    """The persona's fixed lines in the configured voice; with `planned`, of that screen's persona and voices."""
    persona = planned.persona if planned else config.persona
    voices = planned.session.voices if planned else config.session.voices
    scripts = {language: persona.lines.get(language, Script()) for language in PLAIN}
    voice = "|".join(_sound_of(config.source[stage]) for stage in ("speech", "cues"))
    folders = [config.lines_cache] if config.lines_cache else []
    shipped = config.avatar / "lines" if config.avatar else None
    name = f"{current_version()} {voice}" + (f" {sorted(voices.items())}" if voices else "")
    return await render(scripts, bus, clock, voice=name, folders=folders, shipped=shipped, voices=voices)


async def overhear(
    home: House, clock: Clock, tell: Callable[[Message], None], note: Callable[[Timing], None]
) -> NoReturn:
    """Tell every message of the bus, and how long requests to other machines took."""
    trips = RoundTrips()
    async with home.bus.subscribe(*ALL) as said:
        async for message in said:
            tell(message)
            timing = trips.message(clock.measure(), message) if home.boot else None
            if timing is not None and timing.stage not in home.local:
                note(timing)
    raise AssertionError("a subscription never ends")


def _sound_of(section: dict[str, Any]) -> str:
    """What of a stage's section may change how it sounds: not where it runs, nor how much of it."""
    return json.dumps({key: value for key, value in section.items() if key not in MANNER}, sort_keys=True)


def versions(config: Config) -> dict[str, str]:
    """Of Visavis, and which engine each stage runs."""
    return {"visavis": current_version()} | {name: _engine_name(config, name) for name in config.plans}


def _engine_name(config: Config, stage: str) -> str:
    fallback = (config.source.get(stage) or {}).get("fallback") or {}
    name = config.plans[stage].engine
    return f"{name} (fallback {fallback.get('engine')})" if fallback else name


def current_version() -> str:
    """Of Visavis, as it is installed."""
    try:
        return version("visavis")
    except PackageNotFoundError:
        return "unknown"
