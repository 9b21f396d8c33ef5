"""The voice of espeak-ng."""

import threading

import numpy as np
import pytest

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.envelope import Language
from pipeline.errors import ConfigError
from pipeline.messages import Sentence, Speech
from stages.speech._espeak_lib import RATE, Voice, speak
from stages.speech._loudness import CALIBRATION, TARGET_DB, active_level, to_float
from stages.speech.espeak import Engine, Settings

ZH = "你好，欢迎光临博物馆，请问今天需要什么帮助？"
EN = "Hello and welcome to the museum, how can I help you?"


def sentence(text: str, language: Language = "zh", **fields: object) -> Sentence:
    return Sentence.model_validate({"session": "s", "index": 0, "text": text, "language": language, **fields})


def say(*sentences: Sentence, settings: Settings | None = None) -> list[list[Speech]]:
    async def main(clock: Clock) -> list[list[Speech]]:
        engine = Engine(settings or Settings(), clock)
        return [[speech async for speech in engine.work(each)] for each in sentences]

    return run_virtual(main)


def sound(parts: list[Speech]) -> np.ndarray:
    return np.frombuffer(b"".join(speech.pcm for speech in parts), "<i2")


def length(**fields: object) -> int:
    return len(sound(say(sentence(ZH, "zh", **fields))[0]))


def test_what_was_said_before_changes_no_byte() -> None:
    """The library's state would: its pitch flutter and its gain carry over."""
    alone = say(sentence(ZH))[0]
    later = say(sentence(EN, "en"), sentence("嗯。"), sentence("Well, yes!", "en", emotion="angry"), sentence(ZH))[-1]
    assert [(part, part.pcm) for part in alone] == [(part, part.pcm) for part in later]


def test_sound_starts_early_and_no_part_is_too_large() -> None:
    parts = say(sentence(ZH))[0]
    assert len(parts[0].pcm) // 2 <= 0.2 * 24_000
    assert all(len(part.pcm) <= 32_000 for part in parts)
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(part.timed for part in parts)


@pytest.mark.parametrize(("text", "language"), [(ZH, "zh"), (EN, "en"), ("The 故宫 in 1925, ¥25.", "en")])
def test_marks_lie_in_the_part_that_they_begin_in_and_in_order(text: str, language: Language) -> None:
    parts = say(sentence(text, language))[0]
    for part in parts:
        end = part.start + len(part.pcm) // 2
        for mark in (*part.phonemes, *part.words):
            assert part.start <= mark.start < end
            assert mark.start < mark.end
    phonemes = [mark for part in parts for mark in part.phonemes]
    assert [mark.start for mark in phonemes] == sorted(mark.start for mark in phonemes)
    assert not any(set(mark.text) & set("ˈˌ(") for mark in phonemes)


@pytest.mark.parametrize(("text", "language"), [(ZH, "zh"), (EN, "en"), ("票价¥25.50，占35%。", "zh")])
def test_words_are_pieces_of_the_text_where_they_say(text: str, language: Language) -> None:
    words = [mark for part in say(sentence(text, language))[0] for mark in part.words]
    assert all(text[mark.offset :].startswith(mark.text) for mark in words)
    ends = [mark.offset + len(mark.text) for mark in words]
    assert all(end <= mark.offset for end, mark in zip(ends, words[1:], strict=False))
    assert words[0].offset == 0
    assert text[ends[-1] :].strip("？。?.") == ""


def test_every_b_p_m_is_quiet_before_it_is_heard() -> None:
    """Phoneme times are true: a plosive's mark is where its burst follows its silence."""
    parts = say(sentence("爸爸跑步，北边的博物馆怕不怕。"))[0]
    heard = sound(parts).astype(float)
    plosives = [mark for part in parts for mark in part.phonemes if mark.text in {"p", "ph"} and mark.start > 2_000]
    for mark in plosives:
        closure = np.abs(heard[mark.start - 480 : mark.start - 120]).max()
        after = np.abs(heard[mark.start : mark.start + 2_400]).max()
        assert closure < 0.1 * after


@pytest.mark.parametrize("text", ["", "   ", "……", "😀"])
def test_what_cannot_be_said_is_one_empty_last_part(text: str) -> None:
    (part,) = say(sentence(text))[0]
    assert (part.pcm, part.last, part.part) == (b"", True, 0)


def test_the_pause_after_a_sentence_is_the_one_that_is_set() -> None:
    heard = sound(say(sentence(ZH), settings=Settings(pause_ms=180))[0])
    silent = len(heard) - np.flatnonzero(np.abs(heard.astype(int)) > 60)[-1]
    assert silent == pytest.approx(0.18 * 24_000, abs=480)


def test_sadness_is_slower_and_joy_is_quicker() -> None:
    assert length(emotion="sad", strength=1.0) > length() > length(emotion="happy", strength=1.0)


def test_without_strength_an_emotion_is_not_heard() -> None:
    assert length(emotion="sad", strength=0.0) == length()


@pytest.mark.parametrize("variant", ["", "+Annie", "+f4", "+m3", "+klatt4"])
def test_every_voice_is_equally_loud(variant: str) -> None:
    settings = Settings(voices={"zh": f"cmn{variant}", "en": f"en-us{variant}"})
    zh, en = say(sentence(ZH), sentence(EN, "en"), settings=settings)
    for heard in (sound(zh), sound(en)):
        assert active_level(to_float(heard), 24_000) == pytest.approx(TARGET_DB, abs=2.0)
        assert np.abs(heard.astype(int)).max() <= 32_768 * 10 ** (-1 / 20)


def test_a_voice_that_is_not_there_is_refused_before_the_first_visitor() -> None:
    async def main(clock: Clock) -> None:
        await Engine(Settings(voices={"zh": "cmn+nobody"}), clock).warm()

    with pytest.raises(ConfigError, match=r"nobody.*Annie"):
        run_real(main)


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="xx-nowhere"):
        speak("nuq", Voice("xx-nowhere", 170, 50, 50), threading.Event())


def test_a_stopped_sentence_ends_early() -> None:
    stop = threading.Event()
    stop.set()
    whole = speak(CALIBRATION["en"], Voice("en-us", 170, 50, 50), threading.Event())
    assert len(speak(CALIBRATION["en"], Voice("en-us", 170, 50, 50), stop).samples) < 0.1 * RATE < len(whole.samples)


def test_the_first_sound_of_a_long_text_does_not_wait_for_its_last() -> None:
    """2000 characters are synthesised piece by piece: each costs its own modelled time."""

    async def main(clock: Clock) -> float:
        engine = Engine(Settings(seconds=0.02), clock)
        await engine.warm()
        before = clock.now()
        async for _ in engine.work(sentence("这是一句很长的话，" * 100)):
            return clock.now() - before
        return 0.0

    assert run_virtual(main) == pytest.approx(0.02)
