"""The stage loop bounds what it takes, and shares it with other workers: bounces, twins, drains, loads."""

from pipeline.envelope import StageLoad
from pipeline.messages import Claim, Interrupt, Question, Sentence
from tests.stage_scene import Scene, Slow, play


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
