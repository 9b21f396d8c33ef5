"""The whisper engine without a model: what it asks of faster-whisper, and what it makes of the answer."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from pipeline.errors import ConfigError
from pipeline.messages import Transcript, Utterance
from stages.transcript import whisper
from stages.transcript._encoder import Encoder
from stages.transcript._load import FILES, check_folder, load
from stages.transcript.whisper import Engine, Settings, likelier, summed_up

SECOND = np.full(16_000, 1000, "<i2").tobytes()


def utterance(**fields: Any) -> Utterance:
    return Utterance(session="s", turn=1, revision=1, **{"start_sample": 0, "pcm": SECOND, **fields})


def segment(text: str, **fields: Any) -> SimpleNamespace:
    known = {"tokens": [1, 2], "avg_logprob": -0.1, "no_speech_prob": 0.0, "words": None}
    return SimpleNamespace(text=text, **{**known, **fields})


class FakeWhisper:
    """Answers as faster-whisper does, and remembers what it was asked."""

    def __init__(self, text: str = " Hello.", *, multilingual: bool = True) -> None:
        self.text = text
        self.asked: list[dict[str, Any]] = []
        self.inside = self.most = 0
        self.encoded = 0
        self.model = SimpleNamespace(is_multilingual=multilingual, detect_language=self.detect_language)

    def feature_extractor(self, sound: Any) -> Any:
        return np.ones((80, len(sound) // 160 + 1), np.float32)

    def encode(self, features: Any) -> Any:
        self.encoded += 1
        return features

    def detect_language(self, _encoded: Any) -> list[list[tuple[str, float]]]:
        return [[("<|ja|>", 0.6), ("<|zh|>", 0.3), ("<|en|>", 0.1)]]

    def transcribe(self, _sound: Any, **asked: Any) -> tuple[Iterator[SimpleNamespace], None]:
        self.asked.append(asked)
        self.inside += 1
        self.most = max(self.most, self.inside)
        threading.Event().wait(0.01)
        self.inside -= 1
        return iter([segment(self.text)] if self.text else []), None


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeWhisper:
    model = FakeWhisper()
    monkeypatch.setattr(whisper, "load", lambda *_: model)
    return model


def hear(message: Utterance, **settings: Any) -> Transcript:
    async def main(clock: Clock) -> Transcript:
        engine = Engine(Settings(**settings), clock)
        await engine.warm()
        [answer] = [answer async for answer in engine.work(message)]
        return answer

    return run_virtual(main)


def test_one_utterance_is_one_transcript(fake: FakeWhisper) -> None:
    answer = hear(utterance())
    assert (answer.text, answer.language, answer.partial, answer.cause) == ("Hello.", "zh", False, utterance().id)
    assert answer.confidence == pytest.approx(np.exp(-0.1), abs=1e-4)
    assert all(asked["temperature"] == 0.0 for asked in fake.asked)


def test_a_partial_utterance_is_a_partial_transcript(fake: FakeWhisper) -> None:
    answer = hear(utterance(partial=True, index=3))
    assert (answer.partial, answer.index) == (True, 3)
    assert fake.asked


def test_only_our_languages_are_detected(fake: FakeWhisper) -> None:
    assert hear(utterance()).language == "zh"
    assert fake.asked[-1]["language"] == "zh"


def test_the_sessions_language_goes_before_the_settings_and_both_before_detection(fake: FakeWhisper) -> None:
    assert hear(utterance(language="en"), language="zh").language == "en"
    assert hear(utterance(), language="en").language == "en"
    assert [asked["language"] for asked in fake.asked[1::2]] == ["en", "en"]


def test_an_english_only_model_is_asked_for_english(fake: FakeWhisper) -> None:
    fake.model.is_multilingual = False
    assert hear(utterance()).language == "en"
    hear(utterance(language="zh"))
    assert {asked["language"] for asked in fake.asked} == {"en"}


def test_nothing_heard_is_an_empty_text_without_confidence(fake: FakeWhisper) -> None:
    fake.text = ""
    answer = hear(utterance(language="zh"))
    assert (answer.text, answer.confidence, answer.language) == ("", 0.0, "zh")
    assert hear(utterance(pcm=b"")).text == ""


def test_one_model_hears_one_utterance_at_a_time(fake: FakeWhisper) -> None:
    async def main(clock: Clock) -> None:
        engine = Engine(Settings(), clock)

        async def one(index: int) -> None:
            _ = [answer async for answer in engine.work(utterance(start_sample=index))]

        await asyncio.gather(*(one(index) for index in range(4)))

    run_virtual(main)
    assert (len(fake.asked), fake.most) == (4, 1)


def test_replay_takes_the_modelled_time(fake: FakeWhisper) -> None:
    async def main(clock: Clock) -> float:
        engine = Engine(Settings(seconds=0.5, real_time_factor=0.25), clock)
        begun = clock.now()
        _ = [answer async for answer in engine.work(utterance(pcm=SECOND * 2))]
        return clock.now() - begun

    assert run_virtual(main) == pytest.approx(1.0)
    assert len(fake.asked) == 1


def test_the_silence_after_the_last_word_is_not_heard_again(fake: FakeWhisper, monkeypatch: pytest.MonkeyPatch) -> None:
    """faster-whisper goes on from the last word's end when it is asked for the times of words."""

    def again(**_: Any) -> tuple[Iterator[SimpleNamespace], None]:
        return iter([segment(" Where is the lift?"), segment(" you")]), None

    monkeypatch.setattr(fake, "transcribe", lambda _sound, **asked: again(**asked))
    assert hear(utterance()).text == "Where is the lift?"
    assert hear(utterance(pcm=SECOND * 31)).text == "Where is the lift? you"


def test_a_folder_is_beside_the_config_and_a_name_stays_a_name() -> None:
    def model(value: str) -> str:
        return Settings.model_validate({"model": value}, context={"base": Path("/etc/kiosk")}).model

    assert model("models/tiny") == "/etc/kiosk/models/tiny"
    assert model("./tiny") == "/etc/kiosk/tiny"
    assert model("/opt/whisper") == "/opt/whisper"
    assert model("small") == "small"
    assert Settings(model="./tiny").model == "./tiny"


def test_the_encoder_is_spared_only_silence() -> None:
    heard: list[int] = []
    encoder = Encoder(lambda features: heard.append(features.shape[-1]), 8)
    short, long = np.zeros((80, 3000), np.float32), np.zeros((80, 3000), np.float32)
    short[:, 799], long[:, 800] = 1, 1
    encoder(short)
    encoder(long)
    assert heard == [800, 3000]


def test_the_encoder_does_nothing_twice_and_can_forget() -> None:
    answers = iter(range(1, 9))
    encoder = Encoder(lambda _: next(answers), 30)
    speech = np.ones((80, 3000), np.float32)
    assert [encoder(speech), encoder(speech.copy())] == [1, 1]
    encoder.forget()
    assert encoder(speech) == 2


@given(st.dictionaries(st.sampled_from(["en", "zh", "yue", "ja", "de"]), st.floats(0, 1), min_size=1))
def test_the_likelier_of_our_languages_wins(probabilities: dict[str, float]) -> None:
    probabilities = {"en": 0.0, "zh": 0.0, **probabilities}
    found = [(f"<|{name}|>", probability) for name, probability in probabilities.items()]
    chinese = max(probabilities["zh"], probabilities.get("yue", 0.0))
    assert likelier(found) == ("zh" if chinese > probabilities["en"] else "en")


def test_segments_are_summed_up_with_words_in_order() -> None:
    word = SimpleNamespace(word=" Hello", start=0.1, end=0.0)
    heard = summed_up([segment(" Hello", words=[word]), segment(" there.", avg_logprob=-0.3)], "en")
    assert heard.text == "Hello there."
    assert heard.confidence == pytest.approx(np.exp(-0.2))
    assert [(word.text, word.start, word.end) for word in heard.words] == [("Hello", 0.1, 0.1)]


def test_a_missing_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no model folder .*nowhere") as caught:
        load(str(tmp_path / "nowhere"), "cpu", "int8", 1)
    assert caught.value.code == "model-missing"


def test_an_incomplete_model_folder_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"has no model\.bin, tokenizer\.json, vocabulary\.json") as caught:
        check_folder(tmp_path)
    assert caught.value.code == "model-incomplete"


def test_a_tokenizer_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    for name in (*FILES, "vocabulary.json"):
        (tmp_path / name).write_text("{}")
    check_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {}})[:5])
    with pytest.raises(ConfigError, match=r"tokenizer\.json is no JSON") as caught:
        check_folder(tmp_path)
    assert caught.value.code == "model-broken"


def test_an_unknown_model_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="large-v3-turbo") as caught:
        load("enormous", "cpu", "int8", 1)
    assert caught.value.code == "model-unknown"
