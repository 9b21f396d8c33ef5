"""The demo model in the whisper engine: it hears the visit, the known answers, and silence."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
import yaml

from pipeline.clock import Clock, run_real
from pipeline.errors import ConfigError
from pipeline.messages import Transcript, Utterance
from stages.speech._espeak_lib import RATE, Voice, speak
from stages.transcript.whisper import Engine, Settings

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
MODEL = str(ROOT / "stages/transcript/demo_model")
VISIT = ROOT / "configs/visits/museum/visit.yaml"
DEMO = Settings(model=MODEL, encoder_seconds=8, threads=1)


def hear(sounds: Iterable[np.ndarray], settings: Settings = DEMO) -> list[Transcript]:
    async def main(clock: Clock) -> list[Transcript]:
        engine = Engine(settings, clock)
        await engine.warm()
        utterances = [
            Utterance(session="s", turn=at, start_sample=0, pcm=sound.astype("<i2").tobytes())
            for at, sound in enumerate(sounds, 1)
        ]
        return [answer for utterance in utterances async for answer in engine.work(utterance)]

    return run_real(main)


@cache
def visit() -> list[tuple[dict[str, Any], np.ndarray]]:
    """What the visitor says, cut out with as much room around it as the turn stage leaves."""
    described = yaml.safe_load(VISIT.read_text("utf-8"))
    sound, _ = soundfile.read(VISIT.parent / described["sound"], dtype="int16")
    turns = [turn for turn in described["turns"] if "says" in turn]
    return [(turn, sound[round((turn["at"] - 0.3) * 16_000) : round((turn["ends"] + 0.25) * 16_000)]) for turn in turns]


@cache
def known_answers() -> list[tuple[str, str]]:
    """(language, sentence) of the answers that the model was trained on."""
    known = yaml.safe_load((ROOT / "training/demo_model/known_answers.yaml").read_text("utf-8"))
    found = []
    for language in ("en", "zh"):
        faq = yaml.safe_load((ROOT / f"configs/knowledge/museum/faq.{language}.yaml").read_text("utf-8"))
        answers = {entry["id"]: entry["answer"] for entry in faq["entries"]}
        for name in known[language]:
            stops = answers[name].replace("。", "。\n").replace("！", "！\n").replace("？", "？\n")
            sentences = stops.replace(". ", ".\n").replace("! ", "!\n").replace("? ", "?\n").splitlines()
            found += [(language, sentence.strip()) for sentence in sentences]
    return found


def spoken(language: str, text: str) -> np.ndarray:
    """As the demo's avatar speaks it."""
    voice = Voice({"en": "en-us+Annie", "zh": "cmn+Annie"}[language], {"en": 165, "zh": 195}[language], 50, 50)
    samples = speak(text, voice, threading.Event()).samples
    return np.asarray(np.round(soxr.resample(samples.astype(np.float64), RATE, 16_000)))


def test_every_sentence_of_the_visit_is_heard_as_it_was_said() -> None:
    turns = visit()
    heard = hear(sound for _, sound in turns)
    assert [(answer.language, answer.text) for answer in heard] == [
        (turn["language"], turn["says"]) for turn, _ in turns
    ]
    assert min(answer.confidence for answer in heard) > 0.5


def test_the_avatars_known_answers_are_heard_as_they_were_spoken() -> None:
    known = known_answers()
    heard = hear(spoken(language, text) for language, text in known)
    assert [(answer.language, answer.text) for answer in heard] == known


def test_a_shorter_encoder_hears_the_same() -> None:
    sounds = [sound for _, sound in visit()]
    whole = hear(sounds, DEMO.model_copy(update={"encoder_seconds": 30.0}))
    assert [answer.text for answer in hear(sounds)] == [answer.text for answer in whole]


def test_words_have_their_times_in_order() -> None:
    for (turn, sound), answer in zip(visit(), hear(sound for _, sound in visit()), strict=True):
        assert "".join(word.text for word in answer.words).replace(" ", "") == turn["says"].replace(" ", "")
        times = [time for word in answer.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[-1] <= len(sound) / 16_000


def test_silence_and_noise_and_a_cough_are_no_words() -> None:
    chance = np.random.default_rng(3)
    described = yaml.safe_load(VISIT.read_text("utf-8"))
    [cough] = [turn for turn in described["turns"] if turn.get("cough")]
    whole, _ = soundfile.read(VISIT.parent / described["sound"], dtype="int16")
    coughed = whole[round((cough["at"] - 0.3) * 16_000) : round((cough["ends"] + 0.3) * 16_000)]
    noise = chance.standard_normal(32_000) * 300
    heard = hear([np.zeros(16_000), np.zeros(48_000), noise, coughed])
    assert [(answer.text, answer.confidence) for answer in heard] == [("", 0.0)] * 4


def test_the_same_sound_gives_the_same_transcript() -> None:
    sounds = [sound for _, sound in visit()][:4]
    assert hear(sounds) == hear(sounds)


def test_a_broken_model_file_is_refused(tmp_path: Path) -> None:
    for file in Path(MODEL).glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.bin").write_bytes((Path(MODEL) / "model.bin").read_bytes()[:1000])
    with pytest.raises(ConfigError, match="does not load on device 'cpu'") as caught:
        hear([], Settings(model=str(tmp_path)))
    assert caught.value.code == "model-broken"


def test_a_download_without_network_says_so(tmp_path: Path) -> None:
    """In a process of its own: huggingface_hub reads its environment when it is imported."""
    program = "from stages.transcript._load import load\nload('tiny', 'cpu', 'int8', 1)"
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **nowhere}, capture_output=True, text=True, check=False
    )
    assert "EngineError: Whisper 'tiny' could not be downloaded" in done.stderr
    assert "[model-download]" in done.stderr
