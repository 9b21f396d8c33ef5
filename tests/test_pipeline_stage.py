"""The stage loop claims, bounds, interrupts, reports and falls back, whatever an engine does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.engines import Engine
from pipeline.envelope import M, Message, StageLoad
from pipeline.errors import ServerError
from pipeline.flow import OF_WORKERS, WORKERS
from pipeline.jobs import Timing
from pipeline.messages import Claim, Failure, Interrupt, Progress, Question, Sentence
from pipeline.stage import Running, StageLoop

REPLY = next(stage for stage in WORKERS if stage.name == "reply")


@dataclass
class Slow:
    """Says one sentence a second, `count` times; notes what was stopped."""

    clock: Clock
    count: int = 3
    stopped: list[str] = field(default_factory=list)

    async def work(self, message: Message) -> AsyncIterator[Message]:
        try:
            for index in range(self.count):
                await self.clock.sleep(1.0)
                last = index == self.count - 1
                yield message.answer(Sentence, index=index, text=f"{index}", language="en", last=last)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped.append(message.id)
            raise


@dataclass
class Broken:
    """Says `after` sentences and fails."""

    error: Exception
    after: int = 0

    async def work(self, message: Message) -> AsyncIterator[Message]:
        for index in range(self.after):
            yield message.answer(Sentence, index=index, text="half", language="en")
        raise self.error


@dataclass
class Scene:
    """A reply stage on a bus, with everything it says."""

    bus: MemoryBus
    clock: Clock
    loop: StageLoop
    said: list[Message] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)

    async def ask(self, turn: int = 1, revision: int = 1, session: str = "s", **fields: Any) -> Question:
        question = Question(session=session, turn=turn, revision=revision, text="?", language="en", **fields)
        await self.bus.publish(question)
        return question

    def texts(self) -> list[str]:
        return [message.text for message in self.said if isinstance(message, Sentence)]

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.said if isinstance(message, kind)]

    def failures(self) -> list[Failure]:
        return [message for message in self.said if isinstance(message, Failure)]


def play(
    make: Callable[[Clock], Engine], act: Callable[[Scene], Coroutine[Any, Any, None]], *,
    fallback: Callable[[Clock], Engine] | None = None, concurrency: int = 4, waiting: int = 4, shares: bool = False,
) -> Scene:  # fmt: skip
    """Run `act` beside a stage; what was said when nothing more happens."""

    async def main(clock: Clock) -> Scene:
        bus, timings = MemoryBus(), list[Timing]()
        second = Running("second", fallback(clock)) if fallback else None
        loop = StageLoop(
            REPLY, Running("first", make(clock)), bus=bus, clock=clock, fallback=second,
            concurrency=concurrency, waiting=waiting, shares=shares, note=timings.append,
        )  # fmt: skip
        scene = Scene(bus, clock, loop, timings=timings)
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(loop.run(listening)), tasks.create_task(collect(scene))]
            await listening.wait()
            await act(scene)
            await clock.sleep(30)
            for task in background:
                task.cancel()
        return scene

    async def collect(scene: Scene) -> None:
        async with scene.bus.subscribe(*OF_WORKERS) as said:
            async for message in said:
                scene.said.append(message)

    return run_virtual(main)


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


def test_stopping_one_attempt_leaves_another_alone() -> None:
    async def act(scene: Scene) -> None:
        question = Question(session="s", turn=1, revision=1, text="?", language="en")
        await scene.bus.publish(question.again())
        await scene.clock.sleep(0.5)
        await scene.bus.publish(question.answer(Interrupt, why="adopted", stopped=1))

    scene = play(Slow, act)
    assert {message.attempt for message in scene.said if isinstance(message, Sentence)} == {2}


def test_what_is_being_worked_on_is_claimed_once_more_and_not_begun_again() -> None:
    async def act(scene: Scene) -> None:
        question = await scene.ask()
        await scene.bus.publish(question.again())

    scene = play(Slow, act)
    assert [(claim.attempt, claim.accepted) for claim in scene.all(Claim)] == [(1, True), (2, True)]
    assert scene.texts() == ["0", "1", "2"]


def test_a_worker_among_others_sends_back_what_finds_no_free_slot_and_queues_what_comes_by_name() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)
        second = await scene.ask(2)
        await scene.bus.publish(second.again(), to="local", stage="reply")

    scene = play(Slow, act, concurrency=1, shares=True)
    assert [claim.accepted for claim in scene.all(Claim)] == [True, False, True]
    assert scene.texts() == ["0", "1", "2"] * 2


def test_a_worker_that_drains_hands_back_what_is_not_begun_and_finishes_what_is() -> None:
    async def act(scene: Scene) -> None:
        for turn in (1, 2):
            await scene.ask(turn)
        await scene.clock.sleep(0.1)
        await scene.loop.drain(10)
        await scene.ask(3)

    scene = play(Slow, act, concurrency=1)
    assert [(claim.turn, claim.accepted) for claim in scene.all(Claim)] == [(1, True), (2, True), (2, False)]
    assert {message.turn for message in scene.all(Sentence)} == {1}
    assert sorted(timing.outcome for timing in scene.timings) == ["done", "handed-back"]


def test_what_a_draining_worker_cannot_finish_in_time_is_handed_back_too() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask()
        await scene.clock.sleep(0.1)
        await scene.loop.drain(1.5)

    scene = play(Slow, act)
    assert scene.texts() == ["0"]
    assert [claim.accepted for claim in scene.all(Claim)] == [True, False]


def test_a_worker_says_what_it_holds_and_how_long_things_took() -> None:
    loads: list[StageLoad] = []

    async def act(scene: Scene) -> None:
        question = await scene.ask(1)
        await scene.ask(2)
        await scene.clock.sleep(0.1)
        loads.append(scene.loop.load)
        assert scene.loop.load.holds[0] == question.id
        await scene.clock.sleep(10)
        loads.append(scene.loop.load)

    play(Slow, act, concurrency=1)
    busy, idle = loads
    assert (busy.held, busy.waits, busy.state) == (2, 1, "ready")
    assert (idle.held, idle.counts["done"]) == (0, 2)
    assert len(idle.work_ms) == len(idle.queue_ms) == 2


def test_what_a_full_worker_cannot_take_is_bounced_and_the_rest_is_done() -> None:
    async def act(scene: Scene) -> None:
        for turn in (1, 2, 3):
            await scene.ask(turn)

    scene = play(Slow, act, concurrency=1, waiting=1)
    assert [message.accepted for message in scene.said if isinstance(message, Claim)] == [True, True, False]
    assert {message.turn for message in scene.said if isinstance(message, Sentence)} == {1, 2}


def test_work_whose_deadline_passed_while_it_waited_is_not_begun() -> None:
    async def act(scene: Scene) -> None:
        await scene.ask(1)
        await scene.ask(2, left_ms=500)

    scene = play(Slow, act, concurrency=1)
    assert {message.turn for message in scene.said if isinstance(message, Sentence)} == {1}
    assert [timing.outcome for timing in scene.timings] == ["done", "expired"]


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
