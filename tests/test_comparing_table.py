"""What a person reads of a comparison."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.recording.comparing.columns import fit, named, pad, plain, width, wrap
from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.comparing.details import details
from pipeline.recording.comparing.limits import from_words
from pipeline.recording.comparing.table import change, summary, verdict
from pipeline.recording.comparing.verdict import judged
from tests.comparing_scene import THREE, Talk, compared
from tests.recordings import write_visit

WIDE = st.text(alphabet="ab 门票，…é", max_size=40)


@given(WIDE, st.integers(2, 30))
def test_text_fits_its_columns(text: str, columns: int) -> None:
    assert width(fit(text, columns)) <= columns
    assert width(pad(text, columns)) == columns


@given(WIDE, st.integers(12, 30))
def test_wrapped_text_fits_and_loses_nothing_but_spaces(text: str, columns: int) -> None:
    lines = wrap(text, columns, 4)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text())
def test_nothing_that_was_recorded_steers_the_terminal(text: str) -> None:
    assert plain(text).replace("\u3000", " ").isprintable()


def test_long_lists_are_cut() -> None:
    assert named([str(at) for at in range(12)], 3) == "0, 1, 2 …+9"
    assert named(["1"]) == "1"


def test_a_change_has_its_percentage() -> None:
    assert change(500, 550, " ms") == "500 → 550 ms (+10%)"
    assert change(500, 500, " ms") == "500 ms"
    assert change(None, 3) == "– → 3"
    assert change(0, 3) == "0 → 3"


def test_the_summary_is_short_bilingual_and_narrow(tmp_path: Path) -> None:
    other = (
        Talk("Where is the list?", "I do not know.", label="sad", wait=0.4),
        Talk("门票多少钱？", "", "zh", apology="真抱歉。", failure="endpoint-down"),
    )
    lines = summary(compared(tmp_path, THREE, other))
    assert len(lines) == 11
    assert all(width(line) <= 98 for line in lines)
    text = "\n".join(lines)
    assert "2 轮对上 aligned · 1 只在 only in A (3)" in text
    assert "1 相同 same, 1 不同 different (1)" in text
    assert "p50 600 → 800 ms (+33%)" in text
    assert "0 → 1 · 致歉 apologies 0 → 1" in text


def test_each_turn_is_told_on_demand(tmp_path: Path) -> None:
    other = (Talk("Where is the list?", "The lift is upstairs."), THREE[1])
    lines = details(compared(tmp_path, THREE, other, [talk.heard for talk in THREE]))
    text = "\n".join(lines)
    assert all(width(line) <= 98 for line in lines)
    assert "A Where is the [lift]?" in text
    assert "B Where is the [list]?" in text
    assert "原话 said" in text
    assert "≠ 第 3 / – 轮 · turn 3 / –  缺失 missing" in text
    assert "= 第 2 轮 · turn 2" in text


def test_a_whole_visit_with_everything_in_it_is_told(tmp_path: Path) -> None:
    folder = write_visit(tmp_path / "a", first_words="Where is\x1b[2J the lift?")
    found = compare_folders(folder, folder)
    text = "\n".join([*summary(found), *details(found)])
    assert "\x1b" not in text
    assert "开场 · greeting" in text


def test_the_last_line_says_what_came_of_it(tmp_path: Path) -> None:
    same, other = compared(tmp_path / "1", THREE, THREE), compared(tmp_path / "2", THREE, THREE[:2])
    assert verdict(same)[-1].startswith("✓ 判定：内容没有差别 · verdict: nothing differs")
    assert verdict(other)[-1].startswith("≠ 判定：有差别，没有设阈值")
    assert verdict(judged(same, from_words({"same_turns": True})))[-1].endswith("all 1 thresholds hold")
    lines = verdict(judged(other, from_words({"same_turns": True, "same_words": True})))
    assert lines[-1].endswith("verdict: 2 of 2 thresholds violated")
    assert [line.split(":")[0] for line in lines[:-1]] == ["✗ --same-turns", "✗ --same-words"]
