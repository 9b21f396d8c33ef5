"""Many sessions over one broker for ten minutes, and a node's memory over ten thousand turns: `--only soak`."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.cluster import EACH_ITS_OWN
from benchmarks.fleet import Fleet, Visitor, fleet, read, write_config
from benchmarks.nodes import nodes
from benchmarks.row import Row
from pipeline.clock import Clock, run_real
from pipeline.node import OF_ALL
from tests.broker import mosquitto

SESSIONS, EVERY, SECONDS = 200, 20.0, 600.0
"""Visitors, seconds from one turn of theirs to the next, and how long."""


async def _crowd(config: Path, clock: Clock, seconds: float) -> tuple[list[float], Counter[str]]:
    """Seconds from the end of each turn to its first sound, and how the turns ended."""
    async with fleet(read(config), clock, SESSIONS) as house:
        until = clock.now() + seconds

        async def come_again(visitor: Visitor, phase: float) -> None:
            await clock.sleep(phase)
            while clock.now() < until:
                began = clock.now()
                await visitor.ask()
                await clock.sleep(began + EVERY - clock.now())

        phases = np.random.default_rng(1).uniform(0, EVERY, SESSIONS)
        await asyncio.gather(*(come_again(*pair) for pair in zip(house.visitors, phases, strict=True)))
        heard = list(house.ears.turns.values())
        return [turn.latency for turn in heard], Counter(turn.outcome for turn in heard)


def crowd(folder: Path, seconds: float = SECONDS) -> list[Row]:
    """200 sessions, one turn each per 20 s."""
    with mosquitto(folder) as broker:
        config = write_config(folder / "config.yaml", broker.url)
        with nodes(config, EACH_ITS_OWN, folder):
            latencies, outcomes = run_real(lambda clock: _crowd(config, clock, seconds))
    p50, p99 = np.percentile(np.array(latencies) * 1000, [50, 99])
    what = f"{SESSIONS} sessions, a turn each per {EVERY:g} s for {seconds / 60:g} minutes"
    return [
        Row(f"{what}: own time p50", p50, "ms", ""),
        Row(f"{what}: own time p99", p99, "ms", "≤ 100"),
        Row(f"{what}: turns", outcomes.total(), "", ""),
        Row(f"{what}: not answered", outcomes.total() - outcomes["answered"] - outcomes["crossed"], "", "0"),
        Row(f"{what}: answered with another's answer", outcomes["crossed"], "", "0"),
    ]


def memory(folder: Path, first: int = 1_000, last: int = 10_000) -> list[Row]:
    """Resident memory of a node with every stage, after so many turns and after ten times as many."""
    with mosquitto(folder) as broker:
        config = write_config(folder / "config.yaml", broker.url, speech=", parts: 1", reply=", waiting: 256")
        words = [word for stage in OF_ALL for word in ("--stage", stage)]
        with nodes(config, {"all": words}, folder) as crew:
            pid = crew["all"].process.pid
            sizes = run_real(lambda clock: _grown(config, clock, pid, (first, last)))
    return [
        Row(f"memory of a node after {first} turns", sizes[0], "MB", ""),
        Row(f"memory of a node after {last} turns against {first}", 100 * (sizes[1] / sizes[0] - 1), "% more", "≤ 2"),
    ]


async def _grown(config: Path, clock: Clock, pid: int, marks: tuple[int, ...]) -> list[float]:
    async with fleet(read(config), clock, 12) as house:
        sizes = []
        for mark in marks:
            await asyncio.gather(*(_until(house, visitor, mark) for visitor in house.visitors))
            sizes.append(_resident(pid))
        return sizes


async def _until(house: Fleet, visitor: Visitor, turns: int) -> None:
    while len(house.ears.turns) < turns:
        await visitor.ask()


def _resident(pid: int) -> float:
    """MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def measure() -> list[Row]:
    """Everything in this file: about a quarter of an hour."""
    rows: list[Row] = []
    for part in (crowd, memory):
        with tempfile.TemporaryDirectory() as folder:
            rows += part(Path(folder))
    return rows
