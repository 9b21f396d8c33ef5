"""Trials whose visitor has gone to the stage's fallback: they go on until it is known whether the endpoint is well."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pipeline.clock import Clock
from pipeline.errors import EngineError
from pipeline.messages import Question
from stages.reply._router.run import Lane, Run


class Trials:
    """Each keeps its place at the gate and its breaker's trial: nobody else asks that endpoint meanwhile. It ends with
    the endpoint's first message, or by the deadlines of its stream.
    """

    def __init__(
        self, clock: Clock, proved: Callable[[Lane, Question], None],
        failed: Callable[[Run, Lane, EngineError], Awaitable[None]], leave: Callable[[Run, Lane], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._clock, self._proved, self._failed, self._leave = clock, proved, failed, leave
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, run: Run, lane: Lane, begun: "asyncio.Task[None]") -> None:
        """The visitor of `run` waits no longer; `begun` waits for the lane's stream."""
        run.lanes.remove(lane)
        own = Run(run.question, run.told, run.shown, lanes=[lane])
        task = asyncio.create_task(self._find_out(own, lane, begun), name=f"trial {lane.plan.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break them off."""
        await self._clock.sleep(0.0)  # one that was cancelled before it began could not give its place back
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find_out(self, run: Run, lane: Lane, begun: "asyncio.Task[None]") -> None:
        try:
            await begun
            await lane.stream.first()
            self._proved(lane, run.question)
        except EngineError as error:
            with suppress(EngineError):  # nobody is left to be told that the request itself is wrong
                await self._failed(run, lane, error)
        finally:
            for left in list(run.lanes):
                await self._leave(run, left)
