"""The turns of a recording, as the report and the comparison see them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.envelope import Pose
from pipeline.recording.reading import Event, read
from pipeline.recording.reporting.drawn import Notes, drawn, peaks
from pipeline.recording.reporting.lines import merged
from pipeline.recording.reporting.parts import clock
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.turns import Turn
from tests.recordings import write_visit
from tests.report_scene import write_rich


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> list[Turn]:
    return Visit(read(write_visit(tmp_path_factory.mktemp("visit")))).turns


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rich(tmp_path_factory.mktemp("rich"))


def test_turns_tell_what_was_felt_and_waited(turns: list[Turn]) -> None:
    hello, first, second, third = turns
    assert (hello.number, hello.answered, hello.ended) == (0, False, None)
    assert [turn.answered for turn in (first, second, third)] == [True] * 3
    assert first.speech_end == pytest.approx(3.1)
    assert first.first_sound == pytest.approx(3.71)
    assert first.gap == pytest.approx(0.61)
    assert max(first.revisions) == 2
    assert [bar.lane for bar in first.bars() if bar.dropped] == ["transcript"]
    assert {bar.lane for bar in first.bars()} == {"turn", "transcript", "emotion", "reply", "speech", "cues"}


def test_what_was_cut_was_not_heard(turns: list[Turn]) -> None:
    line = turns[2].lines[1]
    assert line.cut is not None
    assert line.sentence.text[: line.heard_characters()] == "同事马上为你"
    assert all(pose.start < line.cut for pose in line.poses("visemes"))
    assert turns[2].interrupted
    assert not turns[1].interrupted


def test_a_line_that_never_sounded_was_not_heard(turns: list[Turn]) -> None:
    assert replace(turns[1].lines[0], begun=None, cut=0).heard_characters() == 0


def test_a_pose_that_goes_on_in_the_next_part_is_one() -> None:
    poses = [Pose(name=name, start=at, attack=at, release=at + 5, end=at + 10) for name, at in
             [("happy", 0), ("blink", 4), ("happy", 9), ("happy", 30)]]  # fmt: skip
    assert merged(poses) == [("happy", 0, 19), ("blink", 4, 14), ("happy", 30, 40)]


def test_an_apology_or_a_failure_makes_a_turn_a_failed_one(rich: Path) -> None:
    assert [turn.failed for turn in Visit(read(rich)).turns] == [False, True, False]


def test_tokens_of_dropped_answers_are_counted_apart(rich: Path) -> None:
    stood, vain = Visit(read(rich)).turns[0].spent()
    assert (stood.taken, stood.cached, stood.given, stood.cost) == (1200, 1000, 120, 0.0031)
    assert (vain.tokens, vain.cost) == (930, 0.0002)


def test_the_microphones_count_is_brought_to_the_recordings_clock(rich: Path) -> None:
    recording = read(rich)
    recording.session["microphone"] = {"start": 16_000}
    first = Visit(recording).turns[0]
    assert first.speech_end == pytest.approx(2.1)
    assert first.final.start == pytest.approx(1.0)


def test_a_turns_picture_holds_its_mouth_eyes_marks_and_events(rich: Path) -> None:
    recording = read(rich)
    first, second, typed = (drawn(turn, Notes(recording)) for turn in Visit(recording).turns)
    shapes = {pose[0] for pose in first["mouth"]}
    assert 15 in shapes
    assert len(shapes) > 5
    assert all(start <= attack <= release <= end for _, start, attack, release, end, _ in first["mouth"])
    assert [mark[0] for mark in first["marks"]] == ["end", "decided", "sound", "cut", "stop", "stop"]
    assert ["failure", 12200, "deadline-missed", "deadline-missed"] in second["marks"]
    assert [note[0] for note in first["notes"]] == ["hint", "duck", "cut"]
    assert typed["marks"][0] == ["end", 20000, "发出", "sent"]
    assert typed["notes"] == [["touched", 20000, "触摸 touched: Typed Where is the lift?"]]


def test_events_that_no_picture_shows_are_left_out(rich: Path) -> None:
    recording = read(rich)
    recording.events = (Event(1.0, "heard", "", {}), Event(2.0, "timer", "", {"key": "x" * 500}))
    (note,) = Notes(recording).within(0, 9)
    assert note.name == "timer"
    assert len(drawn(Visit(recording).turns[0], Notes(recording))["notes"][0][2]) <= 80


def test_loudness_is_the_loudest_sample_of_each_20_ms() -> None:
    sound = np.zeros(700, np.int16)
    sound[[3, 650]] = (-32768, 8192)
    assert peaks(sound, 16_000).tolist() == [255, 0, 128]


@pytest.mark.parametrize(
    ("value", "text"), [(8.26, "8.3 s"), (59.99, "60.0 s"), (728.3, "12:08.3"), (3728.3, "1:02:08.3")]
)
def test_times_read_as_clocks_do(value: float, text: str) -> None:
    assert clock(value) == text
