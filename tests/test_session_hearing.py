"""How a conversation hears: tentatively, with hints, against the speaker's own voice."""

from collections.abc import AsyncIterator

from benchmarks.stubs import transcript
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.session.settings import Conversing
from tests.scene import Scene, origins, play, started, stub


def test_the_words_tell_the_turn_engine_whether_they_read_as_a_whole() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance())
        await scene.clock.sleep(1)

    assert [hint.complete for hint in play(act).turn.hints] == [True]
    trailing = play(act, transcript=stub(transcript, text="I want to know the"))
    assert [hint.complete for hint in trailing.turn.hints] == [False]


def test_the_speakers_own_voice_is_the_baseline_of_the_next_turn() -> None:
    class Features:
        """Gives the turn's number as the voice's only feature."""

        def __init__(self, clock: Clock) -> None:
            del clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            source = "voice" if isinstance(message, m.Utterance) else "text"
            yield message.answer(m.Emotion, source=source, feeling={}, features=(float(message.turn),))

    async def act(scene: Scene) -> None:
        for turn in range(1, 8):
            await scene.speaks(turn)
            await scene.clock.sleep(5)

    last = play(act, emotion=Features).all(m.Utterance)[-1]
    assert last.baseline == ((2.0,), (3.0,), (4.0,), (5.0,), (6.0,))


def test_partial_words_are_shown_while_the_visitor_speaks_and_answered_by_nobody() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance().changed(partial=True, index=1))
        await scene.clock.sleep(2)

    scene = play(act)
    assert [heard.partial for heard in scene.all(m.Transcript)] == [True]
    assert [message.text for _, message in scene.screen.shown if isinstance(message, m.Transcript)]
    assert not scene.all(m.Question)
    assert not scene.all(m.Emotion)


def test_an_operator_who_stops_preparing_early_gets_the_same_answer_later() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        utterance = scene.utterance()
        await scene.hears(utterance)
        await scene.clock.sleep(0.5)
        assert not scene.all(m.Transcript)
        await scene.ends(utterance)
        await scene.clock.sleep(5)

    assert len(started(play(act, settings=Conversing(prepare_early=False)))) == 2


def test_a_greeting_opens_the_visit_where_the_config_says_so() -> None:
    async def act(scene: Scene) -> None:
        await scene.clock.sleep(3)

    assert origins(play(act, settings=Conversing(greet=True))) == ["greeting"]
