"""`visavis export`: one file, one sentence about it, or one error that says what to do."""

import json
import os
from pathlib import Path

import pytest

from pipeline.errors import VisavisError
from pipeline.recording.exporting.command import SUFFIX, export
from tests.recordings import Sample, write_visit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_visit(tmp_path_factory.mktemp("house") / "visit")


def code(folder: Path, form: str, out: Path, turn: int | None = None) -> str:
    with pytest.raises(VisavisError) as caught:
        export(folder, form, out, turn)
    return caught.value.code


@pytest.mark.parametrize("form", SUFFIX)
def test_each_format_makes_one_file_named_after_the_recording(folder: Path, form: str, tmp_path: Path) -> None:
    assert export(folder, form, tmp_path, None) == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"visit{SUFFIX[form]}"]


def test_it_says_what_was_written_in_both_languages(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(folder, "vtt", tmp_path / "a.vtt", None)
    said = capsys.readouterr().out
    assert "已写入" in said
    assert said.endswith(f"wrote {tmp_path / 'a.vtt'}: 10 cues, 26.0 s\n")


def test_a_turn_is_named_and_its_place_in_the_recording_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(folder, "srt", tmp_path, 2)
    said = capsys.readouterr().out
    assert (tmp_path / "visit-turn2.srt").exists()
    assert "从录音的第 9.85 秒起" in said
    assert "from second 9.85 of the recording" in said


def test_messages_of_a_turn_keep_the_recordings_times(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(folder, "messages-parquet", tmp_path, 2)
    assert "from second" not in capsys.readouterr().out


def test_one_is_not_called_many(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(folder, "vtt", tmp_path, 0)
    assert ": 1 cue, " in capsys.readouterr().out


def test_without_out_it_goes_where_one_is(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export(folder, "srt", None, None)
    assert (tmp_path / "visit.srt").exists()


def test_files_of_one_recording_fit_together(folder: Path, tmp_path: Path) -> None:
    for form in ("arkit-csv", "live2d-motion3"):
        export(folder, form, tmp_path, None)
    rows = (tmp_path / "visit.csv").read_text("utf-8").splitlines()
    motion = json.loads((tmp_path / "visit.motion3.json").read_text("utf-8"))
    assert (len(rows) - 2) / 60 == pytest.approx(motion["Meta"]["Duration"], abs=1e-6)


def test_the_same_recording_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for form, suffix in SUFFIX.items():
        for name in ("a", "b"):
            export(folder, form, tmp_path / (name + suffix), None)
        assert (tmp_path / ("a" + suffix)).read_bytes() == (tmp_path / ("b" + suffix)).read_bytes()


@pytest.mark.parametrize("form", ["vtt", "srt", "arkit-csv", "vrma", "live2d-motion3"])
def test_a_visit_in_which_nothing_was_said_is_refused(form: str, tmp_path: Path) -> None:
    silent = Sample(tmp_path / "silent", 2.0).write()
    assert code(silent, form, tmp_path) == "export-empty"


def test_a_recording_without_sound_has_none_to_mix(tmp_path: Path) -> None:
    silent = Sample(tmp_path / "silent", 2.0).write()
    assert code(silent, "wav", tmp_path) == "export-empty"


def test_an_unknown_turn_is_refused(folder: Path, tmp_path: Path) -> None:
    assert code(folder, "vtt", tmp_path, 12) == "export-turn"


def test_what_cannot_be_written_is_said_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    assert code(folder, "vtt", tmp_path / "nowhere" / "a.vtt") == "export-unwritable"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert code(folder, "vtt", tmp_path / "file" / "a.vtt") == "export-unwritable"


def test_a_pipe_gets_the_file_as_it_is(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    export(folder, "srt", tmp_path / "pipe", None)
    assert os.read(reader, 6) == b"1\n00:0"
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    os.close(reader)


def test_the_recording_itself_is_never_overwritten(folder: Path) -> None:
    assert code(folder, "wav", folder / "avatar.flac") == "export-unwritable"


def test_a_track_is_for_sound_only(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(VisavisError) as caught:
        export(folder, "vtt", tmp_path, None, "visitor")
    assert caught.value.code == "export-track"


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    assert code(tmp_path, "vtt", tmp_path) == "recording-missing"
