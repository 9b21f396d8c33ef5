"""What each step of a recorded visit waits for, and where a replay may go."""

import json
from pathlib import Path

import pytest

from pipeline.messages import SpeechStarted, TurnEnded
from pipeline.recording.again import sounds
from pipeline.recording.again.steps import Step, Wait, _wait, steps
from pipeline.recording.places import is_free, is_served
from pipeline.recording.reading import read
from tests.again_scene import command, record

ENDED = Step("said", 10.0, 160_000, 1, (TurnEnded(session="s", turn=1, revision=1, end_sample=1, decided_sample=1),))
ANSWER = sounds.Sounded(1, answer=True, begun=10.0, over=14.0)


def spoke(at: float) -> Step:
    return Step("said", at, round(at * 16_000), 2, (SpeechStarted(session="s", turn=2, at_sample=1),))


def test_an_answer_that_sounded_the_moment_the_turn_ended_can_be_broken_into() -> None:
    assert _wait(spoke(12.5), ENDED, [ANSWER], inside=False) == Wait("sound", 2.5, 1, answer=True)


def test_after_the_answer_she_waits_as_long_as_she_did() -> None:
    assert _wait(spoke(16.0), ENDED, [ANSWER], inside=False) == Wait("silence", 2.0)


def test_inside_her_own_words_nothing_of_the_avatars_moves_a_step() -> None:
    assert _wait(spoke(12.5), ENDED, [ANSWER], inside=True) == Wait("step", 2.5)


def test_before_any_answer_she_goes_by_what_she_did_before() -> None:
    assert (
        _wait(spoke(10.4), ENDED, [sounds.Sounded(1, answer=True, begun=11.0, over=14.0)], inside=False).what == "step"
    )


def test_recorded_times_are_times_from_the_start(tmp_path: Path) -> None:
    found = steps(read(record(tmp_path)), "recorded")
    assert {step.wait.what for step in found} == {"start"}
    assert [step.wait.seconds for step in found] == [step.at for step in found]


def test_a_replay_overwrites_nothing_but_a_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    visit = record(tmp_path)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("do not lose me")
    for taken in (visit, tmp_path / "letters", tmp_path / "letters" / "dear.txt"):
        assert not is_free(taken)
    assert command("replay", visit, "--out", tmp_path / "letters") == 2
    assert "[replay-out]" in capsys.readouterr().err
    assert command("replay", visit, "--out", tmp_path / "again") == 0
    assert command("replay", visit, "--out", tmp_path / "again") == 0


def test_a_sound_is_not_replayed_over_a_real_visit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    visit = record(tmp_path)
    told = json.loads((visit / "session.json").read_text())
    (visit / "session.json").write_text(json.dumps({**told, "clock": "machine"}))
    assert is_served(visit)
    sound = visit / "visitor.flac"
    kept = sound.read_bytes()
    assert command("replay", sound, "--config", tmp_path / "config" / "config.yaml", "--out", visit) == 2
    assert "[replay-out]" in capsys.readouterr().err
    assert sound.read_bytes() == kept
