import threading
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Feeling, Language, Message
from pipeline.errors import EngineError
from pipeline.messages import Emotion, Transcript, Typed, Utterance
from pipeline.session.fuse import fuse
from stages.emotion.linear import Engine, Settings, _Models
from stages.speech import _espeak_lib

LABELS = {"neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"}
MODELS = _Models(Settings())
"""Loaded once: that the engine loads them itself is tested with broken ones."""
SPEECH: dict[tuple[str, str], bytes] = {}
ANGRY = [
    ("en-us", "This is ridiculous, I have been waiting for an hour!"),
    ("en-us+f4", "I have been standing here for an hour, this is ridiculous!"),
    ("cmn", "太过分了，我等了一个小时！"),
    ("cmn+Annie", "太过分了，我都等了一个小时了！"),
]
PLAIN = [
    ("en-us", "Where is the toilet?"),
    ("en-us+f4", "When does the museum open?"),
    ("en-us", "How much is a ticket for two children?"),
    ("en-us", "Please tell me about the bronze bells."),
    ("cmn", "洗手间在哪里？"),
    ("cmn+Annie", "请问你们几点开门？"),
    ("cmn", "门票多少钱？"),
    ("cmn+Annie", "介绍一下编钟。"),
]


def answers(*messages: Message, chosen: Settings | None = None) -> list[Emotion]:
    """What a fresh engine answers, one after the other."""

    async def main(clock: Clock) -> list[Emotion]:
        engine = Engine(chosen or Settings(), clock)
        engine._models = None if chosen else MODELS
        await engine.warm()
        found = [answer for message in messages for answer in [item async for item in engine.work(message)]]
        return [answer for answer in found if isinstance(answer, Emotion)]

    return run_virtual(main)


def utterance(pcm: bytes, baseline: tuple[tuple[float, ...], ...] = ()) -> Utterance:
    return Utterance(session="s", turn=1, revision=1, start_sample=0, pcm=pcm, baseline=baseline)


def transcript(text: str, language: Language, *, partial: bool = False) -> Transcript:
    return Transcript(session="s", turn=1, revision=1, text=text, language=language, confidence=1, partial=partial)


def speech(voice: str, text: str) -> bytes:
    """Spoken by espeak, as a microphone at 16 kHz would hear it."""
    if (voice, text) not in SPEECH:
        made = _espeak_lib.speak(text, _espeak_lib.Voice(voice, 175, 50, 50), threading.Event())
        sound = np.frombuffer(bytes(made.pcm), "<i2").astype(np.float32) / 40_000
        heard = soxr.resample(sound, _espeak_lib.RATE, 16_000)
        SPEECH[voice, text] = (heard * 32_767).astype("<i2").tobytes()
    return SPEECH[voice, text]


def visit(voice: str, text: str) -> Feeling:
    """What the session makes of one spoken sentence."""
    language: Language = "zh" if voice.startswith("cmn") else "en"
    sounds, says = answers(utterance(speech(voice, text)), transcript(text, language))
    return fuse(sounds.feeling, says.feeling)


@pytest.mark.parametrize(("voice", "text"), [*ANGRY, ("en-us+f2", ANGRY[0][1]), ("cmn+f2", ANGRY[2][1])])
def test_an_angry_visitor_is_angry(voice: str, text: str) -> None:
    feeling = visit(voice, text)
    assert feeling.label == "angry"
    assert feeling.confidence > 0.4
    assert feeling.valence < -0.2


@pytest.mark.parametrize(("voice", "text"), [*PLAIN, ("en-us+f2", PLAIN[0][1]), ("cmn+f2", PLAIN[4][1])])
def test_a_plain_question_is_neither_angry_nor_sad(voice: str, text: str) -> None:
    feeling = visit(voice, text)
    assert feeling.label == "neutral"


def test_a_voice_unlike_any_it_learnt_from_is_not_trusted() -> None:
    """The training data is recorded people; these synthetic voices lie beyond where trust ends."""
    for answer in answers(*(utterance(speech(voice, text)) for voice, text in ANGRY + PLAIN)):
        assert answer.feeling == Feeling()
        assert set(answer.scores) == LABELS - {"surprised"}


@pytest.mark.parametrize(
    ("text", "language", "label"),
    [
        ("Thank you so much, you are very kind!", "en", "happy"),
        ("I am so sad, my grandmother has died.", "en", "sad"),
        ("I hate this, shut up!", "en", "angry"),
        ("I'm really scared of the dark.", "en", "fearful"),
        ("That smells disgusting.", "en", "disgusted"),
        ("Wow, really? I did not expect that!", "en", "surprised"),
        ("The train leaves at ten.", "en", "neutral"),
        ("谢谢你，太开心了！", "zh", "happy"),
        ("我好难过，想哭。", "zh", "sad"),
        ("气死我了，什么态度！", "zh", "angry"),
        ("这里好可怕，我好害怕。", "zh", "fearful"),
        ("这个菜太恶心了。", "zh", "disgusted"),
        ("天哪，真的假的？", "zh", "surprised"),
        ("我想买两张成人票。", "zh", "neutral"),
    ],
)
def test_words_say_what_is_felt(text: str, language: Language, label: str) -> None:
    (answer,) = answers(transcript(text, language))
    assert answer.source == "text"
    assert answer.feeling.label == label
    assert set(answer.scores) == LABELS
    assert sum(answer.scores.values()) == pytest.approx(1, abs=1e-3)


def test_a_partial_transcript_and_other_messages_are_answered_by_nothing() -> None:
    assert answers(transcript("你好", "zh", partial=True), Typed(session="s", text="你好")) == []


@pytest.mark.parametrize("pcm", [b"", b"\0", b"\0\0" * 8000, b"\xff\x7f" * 16_000, b"\x01\x00\xff\xff" * 8000])
def test_nothing_to_hear_is_neutral_without_confidence(pcm: bytes) -> None:
    (answer,) = answers(utterance(pcm))
    assert answer.feeling == Feeling()
    assert answer.features == ()
    assert answer.scores == {}


@pytest.mark.parametrize("text", ["", " ", "……", "?", "。。。"])
def test_no_words_are_neutral_without_confidence(text: str) -> None:
    for language in ("zh", "en"):
        (answer,) = answers(transcript(text, language))
        assert answer.feeling == Feeling()


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["zh", "en"]))
def test_any_text_gives_one_emotion(text: str, language: Language) -> None:
    (answer,) = answers(transcript(text, language))
    assert answer.feeling.label in LABELS


def test_the_same_message_gives_the_same_bytes() -> None:
    message = utterance(speech(*ANGRY[0]))
    first, second = answers(message), answers(message)
    assert first[0].model_dump_json() == second[0].model_dump_json()


def test_features_are_few_and_what_a_baseline_takes() -> None:
    (first,) = answers(utterance(speech(*PLAIN[0])))
    assert 0 < len(first.features) <= 40
    alone, known = answers(utterance(speech(*ANGRY[0])), utterance(speech(*ANGRY[0]), baseline=(first.features,) * 5))
    assert alone.features == known.features
    assert alone.scores != known.scores


def test_a_baseline_of_other_weights_is_left_out() -> None:
    plain, odd = answers(utterance(speech(*PLAIN[0])), utterance(speech(*PLAIN[0]), baseline=((1.0, 2.0), ())))
    assert plain.scores == odd.scores


@pytest.mark.parametrize("name", ["voice", "words_en", "words_zh", "lexicon_zh"])
def test_missing_or_broken_weights_are_named(tmp_path: Path, name: str) -> None:
    for content in (None, b"not a model"):
        file = tmp_path / f"{name}.npz"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(EngineError, match=name):
            answers(chosen=Settings.model_validate({name: file}))
