"""Asks one endpoint after another, so that a question gets exactly one answer, whoever breaks on the way."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing, nullcontext

from pipeline.clock import Clock
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence, Thought
from stages.reply._budget import Budget
from stages.reply._router.book import Book
from stages.reply._router.causes import cause_of
from stages.reply._router.gate import Gate, part
from stages.reply._router.latency import Purse
from stages.reply._router.opening import Openings
from stages.reply._router.order import LEAST, ordered, share
from stages.reply._router.plan import Call, Plan, Policy, Transport
from stages.reply._router.run import Lane, Run
from stages.reply._router.stream import Stream
from stages.reply._router.trials import Trials
from stages.reply._thoughts import Shown
from stages.reply._tools.calls import Wanted

_OF_RESERVE = 0.8
"""Of the time that is kept back: in it the first sentence may still come; the rest is for the stage's fallback."""


class Router:
    """Several endpoints behind one name. Its state is the endpoints': nothing is kept of a visitor."""

    def __init__(
        self, plans: Sequence[Plan], transport: Transport, clock: Clock, policy: Policy, budget: Budget | None = None
    ) -> None:  # fmt: skip
        self._plans, self._transport, self._clock, self._policy = tuple(plans), transport, clock, policy
        self.gate = Gate({plan.name: plan.concurrency for plan in plans})
        self.budget = budget or Budget()
        self._book = Book(self._plans, clock, policy, self.budget)
        self._purse = Purse(policy.hedge_share)
        self._trials = Trials(clock, self._book.proved, self._failed, self._leave)
        self._openings = Openings()

    @property
    def counts(self) -> Counter[str]:
        """By `endpoint.what`: asked, answered, each cause of a failure, hedged, lost, and the tokens of answers."""
        return self._book.counts

    def share(self, place: int, workers: int) -> None:
        """Use this worker's part of every endpoint's places."""
        self.gate.allow({plan.name: part(plan.concurrency, place, workers) for plan in self._plans})

    async def close(self) -> None:
        """Break off the trials that nobody waits for."""
        await self._trials.close()

    async def answer(self, question: Question, told: object = None) -> AsyncGenerator[Thought | Sentence | Wanted]:
        """Thoughts and sentences, the last one marked.

        EngineError when no endpoint is left (`endpoints-resting` at once when all are left alone), when the request
        itself is refused, or when the answer is; with what was said by then, and `retry` where that may help.
        """
        run = Run(question, told, Shown(self._policy.thoughts), said=list(question.said))
        self._allow(run)
        self._purse.earn()
        try:
            while True:
                lane = await self._opened(run)
                try:
                    async with aclosing(self._heard(run, lane)) as messages:
                        async for message in messages:
                            yield message
                except EngineError as error:
                    await self._failed(run, lane, error)
                    if not run.silent:  # nobody waits in silence
                        self._allow(run)
                else:
                    self._openings.answered(lane.plan, lane.stream)
                    self._book.answered(lane, question)
                    return
        finally:
            for lane in list(run.lanes):
                await self._leave(run, lane)

    def _allow(self, run: Run) -> None:
        """The time that there is from now on."""
        whole, left_ms = self._policy.answer_within, run.question.left_ms
        if left_ms is not None:
            whole = min(whole, left_ms / 1000)
        reserve = min(self._policy.reserve, whole / 4)
        run.due = self._clock.now() + whole - reserve
        run.latest = run.due + _OF_RESERVE * reserve

    async def _heard(self, run: Run, lane: Lane) -> AsyncGenerator[Thought | Sentence | Wanted]:
        async with aclosing(lane.stream.messages()) as messages:
            async for message in messages:
                if isinstance(message, Wanted):
                    yield message
                elif isinstance(message, Thought):
                    for shown in run.shown.take(message):
                        yield shown
                else:
                    run.heard(message)
                    yield message

    # --- which endpoint

    async def _opened(self, run: Run) -> Lane:
        """The next endpoint whose data flow. EngineError: none is left."""
        while True:
            plan = await self._place(run)
            if plan is None:
                late = run.due - self._clock.now() < LEAST
                raise self._book.nobody(run, saves=self._saves(run), late=late)
            lane = self._start(run, plan, run.due - self._clock.now())
            begun = await self._began(run, lane)
            if begun is not None:
                return begun

    async def _began(self, run: Run, lane: Lane) -> Lane | None:
        """The lane whose data flow, this one or one beside it. None: it failed, and that is noted."""
        after, alone = self._book.patience(lane, self._purse), self._alone(run)
        if after is not None and (alone or after < lane.stream.call.first_seconds):
            return await self._race(run, lane, after, alone=alone)
        try:
            await lane.stream.open()
        except EngineError as error:
            await self._failed(run, lane, error)
            return None
        return lane

    def _candidates(self, run: Run) -> list[Plan]:
        now = self._clock.now()
        able = [plan for plan in self._plans if run.wants(plan) and self._book.breakers[plan.name].free(now)]
        found = ordered((plan for plan in able if self.budget.allows(plan.name)), run.visitor)
        if self._saves(run):  # whoever comes first may be asked again for good, so none after a dear one
            return list(itertools.takewhile(lambda plan: not self.budget.is_dear(plan.name), found))
        return found

    def _saves(self, run: Run) -> bool:
        """The turn may go on, and then the answer is thrown away: it is not worth the last of the budget."""
        return run.question.tentative and self.budget.low

    def _alone(self, run: Run) -> bool:
        """The visitor has been given nothing, and but for endpoints on trial only the stage's fallback could answer."""
        on_trial = all(lane.trial for lane in run.lanes)
        return run.silent and on_trial and not any(self._book.closed(plan) for plan in self._candidates(run))

    def _due(self, run: Run) -> float:
        """When an endpoint must have begun, for the visitor's sake."""
        if not self._alone(run):
            return run.due
        if run.alone_due is None:
            run.alone_due = self._clock.now() + self._policy.alone
        return min(run.due, run.alone_due)

    async def _place(self, run: Run) -> Plan | None:
        """The first candidate with a free place; where all are full, the first that has one again. None: nobody."""
        left = self._due(run) - self._clock.now()
        candidates = self._candidates(run) if left >= LEAST else []
        for plan in candidates:
            if self.gate.enter(plan.name, run.visitor):
                return plan
            self._book.full(plan, run.question)
        if not candidates:
            return None
        try:
            async with self._clock.timeout(left - LEAST):
                name = await self.gate.wait([plan.name for plan in candidates], run.visitor)
        except TimeoutError as error:
            what = "has as many requests under way as it may"
            raise self._transport.fault(candidates[0], "server-busy", what, "raise its concurrency") from error
        plan = next(plan for plan in candidates if plan.name == name)
        if self._book.breakers[name].free(self._clock.now()):
            return plan
        self.gate.leave(name, run.visitor)  # it failed while we stood in line
        return await self._place(run)

    def _start(self, run: Run, plan: Plan, left: float) -> Lane:
        """A request; a place at the gate has been taken for it."""
        others = [other for other in self._candidates(run) if other is not plan]
        how = "off" if run.rests else plan.thinking
        call = Call(
            plan, run.asked(), how, share(plan, others, left), plan.between_seconds, self._openings.inside(plan),
            self._openings.stray(plan, how, run.question), run.told,
        )  # fmt: skip
        stream = Stream(self._transport, call, self._clock, budget=self._policy.thinking_budget, latest=run.latest,
                        others=len(others))  # fmt: skip
        lane = Lane(plan, stream, self._book.asked(plan, run))
        run.lanes.append(lane)
        return lane

    # --- a second one beside the first

    async def _race(self, run: Run, first: Lane, after: float, *, alone: bool) -> Lane | None:
        """Whichever of two begins first; the other one is broken off at once. None: neither did, or not in time."""
        tasks = {_asking(first, alone=alone): first}
        try:
            if not await self._over(tasks, min(after, self._due(run) - self._clock.now())):
                second = self._second(run, first)
                if second is not None:
                    tasks[_asking(second, alone=alone)] = second
            return await self._winner(run, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _over(self, tasks: "Collection[asyncio.Task[None]]", seconds: float | None) -> "set[asyncio.Task[None]]":
        """Those that are over, as soon as one is; none: it takes longer."""
        try:
            async with nullcontext() if seconds is None else self._clock.timeout(max(0.0, seconds)):
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return done
        except TimeoutError:
            return set()

    def _second(self, run: Run, first: Lane) -> Lane | None:
        if self._due(run) - self._clock.now() < LEAST:
            return None
        others = [plan for plan in self._candidates(run) if plan is not first.plan]
        plan = next((plan for plan in others if self.gate.enter(plan.name, run.visitor)), None)
        if plan is None:
            return None
        if not first.trial:
            self._purse.spend()
        self._book.hedged(first, plan, run.question)
        return self._start(run, plan, run.due - self._clock.now())

    async def _winner(self, run: Run, tasks: "dict[asyncio.Task[None], Lane]") -> Lane | None:
        waiting = set(tasks)
        while waiting:
            seconds = self._due(run) - self._clock.now() if self._alone(run) else None
            done = await self._over(waiting, seconds)
            if not done:
                for task in waiting:
                    self._book.unwaited(tasks[task], run.question)
                    self._trials.take(run, tasks.pop(task), task)
                return None
            waiting -= done
            won = next((tasks[task] for task in tasks if task in done and task.exception() is None), None)
            if won is not None:
                await self._break_off(run, [lane for lane in tasks.values() if lane is not won], waiting)
                return won
            for task in done:
                error = task.exception()
                if not isinstance(error, EngineError):
                    await task  # raises it
                else:
                    await self._failed(run, tasks[task], error)
        return None

    async def _break_off(self, run: Run, lanes: list[Lane], waiting: "set[asyncio.Task[None]]") -> None:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for lane in lanes:
            if lane in run.lanes:
                self._book.lost(lane, run.question)
                await self._leave(run, lane)

    # --- how it ends

    async def _failed(self, run: Run, lane: Lane, error: EngineError) -> None:
        """Note it, and raise it where another endpoint would say the same."""
        cause = cause_of(error)
        self._openings.failed(lane.plan, error)
        run.failed(lane.plan, cause, error)
        self._book.failed(lane, cause, error, run)
        await self._leave(run, lane)
        if cause == "final":
            raise error

    async def _leave(self, run: Run, lane: Lane) -> None:
        run.lanes.remove(lane)
        try:
            await lane.stream.close()
        finally:
            self._book.left(lane)
            self.gate.leave(lane.plan.name, run.visitor)


def _asking(lane: Lane, *, alone: bool) -> "asyncio.Task[None]":
    """Data decide a race; a visitor who has only the fallback besides waits for words."""
    waits = lane.stream.first() if alone else lane.stream.open()
    return asyncio.create_task(waits, name=f"ask {lane.plan.name}")
