"""A recording's folder, read for the report."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.aigc import read_field
from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples
from pipeline.envelope import Message
from pipeline.errors import VisavisError, WireError
from pipeline.wire import from_dict


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it came to the edge."""

    at: float
    """Seconds on the pipeline's clock."""
    message: Message
    samples: int = 0
    """Length of its sound."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one job of a stage really took on the machine that ran it, in ms."""

    stage: str
    engine: str
    queued: float
    first: float
    total: float


@dataclass(frozen=True, slots=True)
class Recording:
    """All that a report tells."""

    session: dict[str, Any]
    rows: tuple[Row, ...]
    timings: tuple[Timing, ...]
    visitor: Samples
    """16 kHz, what the microphone heard, from time 0; empty where nothing was kept."""
    avatar: Samples
    """24 kHz, what sounded, from time 0."""
    labels: dict[str, str]
    """The field `AIGC` of its sound files that have one."""


def read(folder: Path) -> Recording:
    """The folder. VisavisError `recording-unreadable` names the file and the line."""
    session = _json(folder / "session.json", _text(folder / "session.json"), 1)
    if not isinstance(session, dict):
        raise _unreadable(folder / "session.json", 1, "it is no JSON object")
    return Recording(
        session=session,
        rows=tuple(_row(*line) for line in _lines(folder / "messages.jsonl")),
        timings=tuple(_timing(*line) for line in _lines(folder / "timings.jsonl", needed=False)),
        visitor=_sound(folder / "visitor.flac", HEAR_RATE),
        avatar=_sound(folder / "avatar.flac", SPEAK_RATE),
        labels={name: field for name in ("avatar.flac", "speech.flac") if (field := read_field(folder / name))},
    )


def _unreadable(path: Path, line: int, what: str) -> VisavisError:
    return VisavisError("recording-unreadable", f"{path}:{line}: {what}; record the visit again")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(path, 1, f"it cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, 1, f"it is not UTF-8 at byte {error.start}") from error


def _json(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _unreadable(path, line, f"this is no JSON ({error})") from error


def _lines(path: Path, *, needed: bool = True) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    if not needed and not path.exists():
        return
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            content = _json(path, line, number)
            if not isinstance(content, dict):
                raise _unreadable(path, number, "the line is no JSON object")
            yield path, number, content


def _row(path: Path, number: int, content: dict[str, Any]) -> Row:
    try:
        fields = dict(content["message"])
        sound = fields.pop("sound", None) or {"samples": 0}
        return Row(float(content["at"]), from_dict(fields), int(sound["samples"]))
    except WireError as error:
        raise _unreadable(path, number, error.text) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, number, f"'at', 'message' or its 'sound' is missing or wrong ({error})") from error


def _timing(path: Path, number: int, content: dict[str, Any]) -> Timing:
    try:
        queued, first, total = (float(content[name] or 0.0) for name in ("queued_ms", "first_ms", "total_ms"))
        return Timing(str(content["stage"]), str(content["engine"]), queued, first, total)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(
            path, number, f"a timing needs stage, engine, queued_ms, first_ms, total_ms ({error})"
        ) from error


def _sound(path: Path, rate: int) -> Samples:
    if not path.exists():
        return np.zeros(0, np.int16)
    try:
        samples, found = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError as error:
        raise _unreadable(path, 1, f"it is no sound that can be read ({error})") from error
    if found != rate or samples.ndim != 1:
        raise _unreadable(path, 1, f"it has {found} Hz and {samples.ndim} dimensions instead of {rate} Hz mono")
    heard: Samples = samples
    return heard
