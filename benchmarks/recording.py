"""What recording costs: CPU, what it adds to a message's way, and how much disk a minute of a visit takes.

A museum visit is made once on the virtual clock. Then many screens have it at once, in real time, each beginning at
another place: what their edges would hear and say goes through a bus, once with a keeper and once without.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.row import Row
from benchmarks.served import DEMO, ROOT
from pipeline.audio import FRAME, HEAR_RATE, Frame
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_real, run_virtual
from pipeline.config import at_edge, read_config
from pipeline.envelope import Message
from pipeline.flow import ALL
from pipeline.messages import Progress, SessionStarted
from pipeline.recording import form
from pipeline.recording.keeper import Keeper
from pipeline.recording.reading import Recording, read
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.recording.settings import Record
from pipeline.recording.visit import read_visit
from pipeline.session.tape import Blank, Tape
from pipeline.sound import read_sound

SCREENS = 20
SECONDS = 20.0
PROBE = 0.002
"""Seconds between two messages that nobody records."""
APART = 10
"""Frames between the beginnings of two visits."""
RECORDED = SCREENS * SECONDS - sum(range(SCREENS)) * APART * FRAME / HEAR_RATE
"""Session-seconds."""
VISIT = ROOT / "configs" / "visits" / "museum" / "visit.yaml"


class _Said(NamedTuple):
    """A message or an event of the visit, and when."""

    at: float
    message: Message | None
    event: str
    fields: dict[str, object]


@dataclass
class _Run:
    """What one run measured."""

    cpu: float = 0.0
    """Seconds of all threads."""
    ways: list[float] = field(default_factory=list)
    """Seconds from a message's publishing until all who hear the bus have had it."""
    lost: int = 0


def measure() -> list[Row]:
    """A minute and a half."""
    with tempfile.TemporaryDirectory() as top:
        visit = _visit(Path(top) / "visit")
        gc.collect()
        gc.freeze()  # what was needed to make the visit is no part of either run
        without, recorded = _Run(), _Run()
        for name in ("first", "second"):  # in turns: what else the machine does is in both
            run_real(lambda clock: _run(clock, visit, None, without))
            run_real(lambda clock, name=name: _run(clock, visit, Path(top) / name, recorded))  # type: ignore[misc]
        sizes = _sizes(Path(top) / "first")
    cpu = 1000 * (recorded.cpu - without.cpu) / (2 * RECORDED)
    ways = [np.percentile(np.array(run.ways) * 1000, [50, 99.9]) for run in (without, recorded)]
    return [
        Row(f"recording: CPU of a session-second, {SCREENS} at once", cpu, "ms", "<= 10 (1 % of a core)"),
        Row("a message's way through the bus without recording, p50", float(ways[0][0]), "ms", ""),
        Row("the same, with recording", float(ways[1][0]), "ms", ""),
        Row("a message's way through the bus without recording, p99.9", float(ways[0][1]), "ms", ""),
        Row("the same, with recording", float(ways[1][1]), "ms", ""),
        Row("recording adds to it, p99.9", float(ways[1][1] - ways[0][1]), "ms", "<= 2"),
        Row("lines that were lost", recorded.lost, "", "0"),
        *(Row(f"on disk: {name}", size, "kB a minute", "") for name, size in sizes),
    ]  # fmt: skip


def _visit(folder: Path) -> Recording:
    """The demo's, recorded on the virtual clock."""
    job = Replay(read_config(DEMO, at_edge), read_sound(read_visit(VISIT).sound), folder, begin_at=64.0)
    run_virtual(lambda clock: replay(job, clock, Watcher()))
    return read(folder)


def _said(visit: Recording) -> dict[int, list[_Said]]:
    """All messages and events, by the number of their frame."""
    rows = [
        _Said(row.at, visit.whole(row), "", {}) for row in visit.rows if not isinstance(row.message, SessionStarted)
    ]
    notes = [_Said(event.at, None, event.name, event.fields) for event in visit.events if event.name != "begin"]
    found: dict[int, list[_Said]] = {}
    for one in sorted([*rows, *notes], key=lambda one: one.at):
        found.setdefault(int(one.at * HEAR_RATE) // FRAME, []).append(one)
    return found


class _Hall:
    """A bus, and whoever overhears it as `visavis serve` does."""

    def __init__(self, clock: Clock, run: _Run, keeper: Keeper | None) -> None:
        self._clock, self._run, self._keeper, self._bus = clock, run, keeper, MemoryBus()
        self._sent: dict[int, float] = {}

    async def overhear(self) -> None:
        """For ever."""
        async with self._bus.subscribe(*ALL) as heard:
            async for message in heard:
                if self._keeper:
                    self._keeper.message(message)
                self._run.ways.append(time.perf_counter() - self._sent.pop(id(message)))

    async def publish(self, message: Message) -> None:
        """Onto the bus."""
        self._sent[id(message)] = time.perf_counter()
        await self._bus.publish(message)

    async def probe(self) -> None:
        """Between the visits' own messages, so that there are enough of them for a rare delay to be seen."""
        for number in range(round(SECONDS / PROBE)):
            await self.publish(Progress(session="nobody's", node="", stage="", index=number))
            await self._clock.sleep(PROBE)


async def _run(clock: Clock, visit: Recording, folder: Path | None, run: _Run) -> None:
    """Many screens, in real time."""
    keeper = Keeper(Record(folder=folder), clock, {}) if folder else None
    hall, said = _Hall(clock, run, keeper), _said(visit)
    tapes = [(keeper.tapes({}) if keeper else _blank)(f"screen{number}") for number in range(SCREENS)]
    listening = asyncio.ensure_future(hall.overhear())
    await clock.sleep(0.05)
    began, start = time.process_time(), clock.now()
    steps = [_steps(visit, said, number, tape) for number, tape in enumerate(tapes)]
    probing = asyncio.ensure_future(hall.probe())
    for turn in range(round(SECONDS * 50)):
        await clock.sleep(start + turn * FRAME / HEAR_RATE - clock.now())
        for step in steps:
            for message in next(step):
                await hall.publish(message)
    run.cpu += time.process_time() - began
    await probing
    listening.cancel()
    if keeper:
        await keeper.close()
        run.lost += keeper.counts["lost"]


def _blank(_screen: str) -> Tape:
    return Blank()


def _steps(visit: Recording, said: dict[int, list[_Said]], number: int, tape: Tape) -> Iterator[list[Message]]:
    """Of one screen, 20 ms after 20 ms, from its own place in the visit on: what is to be published."""
    session, first = f"s{number}", number * len(visit.visitor) // SCREENS // FRAME
    frames = len(visit.visitor) // FRAME
    for _ in range(APART * number):
        yield []
    tape.note("begin", session, sample=0)
    yield [SessionStarted(session=session, screen=f"screen{number}", language="zh")]
    place, sample = first, 0
    while True:
        pcm = visit.visitor[place * FRAME : (place + 1) * FRAME]
        tape.hear(Frame(sample, pcm), float(visit.voice[place]))
        now = said.get(place, [])
        for one in now:
            if one.message is None:
                tape.note(one.event, session, **one.fields)
        yield [one.message.changed(session=session) for one in now if one.message is not None]
        place, sample = (place + 1) % frames, sample + FRAME


def _sizes(folder: Path) -> list[tuple[str, float]]:
    """By file, over all recordings, in kB of a minute."""
    names = (form.MESSAGES, form.EVENTS, form.TIMINGS, form.VISITOR, form.VOICE, form.SPEECH, form.AVATAR)
    sizes = [(name, sum(path.stat().st_size for path in folder.glob(f"*/{name}"))) for name in names]
    whole = sum(size for _, size in sizes)
    return [
        *((name, size / 1000 / (RECORDED / 60)) for name, size in sizes if size),
        ("together", whole / 1000 / (RECORDED / 60)),
    ]
