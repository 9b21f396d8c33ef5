"""What a config says of recordings, and what `visavis check` says of that."""

from pathlib import Path

import pytest

from pipeline.config import read_config
from pipeline.errors import ConfigError
from pipeline.operator import check
from pipeline.recording.settings import Record, unfit
from pipeline.serve import Job, serve
from pipeline.verbosity import Wanted
from tests.again_scene import CONFIG


def write(folder: Path, record: str) -> Path:
    """A config with that key."""
    path = folder / "config.yaml"
    path.write_text(CONFIG % "" + record)
    return path


def test_nothing_is_recorded_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert read_config(write(tmp_path, "")).record is None


@pytest.mark.parametrize(("text", "wanted"), [
    ("record: kept", (30.0, 20.0)), ("record: {folder: kept}", (30.0, 20.0)),
    ("record: {folder: kept, keep_days: 7, keep_gb: 0.5}", (7.0, 0.5)),
    ("record: {folder: kept, keep_days: null, keep_gb: null}", (None, None)),
])  # fmt: skip
def test_a_folder_is_beside_the_config_and_has_its_limits(
    tmp_path: Path, text: str, wanted: tuple[float | None, float | None]
) -> None:
    record = read_config(write(tmp_path, text)).record
    assert record is not None
    assert record.folder == tmp_path / "kept"
    assert (record.keep_days, record.keep_gb) == wanted


@pytest.mark.parametrize(("text", "said"), [
    ("record: {keep_days: 3}", "record.folder: is missing"), ("record: {folder: k, keep_day: 3}", "keep_days"),
    ("record: {folder: k, keep_days: 0}", "record.keep_days"), ("record: [a]", "record"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_config(write(tmp_path, text))
    assert said in raised.value.text


def test_check_refuses_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kept").write_text("")
    assert check(write(tmp_path, "record: kept"), []) == 1
    assert "record: " in (printed := capsys.readouterr().out)
    assert "is a file: name a folder" in printed


@pytest.mark.parametrize("record", ["kept", "kept/below"])
def test_serve_ends_at_once_where_nothing_can_be_recorded(tmp_path: Path, record: str) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(ConfigError, match="is a file: name a folder") as raised:
        serve(Job(write(tmp_path, f"record: {record}")), Wanted(), print)
    assert raised.value.code == "record-unusable"


def test_check_refuses_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, _mode: path != tmp_path)
    assert check(write(tmp_path, "record: a/b/c"), []) == 1
    assert f"{tmp_path} cannot be written to" in capsys.readouterr().out


def test_a_folder_that_is_still_to_be_made_is_no_problem(tmp_path: Path) -> None:
    assert unfit(tmp_path / "a" / "b") == ""
    assert check(write(tmp_path, "record: a/b"), []) == 0
    assert not (tmp_path / "a").exists()


def test_a_name_alone_is_the_folder() -> None:
    assert Record.model_validate("kept").folder == Path("kept")
