"""The one loop that runs any worker engine."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import NoReturn

from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import SESSION, Clock
from pipeline.engines import Engine
from pipeline.envelope import Message
from pipeline.errors import EngineError, VisavisError
from pipeline.flow import Stage, is_job
from pipeline.messages import Claim, Failure, Interrupt, Progress

_LOGGER = logging.getLogger(__name__)
BEAT = 0.5
"""Seconds between two `Progress`."""
SUSPENDED = 30.0
"""Seconds for which a failed engine is left alone when it has a fallback."""
ENDING = {"reply", "speech"}
"""Stages whose answers have several messages, the last of them marked."""
REMEMBERED = 4096
"""Sessions and causes whose interrupts are remembered."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a job took, measured in real milliseconds; `timings.jsonl`, never a message."""

    stage: str
    engine: str
    cause: str
    session: str
    turn: int
    attempt: int
    queued_ms: float
    first_ms: float
    """From the start of the work to its first answer; equal to `total_ms` when there was none."""
    total_ms: float
    outcome: str
    """done, failed, interrupted, expired."""


@dataclass(frozen=True, slots=True)
class Running:
    """An engine under the name that the config gives it."""

    name: str
    engine: Engine


@dataclass(slots=True)
class _Job:
    message: Message
    arrived: float
    due: float | None
    """On the clock; None: no deadline."""
    queued: float
    """When it arrived, as measured."""
    task: "asyncio.Task[None] | None" = None
    started: float = 0.0
    first: float | None = None
    beats: int = 0


@dataclass(slots=True)
class Revoked:
    """What has been interrupted: a watermark per session, and single causes. It refuses work that arrives late."""

    marks: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)
    causes: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def add(self, order: Interrupt) -> None:
        """Remember an order."""
        if order.cause:
            self.causes[order.cause] = order.stopped
        else:
            self.marks[order.session] = max((order.turn, order.revision), self.marks.pop(order.session, (0, 0)))
        for known in (self.marks, self.causes):
            if len(known) > REMEMBERED:
                known.popitem(last=False)

    def covers(self, message: Message) -> bool:
        """True when nobody wants an answer to `message` any more."""
        mark = self.marks.get(message.session)
        if mark is not None and (message.turn, message.revision) <= mark:
            return True
        stopped = self.causes.get(message.id)
        return stopped is not None and stopped in {0, message.sent}


class StageLoop:
    """Subscribes, claims, bounds, runs, interrupts, reports and measures one stage on one node."""

    def __init__(  # noqa: PLR0913  a loop is made of these, once, by the node
        self, stage: Stage, primary: Running, *, bus: Bus, clock: Clock, node: str = "local",
        fallback: Running | None = None, concurrency: int = 4, waiting: int = 32,
        note: Callable[[Timing], None] | None = None,
    ) -> None:  # fmt: skip
        self._stage, self._primary, self._fallback = stage, primary, fallback
        self._bus, self._clock, self._node = bus, clock, node
        self._slots = asyncio.Semaphore(concurrency)
        self._most = concurrency + waiting
        self._note = note or (lambda _: None)
        self._jobs: dict[tuple[str, int], _Job] = {}
        self._revoked = Revoked()
        self._suspended_until = 0.0

    async def run(self, listening: asyncio.Event | None = None) -> NoReturn:
        """Work for ever; `listening` is set once no job can be missed."""
        stage = self._stage
        async with (
            self._bus.subscribe(Interrupt, jobs=stage.takes, stage=stage.name, node=self._node) as heard,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._beat(), name=f"{stage.name}.beat")
            if listening:
                listening.set()
            await self._listen(heard, tasks)

    async def _listen(self, heard: Subscription, tasks: asyncio.TaskGroup) -> NoReturn:
        async for message in heard:
            if isinstance(message, Interrupt):
                self._interrupt(message)
            elif is_job(self._stage.name, message) and not self._revoked.covers(message):
                await self._take(message, tasks)
        raise AssertionError("a subscription never ends")

    def _interrupt(self, order: Interrupt) -> None:
        self._revoked.add(order)
        for job in list(self._jobs.values()):
            if job.task and self._revoked.covers(job.message):
                job.task.cancel()

    async def _take(self, message: Message, tasks: asyncio.TaskGroup) -> None:
        full = len(self._jobs) >= self._most
        await self._bus.publish(message.answer(Claim, node=self._node, stage=self._stage.name, accepted=not full))
        if full:
            _LOGGER.warning("%s.full session=%s cause=%s", self._stage.name, message.session, message.id)
            return
        now = self._clock.now()
        due = None if message.left_ms is None else now + message.left_ms / 1000
        job = _Job(message, now, due, self._clock.measure())
        self._jobs[message.id, message.sent] = job
        job.task = tasks.create_task(self._run(job), name=f"{self._stage.name} {message.id}")

    async def _run(self, job: _Job) -> None:
        SESSION.set(job.message.session)
        self._clock.measure_work()
        outcome = "interrupted"
        job.started = job.queued
        try:
            async with self._slots:
                job.started = self._clock.measure()
                outcome = await self._work(job)
        except asyncio.CancelledError:
            if not self._revoked.covers(job.message):
                raise
        finally:
            self._jobs.pop((job.message.id, job.message.sent), None)
            self._measure(job, outcome)

    async def _work(self, job: _Job) -> str:
        if job.due is not None and self._clock.now() >= job.due:
            return "expired"
        running = self._choose()
        failure = await self._attempt(job, running)
        if failure and running is self._primary and self._fallback:
            self._suspended_until = self._clock.now() + SUSPENDED
            _LOGGER.warning("%s.suspended engine=%s code=%s", self._stage.name, running.name, failure.code)
            if job.first is None:
                failure = await self._attempt(job, self._fallback)
            else:
                failure = failure.changed(retry=True)
        if failure:
            await self._bus.publish(failure)
        return "failed" if failure else "done"

    def _choose(self) -> Running:
        suspended = self._clock.now() < self._suspended_until
        return self._fallback if suspended and self._fallback else self._primary

    async def _attempt(self, job: _Job, running: Running) -> Failure | None:
        """Run an engine on a job, publishing as it goes; its failure, if it fails."""
        try:
            await self._publish(job, running.engine.work(job.message))
        except VisavisError as error:
            code, text, retry = error.code, error.text, error.retry
        except Exception as error:  # the one place that turns any engine's bug into a `Failure`
            _LOGGER.exception("%s.crashed engine=%s", self._stage.name, running.name)
            code, text, retry = "engine-crashed", f"{type(error).__name__}: {error}", True
        else:
            return None
        _LOGGER.warning("%s.failed engine=%s code=%s %s", self._stage.name, running.name, code, text)
        text = f"{self._stage.name} by '{running.name}': {text}"
        return job.message.answer(Failure, stage=self._stage.name, code=code, text=text, retry=retry)

    async def _publish(self, job: _Job, answers: AsyncIterator[Message]) -> None:
        ended = self._stage.name not in ENDING
        try:
            async for answer in answers:
                if job.first is None:
                    job.first = self._clock.measure()
                ended = ended or bool(getattr(answer, "last", False))
                await self._bus.publish(answer)
            if not ended:
                raise EngineError(
                    "answer-unfinished", "its answer ended without a message that has last=True: mark the last one"
                )
        finally:
            if isinstance(answers, AsyncGenerator):
                await answers.aclose()

    async def _beat(self) -> NoReturn:
        while True:
            await self._clock.sleep(BEAT)
            for job in list(self._jobs.values()):
                if self._clock.now() - job.arrived >= BEAT:
                    note = job.message.answer(Progress, node=self._node, stage=self._stage.name, index=job.beats)
                    job.beats += 1
                    await self._bus.publish(note)

    def _measure(self, job: _Job, outcome: str) -> None:
        message, now = job.message, self._clock.measure()
        first = job.first if job.first is not None else now
        timing = Timing(
            stage=self._stage.name,
            engine=self._primary.name,
            cause=message.id,
            session=message.session,
            turn=message.turn,
            attempt=message.sent,
            queued_ms=_ms(job.started - job.queued),
            first_ms=_ms(first - job.started),
            total_ms=_ms(now - job.started),
            outcome=outcome,
        )
        _LOGGER.debug("%s.%s turn=%d ms=%.1f", timing.stage, outcome, message.turn, timing.total_ms)
        self._note(timing)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
