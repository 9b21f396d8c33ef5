"""Yesterday's visit again: the same bytes where all is recorded, and the visitor follows where something is live."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recording.again.command import differences
from tests.again_scene import again, bytes_of, command, conversation, record, record_touched, rows, write_config

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("again"))


def test_a_visit_that_is_recorded_whole_is_the_same_again_to_the_byte(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(visit)


def test_a_replay_of_a_replay_is_that_replay(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "one", [{"first": 0.7, "sentences": 3}])
    again(tmp_path / "one", tmp_path / "two")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_following_an_avatar_that_is_as_she_was_changes_nothing(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "again", [{}])
    assert conversation(tmp_path / "again") == conversation(visit)


@pytest.mark.parametrize("more", [[], ["--speed", "60"], ["--live", "reply", "transcript"], ["--live", "turn"]])
def test_processes_hash_seeds_and_speed_change_no_byte(visit: Path, tmp_path: Path, more: list[str]) -> None:
    config = ["--config", str(write_config(tmp_path))] if "--live" in more else []
    folders = []
    for seed, paced in (("1", []), ("2", more[:2] if "--speed" in more else [])):
        words = [word for word in more if "--speed" not in more]
        out = tmp_path / seed
        arguments = ["replay", str(visit), "--out", str(out), *words, *paced, *config]
        program = [sys.executable, "-m", "pipeline", *arguments]
        subprocess.run(program, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True)
        folders.append(out)
    assert bytes_of(folders[0]) == bytes_of(folders[1])


def test_a_slower_answer_moves_the_visitor_and_her_interruption_keeps_its_place(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "slow", [{"first": 2.0, "sentences": 4}])
    assert broke_in(tmp_path / "slow") == pytest.approx(broke_in(visit), abs=0.021)
    assert gap_before(tmp_path / "slow", turn=2) == pytest.approx(gap_before(visit, turn=2), abs=0.021)
    moved = starts(tmp_path / "slow")[2] - starts(visit)[2]
    assert moved > 3.0


def test_recorded_times_are_kept_where_that_is_asked_for(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "slow", [{"first": 2.0}], timing="recorded")
    assert starts(tmp_path / "slow") == starts(visit)


def test_an_answer_that_is_over_before_it_was_broken_into_is_told(tmp_path: Path) -> None:
    visit = record(tmp_path / "long", [{"sentences": 6}], ((1.0, 1.5), (8.0, 8.5)))
    told = again(visit, tmp_path / "short", [{"sentences": 1}])
    assert [remark for remark in told.remarks if "turn 2" in remark and "is over" in remark]
    assert [row for row in rows(visit, "Interrupt") if row["message"]["why"] == "barge-in"]
    assert [row["message"]["turn"] for row in rows(tmp_path / "short", "TurnEnded")] == [1, 2]


def test_turns_in_the_middle_are_asked_with_what_was_said_before(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "part", [{}], turns=(3, 4))
    whole = {row["message"]["turn"]: row["message"] for row in rows(visit, "Question")}
    part = {row["message"]["turn"]: row["message"] for row in rows(tmp_path / "part", "Question")}
    assert list(part) == [3, 4]
    assert part[3]["history"] == whole[3]["history"]
    assert len(part[4]["history"]) == len(whole[4]["history"])


ACTS = [
    (0.5, lambda edge: edge.present(there=True)),
    (1.0, lambda edge: edge.typed("Where is the toilet?", "en")),
    (2.4, lambda edge: edge.typed("And the exit?", "en")),
    (6.0, lambda edge: edge.control(language="zh")),
    (6.5, lambda edge: edge.typed("几点关门？")),
    (7.3, lambda edge: edge.control(stop=True)),
    (9.0, lambda edge: edge.present(there=False)),
]  # fmt: skip


def test_what_was_touched_typed_and_stopped_is_so_again(tmp_path: Path) -> None:
    visit = record_touched(tmp_path / "touched", ACTS, 11.0)
    again(visit, tmp_path / "again")
    assert conversation(tmp_path / "again") == conversation(visit)
    kinds = ("Typed", "Control", "TurnEnded", "Interrupt", "SessionEnded")
    told = [[(row["at"], row["message"]["kind"], row["message"]["id"]) for row in rows(folder, *kinds)]
            for folder in (visit, tmp_path / "again")]  # fmt: skip
    assert told[0] == told[1]
    assert [row["message"]["text"] for row in rows(visit, "Typed")] == [
        "Where is the toilet?", "And the exit?", "几点关门？",
    ]  # fmt: skip


def test_a_typed_question_follows_a_slower_answer_too(tmp_path: Path) -> None:
    visit = record_touched(tmp_path / "touched", ACTS, 11.0)
    again(visit, tmp_path / "slow", [{"first": 2.0, "sentences": 3}])
    assert [row["message"]["text"] for row in rows(tmp_path / "slow", "Transcript")] == [
        "Where is the toilet?", "And the exit?", "几点关门？",
    ]  # fmt: skip
    assert rows(tmp_path / "slow", "SessionEnded")[-1]["at"] > rows(visit, "SessionEnded")[-1]["at"] + 2


def test_a_seed_names_the_visit_anew_and_changes_nothing_else(visit: Path, tmp_path: Path) -> None:
    again(visit, tmp_path / "seed", seed="7")
    assert conversation(tmp_path / "seed") == conversation(visit)
    sessions = [rows(folder)[0]["message"]["session"] for folder in (visit, tmp_path / "seed")]
    assert sessions[0] != sessions[1]


# What falls into one moment has no order that a recording could keep: no two of these times add up to another.
MOODS = st.fixed_dictionaries({
    "first": st.sampled_from([0.0037, 0.0513, 0.4127, 1.5171, 3.0391, 5.0713]),
    "each": st.sampled_from([0.0, 0.1093, 1.0337]),
    "sentences": st.integers(1, 4), "thoughts": st.integers(0, 3), "fails": st.booleans(),
})  # fmt: skip


@st.composite
def spoken(draw: Any) -> list[tuple[float, float]]:
    """When a visitor speaks: into answers, after them, in quick succession."""
    at, found = 0.5, []
    for _ in range(draw(st.integers(1, 5))):
        at += draw(st.sampled_from([0.3, 0.5, 1.1, 2.7, 6.0]))
        length = draw(st.sampled_from([0.06, 0.4, 1.2]))
        found.append((at, at + length))
        at += length
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(MOODS, min_size=1, max_size=4), spoken())
def test_any_visit_is_the_same_conversation_again(
    tmp_path_factory: pytest.TempPathFactory, moods: list[dict[str, Any]], when: list[tuple[float, float]]
) -> None:
    """Interruptions, failures, late answers, thoughts."""
    folder = tmp_path_factory.mktemp("any")
    visit = record(folder, moods, when)
    again(visit, folder / "again")
    assert conversation(folder / "again") == conversation(visit)
    again(visit, folder / "live", moods)
    assert conversation(folder / "live") == conversation(visit)


def test_twice_says_that_nothing_differs(visit: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert command("replay", visit, "--out", tmp_path / "out", "--twice") == 0
    assert "the same, byte for byte" in capfd.readouterr().out


def test_the_first_message_that_differs_is_shown(
    visit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again(visit, tmp_path / "one")
    again(visit, tmp_path / "two", [{"sentences": 1}])
    assert differences(tmp_path / "one", tmp_path / "two") == 1
    printed = capsys.readouterr().out
    assert "messages.jsonl:" in printed
    assert "Sentence 0 of turn 1" in printed


def test_one_stage_alone_answers_one_recorded_request(
    visit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path)
    assert command("replay", visit, "--turn", "2", "--stage", "reply", "--config", config) == 0
    printed = capsys.readouterr().out
    assert printed.count("Sentence 0 of turn 2.") == 2  # recorded, and now


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--out", "{out}", "--live", "reply"], "replay-config"),
        (["--out", "{visit}"], "replay-out"),
        ([], "replay-out"),
        (["--out", "{out}", "--from", "9"], "replay-turns"),
        (["--turn", "9", "--stage", "reply", "--config", "{config}"], "replay-turns"),
        (["--turn", "1", "--stage", "reply"], "replay-config"),
        (["--turn", "1"], "replay-config"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_error(
    visit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    names = {"out": tmp_path / "out", "visit": visit, "config": write_config(tmp_path)}
    assert command("replay", visit, *(word.format(**names) for word in words)) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"[{code}]")


def test_a_folder_that_is_no_recording_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("replay", tmp_path, "--out", tmp_path / "out") == 2
    assert "[recording-missing]" in capsys.readouterr().err


# --- what the tests above look at


def starts(folder: Path) -> list[float]:
    """When the visitor began to speak."""
    return [row["at"] for row in rows(folder, "SpeechStarted") if not row["message"]["sure"]]


def begun(folder: Path, turn: int) -> float:
    """When the answer of a turn began to sound, whatever filled the time before."""
    answers = {row["message"]["id"] for row in rows(folder, "Sentence") if row["message"]["origin"] == "reply"}
    found = [row for row in rows(folder, "Played") if row["message"]["cause"] in answers]
    times = (row["at"] for row in found if row["message"]["turn"] == turn and row["message"]["state"] == "started")
    return float(next(times))


def broke_in(folder: Path) -> float:
    """How long the second answer had sounded when the visitor spoke again."""
    return starts(folder)[2] - begun(folder, 2)


def gap_before(folder: Path, turn: int) -> float:
    """From the end of the answer before it."""
    ends = [row["at"] for row in rows(folder, "Played")
            if row["message"]["turn"] == turn - 1 and row["message"]["state"] in {"ended", "cut"}]  # fmt: skip
    return float(starts(folder)[turn - 1] - max(ends))
