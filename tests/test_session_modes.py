"""Who is listened to: push-to-talk, wake phrases, touch, sensors; and what is said when nobody is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stubs import transcript
from pipeline import messages as m
from pipeline.session.attract import Attracting, open_at
from pipeline.session.settings import Conversing
from pipeline.session.visit import daytime
from pipeline.session.wake import woken
from tests.edge_scene import LOUD, QUIET, EdgeScene, at_edge
from tests.scene import Make, stub

TALK = Conversing(mode="push-to-talk")
WAKE = Conversing(mode="wake-phrase", wake_phrases=("小河你好", "hello river"), greet=True)


def hears(text: str) -> Make:
    """A transcript stage that always understands this."""
    return stub(transcript, text=text)


async def asks(scene: EdgeScene) -> None:
    """Speak for a second, and wait for the answer."""
    await scene.hears(LOUD, 1)
    await scene.hears(QUIET, 6)


# --- push-to-talk


def test_nothing_is_heard_while_the_key_is_not_held() -> None:
    scene = at_edge(asks, TALK)
    assert not scene.all(m.SessionStarted)
    assert not scene.all(m.Utterance)


def test_the_turn_ends_when_the_key_is_released() -> None:
    async def act(scene: EdgeScene) -> None:
        await scene.edge.talk(on=True)
        await scene.hears(LOUD, 1)
        await scene.edge.talk(on=False)
        await scene.clock.sleep(3)

    scene = at_edge(act, TALK)
    assert len(scene.all(m.TurnEnded)) == 1
    assert scene.all(m.Sentence)


def test_pressing_the_key_silences_the_avatar() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where is the toilet?")
        await scene.clock.sleep(0.6)
        await scene.edge.talk(on=True)
        await scene.clock.sleep(0.1)

    assert any(report.state == "cut" for report in at_edge(act, TALK).all(m.Played))


# --- wake phrases


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("小河你好，几点开门？", "几点开门？"),
        ("嗯，小河 你好！", ""),
        ("Hello, River. Where is the toilet?", "Where is the toilet?"),
        ("你好，几点开门？", None),
        ("我昨天在这里听见有人说小河你好", None),
        ("", None),
    ],
)
def test_what_follows_a_wake_phrase_is_what_was_said(text: str, rest: str | None) -> None:
    assert woken(text, WAKE.wake_phrases) == rest


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=4))
def test_any_text_can_be_looked_at_for_any_phrase(text: str, phrases: list[str]) -> None:
    rest = woken(text, phrases)
    assert rest is None or rest in text


def test_an_avatar_that_was_not_called_keeps_silent_and_shows_nothing() -> None:
    scene = at_edge(asks, WAKE, transcript=hears("Where is the toilet?"))
    assert not scene.screen.shown
    assert not scene.all(m.Question)


def test_called_by_its_name_it_greets() -> None:
    assert at_edge(asks, WAKE, transcript=hears("小河你好")).spoken() == ["您好。"]


def test_called_with_a_question_it_answers_that() -> None:
    scene = at_edge(asks, WAKE, transcript=hears("Hello River, where is the toilet?"))
    assert [question.text for question in scene.all(m.Question)] == ["where is the toilet?"]
    assert [said.text for said in scene.shown(m.Transcript) if not said.partial] == ["where is the toilet?"]


def test_once_called_it_answers_without_being_called_again() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.present(there=True)  # a touch calls as well
        await scene.clock.sleep(3)
        await asks(scene)

    scene = at_edge(act, WAKE, transcript=hears("Where is the toilet?"))
    assert len(scene.all(m.Question)) == 1
    assert scene.spoken()[0] == "您好。"


def test_a_visit_in_which_nobody_called_ends_without_a_word() -> None:
    async def act(scene: EdgeScene) -> None:
        await scene.hears(LOUD, 1)
        await scene.hears(QUIET, 70)

    scene = at_edge(act, WAKE, transcript=hears("nothing for you"))
    assert [ended.why for ended in scene.all(m.SessionEnded)] == ["idle"]
    assert not scene.spoken()


# --- the time of day


@pytest.mark.parametrize(
    ("hour", "name"),
    [(None, ""), (0, "evening"), (4.99, "evening"), (5, "morning"), (11, "afternoon"), (18, "evening")],
)
def test_the_greeting_goes_by_the_time_of_day(hour: float | None, name: str) -> None:
    assert daytime(hour) == name


async def comes(scene: EdgeScene) -> None:
    """Stand there."""
    scene.edge.present(there=True)
    await scene.clock.sleep(3)


@pytest.mark.parametrize(("hour", "greeting"), [(9.0, "早上好。"), (15.0, "您好。"), (None, "您好。")])
def test_a_persona_without_a_greeting_for_that_time_says_its_plain_one(hour: float | None, greeting: str) -> None:
    assert at_edge(comes, Conversing(greet=True), hour=hour).spoken() == [greeting]


# --- when nobody is there

LURE = Conversing(attract=Attracting(every_seconds=60, hours=("09:00-17:30",)), greet=True)


async def waits(scene: EdgeScene) -> None:
    """Nobody comes for four minutes and a half."""
    await scene.clock.sleep(270)


def test_lines_are_said_in_both_languages_while_nobody_is_there() -> None:
    scene = at_edge(waits, LURE, hour=12)
    assert scene.spoken() == ["来聊聊吧。", "Talk to me.", "来聊聊吧。", "Talk to me."]
    assert not scene.said  # it is no visit


def test_at_night_it_keeps_silent() -> None:
    assert not at_edge(waits, LURE, hour=3).spoken()


def test_no_line_is_said_into_a_conversation() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.present(there=True)
        await scene.clock.sleep(59.5)
        scene.edge.typed("Where?")
        await scene.clock.sleep(10)

    assert "来聊聊吧。" not in at_edge(act, LURE, hour=12).spoken()


def test_a_visitor_who_comes_ends_the_line_that_called_them() -> None:
    async def act(scene: EdgeScene) -> None:
        await scene.clock.sleep(60.1)
        scene.edge.present(there=True)
        await scene.clock.sleep(2)

    scene = at_edge(act, LURE, hour=12)
    assert scene.spoken() == ["来聊聊吧。", "您好。"]
    cued = scene.screen.cued
    greeted = next(start for start, _, cues in cued if cues.origin == "greeting")
    assert greeted == round(60.1 * 24_000)
    assert max(end for _, end, cues in cued if cues.origin == "attract") > greeted  # it was to last longer


@pytest.mark.parametrize(
    ("hour", "hours", "is_open"),
    [
        (3, (), True),
        (None, ("09:00-17:00",), True),
        (9, ("09:00-17:00",), True),
        (17, ("09:00-17:00",), False),
        (23.5, ("22:00-02:00",), True),
        (1.9, ("22:00-02:00",), True),
        (3, ("22:00-02:00", "02:30-3:30"), True),
        (12, ("22:00-02:00",), False),
    ],
)
def test_hours_may_run_over_midnight(hour: float | None, hours: tuple[str, ...], is_open: bool) -> None:
    assert open_at(hour, hours) is is_open


@pytest.mark.parametrize("wrong", ["9-17", "25:00-26:00", "09:00", "09:60-10:00", "morning"])
def test_hours_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="should be hours of the day"):
        Attracting(hours=(wrong,))


# --- voices


def test_a_screens_voice_goes_with_every_sentence() -> None:
    async def act(scene: EdgeScene) -> None:
        scene.edge.typed("Where?")
        await scene.clock.sleep(3)

    scene = at_edge(act, Conversing(voices={"zh": "cmn", "en": "en-us+f4"}))
    assert [question.voices for question in scene.all(m.Question)] == [{"zh": "cmn", "en": "en-us+f4"}]
