"""Turns as a listener would cut them: recordings of real people where the data folder is there, and made speech always.

The folder is named by VISAVIS_DATA, or lies in `shared/data` beside the repository.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soxr

from benchmarks import echo
from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Hint, Samples
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Language, M, Message
from pipeline.messages import Sentence, SpeechDropped, SpeechStarted, TurnEnded, Utterance
from pipeline.sound import frames, read_sound
from stages.speech import espeak
from stages.turn.silero import Ears, Settings

pytestmark = pytest.mark.system
DATA = Path(os.environ.get("VISAVIS_DATA") or Path(__file__).parents[3] / "shared" / "data")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Visitor:
    """What was said, and where a listener hears its phrases: (begin, end) in seconds."""

    address: Callable[[], Samples]
    phrases: tuple[tuple[float, float], ...]
    counting: Callable[[], Samples]
    mandarin: Callable[[], Samples]
    words: Callable[[], list[Samples]]


@cache
def spoken(text: str, language: Language = "en", voice: str = "en-us", rate: int = 160) -> Samples:
    """Espeak's speech at 16 kHz, without the silence around it."""

    async def main(clock: Clock) -> bytes:
        engine = espeak.Engine(espeak.Settings(voices={language: voice}, rate={language: rate}), clock)
        sentence = Sentence(session="visit", index=0, text=text, language=language)
        return b"".join([speech.pcm async for speech in engine.work(sentence)])

    sound = np.frombuffer(run_virtual(main), np.int16).astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(sound) > 0.003)
    samples: Samples = (soxr.resample(sound[loud[0] : loud[-1]], SPEAK_RATE, HEAR_RATE) * 32767).astype(np.int16)
    return samples


def joined(*parts: Samples | float) -> Samples:
    """Sounds and pauses (seconds) in one quiet room, whose noise does not stop while someone speaks."""
    sound = np.concatenate(
        [part if isinstance(part, np.ndarray) else np.zeros(round(part * HEAR_RATE)) for part in parts]
    )
    room = np.random.default_rng(5).normal(scale=10, size=sound.size)
    samples: Samples = np.clip(np.rint(sound + room), -32768, 32767).astype(np.int16)
    return samples


def made() -> Visitor:
    lines = [spoken(f"I would like to know the way to {place}") for place in ("the cafe", "the garden", "the shop")]
    gaps, phrases, now = (0.3, 1.2, 0.6), [], 0.0
    for gap, line in zip(gaps, lines, strict=True):
        phrases.append((now + gap, now + gap + line.size / HEAR_RATE))
        now = phrases[-1][1]
    one, two, three = (spoken(word) for word in ("one", "two", "three"))
    return Visitor(
        address=lambda: joined(*[part for pair in zip(gaps, lines, strict=True) for part in pair], 0.5),
        phrases=tuple(phrases),
        counting=lambda: joined(0.2, one, 0.6, two, 0.5, three, 0.3),
        mandarin=lambda: joined(0.2, spoken("请问洗手间在哪里", "zh", "cmn"), 0.3),
        words=lambda: [spoken(word, voice=voice) for word in DIGITS for voice in ("en-us", "en-us+f4")],
    )


def recorded() -> Visitor:
    speech = DATA / "speech"
    return Visitor(
        address=lambda: read_sound(speech / "jfk.flac"),
        phrases=((0.35, 2.2), (3.3, 4.35), (5.4, 7.65), (8.2, 10.45)),
        counting=lambda: read_sound(speech / "one-two-three-en.wav"),
        mandarin=lambda: read_sound(speech / "mandarin.flac"),
        words=lambda: [read_sound(path) for path in sorted((speech / "digits").glob("*.wav"))],
    )


@pytest.fixture(params=[made, recorded] if DATA.is_dir() else [made])
def visitor(request: pytest.FixtureRequest) -> Visitor:
    chosen: Visitor = request.param()
    return chosen


def hear(samples: Samples, *, complete: bool | None = None, **settings: float) -> list[tuple[int, Message]]:
    """What is said and at which sample; every tentative utterance is answered by a hint when it is given."""
    ears = Ears("visit", Settings.model_validate(settings))
    said: list[tuple[int, Message]] = []
    for frame in frames(samples):
        now = frame.sample + FRAME
        for message in ears.hear(frame):
            said.append((now, message))
            if complete is not None and isinstance(message, Utterance):
                said += [(now, answer) for answer in ears.hint(Hint(message.turn, message.revision, complete, now))]
    return said + [(samples.size, message) for message in ears.flush()]


def of(kind: type[M], said: list[tuple[int, Message]]) -> list[M]:
    return [message for _, message in said if isinstance(message, kind)]


def onset(samples: Samples) -> int:
    """Where the sound first comes within 30 dB of its loudest 10 ms."""
    energy = np.square(samples[: samples.size // 160 * 160].reshape(-1, 160).astype(float)).mean(1)
    return int(np.argmax(energy > energy.max() / 1000)) * 160


def test_an_address_is_cut_at_its_pauses(visitor: Visitor) -> None:
    """A pause below 0.8 s is taken back when the speaker goes on, a longer one ends the turn."""
    said = hear(visitor.address())
    utterances = of(Utterance, said)
    assert len(utterances) == len(visitor.phrases), "every phrase ends in a tentative pause"
    gaps = [after[0] - before[1] for before, after in zip(visitor.phrases, visitor.phrases[1:], strict=False)]
    ends = [phrase[1] for phrase, gap in zip(visitor.phrases, [*gaps, 9.0], strict=True) if gap > 0.8]
    assert [ended.end_sample / HEAR_RATE for ended in of(TurnEnded, said)] == pytest.approx(ends, abs=0.2)
    begins = [0.0, *[phrase[0] for phrase, gap in zip(visitor.phrases[1:], gaps, strict=True) if gap > 0.8]]
    first = [utterance for utterance in utterances if utterance.revision == 1]
    assert [utterance.start_sample / HEAR_RATE for utterance in first] == pytest.approx(begins, abs=0.45)


def test_words_that_trail_off_keep_the_turn(visitor: Visitor) -> None:
    said = hear(visitor.address(), complete=False)
    (ended,) = of(TurnEnded, said)
    last = of(Utterance, said)[-1]
    assert (ended.revision, ended.cause) == (len(visitor.phrases), last.id)
    assert len(last.pcm) // 2 / HEAR_RATE > visitor.phrases[-1][1] - visitor.phrases[0][0]


def test_words_that_read_complete_end_the_turn_400_ms_after_speech(visitor: Visitor) -> None:
    for ended in of(TurnEnded, hear(joined(visitor.mandarin(), 1.0), complete=True)):
        assert ended.decided_sample - ended.end_sample == 400 * HEAR_RATE // 1000


def test_counting_aloud_is_one_turn(visitor: Visitor) -> None:
    said = hear(visitor.counting())
    assert [(ended.turn, ended.revision) for ended in of(TurnEnded, said)] == [(1, 3)]
    assert len(of(Utterance, said)[-1].pcm) // 2 > 0.9 * visitor.counting().size


def test_mandarin_is_heard_whole(visitor: Visitor) -> None:
    samples = visitor.mandarin()
    said = hear(samples)
    assert len(of(TurnEnded, said)) == 1
    last = of(Utterance, said)[-1]
    assert last.start_sample <= onset(samples)
    assert last.start_sample + len(last.pcm) // 2 > samples.size - 0.1 * HEAR_RATE


def test_a_single_word_is_a_turn_with_its_first_sound(visitor: Visitor) -> None:
    """And is heard at once: the onset is where the word comes within 30 dB of its loudest."""
    delays = []
    for word in visitor.words():
        samples = joined(1.0, word, 1.5)
        said = hear(samples)
        (utterance,) = of(Utterance, said)
        assert utterance.start_sample <= onset(samples)
        delays.append(said[0][0] - onset(samples))
    assert np.median(delays) <= 0.1 * HEAR_RATE
    assert np.percentile(delays, 95) <= 0.2 * HEAR_RATE


@pytest.mark.skipif(not echo.DATA.is_dir(), reason="recordings of real people are not at hand")
@pytest.mark.parametrize("level", [0, -12])
def test_real_people_are_heard_over_the_avatar_and_the_avatar_is_not(level: int) -> None:
    echo.visitor.cache_clear()
    for seed in range(3):
        found = echo.judge(echo.Scene("", level, seed=seed, visitor=4.5 + 0.37 * seed))
        assert found.sure is not None
        assert found.turns == 0


def test_a_short_hum_is_no_turn() -> None:
    """Of a quarter of a second; a longer one is told from an answer by its words only."""
    for voice in ("cmn", "cmn+Annie", "cmn+m3"):
        said = hear(joined(1.0, spoken("嗯", "zh", voice, rate=195), 1.5))
        assert of(Utterance, said) == []
        assert [started.sure for started in of(SpeechStarted, said)] == [False]
        assert len(of(SpeechDropped, said)) == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_cough_is_no_turn(seed: int) -> None:
    """Two bursts of noise through three resonances, as the glottis opens and closes."""
    rng = np.random.default_rng(seed)
    bursts = []
    for milliseconds in (rng.integers(150, 400), rng.integers(80, 200)):
        time = np.arange(16 * int(milliseconds)) / HEAR_RATE
        spectrum = np.fft.rfft(rng.normal(size=time.size))
        frequency = np.fft.rfftfreq(time.size, 1 / HEAR_RATE)
        resonances = sum(1 / (1 + ((frequency - at) / 250) ** 2) for at in (600, 1400, 2600))
        noise = np.fft.irfft(spectrum * resonances, time.size) * np.exp(-12 * time) * (1 - np.exp(-250 * time))
        bursts.append((20_000 * noise / np.abs(noise).max()).astype(np.int16))
    assert of(Utterance, hear(joined(1.0, bursts[0], 0.15, bursts[1], 1.5))) == []
