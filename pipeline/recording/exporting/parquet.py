"""The messages of a recording as a table, for pandas, DuckDB, Polars and the like."""

import importlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.errors import VisavisError
from pipeline.recording.outcome import place
from pipeline.recording.reading import Recording, Row
from pipeline.wire import to_dict

Line = Mapping[str, Any]


def _inner(*path: str) -> Callable[[Line], Any]:
    """What lies at a path of the message; None where there is nothing."""

    def found(message: Line) -> Any:
        value: Any = message
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return found


COLUMNS: dict[str, tuple[str, Callable[[Line], Any]]] = {
    "kind": ("string", _inner("kind")),
    "id": ("string", _inner("id")),
    "edge": ("string", _inner("edge")),
    "session": ("string", _inner("session")),
    "turn": ("int32", _inner("turn")),
    "revision": ("int32", _inner("revision")),
    "cause": ("string", _inner("cause")),
    "attempt": ("int32", _inner("attempt")),
    "index": ("int32", _inner("index")),
    "part": ("int32", _inner("part")),
    "text": ("string", _inner("text")),
    "language": ("string", _inner("language")),
    "emotion": ("string", lambda message: message.get("emotion") or _inner("feeling", "label")(message)),
    "confidence": ("float64", lambda message: message.get("confidence", _inner("feeling", "confidence")(message))),
    "gesture": ("string", _inner("gesture")),
    "origin": ("string", _inner("origin")),
    "by": ("string", _inner("by")),
    "partial": ("bool", _inner("partial")),
    "stage": ("string", _inner("stage")),
    "node": ("string", _inner("node")),
    "state": ("string", _inner("state")),
    "why": ("string", _inner("why")),
    "code": ("string", _inner("code")),
    "tokens_in": ("int32", _inner("tokens_in")),
    "tokens_out": ("int32", _inner("tokens_out")),
    "cost": ("float64", _inner("cost")),
}
"""Name, type, and where it is in a message; null in messages that have no such field."""


def parquet(recording: Recording, turn: tuple[str, int] | None) -> tuple[bytes, int]:
    """A Parquet file with a row for each message, of one turn or of all, and how many they are.

    VisavisError: `export-extra`, `export-empty`.
    """
    try:
        arrow, files = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        text = "Parquet files need the package 'pyarrow': pip install 'visavis[parquet]'"
        raise VisavisError("export-extra", text) from error
    rows = [row for row in recording.rows if turn is None or place(row.message) == turn]
    if not rows:
        raise VisavisError("export-empty", f"{recording.folder} holds no message of that turn: choose another --turn")
    table = _table(arrow, rows)
    about = {"visavis.session": json.dumps(recording.session, ensure_ascii=False, sort_keys=True)}
    buffer = io.BytesIO()
    files.write_table(table.replace_schema_metadata(about), buffer, compression="zstd")
    return buffer.getvalue(), len(rows)


def _table(arrow: Any, rows: Sequence[Row]) -> Any:
    messages = [_whole(row) for row in rows]
    columns = {"at": arrow.array([row.at for row in rows], arrow.float64())}
    for name, (kind, found) in COLUMNS.items():
        columns[name] = arrow.array([found(message) for message in messages], arrow.type_for_alias(kind))
    columns["sound_file"] = arrow.array([row.sound.file if row.sound else None for row in rows], arrow.string())
    columns["sound_start"] = arrow.array([row.sound.start if row.sound else None for row in rows], arrow.int64())
    columns["sound_samples"] = arrow.array([row.sound.samples if row.sound else None for row in rows], arrow.int64())
    texts = [json.dumps(message, ensure_ascii=False, separators=(",", ":")) for message in messages]
    return arrow.table(columns | {"json": arrow.array(texts, arrow.string())})


def _whole(row: Row) -> dict[str, Any]:
    """As its line in `messages.jsonl`."""
    message = dict(to_dict(row.message))
    if row.sound:
        message["sound"] = {"file": row.sound.file, "start": row.sound.start, "samples": row.sound.samples}
    return message
