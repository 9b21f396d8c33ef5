"""The page of a comparison: both sides of each turn, and what differs."""

import re
from pathlib import Path

import pytest

from pipeline.errors import VisavisError
from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.report_comparison import page, write_comparison
from tests.report_scene import write_rich
from tests.test_recording_report import EVIL, Tags, numbers, sound


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same visit, once with a word heard otherwise."""
    a, b = (tmp_path_factory.mktemp(name) for name in "ab")
    return write_rich(a), write_rich(b, words="Where is the gift?", thought="A gift? ")


@pytest.fixture(scope="module")
def html(folders: tuple[Path, Path]) -> str:
    return page(compare_folders(*folders))


def test_each_turn_has_two_columns_that_can_be_seen_and_heard(html: str) -> None:
    tags = Tags(html)
    assert tags.open == []
    assert len(tags.of("article", "pair")) == 3
    assert [attrs["data-side"] for attrs in tags.of("div", "side")] == ["0", "1"] * 3
    assert [len(side["turns"]) for side in numbers(html)["sides"]] == [3, 3]
    assert sound(html, 0)
    assert sound(html, 1)


def test_words_that_differ_are_marked_on_both_sides(html: str) -> None:
    assert "<q>Where is the <mark>lift</mark>?</q>" in html
    assert "<q>Where is the <mark>gift</mark>?</q>" in html
    assert re.findall(r'data-changed="(\d)"', html) == ["1", "0", "0"]


def test_latencies_stand_side_by_side(html: str) -> None:
    assert html.count('class="latencies"') == 3
    assert "<td>1.500 s</td>" in html
    assert "+0 ms" in html


def test_ids_are_unique_and_links_lead_to_them(html: str) -> None:
    found = [attrs["id"] for _, attrs in Tags(html).found if "id" in attrs]
    assert len(found) == len(set(found))
    assert {attrs["href"] for attrs in Tags(html).of("a")} <= {f"#{name}" for name in found}


def test_a_turn_that_one_side_lacks_leaves_its_column_empty(folders: tuple[Path, Path], tmp_path: Path) -> None:
    short = write_rich(tmp_path)
    rows = (short / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if '"turn": 3' not in row]
    (short / "messages.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    html = page(compare_folders(folders[0], short))
    assert html.count("no such turn") == 1
    assert len(numbers(html)["sides"][1]["turns"]) == 2


def test_text_of_a_recording_never_becomes_markup(folders: tuple[Path, Path], tmp_path: Path, html: str) -> None:
    evil = page(compare_folders(folders[0], write_rich(tmp_path, words=EVIL, thought=EVIL)))
    assert Tags(evil).open == []
    assert Tags(evil).of("img") == []
    assert len(Tags(evil).of("script")) == len(Tags(html).of("script"))


def test_a_page_that_cannot_be_written_is_told(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(VisavisError) as caught:
        write_comparison(compare_folders(*folders), tmp_path)
    assert caught.value.code == "report-unwritable"
