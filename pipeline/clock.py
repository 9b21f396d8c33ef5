"""Time, waiting, threads and networks: the only place that asks the machine what time it is.

`RealClock` is the machine's time. `VirtualClock` jumps: time stands still while anything is in flight and
then moves to the next timer, so a run takes as long as its work does and is the same each time. Timers of one
moment fire one by one, ordered by (time, session, sequence), each after everything the one before it set off.
"""

import asyncio
import heapq
import selectors
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
SESSION: ContextVar[str] = ContextVar("session", default="")
"""The visit that the running task works for: it orders what happens at the same moment."""
WASTED: ContextVar[list[int]] = ContextVar("wasted", default=[0])  # noqa: B039  a count that nobody reads
"""Blocking calls that the running task gave up, and that run out in their threads all the same."""
_IDLE: ContextVar[list[float] | None] = ContextVar("idle", default=None)
"""Real seconds that the running task has waited for virtual time, and not for work."""


class Timer(Protocol):
    """Something that will happen, unless cancelled."""

    def cancel(self) -> None:
        """It will not happen."""


class Clock(Protocol):
    """What every stage, session and engine is given instead of `time` and `asyncio`. Seconds, from the run's start."""

    def now(self) -> float:
        """Seconds since the run began."""

    def measure(self) -> float:
        """Real seconds, for measured durations only: never in a message, a decision or an order of events.
        In a task that called `measure_work`, waiting for virtual time does not count.
        """

    def measure_work(self) -> None:
        """From here on, `measure` in this task counts work and not virtual waiting."""

    def call_at(self, when: float, what: Callable[[], None]) -> Timer:
        """Run `what` at `when`; at once (but not before this returns) when that has passed."""

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[None]:
        """Raise TimeoutError in the body when it takes longer."""

    async def thread(self, work: Callable[..., T], *args: Any, seconds: float) -> T:
        """Run blocking `work` in a thread. On a virtual clock its result arrives after `seconds`, whatever it took."""

    def outside(self, items: Callable[["Clock"], AsyncIterator[T]], *, seconds: float) -> AsyncIterator[T]:
        """Iterate over something that waits for a network; `items` gets a real clock for its own deadlines.

        On a virtual clock each item (or error) arrives `seconds` after it was asked for.
        """


class RealClock:
    """The machine's monotonic time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._start = loop, loop.time()

    def now(self) -> float:
        return self._loop.time() - self._start

    def measure(self) -> float:
        return time.perf_counter()

    def measure_work(self) -> None: ...

    def call_at(self, when: float, what: Callable[[], None]) -> Timer:
        return self._loop.call_at(self._start + when, what)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(seconds):
            yield

    async def thread(self, work: Callable[..., T], *args: Any, seconds: float) -> T:
        del seconds
        try:
            return await asyncio.to_thread(work, *args)
        except asyncio.CancelledError:
            WASTED.get()[0] += 1
            raise

    def outside(self, items: Callable[[Clock], AsyncIterator[T]], *, seconds: float) -> AsyncIterator[T]:
        del seconds
        return items(self)


class _VirtualTimer:
    def __init__(self, when: float, what: Callable[[], None]) -> None:
        self.when, self.what, self.cancelled, self.context = when, what, False, copy_context()

    def cancel(self) -> None:
        self.cancelled = True


class _IdleSelector(selectors.DefaultSelector):
    """Asks the clock for more before the loop sleeps: asyncio selects with timeout 0 while callbacks are ready."""

    idle: Callable[[], bool] = staticmethod(lambda: False)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        return ready if ready or self.idle() else super().select(timeout)


class VirtualClock:
    """Time that jumps. Made by `run_virtual`."""

    def __init__(self, selector: _IdleSelector, pace: Callable[[float], None]) -> None:
        selector.idle, self._pace = self._advance, pace
        self._now, self._sequence, self._in_flight = 0.0, 0, 0
        self._timers: list[tuple[float, str, int, _VirtualTimer]] = []
        self._pool = ThreadPoolExecutor(thread_name_prefix="virtual")
        self._outer: _OuterLoop | None = None

    def now(self) -> float:
        return self._now

    def measure(self) -> float:
        idle = _IDLE.get()
        return time.perf_counter() - (idle[0] if idle else 0.0)

    def measure_work(self) -> None:
        _IDLE.set([0.0])

    def call_at(self, when: float, what: Callable[[], None]) -> Timer:
        timer = _VirtualTimer(max(when, self._now), what)
        self._sequence += 1
        heapq.heappush(self._timers, (timer.when, SESSION.get(), self._sequence, timer))
        return timer

    def _advance(self) -> bool:
        """Fire the next timer; False when there is none, or when something in flight may still come before it."""
        if self._in_flight:
            return False
        while self._timers:
            when, _, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self._pace(when)
                self._now = when
                timer.context.run(timer.what)
                return True
        return False

    async def sleep(self, seconds: float) -> None:
        await self._until(self._now + seconds)

    async def _until(self, when: float, work: "_Work | None" = None) -> None:
        began = time.perf_counter()
        try:
            await self._wait(when)
        finally:
            idle = _IDLE.get()
            if idle is not None:
                idle[0] += max(0.0, time.perf_counter() - began - (work.seconds if work else 0.0))

    async def _wait(self, when: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_at(when, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as limit:
            timer = self.call_at(self._now + seconds, lambda: limit.reschedule(0.0))
            try:
                yield
            finally:
                timer.cancel()

    async def thread(self, work: Callable[..., T], *args: Any, seconds: float) -> T:
        timed = _Work()
        result = asyncio.get_running_loop().run_in_executor(self._pool, timed.run, work, *args)
        return await self._arrive(result, seconds, timed)

    async def _arrive(self, result: asyncio.Future[T], seconds: float, work: "_Work") -> T:
        self._in_flight += 1
        result.add_done_callback(self._landed)
        await self._until(self._now + seconds, work)
        return await result

    def _landed(self, result: "asyncio.Future[Any]") -> None:
        self._in_flight -= 1
        if not result.cancelled():
            result.exception()  # marks it as seen: whoever asked may have gone

    async def outside(self, items: Callable[[Clock], AsyncIterator[T]], *, seconds: float) -> AsyncIterator[T]:
        self._outer = self._outer or _OuterLoop()
        outer = self._outer
        stream = items(outer.clock)
        step: asyncio.Future[T] | None = None
        try:
            while True:
                timed = _Work()
                step = outer.submit(anext(stream), timed)
                yield await self._arrive(step, seconds, timed)
        except StopAsyncIteration:
            return
        finally:
            if step is not None:
                step.cancel()
            close = getattr(stream, "aclose", None)
            if close is not None:
                outer.submit(close(), _Work()).add_done_callback(lambda done: done.cancelled() or done.exception())

    def close(self) -> None:
        """Stop the outer loop; threads that still run are left to run out."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._outer:
            self._outer.close()


class _Work:
    """How long something really took, while virtual time stood still."""

    seconds = 0.0

    def run(self, work: Callable[..., T], *args: Any) -> T:
        began = time.perf_counter()
        try:
            return work(*args)
        finally:
            self.seconds = time.perf_counter() - began


class _OuterLoop:
    """A real event loop in a thread, for what waits on sockets while virtual time stands still."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outside", daemon=True)
        self._thread.start()
        self.clock: Clock = RealClock(self._loop)

    def submit(self, work: Awaitable[T], timed: _Work) -> "asyncio.Future[T]":
        async def run() -> T:
            began = time.perf_counter()
            try:
                return await work
            finally:
                timed.seconds = time.perf_counter() - began

        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self._loop))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _cancel_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()


def stamp() -> str:
    """Names one start of this program: the machine's calendar in nanoseconds, in hex. Never in a replay."""
    return f"{time.time_ns():x}"


def run_real(main: Callable[[Clock], Coroutine[Any, Any, T]]) -> T:
    """Run `main` on the machine's time."""
    with asyncio.Runner() as runner:
        return runner.run(main(RealClock(runner.get_loop())))


def run_virtual(main: Callable[[Clock], Coroutine[Any, Any, T]], pace: Callable[[float], None] = lambda _: None) -> T:
    """Run `main` on time that jumps; before each jump `pace` may hold it up: it is told where to."""
    selector = _IdleSelector()
    clock = VirtualClock(selector, pace)
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            return runner.run(main(clock))
    finally:
        clock.close()
