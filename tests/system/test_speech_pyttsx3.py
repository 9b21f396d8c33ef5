"""The system's voices, in their own processes."""

import numpy as np
import pytest

from pipeline.clock import Clock, run_real
from pipeline.envelope import Language
from pipeline.errors import EngineError
from pipeline.messages import Sentence, Speech
from stages.speech._loudness import TARGET_DB, active_level, to_float
from stages.speech.pyttsx3 import Engine, Settings

pytestmark = pytest.mark.system
LINES: list[tuple[str, Language]] = [("你好，欢迎光临，请问需要什么帮助？", "zh"), ("Hello, how can I help you?", "en")]


def say(settings: Settings, *lines: tuple[str, Language]) -> list[list[Speech]]:
    async def main(clock: Clock) -> list[list[Speech]]:
        engine = Engine(settings, clock)
        try:
            await engine.warm()
            sentences = [Sentence(session="s", index=0, text=text, language=language) for text, language in lines]
            return [[speech async for speech in engine.work(sentence)] for sentence in sentences]
        finally:
            await engine.close()

    return run_real(main)


def test_both_languages_are_spoken_equally_loud_and_always_the_same() -> None:
    zh, en, again = say(Settings(), *LINES, LINES[0])
    for parts in (zh, en):
        assert parts[-1].last
        assert not any(part.timed or part.phonemes for part in parts)
        heard = np.frombuffer(b"".join(part.pcm for part in parts), "<i2")
        assert len(heard) > 24_000
        assert active_level(to_float(heard), 24_000) == pytest.approx(TARGET_DB, abs=2.0)
    assert [part.pcm for part in zh] == [part.pcm for part in again]


def test_two_sentences_at_once_are_both_whole() -> None:
    """In one process the second would be lost."""

    async def main(clock: Clock) -> list[int]:
        engine = Engine(Settings(), clock)
        sentence = Sentence(session="s", index=0, text=LINES[1][0], language="en")
        try:
            first, second = engine.work(sentence), engine.work(sentence)
            sizes = [len((await anext(each)).pcm) for each in (first, second)]
            sizes += [sum([len(part.pcm) async for part in each]) for each in (first, second)]
        finally:
            await engine.close()
        return sizes

    sizes = run_real(main)
    assert sizes[0] == sizes[1] > 0
    assert sizes[2] == sizes[3] > 0


def test_nothing_to_say_starts_no_process() -> None:
    (parts,) = say(Settings(), ("……", "zh"))
    assert [(part.pcm, part.last) for part in parts] == [(b"", True)]


def test_a_voice_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(EngineError, match="nobody"):
        say(Settings(voices={"en": "nobody"}))


def test_a_driver_that_hangs_is_killed() -> None:
    with pytest.raises(EngineError, match="silent") as raised:
        say(Settings(deadline=0.001), LINES[0])
    assert raised.value.retry
