"""The table of messages, read back by pyarrow and by DuckDB."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import VisavisError
from pipeline.recording.exporting.parquet import COLUMNS, parquet
from pipeline.recording.reading import Recording, read
from tests.recordings import write_visit

parquet_files: Any = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read(write_visit(tmp_path_factory.mktemp("visit")))


def test_every_message_is_a_row_with_its_line_of_the_recording(visit: Recording) -> None:
    data, count = parquet(visit, None)
    table = parquet_files.read_table(io.BytesIO(data))
    lines = [json.loads(line) for line in (visit.folder / "messages.jsonl").read_text("utf-8").splitlines()]
    assert count == table.num_rows == len(lines)
    assert table.column("at").to_pylist() == [line["at"] for line in lines]
    assert [json.loads(text) for text in table.column("json").to_pylist()] == [line["message"] for line in lines]


def test_columns_hold_what_the_messages_say(visit: Recording) -> None:
    table = parquet_files.read_table(io.BytesIO(parquet(visit, None)[0]))
    rows = table.to_pylist()
    assert set(COLUMNS) < set(table.column_names)
    asked = next(row for row in rows if row["kind"] == "Question" and row["turn"] == 2)
    assert (asked["language"], asked["emotion"], asked["confidence"]) == ("zh", "angry", 1.0)
    said = next(row for row in rows if row["kind"] == "Utterance")
    assert (said["sound_file"], said["sound_start"], said["text"]) == ("visitor.flac", 16_000, None)
    stopped = next(row for row in rows if row["kind"] == "Interrupt" and row["turn"] == 2)
    assert stopped["why"] == "barge-in"


def test_the_file_carries_what_the_recording_says_of_itself(visit: Recording) -> None:
    metadata = parquet_files.read_schema(io.BytesIO(parquet(visit, None)[0])).metadata
    assert json.loads(metadata[b"visavis.session"]) == visit.session


def test_duckdb_asks_it_a_question(visit: Recording, tmp_path: Path) -> None:
    path = tmp_path / "visit.parquet"
    path.write_bytes(parquet(visit, None)[0])
    query = f"select text from '{path}' where kind = 'Sentence' and emotion = 'sad' order by \"at\", index"  # noqa: S608
    found = duckdb.connect().execute(query).fetchall()
    assert [text for (text,) in found] == ["真对不起，让你久等了。", "同事马上为你再开一个窗口。"]


def test_a_turn_has_its_own_messages_only(visit: Recording) -> None:
    data, count = parquet(visit, ("visit-1", 2))
    assert set(parquet_files.read_table(io.BytesIO(data)).column("turn").to_pylist()) == {2}
    assert 0 < count < len(visit.rows)


def test_without_messages_there_is_no_table(visit: Recording) -> None:
    with pytest.raises(VisavisError) as caught:
        parquet(visit, ("visit-1", 77))
    assert caught.value.code == "export-empty"


def test_a_missing_package_is_named_with_its_extra(visit: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(VisavisError, match=r"pip install 'visavis\[parquet\]'") as caught:
        parquet(visit, None)
    assert caught.value.code == "export-extra"
