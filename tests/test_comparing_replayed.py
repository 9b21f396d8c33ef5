"""Replays in comparisons: whose latency is modelled, and turns that were left out on purpose."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.comparing.comparison import Comparison
from pipeline.recording.comparing.limits import from_words
from pipeline.recording.comparing.replayed import modelled, window
from pipeline.recording.comparing.table import summary
from pipeline.recording.comparing.verdict import judged
from pipeline.recording.report_comparison import page
from tests.comparing_scene import THREE, Talk, record

SERVED = {"reply": {"engine": "deepseek", "base_url": "http://127.0.0.1:8000"}, "speech": {"engine": "espeak"}}
NOTE = "B 的延迟是模拟的，不是实测 · B's latency is modelled, not measured: replay it with --real-time"
SAID = [talk.heard for talk in THREE]


def session(live: list[str], config: Any = SERVED, **more: Any) -> dict[str, Any]:
    return {"clock": "pipeline", "config": config, "replay": {"live": live, **more}}


def marked(folder: Path, **fields: Any) -> Path:
    """The recording, with more in its `session.json`."""
    path = folder / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return folder


def partly(tmp_path: Path, reference: list[str] | None = None, first: int = 1, turns: Any = (1, 1)) -> Comparison:
    """A visit of three turns, and a replay of the first of them: B's only turn."""
    a = record(tmp_path / "a", *THREE[first - 1 :])
    b = marked(record(tmp_path / "b", THREE[0]), **session([], turns=list(turns) if turns else None))
    return compare_folders(a, b, reference)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (session(["reply"]), True),
        (session(["reply"], {"reply": {"engine": "deepseek", "endpoints": [{"name": "one"}]}}), True),
        (session(["reply"], {"reply": {"engine": "knowledge", "fallback": {"base_url": "http://a"}}}), True),
        (session(["reply"], {"reply": {"engine": "deepseek", "dialect": "deepseek"}}), True),
        (session(["speech"]), False),
        (session([]), False),
        (session(["reply"], real_time=True), False),
        ({**session(["reply"]), "clock": "machine"}, False),
        (session(["reply"], "config.yaml"), False),
        ({"clock": "pipeline", "config": SERVED}, False),
    ],
)
def test_a_server_that_was_asked_on_virtual_time_took_no_time(told: dict[str, Any], expected: bool) -> None:
    assert modelled(told) is expected


@pytest.mark.parametrize(
    ("turns", "expected"), [([2, 3], (2, 3)), (None, None), ([2], None), ("all", None), ([1, "2"], None)]
)
def test_the_turns_of_a_replay_are_those_that_it_names(turns: Any, expected: Any) -> None:
    assert window(session([], turns=turns)) == expected


def test_a_modelled_latency_is_named_under_its_line_and_on_the_page(tmp_path: Path) -> None:
    a, b = record(tmp_path / "a", *THREE), marked(record(tmp_path / "b", *THREE), **session(["reply"]))
    found = compare_folders(a, b)
    lines = summary(found)
    at = next(number for number, line in enumerate(lines) if line.startswith("延迟 latency"))
    assert lines[at + 1].strip() == NOTE
    content = page(found)
    assert all(part in content for part in ("B 的延迟是模拟的，不是实测", "replay it with --real-time"))
    assert not any("--real-time" in line for line in summary(compare_folders(a, a)))
    assert any("the latencies of A and B are modelled" in line for line in summary(compare_folders(b, b), None))


@pytest.mark.parametrize("reference", [None, SAID])
def test_turns_that_were_not_replayed_are_no_word_errors(tmp_path: Path, reference: list[str] | None) -> None:
    found = partly(tmp_path, reference)
    assert [(pair.label, pair.left_out) for pair in found.pairs] == [("1", ()), ("2", ("b",)), ("3", ("b",))]
    assert (found.errors_b.wer, found.errors_b.words) == (0.0, 4)
    assert found.errors_b.cer is None
    assert any("2 没有重放 not replayed (2, 3)" in line for line in summary(found))
    assert found.errors_a.words == (8 if reference else 0)


def test_what_is_said_outside_the_replayed_turns_is_asked_of_nobody_who_replayed_them(tmp_path: Path) -> None:
    b = partly(tmp_path).b.folder
    found = compare_folders(Path(b), Path(b), SAID)
    assert [pair.label for pair in found.pairs] == ["1"]
    assert (found.errors_a.wer, found.errors_b.wer) == (0.0, 0.0)


def test_a_turn_that_a_replay_should_have_had_is_an_error_of_it(tmp_path: Path) -> None:
    for number, turns in enumerate([None, (1, 3)]):
        found = partly(tmp_path / str(number), SAID, turns=turns)
        assert found.errors_b.wer == 0.5
        assert not any(pair.left_out for pair in found.pairs)


def test_without_a_reference_missing_turns_are_counted_as_turns_and_not_as_words(tmp_path: Path) -> None:
    found = judged(partly(tmp_path, turns=None), from_words({"max_wer": "0", "same_turns": True}))
    assert [(one.option, one.turns) for one in found.verdict.violated] == [("--same-turns", ("2", "3"))]
    assert found.pairs[1].errors_b is None
    b = record(tmp_path / "misheard", Talk("Where is the list?"))
    lines = summary(compare_folders(tmp_path / "a", b))
    assert any("WER 25.0% · 缺轮不计 missing turns aside" in line for line in lines)
