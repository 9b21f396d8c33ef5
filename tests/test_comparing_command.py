"""`visavis compare`: its words, its exit status, and what it prints."""

import argparse
import json
from pathlib import Path

import pytest

from pipeline.errors import VisavisError
from pipeline.recording.comparing import flags
from pipeline.recording.comparing.command import Asked, compare
from tests.comparing_scene import THREE, Talk, record


def words(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command")
    flags.add_compare(commands)
    flags.add_regress(commands)
    return parser.parse_args(given)


def run(*given: str) -> tuple[int, list[str]]:
    options, lines = words("compare", *given), list[str]()
    asked = Asked(options.a, options.b, options.reference, flags.thresholds(options), options.turns, options.json)
    return compare(asked, lines.append), lines


@pytest.fixture
def visits(tmp_path: Path) -> tuple[str, str]:
    other = (Talk("Where is the list?", "The lift is upstairs."), *THREE[1:])
    return str(record(tmp_path / "a", *THREE)), str(record(tmp_path / "b", *other))


def test_the_status_is_0_without_thresholds_and_where_they_hold(visits: tuple[str, str]) -> None:
    assert run(*visits)[0] == 0
    assert run(*visits, "--max-wer", "0.5", "--same-turns")[0] == 0


def test_the_status_is_1_where_one_is_violated(visits: tuple[str, str]) -> None:
    status, lines = run(*visits, "--same-replies", "--max-latency-p95", "+10%", "--max-cost", "+20%")
    assert status == 1
    assert any(line.startswith("✗ --same-replies: 第 1 轮") for line in lines)


def test_a_bound_with_a_minus_is_given_with_an_equals_sign(visits: tuple[str, str]) -> None:
    assert run(*visits, "--max-latency-p50=-10%")[0] == 1


def test_json_is_all_that_is_printed_and_holds_the_verdict(visits: tuple[str, str]) -> None:
    status, lines = run(*visits, "--same-replies", "--json")
    told = json.loads("\n".join(lines))
    assert status == 1
    assert told["verdict"]["violated"][0]["option"] == "--same-replies"
    assert told["summary"]["different"]["reply"] == ["1"]


def test_turns_are_told_on_demand(visits: tuple[str, str]) -> None:
    assert len(run(*visits, "--turns")[1]) > len(run(*visits)[1])
    assert run(*visits, "--verbose") == run(*visits, "--turns")


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_gets_lines_that_are_cut(
    visits: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    far = str(record(tmp_path / ("long" * 30), *THREE))
    lines = run(visits[0], far)[1]
    assert any(far in line for line in lines) is not terminal
    assert any("…" in line for line in lines[:2]) is terminal


def test_a_reference_is_read_from_its_file(visits: tuple[str, str], tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    said.write_text("\n".join(talk.heard for talk in THREE), encoding="utf-8")
    lines = run(*visits, "--reference", str(said))[1]
    assert any("WER 0.0% → 12.5%" in line for line in lines)


def test_a_page_is_written_from_the_same_comparison(visits: tuple[str, str], tmp_path: Path) -> None:
    written = []
    asked = Asked(Path(visits[0]), Path(visits[1]), html=tmp_path / "page.html")
    compare(asked, lambda _: None, lambda found, path: written.append((len(found.pairs), path)))
    assert written == [(3, tmp_path / "page.html")]


@pytest.mark.parametrize(
    ("given", "code"),
    [(["--max-wer", "much"], "threshold-invalid"), (["--reference", "nowhere.txt"], "config-unreadable")],
)
def test_what_is_wrong_is_said_before_anything_is_read(given: list[str], code: str) -> None:
    with pytest.raises(VisavisError) as caught:
        run("nowhere", "nowhere", *given)
    assert caught.value.code == code


def test_a_folder_that_is_no_recording_is_named(visits: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(VisavisError, match="nowhere") as caught:
        run(visits[0], str(tmp_path / "nowhere"))
    assert caught.value.code == "recording-missing"
