"""What is missing or damaged in a recording is named, and what is wrong with its facts is one clear error."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import VisavisError
from pipeline.recording import form
from pipeline.recording.again.samples import SAMPLES
from pipeline.recording.again.single import run_single
from pipeline.recording.flac import counted, reaches
from pipeline.recording.reading import Recording, read
from tests.again_scene import again, conversation, write_config
from tests.recordings import write_visit


@pytest.fixture
def visit(tmp_path: Path) -> Path:
    """A recording of format 2 that is whole."""
    return Path(shutil.copytree(SAMPLES / "en", tmp_path / "visit"))


def told(folder: Path, **fields: Any) -> Recording:
    """It, with other facts."""
    path = folder / form.SESSION
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")
    return read(folder)


def test_a_whole_recording_has_nothing_mended_before_and_after_its_sound_is_read(visit: Path) -> None:
    found = read(visit)
    assert (len(found.visitor) > 0, len(found.speech) > 0, len(found.avatar) > 0) == (True, True, True)
    assert found.mended == ()


@pytest.mark.parametrize("name", form.SOUNDS)
def test_missing_sound_is_named(visit: Path, name: str) -> None:
    (visit / name).unlink()
    (line,) = read(visit).mended
    assert line.startswith(f"{name}: 缺失 · missing")
    assert ("s are missing" in line) == (name != form.AVATAR), "no message refers to the avatar's"


def test_an_absent_voice_file_is_normal(visit: Path) -> None:
    (visit / form.VOICE).unlink()
    assert read(visit).mended == ()


def test_missing_events_are_derived_from_the_messages_and_that_is_said(visit: Path, tmp_path: Path) -> None:
    kept = read(visit)
    (visit / form.EVENTS).unlink()
    found = told(visit, microphone={"start": 3200})
    assert found.mended == ("events.jsonl: 缺失，按消息推出 · missing, derived from the messages",)
    heard = [[event.fields["sample"] for event in one.events if event.name == "heard"] for one in (kept, found)]
    assert heard[1] == [sample + 3200 for sample in heard[0]]
    told(visit, microphone={"start": 0})
    again(visit, tmp_path / "again")
    assert conversation(tmp_path / "again") == conversation(visit)


def test_format_1_has_neither_events_nor_all_sounds_and_is_whole(tmp_path: Path) -> None:
    found = read(write_visit(tmp_path))
    assert found.mended == ()
    assert found.session["config_name"] == "demo.yaml"


@pytest.mark.parametrize("name", form.SOUNDS)
def test_sound_that_breaks_off_is_named_with_what_is_missing_before_it_is_read(visit: Path, name: str) -> None:
    data = (visit / name).read_bytes()
    (visit / name).write_bytes(data[: len(data) // 2])
    found = read(visit)
    (line,) = found.mended
    assert line.startswith(f"{name}: 到 ")
    assert "s are missing" in line
    for row in found.rows:
        found.whole(row)
    assert list(found.mended) == [line], "and once only"


def test_sound_that_is_shorter_than_what_messages_refer_to_is_named(visit: Path) -> None:
    import soundfile

    soundfile.write(visit / form.SPEECH, np.zeros(24_000, np.int16), 24_000)
    (line,) = read(visit).mended
    assert line.startswith("speech.flac: 到 1.00 秒中断 · breaks off at second 1.00，缺 ")


def test_damage_in_the_middle_is_named_when_the_sound_is_read(visit: Path) -> None:
    path = visit / form.SPEECH
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    path.write_bytes(data)
    assert read(visit).mended == ()
    found = read(visit)
    assert 0 < len(found.speech) < counted(path)
    assert ["speech.flac" in line for line in found.mended] == [True]


@pytest.mark.parametrize("data", [b"no sound at all", b"fLaC" + bytes(10) + b"\xff" * 400])
def test_sound_of_which_nothing_can_be_read_is_named_and_an_error_for_who_needs_it(visit: Path, data: bytes) -> None:
    (visit / form.SPEECH).write_bytes(data)
    found = read(visit)
    assert "cannot be read" in found.mended[0]
    assert len(found.visitor) > 0
    with pytest.raises(VisavisError, match=r"speech\.flac.*\[recording-unreadable\]"):
        found.speech  # noqa: B018


def test_a_header_alone_of_a_finished_file_is_unreadable(visit: Path) -> None:
    path = visit / form.SPEECH
    path.write_bytes(path.read_bytes()[:60])
    assert not reaches(path, counted(path))
    assert "nothing of its sound can be read" in read(visit).mended[0]


@pytest.mark.parametrize(("fields", "said"), [
    ({"format": "x"}, "`format`"), ({"format": 0}, "`format`"), ({"format": True}, "`format`"),
    ({"format": None}, "`format`"), ({"format": 1.5}, "`format`"), ({"microphone": []}, "`microphone`"),
    ({"microphone": {"start": "0"}}, "`microphone.start`"), ({"config": 5}, "`config`"),
    ({"config": {"session": 5}}, "`config.session`"), ({"versions": []}, "`versions`"),
    ({"versions": {"speech": 1}}, "`versions.speech`"), ({"conversing": "zh"}, "`conversing`"),
    ({"persona": {}}, "`persona`"), ({"node": 3}, "`node`"),
])  # fmt: skip
def test_a_wrong_fact_is_one_error_with_file_and_field(visit: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(VisavisError) as raised:
        told(visit, **fields)
    assert raised.value.code == "recording-unreadable"
    assert f"session.json:1: {said} should be" in raised.value.text


def test_null_is_as_if_it_were_not_there(visit: Path) -> None:
    names = ("session", "microphone", "config", "versions", "conversing", "persona", "node")
    assert not {*told(visit, **dict.fromkeys(names)).session} & {*names}


def test_a_later_format_is_newer_whatever_its_fields_are(visit: Path) -> None:
    with pytest.raises(VisavisError, match="recording-newer"):
        told(visit, format=3, microphone=[])


@pytest.mark.parametrize("place", [
    {"file": "x", "start": 0, "samples": 1}, {"file": "speech.flac", "start": -1, "samples": 1},
])  # fmt: skip
def test_a_message_refers_to_sound_that_can_be(visit: Path, place: dict[str, Any]) -> None:
    path = visit / form.MESSAGES
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    line = json.loads(first)
    line["message"]["sound"] = place
    path.write_text(json.dumps(line) + "\n" + rest, encoding="utf-8")
    with pytest.raises(VisavisError, match=r"messages\.jsonl:1: .*\[recording-unreadable\]"):
        read(visit)


def test_facts_without_a_format_are_of_format_1(visit: Path) -> None:
    (visit / form.SESSION).write_text("{}")
    assert read(visit).events[0].name == "begin"
    (visit / form.MESSAGES).write_text("")
    assert read(visit).events == ()


def test_a_spoken_sentence_is_one_line_with_its_parts_and_seconds(visit: Path, tmp_path: Path) -> None:
    said: list[str] = []
    assert run_single(visit, write_config(tmp_path / "config"), "speech", 1, said.append) == 0
    lines = [line for line in said if "Speech(" in line]
    recorded = [line for line in lines if "录音 recorded" in line]
    assert recorded
    assert len(recorded) == len(lines) - len(recorded) == sum("▶" in line for line in said)
    assert all("part" in line and line.endswith(" s)") and ", 0.0 s" not in line for line in lines)
