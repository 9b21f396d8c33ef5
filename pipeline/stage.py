"""The one loop that runs any worker engine."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, NoReturn

from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import SESSION, WASTED, Clock
from pipeline.engines import Engine
from pipeline.envelope import Message, StageLoad
from pipeline.errors import EngineError, VisavisError
from pipeline.flow import FORESEEN, LATER, Stage, is_job
from pipeline.jobs import Held, Job, Revoked, Timing
from pipeline.messages import Claim, Failure, Interrupt, Progress, Thought

_LOGGER = logging.getLogger(__name__)
BEAT = 0.5
"""Seconds between two `Progress`."""
SUSPENDED = 30.0
"""Seconds for which a failed engine is left alone when it has a fallback."""
ENDING = {"reply", "speech"}
"""Stages whose answers have several messages, the last of them marked."""


@dataclass(frozen=True, slots=True)
class Running:
    """An engine under the name that the config gives it."""

    name: str
    engine: Engine


class StageLoop:
    """Subscribes, claims, bounds, runs, interrupts, reports and measures one stage on one node."""

    def __init__(  # noqa: PLR0913  a loop is made of these, once, by the node
        self, stage: Stage, primary: Running, *, bus: Bus, clock: Clock, node: str = "local",
        fallback: Running | None = None, concurrency: int = 4, waiting: int = 32, shares: bool = False,
        note: Callable[[Timing], None] | None = None,
    ) -> None:  # fmt: skip
        self._stage, self._primary, self._fallback = stage, primary, fallback
        self._bus, self._clock, self._node = bus, clock, node
        self._concurrency, self._slots = concurrency, asyncio.Semaphore(concurrency)
        self._most = concurrency + waiting
        self._shares = shares and stage.watched
        """Others may be idle: what finds no free slot here at its first sending goes back at once, and its session
        gives it to whoever holds least. What comes by name is queued."""
        self._note = note or (lambda _: None)
        self._held = Held()
        self._revoked = Revoked()
        self._suspended_until = 0.0
        self._heals = bool(getattr(primary.engine, "heals", False))
        self._gone_wrong: deque[str] = deque(maxlen=256)
        """Requests that the primary engine could not do: sent again, they go to the fallback."""
        self._heard: Subscription | None = None
        self._leaving = False
        self._emptied = asyncio.Event()

    @property
    def name(self) -> str:
        """Of the stage."""
        return self._stage.name

    @property
    def load(self) -> StageLoad:
        """How it is doing."""
        state: Literal["ready", "draining"] = "draining" if self._leaving else "ready"
        return self._held.load(self.name, self._primary.name, self._concurrency, state)

    async def run(self, listening: asyncio.Event | None = None) -> None:
        """Work until drained; `listening` is set once no job can be missed."""
        stage = self._stage
        async with (
            self._bus.subscribe(Interrupt, jobs=stage.takes, stage=stage.name, node=self._node) as heard,
            asyncio.TaskGroup() as tasks,
        ):
            self._heard = heard
            background = [
                tasks.create_task(self._beat(), name=f"{stage.name}.beat"),
                tasks.create_task(self._listen(heard, tasks), name=f"{stage.name}.listen"),
            ]
            if listening:
                listening.set()
            await self._emptied.wait()
            for task in background:
                task.cancel()

    async def leave(self) -> None:
        """Take nothing new."""
        self._leaving = True
        if self._heard is not None:
            await self._heard.leave()

    async def drain(self, seconds: float) -> None:
        """Take nothing new, hand back what is not begun, finish what is, as far as it is done in time."""
        await self.leave()
        for job in self._held:
            if not job.begun:
                await self._hand_back(job)
        until = self._clock.now() + seconds
        while len(self._held) and self._clock.now() < until:
            await self._clock.sleep(0.01)
        for job in self._held:
            await self._hand_back(job)
        while len(self._held):
            await self._clock.sleep(0.001)
        self._emptied.set()

    async def _hand_back(self, job: Job) -> None:
        job.handed_back = True
        if job.task:
            job.task.cancel()
        await self._claim(job.message, accepted=False)

    async def _listen(self, heard: Subscription, tasks: asyncio.TaskGroup) -> NoReturn:
        async for message in heard:
            if isinstance(message, Interrupt):
                self._interrupt(message)
            elif is_job(self._stage.name, message) and not self._revoked.covers(message):
                await self._take(message, tasks)
        raise AssertionError("a subscription never ends")

    def _interrupt(self, order: Interrupt) -> None:
        self._revoked.add(order)
        for job in self._held:
            if job.task and self._revoked.covers(job.message):
                job.task.cancel()

    async def _take(self, message: Message, tasks: asyncio.TaskGroup) -> None:
        if self._held.twin(message) is not None:
            await self._claim(message)  # we were slow to say that we have it: one attempt at it is enough
            return
        if self._full(message):
            self._held.counts["bounced"] += 1
            _LOGGER.info("%s.full session=%s turn=%d cause=%s", self.name, message.session, message.turn, message.id)
            await self._claim(message, accepted=False)
            return
        now = self._clock.now()
        due = None if message.left_ms is None else now + message.left_ms / 1000
        job = Job(message, now, due, self._clock.measure())
        self._held.add(job)
        job.task = tasks.create_task(self._run(job), name=f"{self._stage.name} {message.id}")
        job.task.add_done_callback(lambda _: self._held.remove(job))  # also when it is cancelled before its first step
        await self._claim(message)

    def _full(self, message: Message) -> bool:
        held = len(self._held)
        return self._leaving or held >= self._most or (self._shares and message.sent == 1 and held >= self._concurrency)

    async def _claim(self, message: Message, *, accepted: bool = True) -> None:
        """Tell who waits for it; where nobody waits, nobody is told."""
        if self._stage.watched:
            held = len(self._held)
            await self._bus.publish(
                message.answer(Claim, node=self._node, stage=self.name, accepted=accepted, held=held)
            )

    async def _run(self, job: Job) -> None:
        SESSION.set(job.message.session)
        self._clock.measure_work()
        wasted = [0]
        WASTED.set(wasted)
        outcome = "interrupted"
        job.started = job.queued
        try:
            async with self._slots:
                job.begun, job.started = True, self._clock.measure()
                outcome = await self._work(job)
        except asyncio.CancelledError:
            if not (job.handed_back or self._revoked.covers(job.message)):
                raise
            outcome = "handed-back" if job.handed_back else "interrupted"
        finally:
            self._held.counts["wasted"] += wasted[0]
            self._held.remove(job)
            self._measure(job, outcome)

    async def _work(self, job: Job) -> str:
        if job.due is not None and self._clock.now() >= job.due:
            return "expired"
        running = self._choose(job.message)
        failure = await self._attempt(job, running)
        if failure and failure.code not in LATER and running is self._primary and self._fallback:
            self._suspend(job, failure.code)
            if not job.spoke:
                failure = await self._attempt(job, self._fallback)
            else:
                failure = failure.changed(retry=True)
        if failure:
            await self._bus.publish(failure)
        return "failed" if failure else "done"

    def _suspend(self, job: Job, code: str) -> None:
        self._gone_wrong.append(job.message.id)
        if not self._heals:
            self._suspended_until = self._clock.now() + SUSPENDED
            _LOGGER.warning("%s.suspended engine=%s code=%s", self._stage.name, self._primary.name, code)

    def _choose(self, message: Message) -> Running:
        suspended = self._clock.now() < self._suspended_until or message.id in self._gone_wrong
        return self._fallback if suspended and self._fallback else self._primary

    async def _attempt(self, job: Job, running: Running) -> Failure | None:
        """Run an engine on a job, publishing as it goes; its failure, if it fails."""
        try:
            await self._publish(job, running.engine.work(self._as_of_now(job)))
        except VisavisError as error:
            code, text, retry = error.code, error.text, error.retry
        except Exception as error:  # the one place that turns any engine's bug into a `Failure`
            _LOGGER.error("%s.crashed engine=%s error=%s", self.name, running.name, type(error).__name__)  # noqa: TRY400
            _LOGGER.debug("%s.trace", self.name, exc_info=True, extra={"words": True})  # it may repeat what was said
            code, text, retry = "engine-crashed", f"{type(error).__name__}: {error}", True
        else:
            return None
        level = logging.INFO if code in FORESEEN else logging.WARNING
        _LOGGER.log(level, "%s.failed engine=%s code=%s %s", self._stage.name, running.name, code, text)
        text = f"{self._stage.name} by '{running.name}': {text}"
        return job.message.answer(Failure, stage=self._stage.name, code=code, text=text, retry=retry)

    def _as_of_now(self, job: Job) -> Message:
        """The request with the time that is left of it after the queue, and after an engine that failed."""
        if job.due is None:
            return job.message
        return job.message.changed(left_ms=max(0, round((job.due - self._clock.now()) * 1000)))

    async def _publish(self, job: Job, answers: AsyncIterator[Message]) -> None:
        ended = self._stage.name not in ENDING
        try:
            async for answer in answers:
                if job.first is None:
                    job.first = self._clock.measure()
                job.spoke = job.spoke or not isinstance(answer, Thought)
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
            for job in self._held:
                if self._stage.watched and self._clock.now() - job.arrived >= BEAT:
                    note = job.message.answer(Progress, node=self._node, stage=self._stage.name, index=job.beats)
                    job.beats += 1
                    await self._bus.publish(note)

    def _measure(self, job: Job, outcome: str) -> None:
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
        _LOGGER.info(
            "%s.%s session=%s turn=%d cause=%s attempt=%d engine=%s queued_ms=%.1f ms=%.1f",
            timing.stage, outcome, message.session, message.turn, message.id, message.sent, timing.engine,
            timing.queued_ms, timing.total_ms,
        )  # fmt: skip
        self._held.note(timing)
        self._note(timing)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
