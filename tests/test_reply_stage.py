"""The reply stage with a router: the fallback answers at once when nobody else can, and signs of life go out."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import EngineError
from pipeline.messages import Progress, Question, Sentence, Thought
from stages.reply import knowledge
from stages.reply._router.plan import Plan, Policy
from stages.reply._router.router import Router
from tests.router_scene import Play, Scripted
from tests.stage_scene import Broken, Scene, Slow, play

MUSEUM = Path(__file__).parent.parent / "configs" / "knowledge" / "museum"


class Routed:
    """An engine of scripted endpoints."""

    heals = True

    def __init__(self, clock: Clock, plays: dict[str, list[Play]], *, thinks: bool = False) -> None:
        self.scripted = Scripted(clock, plays)
        thinking = "on" if thinks else "off"
        plans = [Plan(name, by=name, rank=at, thinking=thinking) for at, name in enumerate(plays)]  # type: ignore[arg-type]
        self.router = Router(plans, self.scripted, clock, Policy(thoughts="hidden"))

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, Question)
        async with aclosing(self.router.answer(message)) as answers:
            async for answer in answers:
                assert isinstance(answer, Message)
                yield answer


def knows(clock: Clock) -> knowledge.Engine:
    return knowledge.Engine(knowledge.Settings(folder=MUSEUM), clock)


def test_with_every_endpoint_away_knowledge_answers_at_once() -> None:
    times: list[float] = []

    async def act(scene: Scene) -> None:
        for turn in range(1, 4):
            began, before = scene.clock.now(), len(scene.said)
            await scene.ask(turn)
            while not any(getattr(message, "last", False) for message in scene.said[before:]):
                await scene.clock.sleep(0.01)
            times.append(scene.clock.now() - began)

    scene = play(lambda clock: Routed(clock, {"a": [Play("refused")], "b": [Play("busy-after")]}), act, fallback=knows)
    assert scene.failures() == []
    assert {message.by for message in scene.said if isinstance(message, Sentence)} == {"knowledge"}
    assert max(times) < 0.2
    assert max(times) < 1.5  # what is promised with every breaker open


def test_endpoints_that_are_dead_cost_no_visitor_more_than_the_promise_whenever_they_are_tried_again() -> None:
    times: list[float] = []

    async def act(scene: Scene) -> None:
        for turn in range(1, 30):
            began, before = scene.clock.now(), len(scene.said)
            await scene.ask(turn)
            while not any(getattr(message, "last", False) for message in scene.said[before:]):
                await scene.clock.sleep(0.01)
            times.append(scene.clock.now() - began)
            await scene.clock.sleep(0.7)

    dead = {"a": [Play("silent")], "b": [Play("silent", after=1, size=2)]}
    scene = play(lambda clock: Routed(clock, dead), act, fallback=knows)
    assert {message.by for message in scene.said if isinstance(message, Sentence)} == {"knowledge"}
    assert max(times[2:]) < 1.5  # from the third question on every breaker is open
    assert sum(time < 0.2 for time in times) > len(times) / 2


def test_a_question_that_one_model_refuses_costs_the_next_visitor_nothing() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)
        await scene.clock.sleep(2.0)
        await scene.ask(2)

    scene = play(lambda clock: Routed(clock, {"a": [Play("content"), Play()]}), act, fallback=knows)
    by = [message.by for message in scene.said if isinstance(message, Sentence)]
    assert by[0] == "knowledge"
    assert by[-1] == "a"


def test_knowledge_answers_after_a_thought_that_led_nowhere() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)

    broken = [Play("reset", after=3, thought="访客在问路，" * 5)]
    scene = play(lambda clock: Routed(clock, {"a": broken}, thinks=True), act, fallback=knows)
    assert any(isinstance(message, Thought) for message in scene.said)
    assert scene.failures() == []
    assert [message.by for message in scene.said if isinstance(message, Sentence) and message.last] == ["knowledge"]


def test_broken_in_mid_answer_the_same_question_sent_again_goes_to_knowledge() -> None:
    engines: list[Routed] = []

    def make(clock: Clock) -> Routed:
        engines.append(Routed(clock, {"a": [Play("reset", after=6), Play()]}))
        return engines[-1]

    async def act(scene: Scene) -> None:
        question = await scene.ask(1)
        await scene.clock.sleep(1.0)
        assert isinstance(question, Question)
        said = tuple(message.text for message in scene.said if isinstance(message, Sentence))
        await scene.bus.publish(question.changed(said=said).again())

    scene = play(make, act, fallback=knows)
    assert [failure.retry for failure in scene.failures()] == [True]
    assert len(engines[0].scripted.asked) == 1
    last = [message for message in scene.said if isinstance(message, Sentence)][-1]
    assert (last.by, last.last) == ("knowledge", True)


@pytest.mark.parametrize("thought", ["长长的思考，" * 40])
def test_a_sign_of_life_goes_out_while_it_thinks(thought: str) -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)

    long = [Play(thought=thought, gap=0.1)]
    scene = play(lambda clock: Routed(clock, {"a": long}, thinks=True), act)
    beats = [message for message in scene.said if isinstance(message, Progress)]
    assert len(beats) >= 12
    signs = [message for message in scene.said if isinstance(message, Thought)]
    assert {sign.text for sign in signs} == {""}
    assert len(signs) >= 3


@pytest.mark.parametrize(("code", "level"), [("budget-spent", logging.INFO), ("server-busy", logging.WARNING)])
def test_a_budget_that_is_spent_is_no_warning_with_every_question(
    caplog: pytest.LogCaptureFixture, code: str, level: int
) -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)

    with caplog.at_level(logging.INFO, logger="pipeline.stage"):
        scene = play(lambda _: Broken(EngineError(code, "no", retry=False)), act, fallback=knows)
    assert scene.failures() == []
    assert any(getattr(message, "by", "") == "knowledge" for message in scene.said)
    told = [record for record in caplog.records if f"code={code}" in record.getMessage()]
    assert {record.levelno for record in told if ".failed" in record.getMessage()} == {level}


class Noted(Slow):
    """Notes how much time each question had left when its work began."""

    left: ClassVar[list[int | None]] = []

    async def work(self, message: Message) -> AsyncIterator[Message]:
        self.left.append(message.left_ms)
        async for answer in super().work(message):
            yield answer


def test_what_the_queue_took_is_no_longer_there_for_the_endpoints() -> None:
    Noted.left.clear()

    async def act(scene: Scene) -> None:
        await scene.ask(1, left_ms=9000)
        await scene.ask(2, left_ms=9000)

    play(Noted, act, concurrency=1)
    assert Noted.left == [9000, 6000]
