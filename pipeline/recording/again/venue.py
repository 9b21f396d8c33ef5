"""What a replayed visit stands on: a bus, the recorded stages and those that are live, the recorded lines."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock
from pipeline.config import Config, EngineConfig
from pipeline.engines import Engine, build
from pipeline.envelope import Message
from pipeline.errors import VisavisError
from pipeline.flow import WORKERS, Stage
from pipeline.house import fixed_lines, versions
from pipeline.jobs import Timing
from pipeline.messages import Question, SessionStarted
from pipeline.node import Workers, turn_engine
from pipeline.plans import Plan
from pipeline.recording.again.answers import Memory, Remembering
from pipeline.recording.again.lines import lines_of
from pipeline.recording.form import SESSION
from pipeline.recording.reading import Recording
from pipeline.session.crew import Crew
from pipeline.session.lines import Lines
from pipeline.session.settings import Conversing
from pipeline.session.visit import Venue

AFTER = {
    "turn": ("transcript", "emotion", "reply", "speech", "cues"), "transcript": ("emotion", "reply", "speech", "cues"),
    "emotion": (), "reply": ("speech", "cues"), "speech": ("cues",), "cues": (),
}  # fmt: skip
"""Stages that are asked something new when another one is live: of these, what the recording lacks is done live."""
_HOURS = {"morning": 9.0, "afternoon": 14.0, "evening": 20.0}
_MANY = 64
"""Requests that a recorded stage answers at once: as many as were answered at once when it was recorded."""


def needed(live: Collection[str]) -> set[str]:
    """The stages whose engines a replay may need."""
    return {*live, *(later for stage in live for later in AFTER[stage])}


class _Deaf:
    """No turn engine: what it said comes from the recording."""

    def open(self, session: str) -> "_Deaf":
        del session
        return self

    def hear(self, frame: object) -> list[Message]:
        del frame
        return []

    def hint(self, hint: object) -> list[Message]:
        del hint
        return []

    def hold(self, *, on: bool) -> None: ...

    def flush(self) -> list[Message]:
        return []


class _NoSettings(BaseModel):
    """A recorded stage has none."""


@dataclass(slots=True)
class Stand:
    """All of it."""

    venue: Venue
    bus: MemoryBus
    workers: Workers

    def counts(self) -> dict[str, dict[str, int]]:
        """Of each stage, how many of its answers came from the recording (`recorded`, `near`) and how many did not."""
        return {stage.name: dict(self.workers.counts(stage.name)) for stage in WORKERS}


@asynccontextmanager
async def stand(
    recording: Recording, config: Config | None, live: Collection[str], clock: Clock, note: Callable[[Timing], None]
) -> AsyncIterator[Stand]:
    """Everything but the screen. ConfigError and what engines say that do not get warm."""
    started = next((row.message for row in recording.rows if isinstance(row.message, SessionStarted)), SessionStarted(
        screen="replay", language="zh"))  # fmt: skip
    bus = MemoryBus(started.edge)
    async with asyncio.TaskGroup() as tasks:
        workers = Workers(bus, clock, tasks, node="local", shares=False, note=note)
        try:
            for stage in WORKERS:
                await _start(workers, stage, recording, config, live, clock)
            turn: Any = await turn_engine(config, clock) if config and "turn" in live else _Deaf()
            lines = await _lines(recording, config, live, bus, clock)
            venue = Venue(
                bus, clock, turn, lines, _settings(recording, config), _persona(recording, config),
                _versions(started, config, live), Crew(clock), hour=lambda: _HOURS.get(started.daytime),
            )  # fmt: skip
            yield Stand(venue, bus, workers)
        finally:
            await workers.stop()


async def _start(
    workers: Workers, stage: Stage, recording: Recording, config: Config | None, live: Collection[str], clock: Clock
) -> None:
    """A stage that is live as the config has it, or one that remembers, with the config's engine behind it."""
    chosen = config.stages.get(stage.name) if config else None
    if stage.name in live and chosen and config:
        await workers.start(chosen, config.plans[stage.name])
        return
    memory = Memory(recording, stage)
    backup: Engine | None = None
    if chosen:
        backup = build(chosen.module, chosen.settings, clock)
        warm = getattr(backup, "warm", None)
        if warm is not None:
            await warm()
    name = str(recording.session.get("versions", {}).get(stage.name, "recorded"))
    module: Any = _module(lambda: Remembering(memory, stage.name, clock, backup))
    await workers.start(EngineConfig(stage.name, name, module, _NoSettings()), Plan(engine=name, concurrency=_MANY))


def _module(make: Callable[[], Remembering]) -> ModuleType:
    """As `pipeline.engines.build` takes them."""
    module = ModuleType("recorded")
    vars(module).update(Settings=_NoSettings, Engine=lambda _settings, _clock: make())
    return module


async def _lines(
    recording: Recording, config: Config | None, live: Collection[str], bus: MemoryBus, clock: Clock
) -> Lines:
    """As they sounded; those that did not sound are rendered where an engine is there for it."""
    if config is None or "speech" not in config.stages:
        return lines_of(recording)
    rendered = await fixed_lines(config, bus, clock)
    return rendered if "speech" in live else lines_of(recording, rendered)


def _settings(recording: Recording, config: Config | None) -> Conversing:
    """How the conversation goes: as recorded, unless another config is given."""
    if config is not None:
        return config.session
    given = recording.session.get("conversing") or (recording.session.get("config") or {}).get("session") or {}
    try:
        return Conversing.model_validate({key: value for key, value in given.items() if key != "persona"})
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        text = f"{recording.folder / SESSION}: conversing.{where}: {error.errors()[0]['msg']}; give a --config"
        raise VisavisError("recording-unreadable", text) from error


def _persona(recording: Recording, config: Config | None) -> str:
    if config is not None:
        return config.prompt()
    told = recording.session.get("persona")
    asked = (row.message.persona for row in recording.rows if isinstance(row.message, Question))
    return told if isinstance(told, str) else next(asked, "")


def _versions(started: SessionStarted, config: Config | None, live: Collection[str]) -> dict[str, str]:
    """As recorded, with the names of the engines that are live now."""
    now = versions(config) if config else {}
    return {**started.versions, **{name: version for name, version in now.items() if name in live}}
