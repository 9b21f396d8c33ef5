"""A deadline that moves with a stream cancels exactly what is late."""

import asyncio

import pytest

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.patience import Patience
from tests.rough_server import Run

RUNS = pytest.mark.parametrize("run", [run_real, run_virtual])


@RUNS
def test_what_comes_in_time_comes(run: Run) -> None:
    async def main(clock: Clock) -> int:
        patience = Patience(clock)
        for _ in range(5):
            await patience.wait(clock.sleep(0.01), 0.5)
        patience.close()
        return await patience.wait(asyncio.sleep(0, 7), 1.0)  # noqa: TID251  a value, at once

    assert run(main) == 7


@RUNS
def test_what_is_late_is_cancelled_and_the_next_may_be_waited_for(run: Run) -> None:
    gone: list[bool] = []

    async def slow(clock: Clock) -> None:
        try:
            await clock.sleep(5.0)
        except asyncio.CancelledError:
            gone.append(True)
            raise

    async def main(clock: Clock) -> float:
        patience, began = Patience(clock), clock.now()
        await patience.wait(clock.sleep(0.02), 0.2)
        with pytest.raises(TimeoutError):
            await patience.wait(slow(clock), 0.05)
        await patience.wait(clock.sleep(0.01), 1.0)
        with pytest.raises(TimeoutError):
            await patience.wait(slow(clock), 0.01)  # sooner than the timer that is set
        patience.close()
        return clock.now() - began

    assert 0.08 <= run(main) < 1.0
    assert gone == [True, True]


def test_time_between_two_waits_does_not_count() -> None:
    async def main(clock: Clock) -> None:
        patience = Patience(clock)
        await patience.wait(clock.sleep(0.1), 0.5)
        await clock.sleep(3.0)
        await patience.wait(clock.sleep(0.4), 0.5)
        with pytest.raises(TimeoutError):
            await patience.wait(clock.sleep(0.6), 0.5)
        patience.close()

    run_virtual(main)


def test_a_cancelled_task_is_cancelled_and_not_late() -> None:
    async def main(clock: Clock) -> None:
        patience = Patience(clock)
        task = asyncio.ensure_future(patience.wait(clock.sleep(5.0), 9.0))
        await clock.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        patience.close()

    run_virtual(main)


def test_an_error_of_what_is_waited_for_is_its_own() -> None:
    async def fails() -> None:
        raise TimeoutError("mine")

    async def main(clock: Clock) -> None:
        with pytest.raises(TimeoutError, match="mine"):
            await Patience(clock).wait(fails(), 5.0)

    run_virtual(main)


def test_a_closed_one_holds_no_virtual_time() -> None:
    async def main(clock: Clock) -> float:
        patience = Patience(clock)
        await patience.wait(clock.sleep(0.1), 100.0)
        patience.close()
        await clock.sleep(0.1)
        return clock.now()

    assert run_virtual(main) == pytest.approx(0.2)
