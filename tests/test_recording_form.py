"""A recording of the format before this one opens, and is run again."""

import json
import shutil
from pathlib import Path

from pipeline.recording.reading import read
from tests.again_scene import again, conversation, record


def as_format_1(visit: Path, older: Path) -> Path:
    """What the version before would have written of the same visit."""
    shutil.copytree(visit, older)
    for new in ("events.jsonl", "voice.u8"):
        (older / new).unlink(missing_ok=True)
    told = json.loads((older / "session.json").read_text(encoding="utf-8"))
    for new in ("microphone", "conversing", "persona", "ended", "lost"):
        told.pop(new, None)
    (older / "session.json").write_text(json.dumps({**told, "format": 1}), encoding="utf-8")
    return older


def test_a_recording_of_format_1_opens_and_is_not_called_torn(tmp_path: Path) -> None:
    visit = record(tmp_path)
    older = read(as_format_1(visit, tmp_path / "older"))
    assert not older.mended
    assert [row.message.id for row in older.rows] == [row.message.id for row in read(visit).rows]
    assert [event.fields["ids"] for event in older.events if event.name == "heard"] == [
        event.fields["ids"] for event in read(visit).events if event.name == "heard"
    ]


def test_a_recording_of_format_1_is_the_same_conversation_again(tmp_path: Path) -> None:
    visit = record(tmp_path)
    again(as_format_1(visit, tmp_path / "older"), tmp_path / "again")
    assert conversation(tmp_path / "again") == conversation(visit)
