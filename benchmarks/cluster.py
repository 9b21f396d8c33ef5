"""The pipeline over a real MQTT broker on this machine: own time, throughput, deaths, big messages.

`python -m benchmarks --only cluster`; `--only soak` is the part of ten minutes. Needs mosquitto.
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import flow
from benchmarks.fleet import Fleet, fleet, read, write_config
from benchmarks.nodes import nodes
from benchmarks.row import Row
from pipeline.bus.mqtt import connection
from pipeline.clock import Clock, run_real
from pipeline.envelope import Message
from pipeline.messages import Utterance
from pipeline.node import OF_ALL
from pipeline.recording.filescreen import FileScreen
from tests.broker import Mosquitto, mosquitto

EACH_ITS_OWN = {stage: ["--stage", stage] for stage in OF_ALL}
"""Every stage in a process of its own."""
LONGEST = 640_000
"""Bytes of an utterance of 20 s."""


class FirstSound(FileScreen):
    """Notes when it is first given something to play."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.first = asyncio.Event()
        self.at = 0.0

    def play(self, speech: Any, cues: Any) -> None:
        if not self.first.is_set():
            self.at = time.perf_counter()
            self.first.set()
        super().play(speech, cues)


def _with(broker: Mosquitto, folder: Path, named: dict[str, Any], **more: str) -> tuple[Path, Any]:
    config = write_config(folder / "config.yaml", broker.url, **more)
    return config, nodes(config, named, folder)


def own_time(folder: Path, count: int = 400) -> list[Row]:
    """From the frame that ends a turn to its first audio at the screen, every stage in a process of its own."""
    taken: list[float] = []

    async def main(clock: Clock, config: Path) -> None:
        async with fleet(read(config), clock, 1, FirstSound) as house:
            visitor, screen = house.visitors[0], house.visitors[0].edge._screen  # noqa: SLF001
            assert isinstance(screen, FirstSound)
            for _ in range(count + 20):
                screen.first.clear()
                for _ in range(5):
                    await visitor.edge.hear(flow.LOUD)
                began = time.perf_counter()
                await visitor.edge.hear(flow.QUIET)
                await screen.first.wait()
                taken.append(screen.at - began)
                while not visitor.edge.visit.conversation.quiet:
                    await clock.sleep(0.005)

    with mosquitto(folder) as broker:
        config, crew = _with(broker, folder, EACH_ITS_OWN)
        with crew:
            run_real(lambda clock: main(clock, config))
    p50, p99 = np.percentile(np.array(taken[20:]) * 1000, [50, 99])
    what = "own time of a turn over mosquitto, every stage a process, stub engines"
    return [Row(f"{what}, p50", p50, "ms", "≤ 12"), Row(f"{what}, p99", p99, "ms", "≤ 30")]


async def _closed_loop(house: Fleet, clock: Clock, seconds: float) -> None:
    """Every visitor asks again as soon as the answer is there."""
    until = clock.now() + seconds

    async def go_on(visitor: Any) -> None:
        while clock.now() < until:
            await visitor.ask()

    await asyncio.gather(*(go_on(visitor) for visitor in house.visitors))


def throughput(folder: Path, seconds: float = 12.0) -> list[Row]:
    """Turns a second of one, two and four workers whose reply takes 200 ms, one at a time; the rest is elsewhere."""
    rates: dict[int, float] = {}
    rest = {"rest": [word for stage in OF_ALL if stage != "reply" for word in ("--stage", stage)]}
    for workers in (1, 2, 4):
        crew = {f"reply-{number}": ["--stage", "reply"] for number in range(workers)}
        rates[workers] = _rate(folder, rest | crew, visitors=3 * workers, seconds=seconds)
    alone = rates[1]
    return [
        Row("turns a second, one worker of 200 ms", alone, "", "< 5"),
        *(
            Row(f"efficiency of {workers} workers of 200 ms", rates[workers] / workers / alone, "", "≥ 0.95")
            for workers in (2, 4)
        ),
    ]


def _rate(folder: Path, crew: dict[str, Any], visitors: int, seconds: float) -> float:
    """Questions answered a second, once all is under way."""
    times: list[float] = []

    async def main(clock: Clock, config: Path) -> None:
        async with fleet(read(config), clock, visitors) as house:
            await _closed_loop(house, clock, seconds)
            assert set(house.outcomes()) == {"answered"}, house.outcomes()
            times.extend(sorted(heard.first for heard in house.ears.turns.values() if heard.first is not None))

    with mosquitto(folder) as broker:
        config, running = _with(
            broker, folder, crew, reply=", seconds: 0.2, concurrency: 1, waiting: 64", speech=", parts: 1"
        )
        with running:
            run_real(lambda clock: main(clock, config))
    inner = [at for at in times if times[0] + 1.0 <= at <= times[-1] - 1.0]
    return (len(inner) - 1) / (inner[-1] - inner[0])


def after_a_death(folder: Path, times: int = 12) -> list[Row]:
    """What a SIGKILL of the worker that holds a question adds to its answer's time. The engine takes 400 ms."""
    extra: list[float] = []

    async def main(clock: Clock, config: Path, crew: dict[str, Any], start: Callable[[str], Awaitable[None]]) -> None:
        async with fleet(read(config), clock, 1) as house:
            visitor = house.visitors[0]
            await visitor.ask()
            usual = next(iter(house.ears.turns.values())).latency
            for _ in range(times):
                asking = asyncio.create_task(visitor.ask())
                await clock.sleep(0.2)
                holder = next(name for request in _open(visitor) for name in request.holders.values())
                crew[holder].signal(signal.SIGKILL)
                crew[holder].process.wait()
                await asking
                heard = list(house.ears.turns.values())[-1]
                assert heard.outcome == "answered", heard
                extra.append(heard.latency - usual)
                await start(holder)

    with mosquitto(folder) as broker:
        rest = {"rest": [word for stage in OF_ALL if stage != "reply" for word in ("--stage", stage)]}
        named = {f"reply-{number}": ["--stage", "reply"] for number in range(2)}
        config, running = _with(broker, folder, rest | named, reply=", seconds: 0.4")
        with running as crew:
            from benchmarks.nodes import start_node

            async def start(name: str) -> None:
                crew[name] = start_node(config, name, "--stage", "reply", log=folder)
                await asyncio.get_running_loop().run_in_executor(None, crew[name].wait_ready)

            run_real(lambda clock: main(clock, config, crew, start))
    p50, worst = np.percentile(np.array(extra), [50, 100])
    what = f"extra delay of an answer whose worker was killed, {times} times"
    return [Row(f"{what}, p50", p50, "s", "≤ 0.3 + engine's 0.2 done"), Row(f"{what}, worst", worst, "s", "")]


def _open(visitor: Any) -> list[Any]:
    return list(visitor.edge.visit.conversation._state.requests._open.values())  # noqa: SLF001


def behind_a_long_one(folder: Path, times: int = 100) -> list[Row]:
    """What one 640 kB utterance of one visitor adds to a small message of another, on one edge's connection."""
    quiet: list[float] = []
    behind: list[float] = []

    async def main(clock: Clock, broker: Mosquitto) -> None:
        long = Utterance(edge="lobby", session="a", turn=1, revision=1, start_sample=0, pcm=bytes(LONGEST))
        small = long.changed(session="b", pcm=bytes(3200))
        async with (
            connection(broker.broker("lobby"), clock, edge="lobby", boot="e") as edge,
            connection(broker.broker("worker"), clock, boot="w") as worker,
            worker.subscribe(jobs=[Utterance], stage="transcript") as jobs,
        ):
            for number in range(times):
                quiet.append(await _arrival(edge, jobs, [small.changed(turn=number)]))
                behind.append(await _arrival(edge, jobs, [long.changed(turn=number), small.changed(turn=number)]))
                await clock.sleep(0.01)

    with mosquitto(folder) as broker:
        run_real(lambda clock: main(clock, broker))
    p50, p99 = np.percentile((np.array(behind) - np.median(quiet)) * 1000, [50, 99])
    what = "delay that an utterance of 640 kB causes another visitor"
    return [Row(f"{what}, p50", p50, "ms", ""), Row(f"{what}, p99", p99, "ms", "≤ 20")]


async def _arrival(edge: Any, jobs: Any, sent: list[Message]) -> float:
    """Seconds until the last of them is there."""
    began = time.perf_counter()
    for message in sent:
        await edge.publish(message)
    for _ in sent:
        await anext(aiter(jobs))
    return time.perf_counter() - began


def measure() -> list[Row]:
    """All but the soak."""
    rows: list[Row] = []
    for part in (own_time, behind_a_long_one, throughput, after_a_death):
        with tempfile.TemporaryDirectory() as folder:
            rows += part(Path(folder))
    return rows
