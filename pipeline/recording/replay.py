"""Plays recorded sound to the live pipeline, as if a visitor stood there, and records what happens."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Samples
from pipeline.bus.contract import Bus
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock
from pipeline.config import Config, EngineConfig
from pipeline.engines import EdgeEngine
from pipeline.envelope import Message
from pipeline.jobs import Timing
from pipeline.node import turn_engine, workers
from pipeline.recording.filescreen import FileScreen
from pipeline.recording.recorder import Recorder, recording
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge, Venue
from pipeline.session.lines import PLAIN as PLAIN_LINES
from pipeline.session.lines import Lines, Script, render
from pipeline.wire import to_dict

SETTLED = 1.0
"""Seconds of silence after the last sound, before the replay ends."""
PATIENCE = 90.0
"""Seconds after which it ends, settled or not."""
_QUIET: Samples = np.zeros(FRAME, np.int16)


@dataclass(slots=True)
class Watcher:
    """Who is told what happens while it happens; all optional."""

    message: Callable[[float, Message], None] = lambda _at, _message: None
    timing: Callable[[Timing], None] = lambda _timing: None
    progress: Callable[[float, float], None] = lambda _done, _all: None
    """Seconds of sound so far, and in all."""
    ready: Callable[[float], None] = lambda _seconds: None
    """The pipeline is warm, after so many measured seconds."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What to play to which pipeline."""

    config: Config
    sound: Samples
    out: Path
    seed: str = "replay"
    name: str = "replay"
    begin_at: float = 0.0
    """Seconds on the clock before which the sound does not begin: floats add up the same only from the same start."""
    about: dict[str, str] = field(default_factory=dict)
    """Goes into `session.json`."""


async def replay(job: Replay, clock: Clock, watcher: Watcher) -> None:
    """Play `job.sound` at the clock's pace and record into `job.out`; returns when the last answer has been spoken."""
    began = clock.measure()
    bus = MemoryBus()
    told: list[Callable[[Timing], None]] = [watcher.timing]

    def note(timing: Timing) -> None:
        for tell in told:
            tell(timing)

    async with workers(job.config, bus, clock, note=note):
        turn = await turn_engine(job.config, clock)
        lines = await fixed_lines(job.config, bus, clock)
        watcher.ready(clock.measure() - began)
        await clock.sleep(job.begin_at - clock.now())
        async with recording(job.out, clock, bus) as (recorder, said), asyncio.TaskGroup() as tasks:
            recorder.describe({**job.about, **_facts(job)})
            told.append(recorder.timing)
            screen = FileScreen(clock, recorder.avatar)
            edge = Edge(venue(job.config, bus, clock, turn, lines), screen, job.name, job.seed)
            background = [
                tasks.create_task(recorder.run(said), name="recorder"),
                tasks.create_task(edge.run(), name="edge"),
                tasks.create_task(_tell(bus, clock, recorder.start, watcher), name="watcher"),
            ]
            await clock.sleep(0)  # they are listening now
            edge.visit.begin()
            try:
                await _feed(job.sound, edge, recorder, clock, watcher)
                await _finish(edge, screen, clock)
            finally:
                told.remove(recorder.timing)
                _write_cues(recorder, screen)
            for task in background:
                task.cancel()


def venue(config: Config, bus: Bus, clock: Clock, turn: EdgeEngine, lines: Lines) -> Venue:
    """What the edges of this process share."""
    return Venue(bus, clock, turn, lines, config.session, config.prompt(), versions(config), Crew(clock))


async def fixed_lines(config: Config, bus: Bus, clock: Clock) -> Lines:
    """The persona's fixed lines in the configured voice."""
    scripts = {language: config.persona.lines.get(language, Script()) for language in PLAIN_LINES}
    speech, cues = config.stages["speech"], config.stages["cues"]
    voice = "|".join(f"{stage.name} {stage.settings.model_dump_json()}" for stage in (speech, cues))
    folders = [config.lines_cache] if config.lines_cache else []
    shipped = config.avatar / "lines" if config.avatar else None
    return await render(scripts, bus, clock, voice=f"{_version()} {voice}", folders=folders, shipped=shipped)


def versions(config: Config) -> dict[str, str]:
    """Of Visavis, and which engine each stage runs."""
    return {"visavis": _version()} | {stage: _engine_name(chosen) for stage, chosen in config.stages.items()}


def _engine_name(chosen: EngineConfig) -> str:
    return f"{chosen.name} (fallback {chosen.fallback.name})" if chosen.fallback else chosen.name


def _version() -> str:
    try:
        return version("visavis")
    except PackageNotFoundError:
        return "unknown"


async def _tell(bus: Bus, clock: Clock, start: float, watcher: Watcher) -> None:
    from pipeline.flow import ALL

    async with bus.subscribe(*ALL) as said:
        async for message in said:
            watcher.message(clock.now() - start, message)


async def _feed(sound: Samples, edge: Edge, recorder: Recorder, clock: Clock, watcher: Watcher) -> None:
    """The sound, then silence until nothing happens any more."""
    start, seconds = clock.now(), len(sound) / HEAR_RATE
    whole = -(-len(sound) // FRAME)
    settled, number = 0.0, 0
    while number < whole or (settled < SETTLED and number * FRAME / HEAR_RATE < seconds + PATIENCE):
        pcm = sound[number * FRAME : (number + 1) * FRAME] if number < whole else _QUIET
        pcm = pcm if len(pcm) == FRAME else np.pad(pcm, (0, FRAME - len(pcm)))
        number += 1
        await clock.sleep(start + number * FRAME / HEAR_RATE - clock.now())
        recorder.hear(pcm)
        await edge.hear(pcm)
        settled = settled + FRAME / HEAR_RATE if edge.visit.conversation.quiet else 0.0
        if number % 50 == 0:
            watcher.progress(min(number * FRAME / HEAR_RATE, seconds), seconds)


async def _finish(edge: Edge, screen: FileScreen, clock: Clock) -> None:
    await edge.finish()
    await clock.sleep(0.05)
    screen.render(round((clock.now() - screen.start) * SPEAK_RATE))


def _facts(job: Replay) -> dict[str, object]:
    """What `session.json` says of a run; nothing that came from the environment."""
    return {"config": job.config.source, "versions": versions(job.config), "seed": job.seed, "clock": "pipeline"}


def _write_cues(recorder: Recorder, screen: FileScreen) -> None:
    cued = [
        {"at": round(at / SPEAK_RATE, 4), "until": round(end / SPEAK_RATE, 4), **to_dict(cues)}
        for at, end, cues in screen.cued
    ]
    (recorder.folder / "cues.json").write_text(json.dumps(cued, ensure_ascii=False) + "\n", encoding="utf-8")
