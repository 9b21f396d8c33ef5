"""The clocks keep what every other promise stands on."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import SESSION, Clock, run_real, run_virtual


def test_virtual_time_jumps_to_the_next_timer() -> None:
    async def main(clock: Clock) -> float:
        await clock.sleep(3600)
        return clock.now()

    assert run_virtual(main) == 3600


@given(st.lists(st.floats(0, 100), max_size=20))
def test_timers_fire_in_the_order_of_their_times(waits: list[float]) -> None:
    async def main(clock: Clock) -> list[float]:
        fired: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            for wait in waits:
                tasks.create_task(note(clock, wait, fired))
        return fired

    async def note(clock: Clock, wait: float, fired: list[float]) -> None:
        await clock.sleep(wait)
        fired.append(wait)

    assert run_virtual(main) == sorted(waits)


def test_timers_of_one_moment_fire_by_session_and_then_by_sequence() -> None:
    async def main(clock: Clock) -> list[str]:
        fired: list[str] = []
        for session in ("b", "a"):
            SESSION.set(session)
            for number in (1, 2):
                clock.call_at(1.0, lambda name=f"{session}{number}": fired.append(name))  # type: ignore[misc]
        SESSION.set("")
        await clock.sleep(2.0)
        return fired

    assert run_virtual(main) == ["a1", "a2", "b1", "b2"]


def test_a_timer_settles_all_it_set_off_before_the_next_one_of_the_same_moment() -> None:
    async def main(clock: Clock) -> list[str]:
        log: list[str] = []
        event = asyncio.Event()

        async def follower() -> None:
            await event.wait()
            await asyncio.get_running_loop().create_task(step())

        async def step() -> None:
            log.append("followed")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follower())
            clock.call_at(1.0, event.set)
            clock.call_at(1.0, lambda: log.append("second"))
            await clock.sleep(2.0)
        return log

    assert run_virtual(main) == ["followed", "second"]


def test_a_cancelled_timer_does_not_fire() -> None:
    async def main(clock: Clock) -> list[int]:
        fired: list[int] = []
        clock.call_at(1.0, lambda: fired.append(1)).cancel()
        await clock.sleep(2.0)
        return fired

    assert run_virtual(main) == []


def test_a_thread_takes_its_modelled_time_and_time_stands_still_until_it_is_done() -> None:
    async def main(clock: Clock) -> list[tuple[str, float]]:
        log: list[tuple[str, float]] = []
        gate = threading.Event()

        async def work() -> None:
            log.append((await clock.thread(blocking, seconds=1.5), clock.now()))

        def blocking() -> str:
            gate.wait(10)
            return "thread"

        async def tick() -> None:
            await clock.sleep(1.0)
            log.append(("tick", clock.now()))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            tasks.create_task(tick())
            await asyncio.get_running_loop().run_in_executor(None, gate.set)
        return log

    assert run_virtual(main) == [("tick", 1.0), ("thread", 1.5)]


def test_an_error_in_a_thread_arrives_at_the_modelled_time() -> None:
    async def main(clock: Clock) -> float:
        with pytest.raises(ZeroDivisionError):
            await clock.thread(lambda: 1 / 0, seconds=2.0)
        return clock.now()

    assert run_virtual(main) == 2.0


def test_what_waits_for_a_network_gets_a_real_clock_and_arrives_at_modelled_times() -> None:
    async def main(clock: Clock) -> list[tuple[int, float]]:
        async def items(outer: Clock) -> AsyncIterator[int]:
            for number in range(3):
                await outer.sleep(0.001)
                yield number

        return [(number, clock.now()) async for number in clock.outside(items, seconds=0.25)]

    assert run_virtual(main) == [(0, 0.25), (1, 0.5), (2, 0.75)]


def test_leaving_a_network_iteration_closes_it_even_while_it_hangs() -> None:
    closed = threading.Event()

    async def main(clock: Clock) -> None:
        async def items(outer: Clock) -> AsyncIterator[int]:
            try:
                yield 1
                await outer.sleep(3600)
                yield 2
            finally:
                closed.set()

        async def consume() -> None:
            async for _ in clock.outside(items, seconds=0.1):
                arrived.set()

        arrived = asyncio.Event()
        task = asyncio.create_task(consume())
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await clock.sleep(1.0)

    run_virtual(main)
    assert closed.wait(5)


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_a_timeout_ends_what_takes_longer(run: Callable[..., str]) -> None:
    async def main(clock: Clock) -> str:
        try:
            async with clock.timeout(0.01):
                await clock.sleep(3600)
        except TimeoutError:
            return "ended"
        return "not ended"

    assert run(main) == "ended"


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_a_timeout_leaves_alone_what_is_done_in_time(run: Callable[..., str]) -> None:
    async def main(clock: Clock) -> str:
        async with clock.timeout(3600):
            await clock.sleep(0)
        await clock.sleep(0.01)
        return "done"

    assert run(main) == "done"


def test_measured_work_does_not_count_the_wait_for_virtual_time() -> None:
    async def main(clock: Clock) -> tuple[float, float]:
        gate = threading.Event()

        async def quick() -> float:
            clock.measure_work()
            began = clock.measure()
            await clock.thread(lambda: None, seconds=0.1)
            return clock.measure() - began

        async def slow() -> float:
            clock.measure_work()
            began = clock.measure()
            await clock.thread(gate.wait, 0.2, seconds=0.05)
            return clock.measure() - began

        async with asyncio.TaskGroup() as tasks:
            first, second = tasks.create_task(quick()), tasks.create_task(slow())
        return first.result(), second.result()

    quick, slow = run_virtual(main)
    assert quick < slow / 2
