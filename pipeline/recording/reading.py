"""A recording's folder, read again: whole, torn, cut off, or made by an earlier version."""

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
from pipeline.recording.flac import counted, reaches, read_flac
from pipeline.recording.jsonfiles import document, lines, unreadable
from pipeline.wire import from_dict

_RATES = {form.VISITOR: HEAR_RATE, form.SPEECH: SPEAK_RATE, form.AVATAR: SPEAK_RATE}


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
    """What is missing, torn or cut off. Damage within sound is found, and named here, when the sound is read."""
    _wanted: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    """Samples of each file that messages refer to."""

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
        piece = self._named(row.sound.file)[row.sound.start : row.sound.start + row.sound.samples]
        return row.message.changed(pcm=piece.astype("<i2").tobytes())

    def look(self) -> None:
        """Name in `mended` what is missing of the sound, as far as that can be seen without reading whole files."""
        wanted = dict.fromkeys(form.SOUNDS, 0)
        for row in self.rows:
            if row.sound:
                wanted[row.sound.file] = max(wanted[row.sound.file], row.sound.start + row.sound.samples)
        for name, samples in wanted.items():
            self._wanted[name] = samples
            self._look(self.folder / name, samples)

    def _look(self, path: Path, wanted: int) -> None:
        if not path.exists():
            if self.session.get("format", 1) != 1:
                self._mend(f"{path.name}: 缺失 · missing{_lacking(path.name, 0, wanted)}")
            return
        said = counted(path)
        if said and reaches(path, said):
            self._measure(path.name, said, said)
            return
        try:
            self._named(path.name)
        except VisavisError as error:
            self._mend(f"{path.name}: 读不出来 · cannot be read: {error.text}")

    def _named(self, name: str) -> Samples:
        sound: Samples = getattr(self, name.removesuffix(".flac"))
        return sound

    def _sound(self, name: str, rate: int) -> Samples:
        path = self.folder / name
        if not path.exists():
            return np.zeros(0, np.int16)
        try:
            said = counted(path)
            samples = read_flac(path, rate) if path.stat().st_size else np.zeros(0, np.int16)
        except (ValueError, OSError) as error:
            raise unreadable(path, 1, str(error)) from error
        if said and not len(samples):
            raise unreadable(path, 1, "nothing of its sound can be read")
        self._measure(name, len(samples), said)
        return samples

    def _measure(self, name: str, there: int, said: int) -> None:
        """Of a file's samples, those that are there, and as many as it says that it has (0: it was not finished)."""
        lacking = _lacking(name, there, max(said, self._wanted.get(name, 0)))
        if lacking or (there and not said):
            end = there / _RATES[name]
            self._mend(f"{name}: 到 {end:.2f} 秒中断 · breaks off at second {end:.2f}{lacking}")

    def _mend(self, text: str) -> None:
        if text not in self.mended:
            self.mended += (text,)


def read(folder: Path) -> Recording:
    """The recording in a folder. VisavisError: `recording-missing`; `recording-unreadable` names the file and the
    line; `recording-newer`. A last line that is torn, sound that is cut off, and files that are missing are named in
    `mended`.
    """
    if not any((folder / name).exists() for name in (form.SESSION, form.MESSAGES)):
        raise VisavisError(
            "recording-missing", f"{folder} is no recording: it holds no {form.SESSION}; name its folder"
        )
    session, mended = _session(folder / form.SESSION), list[str]()
    told = list(lines(folder / form.MESSAGES, mended))
    rows = tuple(_row(folder / form.MESSAGES, number, line) for number, line in told)
    events = form.migrated(session, [line for _, line in told], _events(folder / form.EVENTS, session, mended))
    timings = list(lines(folder / form.TIMINGS, mended, needed=False))
    recording = Recording(
        folder=folder, session=session, rows=rows, mended=tuple(mended),
        events=tuple(_event(folder / form.EVENTS, number, line) for number, line in enumerate(events, 1)),
        timings=tuple(_timing(folder / form.TIMINGS, number, line) for number, line in timings),
    )  # fmt: skip
    recording.look()
    return recording


def _session(path: Path) -> dict[str, Any]:
    session = document(path)
    what = form.wrong(session) if isinstance(session, dict) else "it is no JSON object"
    if what:
        raise unreadable(path, 1, what)
    found: dict[str, Any] = session
    return found


def _events(path: Path, session: dict[str, Any], mended: list[str]) -> list[dict[str, Any]] | None:
    if path.exists():
        return [line for _, line in lines(path, mended)]
    if session.get("format", 1) != 1:
        mended.append(f"{path.name}: 缺失，按消息推出 · missing, derived from the messages")
    return None


def _lacking(name: str, there: int, wanted: int) -> str:
    seconds = (wanted - there) / _RATES[name]
    return f"，缺 {seconds:.2f} 秒 · {seconds:.2f} s are missing" if seconds > 0 else ""


def _row(path: Path, number: int, content: dict[str, Any]) -> Row:
    try:
        fields = dict(content["message"])
        place = fields.pop("sound", None)
        sound = Sound(str(place["file"]), int(place["start"]), int(place["samples"])) if place else None
        if sound and (sound.file not in form.SOUNDS or min(sound.start, sound.samples) < 0):
            raise ValueError(f"no such sound: {place}")
        return Row(float(content["at"]), from_dict(fields), sound)
    except WireError as error:
        raise unreadable(path, number, error.text) from error
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(path, number, f"'at', 'message' or its 'sound' is missing or wrong ({error})") from error


def _event(path: Path, number: int, content: dict[str, Any]) -> Event:
    try:
        fields = {key: value for key, value in content.items() if key not in {"at", "event", "session"}}
        return Event(float(content["at"]), str(content["event"]), str(content.get("session", "")), fields)
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(path, number, f"an event needs 'at' and 'event' ({error})") from error


def _timing(path: Path, number: int, content: dict[str, Any]) -> Timing:
    try:
        queued, first, total = (float(content[name] or 0.0) for name in ("queued_ms", "first_ms", "total_ms"))
        return Timing(
            str(content["stage"]), str(content["engine"]), queued, first, total, str(content.get("session", "")),
            int(content.get("turn", 0)), str(content.get("cause", "")), str(content.get("outcome", "done")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        text = f"a timing needs stage, engine, queued_ms, first_ms, total_ms ({error})"
        raise unreadable(path, number, text) from error
