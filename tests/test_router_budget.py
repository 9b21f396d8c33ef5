"""The router keeps to the day's budget: who is asked, what is prepared, and what a request costs that broke off."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.clock import Clock, run_virtual
from stages.reply._budget import Budget
from stages.reply._router.plan import Plan, Policy
from stages.reply._router.router import Router
from stages.reply._usage import Usage
from tests.router_scene import ANSWER, QUESTION, Heard, Play, Scene, Scripted, hear, plain


def priced(each: float) -> Callable[[Usage], float]:
    """A price of tokens that come out."""
    return lambda usage: usage.tokens_out * each


def heard(*questions: Any, budget: Budget, **plays: Play) -> tuple[list[Heard], Scripted, Router]:
    """What comes of questions, one after another."""
    found: list[Heard] = []
    scenes: list[Scene] = []

    async def main(clock: Clock) -> None:
        scripted = Scripted(clock, {name: [play] for name, play in plays.items()})
        prices = {"hall": 0.0, "cloud": 0.01}
        plans = [Plan(name, by=name, rank=rank, cost=priced(prices[name])) for rank, name in enumerate(plays)]
        router = Router(plans, scripted, clock, Policy(), budget)
        scenes.append(Scene(router, clock, scripted))
        for question in questions:
            found.append(await hear(router, clock, question))

    run_virtual(main)
    return found, scenes[0].scripted, scenes[0].router


TENTATIVE = QUESTION.changed(tentative=True)


def test_an_answer_is_paid_for_and_the_cheaper_one_answers_when_all_is_spent() -> None:
    budget = Budget(0.2, {"cloud"})
    found, _, _ = heard(QUESTION, QUESTION, budget=budget, cloud=Play(), hall=Play())
    assert budget.spent == pytest.approx(0.2)  # 20 tokens; those of hall cost nothing
    assert [one.sentences[-1].by for one in found] == ["cloud", "hall"]


def test_where_nobody_is_cheap_enough_the_fallback_is_called_at_once() -> None:
    budget = Budget(0.2, {"cloud"})
    found, scripted, router = heard(QUESTION, QUESTION, budget=budget, cloud=Play())
    error = found[1].error
    assert error is not None
    assert (error.code, error.retry, found[1].ended) == ("budget-spent", False, 0.0)
    assert (len(scripted.asked), router.counts["budget-spent"]) == (1, 1)


def test_of_the_last_tenth_nothing_is_prepared_and_the_question_comes_again() -> None:
    budget = Budget(1.0, {"cloud"})
    budget.add(0.9)
    found, scripted, _ = heard(TENTATIVE, QUESTION, budget=budget, cloud=Play(), hall=Play())
    error = found[0].error
    assert error is not None
    assert (error.code, error.retry, found[0].said) == ("budget-tentative", True, [])
    assert found[1].sentences[-1].by == "cloud"
    assert len(scripted.asked) == 1


def test_a_cheap_endpoint_that_comes_first_still_prepares() -> None:
    budget = Budget(1.0, {"cloud"})
    budget.add(0.95)
    found, _, _ = heard(TENTATIVE, budget=budget, hall=Play(), cloud=Play())
    assert found[0].sentences[-1].by == "hall"


def test_when_all_is_spent_the_cheap_prepare_too() -> None:
    budget = Budget(1.0, {"cloud"})
    budget.add(1.0)
    found, _, _ = heard(TENTATIVE, budget=budget, cloud=Play(), hall=Play())
    assert found[0].sentences[-1].by == "hall"


def test_an_answer_that_broke_off_is_paid_for_as_far_as_it_came() -> None:
    budget = Budget(1e6)
    found, _, router = heard(QUESTION, budget=budget, cloud=Play("reset", after=4, size=5), hall=Play())
    assert plain(found[0].text) == plain(ANSWER)
    assert budget.spent == pytest.approx(0.01 * 12)  # 20 letters, 0.6 tokens each
    assert router.counts["cloud.tokens_dropped"] >= 12


def test_one_that_refused_took_nothing() -> None:
    budget = Budget(1e6)
    heard(QUESTION, budget=budget, cloud=Play("busy"), hall=Play())
    assert budget.spent == 0


def test_a_visitor_who_interrupts_has_to_be_paid_for_too() -> None:
    budget = Budget(1e6)

    async def main(clock: Clock) -> None:
        scripted = Scripted(clock, {"cloud": [Play(gap=0.5)]})
        plan = Plan("cloud", cost=lambda usage: usage.tokens_in * 0.1)
        router = Router([plan], scripted, clock, Policy(), budget)
        with pytest.raises(TimeoutError):
            async with clock.timeout(1.0):
                await hear(router, clock)
        first = budget.spent
        assert first > 0  # its prompt is estimated
        scripted.plays = {"cloud": [Play()]}
        await hear(router, clock)
        assert budget.spent == pytest.approx(first + 1.0)  # it told 10 tokens
        scripted.plays = {"cloud": [Play(gap=0.5)]}
        with pytest.raises(TimeoutError):
            async with clock.timeout(1.0):
                await hear(router, clock)
        assert budget.spent == pytest.approx(first + 2.0)  # the next one is taken to be as long

    run_virtual(main)


def test_the_gate_keeps_to_the_share() -> None:
    async def main(clock: Clock) -> None:
        scripted = Scripted(clock, {"a": [Play()]})
        plan = Plan("a", concurrency=5)
        router = Router([plan, replace(plan, name="b", rank=1)], scripted, clock, Policy())
        router.share(1, 3)
        assert [router.gate.enter("a", "v") for _ in range(3)] == [True, True, False]

    run_virtual(main)
