"""Asks one endpoint after another, so that a question gets exactly one answer, whoever breaks on the way."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from pipeline.clock import Clock
from pipeline.errors import EngineError, ServerError
from pipeline.messages import Question, Sentence, Thought
from stages.reply._budget import Budget
from stages.reply._router.book import Book
from stages.reply._router.causes import cause_of
from stages.reply._router.gate import Gate, part
from stages.reply._router.latency import Purse
from stages.reply._router.order import LEAST, ordered, share
from stages.reply._router.plan import Call, Plan, Policy, Transport
from stages.reply._router.run import Lane, Run
from stages.reply._router.stream import Stream
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
        self._inside: set[str] = set()
        """Endpoints that sent a thought without its opening tag: from then on it is known where their answers begin."""

    @property
    def counts(self) -> Counter[str]:
        """By `endpoint.what`: asked, answered, each cause of a failure, hedged, lost, and the tokens of answers."""
        return self._book.counts

    def share(self, place: int, workers: int) -> None:
        """Use this worker's part of every endpoint's places."""
        self.gate.allow({plan.name: part(plan.concurrency, place, workers) for plan in self._plans})

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
                    if run.shown.given or len(run.said) > len(question.said):  # nobody waits in silence
                        self._allow(run)
                else:
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
            left = run.due - self._clock.now()
            plan = await self._place(run, left) if left >= LEAST else None
            if plan is None:
                raise self._gone(run, left)
            lane = self._start(run, plan, run.due - self._clock.now())
            begun = await self._began(run, lane)
            if begun is not None:
                return begun

    async def _began(self, run: Run, lane: Lane) -> Lane | None:
        """The lane whose data flow, this one or one beside it. None: it failed, and that is noted."""
        after = self._book.patience(lane, self._purse)
        if after is not None and after < lane.stream.call.first_seconds:
            return await self._race(run, lane, after)
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

    async def _place(self, run: Run, left: float) -> Plan | None:
        """The first candidate with a free place; where all are full, the first that has one again. None: nobody."""
        candidates = self._candidates(run)
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
        return await self._place(run, run.due - self._clock.now())

    def _start(self, run: Run, plan: Plan, left: float) -> Lane:
        """A request; a place at the gate has been taken for it."""
        others = [other for other in self._candidates(run) if other is not plan]
        call = Call(
            plan, run.asked(), "off" if run.rests else plan.thinking, share(plan, others, left), plan.between_seconds,
            plan.name in self._inside, run.told,
        )  # fmt: skip
        stream = Stream(self._transport, call, self._clock, budget=self._policy.thinking_budget, latest=run.latest)
        lane = Lane(plan, stream, self._book.asked(plan, run))
        run.lanes.append(lane)
        return lane

    # --- a second one beside the first

    async def _race(self, run: Run, first: Lane, after: float) -> Lane | None:
        """Whichever of two begins first; the other one is broken off at once. None: neither did."""
        tasks = {asyncio.create_task(first.stream.open(), name=f"ask {first.plan.name}"): first}
        try:
            try:
                async with self._clock.timeout(after):
                    await asyncio.wait(tasks)
            except TimeoutError:
                second = self._second(run, first)
                if second is not None:
                    tasks[asyncio.create_task(second.stream.open(), name=f"ask {second.plan.name}")] = second
            return await self._winner(run, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _second(self, run: Run, first: Lane) -> Lane | None:
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
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
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
        if error.code == "thought-unmarked":
            self._inside.add(lane.plan.name)
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

    def _gone(self, run: Run, left: float) -> EngineError:
        """Why nobody is left."""
        if self._saves(run):
            text = "the day's budget is nearly spent, and the visitor may still be speaking"
            return EngineError("budget-tentative", f"{text}: ask again when the turn is over", retry=True)
        if not any(self.budget.allows(plan.name) for plan in self._plans):
            self._book.counts["budget-spent"] += 1
            text = "the day's budget is spent, and no endpoint is cheap enough to go on: raise reply.budget.day"
            return EngineError("budget-spent", text, retry=False)
        if not run.faults:
            waits = [self._book.breakers[plan.name].wait(self._clock.now()) for plan in self._plans]
            soon = f"the next is tried again in {min(waits, default=0):.0f} s"
            text = f"every endpoint of this reply failed lately and is left alone; {soon}: see `visavis endpoints`"
            if left < LEAST:
                text = "there was no time left to ask an endpoint: allow the answer more time, or add workers"
            return ServerError("endpoints-resting", text, retry=False)
        self._book.exhausted(run)
        _, last = run.faults[-1]
        if len(run.faults) == 1:
            return last
        told = "; ".join(f"{plan.name}: {error.text}" for plan, error in run.faults)
        return ServerError(last.code, f"no endpoint answered: {told}", retry=any(e.retry for _, e in run.faults))
