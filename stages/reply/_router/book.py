"""What the router remembers of its endpoints, and what it writes into the log."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from pipeline.clock import Clock
from pipeline.errors import EngineError, ServerError
from pipeline.messages import Question
from stages.reply._budget import Budget
from stages.reply._router.breaker import Breaker
from stages.reply._router.causes import Cause, retry_after
from stages.reply._router.latency import Latency, Purse
from stages.reply._router.plan import Plan, Policy
from stages.reply._router.run import Lane, Run
from stages.reply._tokens import estimate
from stages.reply._usage import Usage

_LOGGER = logging.getLogger("stages.reply.router")
_BLAMELESS: Final = frozenset({"final", "thinking"})
"""Causes that are no reason to leave an endpoint alone."""

A_LETTER: Final = 0.6
"""Tokens, of a Chinese character by DeepSeek's rule of thumb; Latin letters take half of it."""
_FAIR: Final = 1.0
"""Seconds to the first data that an endpoint must have had before it counts as slow: others may have used them up."""


class Book:
    """Breakers, latencies and counts, by endpoint."""

    def __init__(self, plans: Sequence[Plan], clock: Clock, policy: Policy, budget: Budget) -> None:
        self._clock, self._policy, self._budget = clock, policy, budget
        self._prompts: dict[str, int] = {}
        """Tokens of the latest question of which an endpoint told them."""
        self.breakers = {
            plan.name: Breaker(failures=policy.failures, rest=policy.rest, longest=policy.longest_rest)
            for plan in plans
        }  # fmt: skip
        self.latencies = {plan.name: Latency() for plan in plans}
        self.counts: Counter[str] = Counter()

    def patience(self, lane: Lane, purse: Purse) -> float | None:
        """Seconds after which a second endpoint may be asked beside this one; None: none."""
        p95 = self.latencies[lane.plan.name].p95
        if lane.trial:
            return self._policy.trial if p95 is None else min(self._policy.trial, p95)
        return p95 if purse.full else None

    def closed(self, plan: Plan) -> bool:
        """It is not on trial: as far as is known it answers."""
        return self.breakers[plan.name].state(self._clock.now()) == "closed"

    def asked(self, plan: Plan, run: Run) -> bool:
        """A request goes out. True: it is the trial of an endpoint that was left alone."""
        self.counts[f"{plan.name}.asked"] += 1
        if len(run.faults) > run.passed_on:
            run.passed_on = len(run.faults)
            before, error = run.faults[-1]
            why = run.tried[before.name]
            _LOGGER.warning(
                "reply.failover session=%s turn=%d from=%s to=%s why=%s code=%s said=%d",
                run.question.session, run.question.turn, before.name, plan.name, why, error.code, len(run.said),
            )  # fmt: skip
        return self.breakers[plan.name].begin(self._clock.now())

    def full(self, plan: Plan, question: Question) -> None:
        """It has as many requests as it may."""
        self.counts[f"{plan.name}.full"] += 1
        _LOGGER.info("reply.full session=%s turn=%d endpoint=%s", question.session, question.turn, plan.name)

    def hedged(self, first: Lane, plan: Plan, question: Question) -> None:
        """A second endpoint is asked beside the first."""
        self.counts[f"{first.plan.name}.hedged"] += 1
        _LOGGER.info(
            "reply.hedge session=%s turn=%d slow=%s to=%s ms=%.0f",
            question.session, question.turn, first.plan.name, plan.name,
            (self._clock.now() - first.stream.asked) * 1000,
        )  # fmt: skip

    def lost(self, lane: Lane, question: Question) -> None:
        """The other one was faster. An endpoint on trial has failed it."""
        name, took = lane.plan.name, self._clock.now() - lane.stream.asked
        self.counts[f"{name}.lost"] += 1
        self.latencies[name].add(took)
        if lane.trial:
            self._rest(lane, "slow", None)
        _LOGGER.info("reply.lost session=%s turn=%d endpoint=%s ms=%.0f",
                     question.session, question.turn, name, took * 1000)  # fmt: skip

    def answered(self, lane: Lane, question: Question) -> None:
        """It answered to the end."""
        name, stream = lane.plan.name, lane.stream
        usage = stream.answer.usage
        self.counts[f"{name}.answered"] += 1
        self.counts[f"{name}.tokens_in"] += usage.tokens_in
        self.counts[f"{name}.tokens_cached"] += usage.cached
        self.counts[f"{name}.tokens_out"] += usage.tokens_out
        self.proved(lane, question)

    def unwaited(self, lane: Lane, question: Question) -> None:
        """Its visitor went to the fallback; the trial goes on."""
        name, took = lane.plan.name, self._clock.now() - lane.stream.asked
        self.counts[f"{name}.unwaited"] += 1
        _LOGGER.info("reply.unwaited session=%s turn=%d endpoint=%s ms=%.0f",
                     question.session, question.turn, name, took * 1000)  # fmt: skip

    def proved(self, lane: Lane, question: Question) -> None:
        """It is well."""
        name, opened = lane.plan.name, lane.stream.opened
        if opened is not None:
            self.latencies[name].add(opened)
        lane.settled = True
        if self.breakers[name].worked():
            _LOGGER.warning("reply.back session=%s turn=%d endpoint=%s", question.session, question.turn, name)

    def failed(self, lane: Lane, cause: Cause, error: EngineError, run: Run) -> None:
        """It did not."""
        name, question = lane.plan.name, run.question
        lane.failed = True
        self.counts[f"{name}.{cause}"] += 1
        usage = lane.stream.answer.usage
        self.counts[f"{name}.tokens_wasted"] += usage.tokens_out
        _LOGGER.warning(
            "reply.endpoint-failed session=%s turn=%d endpoint=%s why=%s code=%s ms=%.0f: %s",
            question.session, question.turn, name, cause, error.code,
            (self._clock.now() - lane.stream.asked) * 1000, error.text,
        )  # fmt: skip
        hurried = cause == "slow" and lane.stream.call.first_seconds < min(lane.plan.first_seconds or _FAIR, _FAIR)
        if cause not in _BLAMELESS and not hurried:
            self._rest(lane, cause, error)

    def left(self, lane: Lane) -> None:
        """The request is over, and paid for; a trial of which nothing was learned may be made again."""
        self._budget.add(lane.plan.cost(self._usage(lane)))
        if lane.trial and not lane.settled:
            self.breakers[lane.plan.name].dropped()

    def _usage(self, lane: Lane) -> Usage:
        """What it took. A server tells that last, so of an answer that was broken off it is estimated: its prompt was
        read, whoever wants the answer. One that failed before it gave anything took nothing.
        """
        name, stream = lane.plan.name, lane.stream
        usage = stream.answer.usage
        if usage.tokens_in or usage.tokens_out:
            self._prompts[name] = usage.tokens_in or self._prompts.get(name, 0)
            return usage
        if lane.failed and stream.opened is None:
            return Usage()
        guessed = Usage(
            self._prompts.get(name) or _prompt(stream.call.question), 0, math.ceil(stream.answer.letters * A_LETTER)
        )  # fmt: skip
        if not stream.answer.finish:
            self.counts[f"{name}.tokens_dropped"] += guessed.tokens_in + guessed.tokens_out
        return guessed

    def nobody(self, run: Run, *, saves: bool, late: bool) -> EngineError:
        """Why nobody is left for a question. `saves`: of the budget only an answer that will be heard may be paid for;
        `late`: there is no time left.
        """
        if saves:
            text = "the day's budget is nearly spent, and the visitor may still be speaking"
            return EngineError("budget-tentative", f"{text}: ask again when the turn is over", retry=True)
        if not any(self._budget.allows(name) for name in self.breakers):
            self.counts["budget-spent"] += 1
            text = "the day's budget is spent, and no endpoint is cheap enough to go on: raise reply.budget.day"
            return EngineError("budget-spent", text, retry=False)
        if not run.faults:
            return _resting((breaker.wait(self._clock.now()) for breaker in self.breakers.values()), late=late)
        self._exhausted(run)
        _, last = run.faults[-1]
        if len(run.faults) == 1:
            return last
        told = "; ".join(f"{plan.name}: {error.text}" for plan, error in run.faults)
        return ServerError(last.code, f"no endpoint answered: {told}", retry=any(e.retry for _, e in run.faults))

    def _exhausted(self, run: Run) -> None:
        tried = ",".join(f"{plan.name}:{error.code}" for plan, error in run.faults)
        _LOGGER.warning("reply.exhausted session=%s turn=%d tried=%s said=%d",
                        run.question.session, run.question.turn, tried, len(run.said))  # fmt: skip

    def _rest(self, lane: Lane, cause: Cause, error: EngineError | None) -> None:
        lane.settled = True
        after = retry_after(error) if error else None
        seconds = self.breakers[lane.plan.name].failed(
            self._clock.now(), trial=lane.trial, at_once=cause == "refused", after=after
        )
        if seconds:
            _LOGGER.warning("reply.rest endpoint=%s why=%s seconds=%.1f", lane.plan.name, cause, seconds)


def _resting(waits: Iterable[float], *, late: bool) -> EngineError:
    soon = min(waits, default=0.0)
    told = f"the next is tried again in {soon:.0f} s" if soon else "one is being tried now"
    text = f"every endpoint of this reply failed lately and is left alone; {told}: see `visavis endpoints`"
    if late:
        text = "there was no time left to ask an endpoint: allow the answer more time, or add workers"
    return ServerError("endpoints-resting", text, retry=False)


def _prompt(question: Question) -> int:
    """Tokens of a question, roughly: what else the model is told is not known here."""
    return estimate("".join([question.persona, question.text, *(line.text for line in question.history)]))
