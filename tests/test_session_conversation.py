"""What a visitor may rely on: turns are answered once, in order, cut at a word, and never in silence."""

from collections.abc import AsyncIterator

import pytest

from benchmarks.stubs import reply, speech, transcript
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Exchange, Mark, Message
from pipeline.recording.filescreen import FADE
from pipeline.session.settings import Conversing
from tests.scene import Scene, origins, play, started, stub


async def one_turn(scene: Scene) -> None:
    await scene.speaks()
    await scene.clock.sleep(10)


def test_a_turn_is_heard_asked_answered_and_played_in_order() -> None:
    scene = play(one_turn)
    assert started(scene) == ["It is next to the cloakroom.", "You are welcome."]
    assert [played.state for played in scene.all(m.Played) if played.state != "progress"][-1] == "ended"


def test_sentences_follow_each_other_without_a_gap() -> None:
    scene = play(one_turn)
    ended = [at for at, said in scene.said if isinstance(said, m.Played) and said.state == "ended" and said.part == 1]
    began = [at for at, said in scene.said if isinstance(said, m.Played) and said.state == "started"]
    assert began[1] == pytest.approx(ended[0], abs=1e-6)


def test_the_question_carries_what_was_felt_and_heard() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(5)
        await scene.speaks(2)
        await scene.clock.sleep(5)

    second = play(act).all(m.Question)[1]
    assert second.history == (
        Exchange(role="visitor", text="Where is the toilet?"),
        Exchange(role="avatar", text="It is next to the cloakroom. You are welcome."),
    )
    assert second.persona == "persona"


def test_an_answer_is_prepared_while_the_end_is_undecided_and_released_at_the_end() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        utterance = scene.utterance()
        await scene.hears(utterance)
        await scene.clock.sleep(0.5)
        assert scene.all(m.Speech)
        assert not scene.all(m.Played)
        assert not [message for _, message in scene.screen.shown if isinstance(message, m.Sentence)]
        await scene.ends(utterance)
        await scene.clock.sleep(5)

    scene = play(act)
    assert scene.all(m.Question)[0].tentative
    gap = scene.at(m.Played)[0] - scene.at(m.TurnEnded)[0]
    assert gap == 0


def test_before_the_end_only_the_partial_transcript_is_shown() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance())
        await scene.clock.sleep(0.5)

    shown = [message for _, message in play(act).screen.shown]
    assert all(message.partial for message in shown if isinstance(message, m.Transcript))
    assert not any(isinstance(message, (m.Sentence, m.Thought)) for message in shown)


def test_speech_that_goes_on_drops_what_was_prepared() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance())
        await scene.clock.sleep(0.5)
        await scene.starts(revision=1, sure=False, at=20_000)
        second = scene.utterance(revision=2)
        await scene.hears(second)
        await scene.ends(second)
        await scene.clock.sleep(10)

    scene = play(act)
    assert [order.why for order in scene.all(m.Interrupt)] == ["revised"]
    assert {played.revision for played in scene.all(m.Played)} == {2}
    assert len(started(scene)) == 2


def test_a_visitor_who_speaks_up_cuts_the_answer_and_history_keeps_what_was_heard() -> None:
    class Words:
        """One sentence of four words, 250 ms each, in one part."""

        def __init__(self, clock: Clock) -> None:
            del clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            assert isinstance(message, m.Sentence)
            words, at = [], 0
            for number, text in enumerate(["one", "two", "three", "four"]):
                words.append(Mark(text=text, start=number * 6000, end=(number + 1) * 6000, offset=at))
                at += len(text) + 1
            yield message.answer(
                m.Speech, index=message.index, part=0, start=0, last=True, pcm=bytes(48_000), words=words
            )

    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.3 + 0.6)
        await scene.speaks(2)
        await scene.clock.sleep(5)

    scene = play(act, speech=Words, reply=stub(reply, seconds=0.2, sentences=("one two three four", "never heard")))
    cut = next(played for played in scene.all(m.Played) if played.state == "cut")
    assert cut.sample == pytest.approx(0.6 * 24_000, abs=100)
    assert scene.all(m.Question)[1].history[-1] == Exchange(role="avatar", text="one two", interrupted=True)
    assert "barge-in" in [order.why for order in scene.all(m.Interrupt)]
    assert started(scene).count("never heard") == 1


def test_speaking_up_before_the_first_sound_stops_the_answer_too() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.15)
        await scene.speaks(2)
        await scene.clock.sleep(10)

    scene = play(act)
    assert {played.turn for played in scene.all(m.Played)} == {2}
    assert scene.all(m.Question)[-1].history == (Exchange(role="visitor", text="Where is the toilet?"),)


def test_sound_is_ducked_while_it_may_be_speech_and_comes_back_after_a_cough() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.4)
        await scene.starts(2, sure=False)
        await scene.clock.sleep(0.1)
        await scene.drops(2)
        await scene.clock.sleep(5)

    scene = play(act, speech=stub(speech, milliseconds=1000))
    sound = abs(scene.screen.render(3 * 24_000).astype(int))
    at = scene.at(m.SpeechStarted)[-1] - scene.screen.start
    ducked = sound[int((at + 0.05) * 24_000) : int((at + 0.09) * 24_000)].max()
    after = sound[int((at + 0.2) * 24_000) : int((at + 0.4) * 24_000)].max()
    assert ducked * 3 < after
    assert "cut" not in [played.state for played in scene.all(m.Played)]


def test_silence_is_complete_one_fade_after_the_cut() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.5)
        await scene.starts(2)
        await scene.clock.sleep(1)

    scene = play(act, speech=stub(speech, milliseconds=1000))
    cut = round((scene.at(m.Interrupt)[-1] - scene.screen.start) * 24_000)
    sound = abs(scene.screen.render(cut + 24_000).astype(int))
    assert sound[cut - 200 : cut].max() > 1000
    assert not sound[cut + FADE + 1 :].any()


def test_noise_without_words_is_no_turn() -> None:
    scene = play(one_turn, transcript=stub(transcript, text=""))
    assert not scene.all(m.Question)
    assert not scene.all(m.Played)
    assert scene.visit.conversation.quiet


def test_an_idle_visitor_is_said_goodbye_to_and_forgotten() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(30)

    scene = play(act, settings=Conversing(idle_seconds=10))
    assert origins(scene)[-1] == "farewell"
    assert [ended.why for ended in scene.all(m.SessionEnded)] == ["idle"]
    assert scene.visit.conversation._state.memory.history() == ()


def test_speaking_during_the_farewell_keeps_the_visit() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        while "farewell" not in origins(scene):
            await scene.clock.sleep(0.05)
        await scene.speaks(2)
        await scene.clock.sleep(5)

    scene = play(act, settings=Conversing(idle_seconds=10))
    assert not scene.all(m.SessionEnded)
    assert origins(scene)[-2:] == ["reply", "reply"]


def test_typed_text_is_a_turn_of_its_own_and_cuts_what_sounds() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.5)
        scene.visit.report(m.Typed(session=scene.visit.session, text="门票多少钱？"))
        await scene.clock.sleep(5)
        await scene.speaks(2)
        await scene.clock.sleep(5)

    scene = play(act)
    assert [(question.turn, question.language) for question in scene.all(m.Question)] == [
        (1, "en"),
        (2, "zh"),
        (3, "en"),
    ]
    assert "cut" in [played.state for played in scene.all(m.Played)]
    assert started(scene)[-2:] == ["It is next to the cloakroom.", "You are welcome."]


def test_a_line_that_somebody_orders_is_spoken() -> None:
    async def act(scene: Scene) -> None:
        await scene.bus.publish(m.Say(session=scene.visit.session, text="We close in ten minutes.", language="en"))
        await scene.clock.sleep(5)

    assert started(play(act)) == ["We close in ten minutes."]


def test_stop_is_silence() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(0.5)
        scene.visit.report(m.Control(session=scene.visit.session, stop=True))
        await scene.clock.sleep(5)

    scene = play(act)
    assert [played.state for played in scene.all(m.Played)][-1] == "cut"
