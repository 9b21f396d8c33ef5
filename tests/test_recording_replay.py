"""A replayed recording is answered, recorded and reported; the same every time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.cli import main
from pipeline.messages import Speech, Utterance
from pipeline.wire import from_dict

CONFIG = """\
session: {language: auto, greeting_language: en, deadlines: {turn: 7}}
turn: {engine: benchmarks.stubs.turn}
transcript: {engine: benchmarks.stubs.transcript, seconds: 0.1}
emotion: {engine: benchmarks.stubs.emotion}
reply: {engine: benchmarks.stubs.reply, seconds: 0.2}
speech: {engine: benchmarks.stubs.speech, seconds: 0.01}
cues: {engine: benchmarks.stubs.cues}
"""
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Three stretches of sound, the last one into the answer before it."""
    samples = np.zeros(16_000 * 9, np.int16)
    for start, end in ((1, 1.5), (4, 5), (5.7, 6.5)):
        samples[int(start * 16_000) : int(end * 16_000)] = 3000
    path = tmp_path / "visit.wav"
    soundfile.write(path, samples, 16_000)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def replay(config: Path, sound: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    assert main(["replay", str(sound), "--config", str(config), "--out", str(out), *more]) == 0
    return lines(out / "messages.jsonl")


def test_the_visit_is_recorded_whole(config: Path, sound: Path, tmp_path: Path) -> None:
    recorded = replay(config, sound, tmp_path / "out")
    kinds = [line["message"]["kind"] for line in recorded]
    assert kinds[0] == "SessionStarted"
    assert kinds[-1] == "SessionEnded"
    assert kinds.count("TurnEnded") == kinds.count("Question") == 3
    assert [line["at"] for line in recorded] == sorted(line["at"] for line in recorded)


def test_every_recorded_message_can_be_read_again(config: Path, sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    recorded = replay(config, sound, out)
    sounds = {name: soundfile.read(out / name, dtype="int16")[0] for name in ("visitor.flac", "speech.flac")}
    for line in recorded:
        fields = line["message"]
        pcm = b""
        if place := fields.get("sound"):
            pcm = sounds[place["file"]][place["start"] : place["start"] + place["samples"]].tobytes()
        message = from_dict({**fields, "pcm_bytes": len(pcm)}, pcm)
        assert message.id == fields["id"]
        if isinstance(message, (Speech, Utterance)):
            assert message.pcm


def test_the_recorded_utterance_is_the_sound_that_was_heard(config: Path, sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = next(line["message"] for line in replay(config, sound, out) if line["message"]["kind"] == "Utterance")
    heard, rate = soundfile.read(out / "visitor.flac", dtype="int16")
    assert rate == 16_000
    start, samples = first["sound"]["start"], first["sound"]["samples"]
    original, _ = soundfile.read(sound, dtype="int16")
    assert (heard[start : start + samples] == original[start : start + samples]).all()
    assert original[start : start + samples].any()


def test_what_sounded_stands_where_it_sounded(config: Path, sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    recorded = replay(config, sound, out)
    began = [
        line["at"] for line in recorded if line["message"]["kind"] == "Played" and line["message"]["state"] == "started"
    ]
    avatar, rate = soundfile.read(out / "avatar.flac", dtype="int16")
    assert rate == 24_000
    assert np.flatnonzero(avatar)[0] == pytest.approx(began[0] * rate, abs=2)


def test_two_replays_are_equal_to_the_byte_whatever_the_hash_seed_or_the_cache(
    config: Path, sound: Path, tmp_path: Path
) -> None:
    config.write_text(CONFIG + "lines_cache: cache\n")
    command = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())"]
    for seed in ("1", "2"):
        arguments = ["replay", str(sound), "--config", str(config), "--out", str(tmp_path / seed)]
        subprocess.run([*command, *arguments], check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
    for name in ("messages.jsonl", "cues.json", "session.json", "avatar.flac", "speech.flac", "visitor.flac"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_another_seed_is_another_session(config: Path, sound: Path, tmp_path: Path) -> None:
    one, two = (replay(config, sound, tmp_path / seed, "--seed", seed) for seed in ("a", "b"))
    assert one[0]["message"]["session"] != two[0]["message"]["session"]
    assert [line["at"] for line in one] == [line["at"] for line in two]


def test_a_recording_of_silence_is_no_error(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000, np.int16), 16_000)
    replay(config, path, tmp_path / "out")
    assert "no speech was heard" in capsys.readouterr().out


def test_a_sound_file_that_is_not_there_is_one_clear_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "nothing.wav", "--config", str(config), "--out", "out"]) == 2
    assert capsys.readouterr().err == "visavis: there is no sound file nothing.wav: check the name [sound-missing]\n"


def test_a_folder_that_cannot_be_written_is_one_clear_error(
    config: Path, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["replay", str(sound), "--config", str(config), "--out", str(tmp_path / "file")]) == 2
    assert "[recording-unwritable]" in capsys.readouterr().err


def test_a_reply_that_fails_is_an_apology_and_the_replay_says_so(
    config: Path, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("seconds: 0.2", "seconds: 30"))
    assert main(["replay", str(sound), "--config", str(config), "--out", str(tmp_path / "out")]) == 1
    assert "not answered: 3" in capsys.readouterr().out


def test_a_recording_of_two_visitors_one_after_the_other_is_two_visits(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("language: auto,", "language: auto, idle_seconds: 4,"))
    samples = np.zeros(16_000 * 20, np.int16)
    for start in (1, 15):
        samples[start * 16_000 : (start + 1) * 16_000] = 3000
    path = tmp_path / "two.wav"
    soundfile.write(path, samples, 16_000)
    recorded = replay(config, path, tmp_path / "out")
    sessions = [line["message"]["session"] for line in recorded if line["message"]["kind"] == "SessionStarted"]
    assert len(set(sessions)) == 2
    printed = capsys.readouterr().out
    assert printed.count("▶ 第 1 轮 · turn 1") == 2
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
