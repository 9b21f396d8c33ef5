"""Thresholds as words and as a file: what is understood, and that all else is refused with its place."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.recording.comparing import flags
from pipeline.recording.comparing.limits import Thresholds, beside, from_words, milliseconds, money, option, rate

NUMBER = st.decimals(0, 10_000, places=2).map(lambda number: f"{number:f}")


@pytest.mark.parametrize(
    ("given", "before", "limit"),
    [("+10%", 500, 550), ("-10%", 500, 450), ("+50ms", 500, 550), ("-0.1s", 500, 400), ("800ms", 500, 800),
     ("1.2s", None, 1200), ("+0%", 500, 500), ("+10%", None, None)],
)  # fmt: skip
def test_a_bound_is_relative_or_absolute(given: str, before: float | None, limit: float | None) -> None:
    bound = milliseconds(given)
    assert bound is not None
    assert bound.limit(before) == pytest.approx(limit)


@given(NUMBER, st.sampled_from(["+", "-"]), st.floats(0, 1e6))
def test_every_relative_bound_grows_with_its_number(number: str, sign: str, before: float) -> None:
    bound, ms = milliseconds(f"{sign}{number}%"), milliseconds(f"{sign}{number}ms")
    assert bound is not None
    assert ms is not None
    way = 1 if sign == "+" else -1
    assert bound.limit(before) == pytest.approx(before * (1 + way * float(number) / 100))
    assert ms.limit(before) == pytest.approx(before + way * float(number))


@given(NUMBER)
def test_seconds_are_a_thousand_milliseconds(number: str) -> None:
    one, other = milliseconds(f"{number}s"), milliseconds(f"{float(number) * 1000:.3f}ms")
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value)


@given(st.text(max_size=12))
def test_a_word_is_understood_or_refused_and_nothing_else(word: str) -> None:
    for parse in (milliseconds, money, rate):
        with contextlib.suppress(ValueError):
            assert parse(word) is not None


@pytest.mark.parametrize(
    "word", ["", "10", "10%", "+10", "+ 10%", "1e3ms", "fast", "+10%%", "nan", "--5ms", "٣ms", True]
)
def test_what_is_no_latency_is_refused(word: object) -> None:
    with pytest.raises(ValueError, match=r"should be \+10%, \+50ms or 800ms"):
        milliseconds(word)


@pytest.mark.parametrize("word", ["10", "-0.1", "nan", "inf", "1.01", "120%", "", "x", True])
def test_what_is_no_rate_is_refused(word: object) -> None:
    with pytest.raises(ValueError, match="should be from 0 to 1"):
        rate(word)


def test_a_rate_may_be_given_in_percent() -> None:
    assert rate("10%") == rate("0.1") == rate(0.1) == pytest.approx(0.1)


def test_a_wrong_word_is_one_error_that_names_its_option() -> None:
    with pytest.raises(ConfigError) as caught:
        from_words({"max_latency_p95": "10"})
    assert caught.value.code == "threshold-invalid"
    assert caught.value.text == "--max-latency-p95: '10' should be +10%, +50ms or 800ms"


def test_the_command_line_knows_exactly_the_thresholds() -> None:
    assert {*flags.VALUES, *flags.FLAGS} == set(Thresholds.model_fields)
    assert all(not Thresholds.model_fields[name].default for name in Thresholds.model_fields)
    assert option("max_wer") == "--max-wer"


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "expect.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_file_overrides_the_command_and_can_lift_a_threshold(tmp_path: Path) -> None:
    wanted = from_words({"max_wer": "0.1", "same_replies": True, "same_turns": True, "max_cost": "+20%"})
    text = "max_wer: 0.3\nsame_replies: false\nmax_cost: null\nmax_latency_p95: +10%\nreference: said.txt\n"
    expected = beside(write(tmp_path / "a", text))
    found = wanted.overridden(expected.thresholds)
    assert (found.max_wer, found.same_replies, found.same_turns, found.max_cost) == (0.3, False, True, None)
    assert found.max_latency_p95 is not None
    assert found.max_latency_p95.text == "+10%"
    assert expected.reference == tmp_path / "a" / "said.txt"


def test_without_a_file_or_with_an_empty_one_nothing_is_overridden(tmp_path: Path) -> None:
    for folder in (tmp_path, write(tmp_path / "empty", "# nothing\n")):
        assert beside(folder).thresholds.model_fields_set == set()


def test_every_problem_of_a_file_is_named_with_its_place(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "max_wer: 3\nmax_latency: +10%\nreference: [a]\n")
    with pytest.raises(ConfigError) as caught:
        beside(folder)
    assert caught.value.code == "expect-invalid"
    lines = caught.value.text.splitlines()
    assert len(lines) == 3
    assert any("expect.yaml:2" in line and "max_latency" in line and "did you mean" in line for line in lines)
    assert any("expect.yaml:1" in line and "max_wer" in line for line in lines)


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        beside(write(tmp_path / "a", "- max_wer\n"))
    assert caught.value.code == "expect-invalid"
