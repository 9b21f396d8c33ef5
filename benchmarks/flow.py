"""The pipeline's own time: stub engines, real clock, one process."""

import asyncio
import resource
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.row import Row
from benchmarks.sounds import spoken
from benchmarks.stubs import cues, emotion, reply, speech, transcript
from benchmarks.stubs import turn as stub_turn
from pipeline.audio import FRAME, Samples
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_real
from pipeline.engines import EdgeEngine
from pipeline.envelope import Message
from pipeline.flow import WORKERS
from pipeline.messages import Cues, Speech
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.session.lines import Lines
from pipeline.session.settings import Conversing
from pipeline.session.visit import Venue
from pipeline.stage import Running, StageLoop

LOUD = np.full(FRAME, 3000, np.int16)
QUIET: Samples = np.zeros(FRAME, np.int16)
KEPT, JITTER = 0.99, 0.02
"""Share of 20 ms rounds that must be done in time, and the seconds that a round may be late: one frame."""
APART = 7919
"""Samples between what two sessions hear: visitors do not speak in chorus."""
STUBS = {"transcript": transcript, "emotion": emotion, "reply": reply, "speech": speech, "cues": cues}


@dataclass
class Ear:
    """A screen that notes when the first sound of an answer arrives, and plays nothing."""

    first: asyncio.Event = field(default_factory=asyncio.Event)
    at: float = 0.0

    def open(self, report: Callable[[Message], None]) -> None:
        del report

    def play(self, speech: Speech, cues: Cues | None) -> None:
        del cues
        if speech.part == 0 and not self.first.is_set():
            self.at = time.perf_counter()
            self.first.set()

    def cut(self) -> None: ...

    def duck(self, *, on: bool) -> None: ...

    def show(self, message: Message) -> None: ...

    def played(self, sample: int) -> Samples:
        del sample
        return QUIET


class House:
    """All stages with stub engines, and edges as many as wanted."""

    def __init__(self, clock: Clock, turn: EdgeEngine) -> None:
        self.bus, self.clock = MemoryBus(), clock
        self.venue = Venue(self.bus, clock, turn, Lines({}), Conversing(idle_seconds=1e6), "", {}, Crew(clock))
        self.tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        for stage in WORKERS:
            module = STUBS[stage.name]
            engine = Running(stage.name, module.Engine(module.Settings(), self.clock))
            loop, listening = StageLoop(stage, engine, bus=self.bus, clock=self.clock, waiting=4096), asyncio.Event()
            self.tasks.append(asyncio.create_task(loop.run(listening)))
            await listening.wait()

    def edge(self, name: str, screen: Any) -> Edge:
        edge = Edge(self.venue, screen, name, "bench")
        self.tasks.append(asyncio.create_task(edge.run()))
        return edge

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def stub_ears(clock: Clock) -> EdgeEngine:
    return stub_turn.Engine(stub_turn.Settings(quiet_frames=1), clock)


async def turns(clock: Clock, count: int) -> dict[str, float]:
    """From the frame that ends the turn to the first audio at the screen."""
    house = House(clock, stub_ears(clock))
    await house.start()
    ear = Ear()
    edge = house.edge("one", ear)
    await clock.sleep(0.01)
    taken: list[float] = []
    warm_up, cpu = 20, 0.0
    for number in range(count + warm_up):
        if number == warm_up:
            cpu = time.process_time()
        ear.first.clear()
        for _ in range(5):
            await edge.hear(LOUD)
        began = time.perf_counter()
        await edge.hear(QUIET)
        await ear.first.wait()
        taken.append(ear.at - began)
        await clock.sleep(0.002)
    cpu = (time.process_time() - cpu) / count
    await house.stop()
    p50, p99 = np.percentile(np.array(taken[warm_up:]) * 1000, [50, 99])
    return {"p50": p50, "p99": p99, "cpu": cpu * 1000}


async def idle_memory(clock: Clock, ears: EdgeEngine, count: int = 200) -> float:
    """Memory in kB for each session that has heard a second of silence."""
    house = House(clock, ears)
    await house.start()
    await _silence(house.edge("first", Ear()), 50)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    edges = [house.edge(f"{number}", Ear()) for number in range(count)]
    await clock.sleep(0)
    for edge in edges:
        await _silence(edge, 50)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident
    await house.stop()
    return max((after - before) / 1024, grown) / count


async def _silence(edge: Edge, frames: int) -> None:
    for _ in range(frames):
        await edge.hear(QUIET)


async def session_second(clock: Clock, ears: EdgeEngine, sound: Samples, sessions: int = 20) -> float:
    """CPU milliseconds for one second (50 frames) of one session that hears `sound`."""
    house = House(clock, ears)
    await house.start()
    edges = [house.edge(f"{number}", Ear()) for number in range(sessions)]
    await clock.sleep(0.01)
    frames = [sound[at : at + FRAME] for at in range(0, len(sound) - FRAME, FRAME)]
    began = time.process_time()
    for frame in frames:
        for edge in edges:
            await edge.hear(frame)
        await clock.sleep(0)
    await clock.sleep(0.05)
    spent = time.process_time() - began
    await house.stop()
    return spent * 1000 / sessions / (len(frames) / 50)


async def keeps_up(clock: Clock, ears: EdgeEngine, sound: Samples, sessions: int, seconds: float = 5.0) -> float:
    """Share of 20 ms rounds of `sessions` sessions that were heard at most one frame late."""
    house = House(clock, ears)
    await house.start()
    edges = [house.edge(f"{number}", Ear()) for number in range(sessions)]
    await clock.sleep(0.01)
    for place, edge in enumerate(edges):
        await _silence(edge, place % 8)  # 8 frames are 5 chunks of voice activity: these too are not in step
    rounds, late = round(seconds * 50), 0
    began = clock.now()
    for number in range(rounds):
        for place, edge in enumerate(edges):
            at = (number * FRAME + place * APART) % (len(sound) - FRAME)
            await edge.hear(sound[at : at + FRAME])
        due = began + (number + 1) * 0.02
        late += clock.now() > due + JITTER
        await clock.sleep(due - clock.now())
    await house.stop()
    return 1 - late / rounds


async def silero(clock: Clock) -> EdgeEngine:
    from stages.turn.silero import Engine, Settings

    engine = Engine(Settings(), clock)
    await engine.warm()
    return engine


def speech_and_silence(seconds: int = 10) -> Samples:
    """Spoken by espeak for half of the time."""
    voice = spoken("Where is the toilet, and how do I get to the cafe from here?", "en-us")
    sound = np.zeros(seconds * 16_000, np.int16)
    sound[16_000 : 16_000 + len(voice)] = voice[: len(sound) - 16_000]
    return sound


def measure(count: int = 500) -> list[Row]:
    """Everything in this file."""
    own = run_real(lambda clock: turns(clock, count))
    sound = speech_and_silence()

    async def rest(clock: Clock) -> dict[str, float]:
        ears = await silero(clock)
        found = {
            "off": await session_second(clock, stub_ears(clock), sound),
            "on": await session_second(clock, ears, sound),
            "memory": await idle_memory(clock, ears),
            "kept": 0.0,
        }
        for sessions in range(100, 241, 20):
            if await keeps_up(clock, ears, sound, sessions) >= KEPT:
                found["kept"] = sessions
        return found

    found = run_real(rest)
    return [
        Row("own time of a turn, stub engines, p50", own["p50"], "ms", "≤ 1.5"),
        Row("own time of a turn, stub engines, p99", own["p99"], "ms", "≤ 4"),
        Row("CPU of a turn, stub engines", own["cpu"], "ms", "≤ 5"),
        Row("CPU of a session-second, voice activity off", found["off"], "ms", ""),
        Row("CPU of a session-second, voice activity on", found["on"], "ms", ""),
        Row("sessions a core by that CPU, voice activity on", 1000 / found["on"], "", "≥ 120"),
        Row("sessions in one process that kept real time", found["kept"], "", "≥ 120"),
        Row("memory of an idle session", found["memory"], "kB", "≤ 1024"),
    ]
