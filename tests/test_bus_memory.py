"""The bus of one process keeps the semantics of a broker."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bus import memory
from pipeline.bus.contract import Bus, Subscription
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.messages import Interrupt, Question, Typed


def on_bus(scene: Callable[[Bus, Clock], Coroutine[Any, Any, None]]) -> None:
    """Play a scene on a fresh bus."""

    async def main(clock: Clock) -> None:
        await scene(MemoryBus(), clock)

    run_virtual(main)


async def texts(said: Subscription, clock: Clock) -> list[str]:
    """What has arrived so far."""
    heard: list[str] = []
    try:
        async with clock.timeout(0.01):
            async for message in said:
                heard.append(getattr(message, "text", type(message).__name__))
    except TimeoutError:
        pass
    return heard


def question(text: str, session: str = "s") -> Question:
    return Question(session=session, text=text, language="en")


def test_everyone_who_subscribed_hears_a_message() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(Question) as one, bus.subscribe(Question) as two:
            await bus.publish(question("a"))
            assert await texts(one, clock) == await texts(two, clock) == ["a"]

    on_bus(scene)


def test_one_session_never_hears_another() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(Question, session="a") as a, bus.subscribe(Question, session="b") as b:
            await bus.publish(question("for a", "a"))
            await bus.publish(question("for b", "b"))
            assert await texts(a, clock) == ["for a"]
            assert await texts(b, clock) == ["for b"]

    on_bus(scene)


def test_jobs_go_to_the_workers_of_a_stage_in_turn_busy_or_not() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with (
            bus.subscribe(jobs=[Question], stage="reply") as one,
            bus.subscribe(jobs=[Question], stage="reply") as two,
            bus.subscribe(jobs=[Question], stage="other") as other,
        ):
            for text in "abcd":
                await bus.publish(question(text))
            assert await texts(one, clock) == ["a", "c"]
            assert await texts(two, clock) == ["b", "d"]
            assert await texts(other, clock) == ["a", "b", "c", "d"]

    on_bus(scene)


def test_a_job_for_one_node_goes_there_alone() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with (
            bus.subscribe(jobs=[Question], stage="reply", node="n1") as one,
            bus.subscribe(Question, jobs=[Question], stage="reply", node="n2") as two,
        ):
            await bus.publish(question("a"), to="n1")
            assert await texts(one, clock) == ["a"]
            assert await texts(two, clock) == []

    on_bus(scene)


def test_jobs_and_orders_arrive_in_the_order_in_which_they_were_said() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(Interrupt, jobs=[Question], stage="reply") as said:
            await bus.publish(question("a"))
            await bus.publish(Interrupt(session="s", why="left"))
            await bus.publish(question("b"))
            assert await texts(said, clock) == ["a", "Interrupt", "b"]

    on_bus(scene)


def test_who_has_left_hears_nothing_and_gets_no_jobs() -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(Typed, jobs=[Question], stage="reply") as one:
            async with bus.subscribe(Typed, jobs=[Question], stage="reply"):
                pass
            for text in "ab":
                await bus.publish(question(text))
            assert await texts(one, clock) == ["a", "b"]

    on_bus(scene)


def test_a_full_queue_loses_its_oldest_message_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LIMIT", 2)

    async def scene(bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(Question) as said:
            for text in "abc":
                await bus.publish(question(text))
            assert await texts(said, clock) == ["b", "c"]
            assert said.lost == 1

    on_bus(scene)


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 4))
def test_every_job_reaches_exactly_one_worker(jobs: list[str], workers: int) -> None:
    async def scene(bus: Bus, clock: Clock) -> None:
        async with AsyncExitStack() as stack:
            crew = [
                await stack.enter_async_context(bus.subscribe(jobs=[Question], stage="reply")) for _ in range(workers)
            ]
            for text in jobs:
                await bus.publish(question(text))
            taken = [await texts(worker, clock) for worker in crew]
        assert sorted(chain.from_iterable(taken)) == sorted(jobs)

    on_bus(scene)
