"""A worker knows how many share its stage's limits, and what the whole site's answers have cost."""

import asyncio
from collections.abc import AsyncGenerator
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.config import EngineConfig
from pipeline.envelope import Message, StageLoad
from pipeline.messages import Question, Sentence, Status
from pipeline.node import Workers
from pipeline.plans import Plan
from pipeline.site import NOTED, SILENT, Site

REPLY = StageLoad(stage="reply")


class Settings(BaseModel):
    """Of an engine."""

    name: str = ""


class Now:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


def watched(node: str = "n2") -> tuple[Site, Now, list[tuple[int, int, float]]]:
    told: list[tuple[int, int, float]] = []
    now = Now()
    return Site(now, node, "reply", lambda *one: told.append(one)), now, told


def status(node: str, *stages: StageLoad, **fields: Any) -> Status:
    return Status(node=node, stages=stages or (REPLY,), **fields)


def ending(number: int, cost: float, **fields: Any) -> Sentence:
    question = Question(edge="lobby", session="s", turn=number, text="?", language="en")
    return question.answer(Sentence, index=0, text="!", language="en", last=True, cost=cost, **fields)


def test_nodes_of_the_stage_are_counted_and_each_knows_its_place_by_name() -> None:
    site, _, told = watched()
    for name in ("n3", "n1", "n2", "n1"):
        site.status(status(name))
    assert told == [(0, 2, 0.0), (1, 3, 0.0)]


@pytest.mark.parametrize(
    "other",
    [
        status("n1", StageLoad(stage="speech")), status("n1", state="gone"), status("n1", state="drained"),
        status("n1", state="incompatible"), status("n1", StageLoad(stage="reply", state="warming")),
        Status(edge="lobby", node="lobby", stages=(REPLY,)),
    ],
)  # fmt: skip
def test_who_does_not_work_on_the_stage_has_no_share_of_it(other: Status) -> None:
    site, _, told = watched()
    site.status(other)
    site.status(status("n2"))
    assert told[-1] == (0, 1, 0.0)


def test_a_node_that_finishes_what_it_has_begun_still_counts_and_one_that_left_does_not() -> None:
    site, _, told = watched()
    site.status(status("n1"))
    site.status(status("n1", StageLoad(stage="reply", state="draining"), state="draining"))
    assert told == [(1, 2, 0.0)]
    site.status(status("n1", state="gone"))
    assert told[-1] == (0, 1, 0.0)


def test_a_node_that_fell_silent_counts_no_more() -> None:
    site, now, told = watched()
    site.status(status("n1"))
    now.at = SILENT + 1
    site.status(status("n2"))
    assert told == [(1, 2, 0.0), (0, 1, 0.0)]


def test_costs_are_added_up_once_for_each_answer_whoever_gave_it() -> None:
    site, _, told = watched()
    for sentence in (
        ending(1, 0.5), ending(1, 0.5), ending(1, 0.5).again(), ending(2, 0.25), ending(3, 0.0),
        ending(4, 1.0).changed(last=False),
    ):  # fmt: skip
        site.sentence(sentence)
    assert [spent for _, _, spent in told] == [0.5, 0.75]


def test_its_memory_is_bounded() -> None:
    site, _, _ = watched()
    for number in range(3 * NOTED):
        site.sentence(ending(number, 0.1))
    assert len(site._answers) == NOTED


def test_it_hears_all_of_it_from_the_bus() -> None:
    told: list[tuple[int, int, float]] = []

    async def main(clock: Clock) -> None:
        bus = MemoryBus()
        site = Site(clock, "n2", "reply", lambda *one: told.append(one))
        task = asyncio.ensure_future(site.run(bus))
        await clock.sleep(0.01)
        await bus.publish(status("n1"))
        await bus.publish(ending(1, 0.5))
        await clock.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtual(main)
    assert told == [(1, 2, 0.0), (1, 2, 0.5)]


def test_an_engine_is_told_when_it_begins_and_whenever_it_changes_and_its_counts_can_be_read() -> None:
    told: list[tuple[str, int, int, float]] = []

    class Sharing:
        """An engine that shares something."""

        def __init__(self, settings: Settings, _clock: Clock) -> None:
            self._name = settings.name
            self.counts = {"cloud.asked": 2}

        def site(self, place: int, workers: int, spent: float) -> None:
            told.append((self._name, place, workers, spent))

        async def work(self, message: Message) -> AsyncGenerator[Message]:
            yield message

    def chosen(name: str) -> EngineConfig:
        module = ModuleType("sharing")
        module.Engine = Sharing  # type: ignore[attr-defined]
        return EngineConfig("reply", name, module, Settings(name=name))

    async def main(clock: Clock) -> None:
        async with asyncio.TaskGroup() as tasks:
            crew = Workers(MemoryBus(), clock, tasks, node="n1", shares=True)
            assert (crew.shares("reply"), crew.counts("reply")) == (False, {})
            await crew.start(chosen("old"), Plan(engine="x"))
            assert (crew.shares("reply"), crew.counts("reply")) == (True, {"cloud.asked": 2})
            crew.site("reply", 1, 2, 0.5)
            await crew.start(chosen("new"), Plan(engine="x"))
            crew.site("reply", 0, 1, 0.75)
            await crew.stop()

    run_virtual(main)
    assert told == [("old", 1, 2, 0.5), ("new", 1, 2, 0.5), ("new", 0, 1, 0.75)]
