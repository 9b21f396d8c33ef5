"""Plays recorded sound to the live pipeline, as if a visitor stood there, and records what happens."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Samples
from pipeline.clock import Clock
from pipeline.config import Config
from pipeline.envelope import Message
from pipeline.house import House, house, overhear, versions
from pipeline.jobs import Timing
from pipeline.recording.filescreen import FileScreen
from pipeline.recording.recorder import Recorder, recording
from pipeline.session.edge import Edge
from pipeline.wire import to_dict

SETTLED = 1.0
"""Seconds of silence after the last sound, before the replay ends."""
PATIENCE = 90.0
"""Seconds after which it ends, settled or not."""
APART = 0.7
"""Seconds between two visitors: they do not speak in chorus."""
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
    missing: Callable[[tuple[str, ...]], None] = lambda _stages: None
    """Stages that no worker node runs."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What to play to which pipeline."""

    config: Config
    sound: Samples
    out: Path
    seed: str = "replay"
    name: str = "replay"
    """Of the screen."""
    waits: bool = False
    """The visit begins when somebody speaks, types or is there, not by itself."""
    begin_at: float = 0.0
    """Seconds on the clock before which the sound does not begin: floats add up the same only from the same start."""
    about: dict[str, str] = field(default_factory=dict)
    """Goes into `session.json`."""
    visitors: int = 1
    """So many of them at once, each before a screen of their own and a little later than the one before."""

    def folders(self) -> list[Path]:
        """Where each visitor's recording goes."""
        names = [f"visitor-{number + 1}" for number in range(self.visitors)]
        return [self.out / name for name in names] if self.visitors > 1 else [self.out]


async def replay(job: Replay, clock: Clock, watcher: Watcher, metrics_port: int | None = None) -> None:
    """Play `job.sound` at the clock's pace and record into `job.out`; returns when the last answer has been spoken.

    With several visitors there is a recording for each, in `visitor-1`, `visitor-2` ... of `job.out`.
    """
    began = clock.measure()
    told: list[Callable[[Timing], None]] = [watcher.timing]

    def note(timing: Timing) -> None:
        for tell in told:
            tell(timing)

    async with house(job.config, clock, note) as home, _metered(job, home, metrics_port) as meter:
        if meter:
            told.append(meter.timing)
        watcher.ready(clock.measure() - began)
        watcher.missing(home.missing)
        await clock.sleep(job.begin_at - clock.now())
        async with asyncio.TaskGroup() as tasks:
            told_all = tasks.create_task(_tell(home, clock, watcher, note, meter), name="watcher")
            visits = [
                tasks.create_task(_visitor(job, number, home, clock, watcher, told), name=f"visitor {number}")
                for number in range(job.visitors)
            ]
            await asyncio.wait(visits)
            told_all.cancel()


async def _visitor(
    job: Replay, number: int, home: House, clock: Clock, watcher: Watcher, told: list[Callable[[Timing], None]]
) -> None:
    """One of them, from the first sample to the last answer."""
    several = job.visitors > 1
    await clock.sleep(number * APART)
    async with (
        recording(job.folders()[number], clock, home.bus, job.config.label) as (recorder, said),
        asyncio.TaskGroup() as tasks,
    ):
        recorder.describe({**job.about, **_facts(job)})
        told.append(recorder.timing)
        screen = FileScreen(clock, recorder.avatar)
        seed = f"{job.seed}/{home.boot}" if home.boot else job.seed
        venue = dataclasses.replace(home.venue, tapes=lambda _screen: recorder.tape())
        edge = Edge(venue, screen, f"{job.name}-{number + 1}" if several else job.name, seed)
        home.edges.append(edge)
        background = [
            tasks.create_task(recorder.run(said, edge.sessions if several else None), name="recorder"),
            tasks.create_task(edge.run(), name="edge"),
        ]
        await clock.sleep(0)  # they are listening now
        if not job.waits:
            edge.visit.begin()
            await edge.said([], edge.sample)  # its beginning is told in that moment
        try:
            await _feed(job.sound, edge, clock, watcher)
            await _finish(edge, screen, clock)
        finally:
            told.remove(recorder.timing)
            home.edges.remove(edge)
            write_cues(recorder, screen)
        for task in background:
            task.cancel()


@asynccontextmanager
async def _metered(job: Replay, home: House, port: int | None) -> AsyncIterator[Any]:
    if port is None:
        yield None
        return
    from pipeline.telemetry import telemetry

    async with telemetry(job.config, home.telling, port=port) as meter:
        yield meter


async def _tell(home: House, clock: Clock, watcher: Watcher, note: Callable[[Timing], None], meter: Any) -> None:
    start = clock.now()

    def tell(message: Message) -> None:
        at = clock.now() - start
        watcher.message(at, message)
        if meter is not None:
            meter.message(at, message)

    await overhear(home, clock, tell, note)


async def _feed(sound: Samples, edge: Edge, clock: Clock, watcher: Watcher) -> None:
    """The sound, then silence until nothing happens any more."""
    start, seconds = clock.now(), len(sound) / HEAR_RATE
    whole = -(-len(sound) // FRAME)
    settled, number = 0.0, 0
    while number < whole or (settled < SETTLED and number * FRAME / HEAR_RATE < seconds + PATIENCE):
        pcm = sound[number * FRAME : (number + 1) * FRAME] if number < whole else _QUIET
        pcm = pcm if len(pcm) == FRAME else np.pad(pcm, (0, FRAME - len(pcm)))
        number += 1
        await clock.sleep(start + number * FRAME / HEAR_RATE - clock.now())
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
    config = job.config
    return {
        "clock": "pipeline", "config": config.source, "config_name": config.path.name, "persona": config.prompt(),
        "conversing": config.session.model_dump(mode="json", exclude={"persona"}), "versions": versions(config),
        "microphone": {"start": 0}, "seed": job.seed,
    }  # fmt: skip


def write_cues(recorder: Recorder, screen: FileScreen) -> None:
    """What the face did, on the loudspeaker's timeline: `cues.json`."""
    cued = [
        {"at": round(at / SPEAK_RATE, 4), "until": round(end / SPEAK_RATE, 4), **to_dict(cues)}
        for at, end, cues in screen.cued
    ]
    (recorder.folder / "cues.json").write_text(json.dumps(cued, ensure_ascii=False) + "\n", encoding="utf-8")
