"""The demo as a user runs it: real sound, real engines, and everything that the visit expects."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile

from pipeline.recording.visit import read_visit
from pipeline.wire import from_dict

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent.parent
VISIT = read_visit(ROOT / "configs" / "visits" / "museum" / "visit.yaml")
NEAR = 480
"""20 ms at 24 kHz."""


@dataclass(frozen=True)
class Run:
    """A finished demo."""

    code: int
    printed: str
    out: Path

    def messages(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.out / "messages.jsonl").read_text(encoding="utf-8").splitlines()
        return [message for line in lines if (message := json.loads(line)["message"])["kind"] == kind]


def run(out: Path, *words: str, seed: str = "1") -> Run:
    command = [
        sys.executable,
        "-c",
        "import sys; from pipeline.cli import main; sys.exit(main())",
        *words,
        "--out",
        str(out),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Run(done.returncode, done.stdout + done.stderr, out)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("demo") / "out", "demo", "--once")


def spoken() -> list[Any]:
    return [said for said in VISIT.turns if not said.cough]


def test_the_demo_succeeds(demo: Run) -> None:
    assert demo.code == 0, demo.printed
    assert "✗" not in demo.printed


def test_what_the_visitor_said_is_what_was_heard(demo: Run) -> None:
    ended = {message["cause"] for message in demo.messages("TurnEnded")}
    heard = [message["text"] for message in demo.messages("Transcript") if message["cause"] in ended]
    assert heard == [said.says for said in spoken()]


def test_the_visit_has_all_that_a_visit_should_show() -> None:
    assert len(spoken()) >= 6
    assert {said.language for said in spoken()} == {"zh", "en"}
    assert any(said.interrupts for said in spoken())
    assert any(said.emotion == "angry" for said in spoken())
    assert any(said.entry == "none" for said in spoken())
    assert any(said.cough for said in VISIT.turns)


def test_every_turn_is_told_with_its_milliseconds(demo: Run) -> None:
    for said in spoken():
        assert said.says in demo.printed
    assert demo.printed.count("毫秒 ms: transcript") == len(spoken())


def test_the_recording_is_complete(demo: Run) -> None:
    for name in ("session.json", "messages.jsonl", "timings.jsonl", "cues.json", "report.html"):
        assert (demo.out / name).stat().st_size > 0
    for name in ("visitor.flac", "speech.flac", "avatar.flac"):
        assert soundfile.info(demo.out / name).duration > 1
    page = (demo.out / "report.html").read_text(encoding="utf-8")
    assert "AI 生成" in page
    assert 'src="http' not in page


def test_the_lips_close_on_every_b_p_and_m(demo: Run) -> None:
    sentences: dict[str, list[dict[str, Any]]] = {}
    for cues in demo.messages("Cues"):
        sentences.setdefault(cues["cause"], []).append(cues)
    closed = 0
    for speech in demo.messages("Speech"):
        poses = [pose for cues in sentences.get(speech["id"], []) for pose in cues["visemes"] if pose["name"] == "PP"]
        for phoneme in speech["phonemes"]:
            if phoneme["text"][:1] in {"b", "p", "m"}:
                middle = (phoneme["start"] + phoneme["end"]) / 2
                assert any(
                    pose["weight"] == 1
                    and pose["attack"] <= phoneme["start"] + NEAR
                    and pose["release"] >= middle - NEAR
                    for pose in poses
                ), (speech["text"], phoneme)
                closed += 1
    assert closed >= 20


def test_every_answer_is_spoken_by_the_known_voice_at_one_loudness(demo: Run) -> None:
    assert {message["by"] for message in demo.messages("Sentence") if message["origin"] == "reply"} == {"knowledge"}


def test_two_runs_are_equal_to_the_byte_whatever_the_hash_seed(demo: Run, tmp_path: Path) -> None:
    again = run(tmp_path / "again", "demo", "--once", seed="2")
    for name in ("messages.jsonl", "cues.json", "session.json", "avatar.flac", "speech.flac", "visitor.flac"):
        assert (again.out / name).read_bytes() == (demo.out / name).read_bytes(), name


def test_a_stereo_recording_at_48_khz_in_floats_is_heard_the_same(tmp_path: Path) -> None:
    import numpy as np
    import soxr

    samples, rate = soundfile.read(ROOT / "configs" / "visits" / "museum" / "visitor.flac")
    until = int((spoken()[1].ends + 4) * rate)
    wide = soxr.resample(samples[:until], rate, 48_000)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([wide, wide], axis=1), 48_000, subtype="FLOAT")
    replayed = run(tmp_path / "out", "replay", str(path))
    assert replayed.code == 0, replayed.printed
    for said in spoken()[:2]:
        assert said.says in replayed.printed


def test_recorded_messages_are_messages(demo: Run) -> None:
    for kind in ("Transcript", "Emotion", "Question", "Sentence", "Cues", "Played"):
        for fields in demo.messages(kind):
            assert from_dict(fields).id == fields["id"]
