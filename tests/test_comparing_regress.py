"""`visavis regress`: a folder of recordings as a suite, its table, its JUnit file and its exit status."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, EngineError, VisavisError
from pipeline.recording.comparing.columns import width
from pipeline.recording.comparing.junit import Case, document
from pipeline.recording.comparing.regress import Asked, recordings, regress
from tests.comparing_scene import THREE, Talk, record

NOON = dt.datetime(2026, 10, 5, 12, 0, 0, 123)  # noqa: DTZ001  as the calendar gives it


def again(folder: Path, out: Path) -> None:
    """A replay that is the same."""
    shutil.copytree(folder, out, dirs_exist_ok=True)


def changed(folder: Path, out: Path) -> None:
    """A replay with another model."""
    del folder
    record(out, Talk("Where is the lift?", "I do not know."), *THREE[1:])


def broken(folder: Path, out: Path) -> None:
    del out
    raise EngineError("model-missing", f"{folder.name}: no model \x07 here")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    for name in ("good", "nested/deep", "other"):
        record(tmp_path / "suite" / name, *THREE)
    return tmp_path / "suite"


def run(suite: Path, replay: Callable[[Path, Path], None], **words: str | bool) -> tuple[int, list[str], ET.Element]:
    lines: list[str] = []
    junit = suite.parent / "reports" / "junit.xml"
    asked = Asked(suite, suite.parent / "out", Path("c.yaml"), ("reply",), junit, words)
    status = regress(asked, replay, lines.append, lambda: NOON)
    return status, lines, ET.fromstring(junit.read_bytes())  # noqa: S314  it is ours


def test_a_suite_that_holds_has_status_0(suite: Path) -> None:
    status, lines, xml = run(suite, again, same_replies=True, max_latency_p95="+10%")
    assert status == 0
    assert [line.split()[0] for line in lines[2:]] == ["good", "nested/deep", "other", "✓"]
    assert all(width(line) <= 100 for line in lines)
    assert [case.get("name") for case in xml.iter("testcase")] == ["good", "nested/deep", "other"]
    assert not list(xml.iter("failure"))
    assert not list(xml.iter("error"))


def test_each_violated_threshold_is_told_in_the_table_and_in_junit(suite: Path) -> None:
    status, lines, xml = run(suite, changed, same_replies=True, same_words=True)
    assert status == 1
    assert sum(line.startswith("    ✗ --same-replies: 第 1 轮") for line in lines) == 3
    failures = list(xml.iter("failure"))
    assert [failure.get("type") for failure in failures] == ["--same-replies"] * 3
    assert "turn 1: another reply" in (failures[0].text or "")


def test_a_recording_that_cannot_be_replayed_or_opened_is_an_error_and_the_others_go_on(suite: Path) -> None:
    (suite / "other" / "messages.jsonl").write_text("nonsense\n")

    def some(folder: Path, out: Path) -> None:
        (broken if folder.name == "good" else again)(folder, out)

    status, lines, xml = run(suite, some)
    assert status == 2
    assert [error.get("type") for error in xml.iter("error")] == ["model-missing", "recording-unreadable"]
    assert "3 recordings: 1 held, 0 violated, 2 errors" in lines[-1]
    assert not any("\x07" in line for line in lines)


def test_an_error_of_ours_inside_a_group_is_an_error_row_and_no_other(suite: Path) -> None:
    def grouped(folder: Path, out: Path) -> None:
        del folder, out
        raise ExceptionGroup("tasks", [EngineError("model-missing", "no model")])

    def bug(folder: Path, out: Path) -> None:
        del folder, out
        raise ExceptionGroup("tasks", [EngineError("model-missing", "no model"), KeyError("bug")])

    assert run(suite, grouped)[0] == 2
    with pytest.raises(ExceptionGroup):
        run(suite, bug)


def test_a_wrong_config_is_said_once_and_not_for_each_recording(suite: Path) -> None:
    asked, lines = Asked(suite, suite.parent / "out", Path("nope.yaml")), list[str]()

    def replay(folder: Path, out: Path) -> None:
        del folder, out
        raise ExceptionGroup("tasks", [ConfigError("config-unreadable", "nope.yaml: no such file")])

    with pytest.raises(ConfigError) as caught:
        regress(asked, replay, lines.append, lambda: NOON)
    assert caught.value.code == "config-unreadable"
    assert lines == []


def test_what_is_wrong_with_a_config_for_one_recording_only_is_a_row_of_it(suite: Path) -> None:
    def some(folder: Path, out: Path) -> None:
        if folder.name == "other":
            raise ConfigError("replay-out", "this one")
        again(folder, out)

    status, lines, _ = run(suite, some)
    assert status == 2
    assert "3 recordings: 2 held, 0 violated, 1 errors" in lines[-1]


def test_a_file_beside_a_recording_overrides_the_commands_thresholds(suite: Path) -> None:
    (suite / "good" / "expect.yaml").write_text("same_replies: false\n")
    (suite / "other" / "expect.yaml").write_text("max_wer: 0\nreference: said.txt\n")
    (suite / "other" / "said.txt").write_text("Where is a lift?\n门票多少钱？\nCan I take photos?\n", encoding="utf-8")
    _, _, xml = run(suite, changed, same_replies=True)
    types = {case.get("name"): [one.get("type") for one in case] for case in xml.iter("testcase")}
    assert types == {"good": [], "nested/deep": ["--same-replies"], "other": ["--max-wer --same-replies"]}


def test_an_unknown_key_in_such_a_file_is_an_error_of_its_recording(suite: Path) -> None:
    (suite / "good" / "expect.yaml").write_text("max_latency_p99: +10%\n")
    status, lines, _ = run(suite, again)
    assert status == 2
    assert any("expect.yaml:1" in line and "max_latency_p99" in line for line in lines)


def test_what_an_earlier_run_wrote_is_no_recording_of_the_suite(suite: Path) -> None:
    record(suite / "out" / "good", *THREE)
    found = [folder.relative_to(suite).as_posix() for folder in recordings(suite, suite / "out")]
    assert found == ["good", "nested/deep", "other"]


@pytest.mark.parametrize("out", [".", "suite"])
def test_replays_never_go_over_the_recordings(suite: Path, out: str) -> None:
    asked = Asked(suite, suite.parent / out, Path("c.yaml"))
    with pytest.raises(VisavisError) as caught:
        regress(asked, again, lambda _: None, lambda: NOON)
    assert caught.value.code == "regress-out"


def test_a_folder_without_recordings_is_no_suite_that_holds(tmp_path: Path) -> None:
    with pytest.raises(VisavisError) as caught:
        regress(Asked(tmp_path, tmp_path / "out", Path("c.yaml")), again, lambda _: None, lambda: NOON)
    assert caught.value.code == "regress-empty"


def test_a_wrong_threshold_is_said_before_anything_is_replayed(suite: Path) -> None:
    with pytest.raises(VisavisError) as caught:
        run(suite, broken, max_wer="much")
    assert caught.value.code == "threshold-invalid"


def test_a_report_that_cannot_be_written_is_said(suite: Path) -> None:
    asked = Asked(suite, suite.parent / "out", Path("c.yaml"), junit=suite / "good")
    with pytest.raises(VisavisError) as caught:
        regress(asked, again, lambda _: None, lambda: NOON)
    assert caught.value.code == "regress-unwritable"


@given(st.text(), st.text(), st.sampled_from(["held", "violated", "error"]))
def test_any_text_is_valid_in_junit(name: str, text: str, outcome: str) -> None:
    case = Case(name, 0.5, outcome, "--max-wer", text, text)  # type: ignore[arg-type]
    xml = ET.fromstring(document([case], NOON, {"config": text}))  # noqa: S314  it is ours
    (suite,) = xml
    assert len(suite.findall("testcase")) == 1


def test_junit_has_all_that_its_schemas_ask_for() -> None:
    cases = [Case("a", 1.0, "held"), Case("b", 0.25, "violated", "k", "m", "t"), Case("c", 0.0, "error", "k", "m", "t")]
    (suite,) = ET.fromstring(document(cases, NOON, {"config": "c.yaml"}))  # noqa: S314  it is ours
    assert suite.attrib == {
        "name": "visavis.regress", "package": "visavis.regress", "id": "0", "hostname": "localhost",
        "timestamp": "2026-10-05T12:00:00", "tests": "3", "failures": "1", "errors": "1", "time": "1.250",
    }  # fmt: skip
    order = ["properties", "testcase", "testcase", "testcase", "system-out", "system-err"]
    assert [child.tag for child in suite] == order
    assert all({"name", "classname", "time"} == set(case.attrib) for case in suite.iter("testcase"))
    assert [[inner.tag for inner in case] for case in suite.iter("testcase")] == [[], ["failure"], ["error"]]
