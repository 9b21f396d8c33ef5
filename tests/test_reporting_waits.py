"""Waits are counted in one way for reports and comparisons."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.comparing.table import change
from pipeline.recording.reading import read
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.totals import slow
from pipeline.recording.reporting.waits import milliseconds, percentile, shown

RECORDINGS = Path(__file__).parent.parent / "configs" / "recordings"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.95, 7), ([1, 2, 3], 0.5, 2), ([0, 10], 0.95, 9.5), ([3, 1, 2, 4], 0.5, 2.5)],
)
def test_percentiles_lie_between_the_nearest_values(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


@pytest.mark.parametrize("name", ["thinking", "zh", "en"])
def test_the_report_and_a_comparison_say_the_same_p95(name: str) -> None:
    folder = RECORDINGS / name
    compared, limit = compare_folders(folder, folder).a.latency["gap"].p95, slow(Visit(read(folder)).turns)
    assert limit is not None
    assert change(compared, compared) == f"{limit * 1000:.0f}"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_some_turn_is_as_slow_as_the_p95_says(gaps: list[float]) -> None:
    found = percentile([milliseconds(gap) for gap in gaps], 0.95)
    assert found is not None
    assert any(shown(milliseconds(gap)) >= shown(found) for gap in gaps)
