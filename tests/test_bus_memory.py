"""The bus of one process keeps the semantics of a broker."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bus import queues
from pipeline.bus.contract import Bus
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.messages import Question, Utterance
from tests.bus_contract import SCENES, question, texts

Scene = Callable[[Bus, Clock], Coroutine[Any, Any, None]]


def on_bus(scene: Scene) -> None:
    """Play a scene on a fresh bus."""

    async def main(clock: Clock) -> None:
        await scene(MemoryBus(), clock)

    run_virtual(main)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_bus_of_one_process_keeps_the_contract(scene: Scene) -> None:
    on_bus(scene)


def test_a_full_queue_loses_its_oldest_message_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LIMIT", 2)

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


def test_a_queue_is_bounded_by_its_sound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "BYTES", 1000)
    inbox = queues.Inbox()
    for _ in range(5):
        inbox.put(Utterance(session="s", start_sample=0, pcm=bytes(400)))
    assert inbox.lost == 3


def parcel(name: str, due: float, size: int = 1) -> queues.Parcel:
    return queues.Parcel(name, bytes(size), due)


def test_when_nothing_more_can_wait_to_be_sent_what_is_stale_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LIMIT", 3)
    outbox = queues.Outbox()
    for name, due in (("old", 9), ("stale", 1), ("new", 9), ("newest", 9)):
        outbox.put(parcel(name, due), now=5)
    assert [waiting.topic for waiting in outbox] == ["old", "new", "newest"]
    outbox.put(parcel("one more", 9), now=5)
    assert [waiting.topic for waiting in outbox] == ["new", "newest", "one more"]
    assert outbox.lost == {"stale": 1, "full": 1}


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 50)), max_size=60), st.integers(0, 10))
def test_an_outbox_is_bounded_and_gives_only_what_is_still_wanted(parcels: list[tuple[int, int]], now: int) -> None:
    outbox = queues.Outbox()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queues, "LIMIT", 8)
        patch.setattr(queues, "BYTES", 100)
        for number, (due, size) in enumerate(parcels):
            outbox.put(parcel(f"{number:03}", due, size), now)
            assert len(outbox) <= 8
    taken = []
    while (found := outbox.take(now)) is not None:
        taken.append(found)
    assert all(found.due > now for found in taken)
    assert [found.topic for found in taken] == sorted(found.topic for found in taken)
    assert len(taken) + outbox.lost.total() == len(parcels)
