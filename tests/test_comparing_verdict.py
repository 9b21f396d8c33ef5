"""Thresholds against a comparison: what holds, what is violated, and which turns are named."""

from pathlib import Path

import pytest

from pipeline.recording.comparing.comparison import Comparison
from pipeline.recording.comparing.limits import from_words
from pipeline.recording.comparing.verdict import CHECKS, judged
from tests.comparing_scene import THREE, Talk, compared


def changed(**fields: object) -> tuple[Talk, ...]:
    """The visit with another second turn."""
    second = Talk(**{"heard": THREE[1].heard, "reply": THREE[1].reply, "language": "zh", **fields})  # type: ignore[arg-type]
    return (THREE[0], second, THREE[2])


def verdict(found: Comparison, **words: object) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.option, one.turns) for one in judged(found, from_words(words)).verdict.violated]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (changed(heard="门票多少前？"), {"max_cer": "0.1"}),
        (changed(heard="门票多少前？"), {"same_words": True}),
        (changed(reply="三十元。"), {"same_replies": True}),
        (changed(label="angry"), {"same_emotions": True}),
        (changed(cut=0.3), {"same_interruptions": True}),
        (changed(cost=0.01), {"max_cost": "+20%"}),
        (changed(cost=0.01), {"max_cost": "0.01"}),
        (changed(wait=0.9), {"max_latency_p95": "+10%"}),
        (changed(wait=0.9), {"max_latency_p95": "800ms"}),
        (changed(reply="", apology="真抱歉。"), {"no_new_apologies": True}),
        (changed(failure="endpoint-down"), {"no_new_failures": True}),
    ],
)
def test_a_violated_threshold_names_its_turn(
    tmp_path: Path, other: tuple[Talk, ...], words: dict[str, str | bool]
) -> None:
    (name,) = words
    option = f"--{name.replace('_', '-')}"
    assert verdict(compared(tmp_path, THREE, other), **words) == [(option, ("2",))]
    assert verdict(compared(tmp_path, THREE, THREE), **words) == []


EVERYTHING: dict[str, str | bool] = {
    "max_wer": "0", "max_cer": "0", "max_latency_p50": "+0%", "max_latency_p95": "+0ms", "max_cost": "+0%",
    "min_viseme_correlation": "1", "max_closure_errors": "0", "same_turns": True, "same_words": True,
    "same_replies": True, "same_emotions": True, "same_interruptions": True, "no_new_apologies": True,
    "no_new_failures": True,
}  # fmt: skip


def test_a_recording_holds_the_strictest_thresholds_against_itself(tmp_path: Path) -> None:
    found = judged(compared(tmp_path, THREE, THREE), from_words(EVERYTHING)).verdict
    assert set(EVERYTHING) == set(CHECKS)
    assert len(found.held) == len(CHECKS)
    assert not found.violated


def test_nothing_that_was_not_asked_for_is_judged(tmp_path: Path) -> None:
    found = judged(compared(tmp_path, THREE, changed(heard="No.", reply="No.")), from_words({})).verdict
    assert (found.held, found.unmeasured, found.violated) == ((), (), ())


def test_a_missing_turn_has_other_words_and_another_reply(tmp_path: Path) -> None:
    found = compared(tmp_path, THREE, THREE[:2])
    words = {"same_turns": True, "same_words": True, "same_replies": True, "max_wer": "0.1"}
    assert verdict(found, **words) == [
        ("--same-turns", ("3",)),
        ("--same-words", ("3",)),
        ("--same-replies", ("3",)),
    ]


def test_an_avatar_that_never_answers_is_not_fast(tmp_path: Path) -> None:
    silent = tuple(Talk(talk.heard, "", talk.language) for talk in THREE)
    assert verdict(compared(tmp_path / "1", THREE, silent), max_latency_p95="+10%") == [("--max-latency-p95", ())]
    both = judged(compared(tmp_path / "2", silent, silent), from_words({"max_latency_p95": "+10%"})).verdict
    assert both.unmeasured == ("--max-latency-p95",)


def test_lips_without_a_common_sentence_cannot_be_measured(tmp_path: Path) -> None:
    other = tuple(Talk(talk.heard, "Nothing alike.", talk.language) for talk in THREE)
    found = judged(compared(tmp_path, THREE, other), from_words({"min_viseme_correlation": "0.9"})).verdict
    assert found.unmeasured == ("--min-viseme-correlation",)
    assert not found.violated


def test_lips_that_move_otherwise_are_found(tmp_path: Path) -> None:
    found = compared(tmp_path, THREE, THREE[1:])  # the sample's mouth hangs on the turn's number
    assert verdict(found, min_viseme_correlation="0.9") == [("--min-viseme-correlation", ("2", "3"))]
    assert [name for name, _ in verdict(found, max_closure_errors="0")] == ["--max-closure-errors"]


def test_an_apology_that_was_there_before_is_not_new(tmp_path: Path) -> None:
    sorry = changed(reply="", apology="真抱歉。", failure="endpoint-down")
    assert verdict(compared(tmp_path, sorry, sorry), no_new_apologies=True, no_new_failures=True) == []


def test_a_line_is_in_two_languages_and_names_limit_and_turns(tmp_path: Path) -> None:
    found = judged(compared(tmp_path, THREE, changed(wait=0.9)), from_words({"max_latency_p95": "800ms"}))
    (violation,) = found.verdict.violated
    assert violation.line == (
        "--max-latency-p95 800ms: 第 2 轮，说完到首声 p95 600 → 1230 ms，上限 800 ms · "
        "turn 2: speech end to first sound p95 600 → 1230 ms, limit 800 ms"
    )
