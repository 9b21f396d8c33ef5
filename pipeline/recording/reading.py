"""A recording's folder, read again: whole, torn, cut off, or made by an earlier version."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.aigc import read_field
from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples
from pipeline.envelope import Message
from pipeline.errors import VisavisError, WireError
from pipeline.messages import SessionStarted
from pipeline.recording import form
from pipeline.recording.flac import read_flac
from pipeline.wire import from_dict


@dataclass(frozen=True, slots=True)
class Sound:
    """Where a message's sound is."""

    file: str
    start: int
    """Index of its first sample in the file."""
    samples: int


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it came to the edge."""

    at: float
    """Seconds on the recording's clock."""
    message: Message
    """Without its sound: see `Recording.whole`."""
    sound: Sound | None = None

    @property
    def samples(self) -> int:
        """Length of its sound."""
        return self.sound.samples if self.sound else 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that no message says: `docs/recording.md` lists them."""

    at: float
    name: str
    session: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timing:
    """What one job of a stage really took on the machine that ran it, in ms."""

    stage: str
    engine: str
    queued: float
    first: float
    total: float
    session: str = ""
    turn: int = 0
    cause: str = ""
    outcome: str = "done"


@dataclass
class Recording:
    """A visit (or several before one screen) as it was kept. Sound is read when it is asked for."""

    folder: Path
    session: dict[str, Any]
    """`session.json`."""
    rows: tuple[Row, ...]
    events: tuple[Event, ...]
    timings: tuple[Timing, ...]
    mended: tuple[str, ...] = field(default=())
    """What was torn or cut off, and left out."""

    @cached_property
    def visitor(self) -> Samples:
        """16 kHz, what the microphone heard, from time 0; empty where nothing was kept."""
        return self._sound(form.VISITOR, HEAR_RATE)

    @cached_property
    def speech(self) -> Samples:
        """24 kHz, everything that was spoken, heard or not, one part after the other."""
        return self._sound(form.SPEECH, SPEAK_RATE)

    @cached_property
    def avatar(self) -> Samples:
        """24 kHz, what sounded, from time 0."""
        return self._sound(form.AVATAR, SPEAK_RATE)

    @cached_property
    def voice(self) -> NDArray[np.float32]:
        """How probable a voice was in each 20 ms of `visitor`, 0 to 1; shorter or empty where that was not known."""
        path = self.folder / form.VOICE
        raw = np.fromfile(path, np.uint8) if path.exists() else np.zeros(0, np.uint8)
        found: NDArray[np.float32] = raw.astype(np.float32) / np.float32(255)
        return found

    @cached_property
    def labels(self) -> dict[str, str]:
        """The field `AIGC` of its sound files that have one."""
        return {name: found for name in (form.AVATAR, form.SPEECH) if (found := read_field(self.folder / name))}

    @property
    def origin(self) -> int:
        """Number of the microphone sample that is `visitor[0]`, as the edge counts them."""
        return int((self.session.get("microphone") or {}).get("start", 0))

    @cached_property
    def sessions(self) -> tuple[str, ...]:
        """The visits in it, in their order."""
        return tuple(row.message.session for row in self.rows if isinstance(row.message, SessionStarted))

    def whole(self, row: Row) -> Message:
        """The row's message with its sound; as much of it as was saved."""
        if row.sound is None or "pcm" not in type(row.message).model_fields:
            return row.message
        samples = {form.VISITOR: self.visitor, form.SPEECH: self.speech, form.AVATAR: self.avatar}[row.sound.file]
        piece = samples[row.sound.start : row.sound.start + row.sound.samples]
        return row.message.changed(pcm=piece.astype("<i2").tobytes())

    def _sound(self, name: str, rate: int) -> Samples:
        path = self.folder / name
        if not path.exists() or not path.stat().st_size:
            return np.zeros(0, np.int16)
        try:
            return read_flac(path, rate)
        except ValueError as error:
            raise _unreadable(path, 1, str(error)) from error


def read(folder: Path) -> Recording:
    """The recording in a folder. VisavisError: `recording-missing`; `recording-unreadable` names the file and the
    line; `recording-newer`. A last line that is torn, and sound that is cut off, are left out and named in `mended`.
    """
    if not any((folder / name).exists() for name in (form.SESSION, form.MESSAGES)):
        raise VisavisError(
            "recording-missing", f"{folder} is no recording: it holds no {form.SESSION}; name its folder"
        )
    session = _json(folder / form.SESSION, _text(folder / form.SESSION), 1)
    if not isinstance(session, dict):
        raise _unreadable(folder / form.SESSION, 1, "it is no JSON object")
    mended: list[str] = []
    lines = list(_lines(folder / form.MESSAGES, mended))
    rows = tuple(_row(folder / form.MESSAGES, number, line) for number, line in lines)
    found = [line for _, line in _lines(folder / form.EVENTS, mended, needed=False)]
    events = form.migrated(session, [line for _, line in lines], found)
    timings = _lines(folder / form.TIMINGS, mended, needed=False)
    return Recording(
        folder=folder, session=session, rows=rows, mended=tuple(mended),
        events=tuple(_event(folder / form.EVENTS, number, line) for number, line in enumerate(events, 1)),
        timings=tuple(_timing(folder / form.TIMINGS, number, line) for number, line in timings),
    )  # fmt: skip


def _unreadable(path: Path, line: int, what: str) -> VisavisError:
    return VisavisError("recording-unreadable", f"{path}:{line}: {what}; record the visit again")


def _text(path: Path) -> str:
    return _decoded(path, _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, 1, f"it cannot be opened ({error.strerror})") from error


def _decoded(path: Path, data: bytes, line: int = 1) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, line, f"it is not UTF-8 at byte {error.start}") from error


def _json(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _unreadable(path, line, f"this is no JSON ({error})") from error


def _lines(path: Path, mended: list[str], *, needed: bool = True) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every line with its number. What stands after the last line break was being written when its writer died."""
    if not needed and not path.exists():
        return
    *whole, torn = _bytes(path).split(b"\n")
    if torn.strip() and _is_object(torn):
        whole.append(torn)
    elif torn:
        mended.append(f"{path.name}:{len(whole) + 1}: torn, left out ({len(torn)} bytes)")
    for number, data in enumerate(whole, 1):
        if data.strip():
            content = _json(path, _decoded(path, data, number), number)
            if not isinstance(content, dict):
                raise _unreadable(path, number, "the line is no JSON object")
            yield number, content


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def _row(path: Path, number: int, content: dict[str, Any]) -> Row:
    try:
        fields = dict(content["message"])
        place = fields.pop("sound", None)
        sound = Sound(str(place["file"]), int(place["start"]), int(place["samples"])) if place else None
        return Row(float(content["at"]), from_dict(fields), sound)
    except WireError as error:
        raise _unreadable(path, number, error.text) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, number, f"'at', 'message' or its 'sound' is missing or wrong ({error})") from error


def _event(path: Path, number: int, content: dict[str, Any]) -> Event:
    try:
        fields = {key: value for key, value in content.items() if key not in {"at", "event", "session"}}
        return Event(float(content["at"]), str(content["event"]), str(content.get("session", "")), fields)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, number, f"an event needs 'at' and 'event' ({error})") from error


def _timing(path: Path, number: int, content: dict[str, Any]) -> Timing:
    try:
        queued, first, total = (float(content[name] or 0.0) for name in ("queued_ms", "first_ms", "total_ms"))
        return Timing(
            str(content["stage"]), str(content["engine"]), queued, first, total, str(content.get("session", "")),
            int(content.get("turn", 0)), str(content.get("cause", "")), str(content.get("outcome", "done")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        text = f"a timing needs stage, engine, queued_ms, first_ms, total_ms ({error})"
        raise _unreadable(path, number, text) from error
