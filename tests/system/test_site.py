"""By the rules of the broker's shipped ACL a worker hears who shares its limits, and what all answers cost."""

import asyncio
from pathlib import Path

import pytest

from pipeline.announce import joined
from pipeline.bus.mqtt import MqttBus
from pipeline.clock import Clock, run_real
from pipeline.envelope import StageLoad
from pipeline.messages import Question, Sentence, Status
from pipeline.site import Site
from tests.broker import Mosquitto, mosquitto
from tests.system.test_bus_names import at, strict

pytestmark = pytest.mark.system
LIMIT = 20.0
"""Seconds until something that does not happen is given up."""


def status(node: str) -> Status:
    return Status(node=node, boot=node, stages=(StageLoad(stage="reply"),))


async def answer(bus: MqttBus, number: int, cost: float) -> None:
    question = Question(edge="lobby", session="s", turn=number, text="?", language="en")
    await bus.publish(question.answer(Sentence, index=0, text="!", language="en", last=True, cost=cost))


def test_workers_know_of_each_other_and_of_the_cost_of_all_answers(tmp_path: Path) -> None:
    async def main(clock: Clock, broker: Mosquitto) -> None:
        told: asyncio.Queue[tuple[int, int, float]] = asyncio.Queue()
        there = at(broker, "worker")
        async with joined(there, clock, status("n1")) as one, joined(there, clock, status("n2")) as two:
            await one.publish(status("n1"))
            await one.flushed(LIMIT)  # retained: who begins to listen later knows of it
            site = Site(clock, "n2", "reply", lambda *found: told.put_nowait(found))
            task = asyncio.create_task(site.run(two))
            async with clock.timeout(LIMIT):
                assert await told.get() == (1, 2, 0.0)
                await answer(one, 1, 0.25)
                assert await told.get() == (1, 2, 0.25)
                await answer(two, 2, 0.5)
                assert await told.get() == (1, 2, 0.75)
                await one.publish(status("n1").changed(state="gone"))
                assert await told.get() == (0, 1, 0.75)
            task.cancel()

    with mosquitto(tmp_path, strict(tmp_path)) as broker:
        run_real(lambda clock: main(clock, broker))
