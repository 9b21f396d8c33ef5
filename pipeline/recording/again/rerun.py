"""Runs a recorded visit again, and records that."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Samples
from pipeline.clock import Clock
from pipeline.config import Config
from pipeline.flow import ALL
from pipeline.jobs import Timing
from pipeline.messages import Question, SessionEnded, SessionStarted
from pipeline.recording.again.driver import Driver, Track
from pipeline.recording.again.ear import Ear
from pipeline.recording.again.steps import Timing as Manner
from pipeline.recording.again.steps import steps
from pipeline.recording.again.venue import Stand, stand
from pipeline.recording.filescreen import FileScreen
from pipeline.recording.reading import Recording
from pipeline.recording.recorder import Recorder, recording
from pipeline.recording.replay import Watcher, write_cues
from pipeline.session.edge import Edge

BEGIN = 64.0
"""Virtual seconds that the start may take: floats add up the same only from the same start."""
_PIECE = 10 * SPEAK_RATE
"""Samples of the avatar's sound that are mixed at a time."""
_FRAMES = 500
"""Of microphone, that are written at a time."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """Which visit, with what."""

    recording: Recording
    out: Path
    config: Config | None = None
    """Needed where a stage is live."""
    live: Sequence[str] = ()
    timing: Manner = "recorded"
    turns: tuple[int, int] | None = None
    """Only these, from the first to the second."""
    seed: str = ""
    """Names the visits anew."""
    begin_at: float = BEGIN
    real_time: bool = False
    """On the machine's clock."""


@dataclass(slots=True)
class Told:
    """What became of it."""

    remarks: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    """On the clock."""


async def rerun(job: Rerun, clock: Clock, watcher: Watcher) -> Told:
    """Run it; returns when the last answer has been spoken."""
    began = clock.measure()
    noted: list[Callable[[Timing], None]] = [watcher.timing]

    def note(timing: Timing) -> None:
        for one in noted:
            one(timing)

    async with stand(job.recording, job.config, job.live, clock, note) as there:
        watcher.ready(clock.measure() - began)
        await clock.sleep(job.begin_at - clock.now())
        label = job.config.label if job.config else None
        async with (
            recording(job.out, clock, there.bus, label) as (recorder, said),
            AsyncExitStack() as stack,
            asyncio.TaskGroup() as tasks,
        ):
            recorder.describe(_facts(job))
            stack.callback(noted.remove, recorder.timing)
            noted.append(recorder.timing)
            told_all = tasks.create_task(_tell(there, clock, watcher), name="watcher")
            writer = tasks.create_task(recorder.run(said), name="recorder")
            told = await _visit(job, there, recorder, clock, tasks)
            writer.cancel()
            told_all.cancel()
        return told


async def _tell(there: Stand, clock: Clock, watcher: Watcher) -> NoReturn:
    start = clock.now()
    async with there.bus.subscribe(*ALL) as said:
        async for message in said:
            watcher.message(clock.now() - start, message)
    raise AssertionError("a subscription never ends")


async def _visit(job: Rerun, there: Stand, recorder: Recorder, clock: Clock, tasks: asyncio.TaskGroup) -> Told:
    """From the first step to the end of the last answer."""
    hears = "turn" in job.live
    screen = FileScreen(clock, recorder.avatar)
    ear = Ear(screen, clock)
    venue = dataclasses.replace(there.venue, tapes=lambda _screen: recorder.tape(sound=hears))
    edge = Edge(venue, ear, _screen_name(job.recording), f"replay {job.seed}", _ids(job))
    if job.turns:
        _resume(job, edge)
    whole, doing = job.recording.visitor, steps(job.recording, job.timing, job.turns)
    track = Track(whole, job.recording.origin)
    if job.timing == "recorded" and not job.turns:
        track.lay(0, job.recording.origin, job.recording.origin + len(whole))
    driver = Driver(edge, ear, clock, track, hears=hears)
    background: list[asyncio.Task[NoReturn]] = [tasks.create_task(edge.run(), name="edge")]
    if hears:
        background.append(tasks.create_task(driver.feed(), name="microphone"))
    await clock.sleep(0)  # they are listening now
    if job.turns:
        edge.visit.begin()
        await edge.said([], 0)
    await driver.run(doing)
    if job.timing == "recorded" and not job.turns:
        await driver.rest(len(whole) / HEAR_RATE)
    await driver.settle(idle=_ends_idle(job.recording) and not job.turns)
    heard = max(driver.sample, track.end)
    await edge.finish()
    await clock.sleep(0.05)
    for task in background:
        task.cancel()
    _mix(screen, clock)
    if not hears:
        _heard(recorder, track.samples(heard), track.voices(heard, job.recording.voice))
    write_cues(recorder, screen)
    return Told(driver.remarks, there.counts(), clock.now() - driver.start)


def _mix(screen: FileScreen, clock: Clock) -> None:
    """The avatar's sound, now that it is known where it lies."""
    end = round((clock.now() - screen.start) * SPEAK_RATE)
    for until in range(_PIECE, end, _PIECE):
        screen.render(until)
    screen.render(end)


def _heard(recorder: Recorder, heard: Samples, voices: list[float | None]) -> None:
    """The visitor's."""
    for start in range(0, len(heard), _FRAMES * FRAME):
        first = start // FRAME
        recorder.hear(heard[start : start + _FRAMES * FRAME], voices[first : first + _FRAMES])


def _screen_name(recorded: Recording) -> str:
    return next((row.message.screen for row in recorded.rows if isinstance(row.message, SessionStarted)), "replay")


def _ids(job: Rerun) -> list[str]:
    """The visits keep their names, unless there is a seed."""
    if not job.seed:
        return list(job.recording.sessions)
    return [
        hashlib.blake2b(f"{job.seed}/{name}".encode(), digest_size=6).hexdigest() for name in job.recording.sessions
    ]


def _resume(job: Rerun, edge: Edge) -> None:
    """Take over what had been said before the first turn."""
    first = job.turns[0] if job.turns else 1
    asked = [row.message for row in job.recording.rows if isinstance(row.message, Question)]
    question = next((one for one in asked if one.turn >= first), None)
    if question is not None:
        edge.visit.conversation.resume(first - 1, question.history, question.language)


def _ends_idle(recorded: Recording) -> bool:
    ends = [row.message.why for row in recorded.rows if isinstance(row.message, SessionEnded)]
    return bool(ends) and ends[-1] == "idle"


def _facts(job: Rerun) -> dict[str, Any]:
    """What `session.json` says: as the recording has it, and how it was run again."""
    kept = {key: value for key, value in job.recording.session.items() if key in _KEPT}
    of = {"session": (job.recording.sessions or ("",))[0], "title": str(job.recording.session.get("title", ""))}
    again: dict[str, Any] = {"of": of, "live": list(job.live), "timing": job.timing, "seed": job.seed}
    if job.real_time:
        again["real_time"] = True
    if job.turns:
        again["turns"] = list(job.turns)
    if job.config:
        kept |= {"config": job.config.source, "config_name": job.config.path.name, "persona": job.config.prompt()}
        kept["conversing"] = job.config.session.model_dump(mode="json", exclude={"persona"})
    return {**kept, "clock": "pipeline", "microphone": {"start": 0}, "replay": again}


_KEPT = ("title", "config", "config_name", "conversing", "persona", "versions", "screen", "session", "edge")
