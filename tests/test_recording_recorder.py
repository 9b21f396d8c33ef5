"""On the pipeline's own clock everything is written at once, and the same run writes the same bytes."""

import json
from pathlib import Path

import pytest

from pipeline.clock import Clock, run_virtual
from pipeline.errors import ConfigError
from pipeline.recording import form
from pipeline.recording.reading import read
from pipeline.recording.recorder import Recorder
from tests.again_scene import record

SAME = (form.MESSAGES, form.EVENTS, form.VISITOR, form.SPEECH, form.AVATAR, form.SESSION)


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    one, other = record(tmp_path / "one"), record(tmp_path / "two")
    for name in SAME:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_a_run_is_of_today_s_format_and_says_what_happened(tmp_path: Path) -> None:
    kept = read(record(tmp_path))
    assert kept.session["format"] == form.FORMAT
    assert kept.session["ended"]["why"] == "ended"
    assert kept.session["lost"] == 0
    assert kept.session["conversing"]["greeting_language"] == "en"
    begin = kept.events[0]
    assert (begin.name, begin.at, begin.fields) == ("begin", 0.0, {"sample": 0})
    said = {name for event in kept.events if event.name == "heard" for name in event.fields["ids"]}
    ids = {row.message.id for row in kept.rows if type(row.message).__name__ in form.TURN}
    assert said == ids, "each message of the turn engine is in one event"
    assert {event.name for event in kept.events} >= {"begin", "heard", "duck", "cut"}
    assert len(kept.visitor) % 320 == 0


def test_each_line_is_on_the_disk_when_it_is_written(tmp_path: Path) -> None:
    async def main(clock: Clock) -> None:
        recorder = Recorder(tmp_path, clock)
        recorder.note("deafen", "s1")
        assert json.loads((tmp_path / form.EVENTS).read_text()) == {"at": 0.0, "event": "deafen", "session": "s1"}
        recorder.close()

    run_virtual(main)


def test_session_json_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    async def main(clock: Clock) -> None:
        recorder = Recorder(tmp_path, clock)
        recorder.describe({"session": "s1"})
        recorder.close()

    run_virtual(main)
    assert json.loads((tmp_path / form.SESSION).read_text()) == {"format": form.FORMAT, "session": "s1"}
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".new"] == []


def test_what_an_earlier_run_left_in_the_folder_is_not_of_this_one(tmp_path: Path) -> None:
    for name in ("report.html", "cues.json", form.VOICE, form.EVENTS):
        (tmp_path / name).write_text("old")

    async def main(clock: Clock) -> None:
        Recorder(tmp_path, clock).close()

    run_virtual(main)
    assert not any((tmp_path / name).exists() for name in ("report.html", "cues.json", form.VOICE))
    assert (tmp_path / form.EVENTS).read_text() == ""


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def main(clock: Clock) -> None:
        Recorder(tmp_path / "file", clock)

    with pytest.raises(ConfigError, match="recording-unwritable"):
        run_virtual(main)
