"""Two visitors at once, real engines: each is heard, answered and remembered alone."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import FRAME, HEAR_RATE, Samples
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.config import read_config
from pipeline.flow import ALL
from pipeline.house import fixed_lines, venue
from pipeline.node import turn_engine, workers
from pipeline.recording.filescreen import FileScreen
from pipeline.recording.outcome import Outcomes
from pipeline.recording.visit import Said, read_visit
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.sound import read_sound

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent.parent
VISIT = read_visit(ROOT / "configs" / "visits" / "museum" / "visit.yaml")
SPOKEN = [said for said in VISIT.turns if not said.cough]
SECONDS = 22.0


def piece(first: Said) -> tuple[Samples, list[Said]]:
    """The visit from one turn on, and what is said in it."""
    sound = read_sound(VISIT.sound)
    start = first.at - 0.5
    said = [said for said in SPOKEN if said.at >= first.at and said.ends < start + SECONDS - 1.5]
    return sound[int(start * HEAR_RATE) : int((start + SECONDS) * HEAR_RATE)], said


async def together(clock: Clock, sounds: list[Samples]) -> dict[str, Outcomes]:
    """Each sound before an edge of its own; what became of its turns, by session."""
    config, bus = read_config(ROOT / "configs" / "demo.yaml"), MemoryBus()
    found: dict[str, Outcomes] = {}
    async with workers(config, bus, clock):
        turn, lines = await turn_engine(config, clock), await fixed_lines(config, bus, clock)
        house = venue(config, bus, clock, turn, lines, Crew(clock))
        edges = [Edge(house, FileScreen(clock), f"screen-{number}", "seed") for number in range(len(sounds))]

        async def listen() -> None:
            async with bus.subscribe(*ALL) as said:
                async for message in said:
                    if message.session:
                        found.setdefault(message.session, Outcomes()).add(clock.now(), message)

        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(edge.run()) for edge in edges] + [tasks.create_task(listen())]
            await clock.sleep(0)
            began = clock.now()
            for number in range(int((SECONDS + 8) * 50)):
                await clock.sleep(began + (number + 1) * 0.02 - clock.now())
                for edge, sound in zip(edges, sounds, strict=True):
                    pcm = sound[number * FRAME : (number + 1) * FRAME]
                    await edge.hear(np.pad(pcm, (0, FRAME - len(pcm))))
            for task in background:
                task.cancel()
    return {edge.visit.session: found[edge.visit.session] for edge in edges}


def test_two_visitors_at_once_are_each_heard_and_answered() -> None:
    one, two = piece(SPOKEN[0]), piece(SPOKEN[4])
    outcomes = run_virtual(lambda clock: together(clock, [one[0], two[0]]))
    for (_, said), visit in zip((one, two), outcomes.values(), strict=True):
        turns = list(visit.turns.values())
        assert [turn.heard for turn in turns] == [line.says for line in said]
        assert [turn.sources for turn in turns] == [() if line.entry == "none" else (line.entry,) for line in said]
        assert not any(turn.apologies for turn in turns)
