"""The frames of docs/screen-protocol.md: what a screen says is read here, what it is told is written here."""

import json
import re
import struct
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from pipeline.audio import FRAME, Samples
from pipeline.envelope import Language, Message, Mode
from pipeline.errors import WireError
from pipeline.messages import Cues, SessionStarted, Speech
from pipeline.wire import to_dict

PROTOCOL = 1
MESSAGE = 16_384
"""Bytes of a text frame, at most."""
SOUND = 660
"""Bytes of a microphone frame."""
TEXT = 2_000
"""Characters of a typed question."""
_HEADER = struct.Struct("<BBHIIQ")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

Typing = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT)]
Sample = Annotated[int, Field(ge=0, lt=2**53)]


class _Said(BaseModel):
    """What a screen says. Fields that are not known are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Hello(_Said):
    """The first frame."""

    protocol: int
    token: str | None = Field(None, max_length=400, repr=False)
    resume: str | None = Field(None, max_length=200, repr=False)
    visitor: bool = False
    client: str = Field("", max_length=200)


class Present(_Said):
    """Somebody is there, or has gone."""

    present: bool


class Typed(_Said):
    """A question, typed or touched."""

    text: Typing
    language: Language | None = None


class Talk(_Said):
    """Push-to-talk."""

    on: bool


class Controls(_Said):
    """The hand on the controls."""

    mode: Mode | None = None
    language: Language | None = None
    mute: bool | None = None
    stop: bool | None = None


class New(_Said):
    """A new conversation is wanted."""


class Heard(_Said):
    """What sounds."""

    handle: Sample
    sample: Sample
    state: Literal["started", "progress", "ended", "cut"]


class Device(_Said):
    """How microphone and loudspeaker are."""

    microphone: Literal["ok", "denied", "none", "lost", "insecure"] | None = None
    loudspeaker: Literal["ok", "blocked", "lost", "muted"] | None = None


class Log(_Said):
    """A line for the operator."""

    level: Literal["info", "warning", "error"]
    text: str = Field(max_length=500)


Number = Annotated[float, Field(ge=-1e12, le=1e12)]


class Stats(_Said):
    """How the page runs."""

    frame_ms: Number | None = None
    fps: Number | None = None
    memory_mb: Number | None = None
    underruns: Number | None = None


class Ping(_Said):
    """Is the server there?"""

    n: int | float = 0


SAID: dict[str, type[_Said]] = {
    "hello": Hello, "presence": Present, "typed": Typed, "talk": Talk, "control": Controls, "new": New,
    "played": Heard, "device": Device, "log": Log, "stats": Stats, "ping": Ping,
}  # fmt: skip


def kind_of(text: str) -> tuple[str, dict[str, Any]]:
    """Type and fields of a text frame. WireError (screen-frame)."""
    try:
        fields = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise WireError("screen-frame", f"a text frame that is no JSON: {error}") from error
    kind = fields.get("type") if isinstance(fields, dict) else None
    if not isinstance(kind, str):
        raise WireError("screen-frame", "a text frame is a JSON object with a 'type'")
    return kind, fields


def read(kind: str, fields: dict[str, Any]) -> _Said | None:
    """What a frame of this type says; None when the type is not known. WireError (screen-field)."""
    known = SAID.get(kind)
    if known is None:
        return None
    try:
        return known.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join([kind, *map(str, first["loc"])])
        raise WireError("screen-field", f"{path}: {first['msg']}") from error


@dataclass(frozen=True, slots=True)
class Sounded:
    """A frame of microphone."""

    missing: bool
    """Samples before it were lost."""
    latency: float
    """Seconds from handing a sample to the loudspeaker until it is heard; 0: unknown."""
    handle: int
    """Of the part that was playing; 0: none."""
    place: int
    """Sample of that part which was being handed over."""
    number: int
    """Of its first sample."""
    pcm: Samples


def read_sound(data: bytes) -> Sounded:
    """A binary frame. WireError (screen-microphone)."""
    if len(data) != SOUND or data[0] != 1:
        raise WireError("screen-microphone", f"a binary frame is microphone: {SOUND} bytes of which the first is 1")
    _, flags, latency, handle, place, number = _HEADER.unpack_from(data)
    pcm: Samples = np.frombuffer(data, "<i2", FRAME, _HEADER.size).astype(np.int16)
    return Sounded(bool(flags & 1), latency / 10_000, handle, place, number, pcm)


def write_sound(number: int, pcm: Samples, *, handle: int = 0, place: int = 0, latency: float = 0.0) -> bytes:
    """A frame of microphone, as a screen sends it."""
    return _HEADER.pack(1, 0, round(latency * 10_000), handle, place, number) + pcm.astype("<i2").tobytes()


def told(kind: str, **fields: Any) -> str:
    """A text frame for a screen."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def shown(message: Message) -> str:
    """A message of the visit, for a screen. The persona's text is the model's alone."""
    fields = to_dict(message)
    kind = _WORDS.sub("_", fields.pop("kind")).lower()
    if isinstance(message, SessionStarted):
        fields = {name: fields[name] for name in ("session", "language", "mode")}
    return told(kind, **fields)


def play(handle: int, speech: Speech, cues: Cues | None) -> bytes:
    """The order to play a part: one JSON line, then PCM."""
    motion = cues and cues.model_dump(
        mode="json", include={"start", "samples", "visemes", "expressions", "gestures", "gaze"}
    )
    line = told(
        "play", handle=handle, cause=speech.cause, turn=speech.turn, index=speech.index, part=speech.part,
        start=speech.start, samples=len(speech.pcm) // 2, last=speech.last, text=speech.text,
        language=speech.language, emotion=speech.emotion, origin=speech.origin,
        words=[word.model_dump(mode="json", include={"text", "start", "end", "offset"}) for word in speech.words],
        cues=motion,
    )  # fmt: skip
    return line.encode() + b"\n" + speech.pcm
