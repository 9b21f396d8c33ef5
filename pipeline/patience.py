"""A deadline that moves with what arrives: one timer for a whole stream, at a tenth of what a timeout an item costs."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from pipeline.clock import Clock, Timer

T = TypeVar("T")
_SLACK = 1e-6
"""Seconds by which a timer may fire early."""


class Patience:
    """Waits for one thing after another, each with its own limit. Used by one task at a time; close it at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer: Timer | None = None
        self._at = 0.0  # when the timer fires; it may be earlier than what is due, and then it is set anew
        self._due = 0.0
        self._task: asyncio.Task[Any] | None = None
        self._over = False

    async def wait(self, coming: Awaitable[T], seconds: float) -> T:
        """What is coming; TimeoutError when it takes longer, and `coming` is cancelled."""
        return await self.until(coming, self._clock.now() + seconds)

    async def until(self, coming: Awaitable[T], due: float) -> T:
        """The same, with a time on the clock."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine runs in one
        self._due = due
        if self._timer is None or self._at > self._due:
            self._set()
        asked_to_stop, self._task, self._over = task.cancelling(), task, False
        try:
            return await coming
        except asyncio.CancelledError as error:
            if self._over and task.uncancel() <= asked_to_stop:
                raise TimeoutError from error
            raise
        finally:
            self._task = None

    def close(self) -> None:
        """Forget the timer: on a virtual clock time would go on to it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        self.close()
        self._at = self._due
        self._timer = self._clock.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._clock.now() < self._due - _SLACK:
            self._set()
        else:
            self._over = True
            self._task.cancel()
