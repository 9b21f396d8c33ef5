"""The stage loop claims, interrupts, reports and falls back, whatever an engine does."""

from collections.abc import AsyncIterator

import pytest

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import ServerError
from pipeline.messages import Claim, Interrupt, Progress, Sentence
from tests.stage_scene import Broken, Scene, Slow, play


def test_work_is_claimed_first_and_answered_in_order() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask()

    scene = play(Slow, act)
    assert isinstance(scene.said[0], Claim)
    assert scene.texts() == ["0", "1", "2"]


def test_a_sign_of_life_comes_every_half_second() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask()

    beats = [message for message in play(Slow, act).said if isinstance(message, Progress)]
    assert 4 <= len(beats) <= 6
    assert len({beat.id for beat in beats}) == len(beats)


def test_an_interrupt_stops_the_work_at_once_and_nothing_more_is_said() -> None:
    engines: list[Slow] = []

    async def act(scene: Scene) -> None:
        question = await scene.ask()
        await scene.clock.sleep(1.5)
        await scene.bus.publish(Interrupt(session="s", turn=1, revision=1, why="barge-in"))
        await scene.clock.sleep(0.001)
        assert engines[0].stopped == [question.id]

    def make(clock: Clock) -> Slow:
        engines.append(Slow(clock))
        return engines[-1]

    scene = play(make, act)
    assert scene.texts() == ["0"]
    assert scene.timings[0].outcome == "interrupted"


@pytest.mark.parametrize(("turn", "revision", "answered"), [(1, 1, False), (1, 2, False), (1, 3, True), (2, 1, True)])
def test_work_that_was_revoked_before_it_arrives_is_refused(turn: int, revision: int, *, answered: bool) -> None:
    async def act(scene: Scene) -> None:
        await scene.bus.publish(Interrupt(session="s", turn=1, revision=2, why="revised"))
        await scene.ask(turn, revision)

    assert bool(play(Slow, act).texts()) is answered


def test_a_watermark_never_goes_back() -> None:
    async def act(scene: Scene) -> None:
        await scene.bus.publish(Interrupt(session="s", turn=3, revision=1, why="barge-in"))
        await scene.bus.publish(Interrupt(session="s", turn=1, revision=1, why="barge-in"))
        await scene.ask(turn=2)

    assert play(Slow, act).texts() == []


def test_interrupting_one_visitor_leaves_the_other_alone() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(session="a")
        await scene.ask(session="b")
        await scene.bus.publish(Interrupt(session="a", turn=9, revision=9, why="left"))

    scene = play(Slow, act)
    assert {message.session for message in scene.said if isinstance(message, Sentence)} == {"b"}


def test_a_known_error_keeps_its_code_and_a_bug_gets_one() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask()

    known = play(lambda _: Broken(ServerError("server-busy", "busy", retry=True)), act).failures()
    assert [(failure.code, failure.retry) for failure in known] == [("server-busy", True)]
    assert "first" in known[0].text
    bug = play(lambda _: Broken(ZeroDivisionError("oh")), act).failures()
    assert [failure.code for failure in bug] == ["engine-crashed"]


def test_the_stage_goes_on_after_a_crash() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)
        await scene.ask(2)

    assert len(play(lambda _: Broken(ZeroDivisionError("oh")), act).failures()) == 2


def test_a_failed_engine_is_replaced_within_the_same_attempt_and_then_left_alone() -> None:
    first = Broken(ServerError("server-unreachable", "away"))

    async def act(scene: Scene) -> None:
        await scene.ask(1)
        await scene.clock.sleep(5)
        first.error = AssertionError("asked while it is suspended")
        await scene.ask(2)

    scene = play(lambda _: first, act, fallback=Slow)
    assert scene.failures() == []
    assert scene.texts() == ["0", "1", "2"] * 2


def test_an_engine_that_fails_in_mid_answer_is_not_spliced_with_another() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask()

    scene = play(lambda _: Broken(ServerError("server-broken", "cut"), after=1), act, fallback=Slow)
    assert scene.texts() == ["half"]
    assert [failure.retry for failure in scene.failures()] == [True]


def test_a_hanging_engine_holds_up_nobody_else() -> None:
    class Hangs:
        def __init__(self, clock: Clock) -> None:
            self.slow, self.clock = Slow(clock), clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            if message.turn == 1:
                await self.clock.sleep(1e6)
            async for answer in self.slow.work(message):
                yield answer

    async def act(scene: Scene) -> None:
        await scene.ask(1)
        await scene.ask(2)

    assert play(Hangs, act).texts() == ["0", "1", "2"]


def test_measured_times_say_which_work_they_belong_to() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(turn=7)

    (timing,) = play(Slow, act).timings
    assert (timing.stage, timing.engine, timing.turn, timing.outcome) == ("reply", "first", 7, "done")
    assert 0 <= timing.first_ms <= timing.total_ms


@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_that_never_says_it_is_over_is_a_failure_with_a_code(count: int) -> None:
    class Endless:
        """Stops without a last sentence."""

        def __init__(self, clock: Clock) -> None:
            del clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            for index in range(count):
                yield message.answer(Sentence, index=index, text="a", language="en")

    async def act(scene: Scene) -> None:
        await scene.ask()

    assert [failure.code for failure in play(Endless, act).failures()] == ["answer-unfinished"]
