"""Visitors come, go and are followed by others: each has a visit of their own."""

from pipeline import messages as m
from pipeline.session.settings import Conversing
from tests.edge_scene import LOUD, QUIET, EdgeScene, at_edge

# --- coming and going


def test_two_equal_questions_that_are_typed_at_once_are_two_turns() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where?")
        scene.edge.typed("Where?")
        await scene.clock.sleep(3)

    scene = at_edge(act, Conversing())
    assert [turn.turn for turn in scene.all(m.TurnEnded)] == [1, 2]


def test_a_new_conversation_has_nothing_of_the_old_one() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("My name is Zhang.")
        await scene.clock.sleep(5)
        scene.edge.end("ended")
        await scene.clock.sleep(0.1)
        scene.edge.typed("What is my name?")
        await scene.clock.sleep(5)

    scene = at_edge(act, Conversing())
    first, second = scene.all(m.Question)
    assert first.session != second.session
    assert second.history == ()
    assert [ended.why for ended in scene.all(m.SessionEnded)] == ["ended"]


def test_ending_where_nobody_is_does_nothing() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.end("left")
        scene.edge.present(there=False)
        await scene.clock.sleep(1)

    assert not at_edge(act, Conversing()).said


def test_what_comes_from_the_screen_names_its_visit() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where?")
        scene.edge.control(language="en")
        await scene.clock.sleep(1)

    scene = at_edge(act, Conversing())
    assert {message.session for message in scene.said} == {scene.edge.visit.session}


def test_lost_sound_is_a_gap_in_the_samples_and_no_sound_is_heard_twice() -> None:
    async def act(scene: EdgeScene) -> None:
        await scene.edge.hear(QUIET)
        await scene.edge.hear(QUIET, 3200)
        await scene.edge.hear(QUIET, 320)

    assert at_edge(act, Conversing()).edge.sample == 3200 + 640


# --- what falls between two visits


def test_what_is_typed_just_when_a_visit_ends_is_answered_in_the_next_one() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where?")
        await scene.clock.sleep(5)
        scene.edge.end("left")
        scene.edge.typed("And who are you?")
        await scene.clock.sleep(5)

    scene = at_edge(act, Conversing())
    first, second = scene.all(m.Question)
    assert second.text == "And who are you?"
    assert second.session != first.session
    assert len(scene.all(m.SessionStarted)) == 2


def test_a_language_chosen_before_the_visit_is_the_greetings() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.control(language="en")
        scene.edge.present(there=True)
        await scene.clock.sleep(3)

    scene = at_edge(act, Conversing(greet=True))
    assert scene.spoken() == ["Hello."]
    assert [started.language for started in scene.all(m.SessionStarted)] == ["en"]


def test_what_was_set_before_anybody_came_does_not_hold_for_another_screens_visitor() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.control(language="en", mode="push-to-talk")
        scene.edge.renew()
        await scene.clock.sleep(0.1)
        await scene.hears(LOUD, 1)
        await scene.hears(QUIET, 6)

    scene = at_edge(act, Conversing())
    assert [started.language for started in scene.all(m.SessionStarted)] == ["zh"]
    assert scene.all(m.TurnEnded)


def test_a_visit_that_has_begun_is_not_begun_anew() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where?")
        await scene.clock.sleep(0.5)
        scene.edge.renew()
        await scene.clock.sleep(5)

    scene = at_edge(act, Conversing())
    assert not scene.all(m.SessionEnded)
    assert scene.all(m.Played)


def test_a_way_of_talking_chosen_before_the_visit_is_the_visits() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.control(mode="push-to-talk")
        scene.edge.present(there=True)
        await scene.hears(LOUD, 1)
        await scene.clock.sleep(1)

    scene = at_edge(act, Conversing())
    assert [started.mode for started in scene.shown(m.SessionStarted)] == ["push-to-talk"]
    assert not scene.all(m.Utterance)


def test_an_avatar_that_sleeps_is_woken_by_a_hand_that_wants_no_wake_phrase() -> None:
    async def act(scene: EdgeScene) -> None:
        await scene.hears(LOUD, 1)  # a visit has begun, but nobody has called
        await scene.hears(QUIET, 3)
        scene.edge.control(mode="hands-free")
        await scene.clock.sleep(0.1)

    scene = at_edge(act, Conversing(mode="wake-phrase", wake_phrases=("hello river",)))
    assert len(scene.shown(m.SessionStarted)) == 1
