"""A recording without what was said: all times, ids and numbers stay, words and sound go.

What is kept is named here, and everything else goes: a field that is new is not given away by forgetting it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.errors import VisavisError
from pipeline.recording import form
from pipeline.recording.reading import Event, Recording, Row, read
from pipeline.recording.writer import Lines, describe
from pipeline.sound import FlacWriter
from pipeline.wire import from_dict, to_dict

MARK: Final = "·"
"""Stands for each character that is gone."""
_KEPT = frozenset({
    "kind", "id", "edge", "session", "cause", "screen", "node", "stage", "engine", "code", "by", "language", "mode",
    "daytime", "why", "state", "origin", "source", "label", "emotion", "gesture", "role",
})  # fmt: skip
"""Fields of messages whose text is a name, or from a list that Visavis itself has."""
_WHOLE = frozenset({"versions", "scores", "expressions", "gestures", "gaze"})
_REPLACED: Final[dict[str, Callable[[Any], Any]]] = {
    "features": lambda _: [], "baseline": lambda _: [],  # whoever has them may know a voice again
    "visemes": lambda poses: [{**pose, "name": "sil"} for pose in poses],  # lips can be read
}  # fmt: skip
_FACTS = frozenset({"arch", "cpu", "cpu_model", "npu", "npu_model", "gpu", "os", "os_version", "python", "glibc"})
_CHOICE = re.compile(r"zh|en|auto|hands-free|push-to-talk|wake-phrase|[\d:-]+")
"""Texts of a config that say nothing of anybody."""
_EVENTS: Final = {
    "begin": ("sample",), "heard": ("sample", "ids"), "hint": ("turn", "revision", "complete", "sample"),
    "timer": ("key",), "touched": ("message",), "talk": ("on",), "deafen": (), "gap": ("start", "until"),
    "leave": ("why",), "duck": ("on",), "cut": (), "lost": ("count",),
}  # fmt: skip
_SESSION = ("session", "screen", "edge", "began", "clock", "config_name", "versions", "microphone", "ended", "lost")


def redact(recording: Path, out: Path) -> Path:
    """Write the recording in `recording` to the folder `out`, redacted; `out`.

    VisavisError: what `read` says; `redact-out` (the folder is not empty, or cannot be written).
    """
    found = read(recording)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise VisavisError("redact-out", f"{out} is not empty: name a new folder")
        _write(found, out)
    except OSError as error:
        text = f"{out}: nothing can be written there ({error.strerror}): name another folder"
        raise VisavisError("redact-out", text) from error
    return out


def _write(found: Recording, out: Path) -> None:
    describe(out, _session(found.session))
    _lines(out / form.MESSAGES, ({"at": row.at, "message": _message(row)} for row in found.rows))
    _lines(out / form.EVENTS, map(_event, found.events))
    _lines(out / form.TIMINGS, _timings(found))
    if len(found.voice):
        (out / form.VOICE).write_bytes((found.voice * 255).round().astype(np.uint8).tobytes())
    for name, rate, sound in (
        (form.VISITOR, HEAR_RATE, found.visitor), (form.SPEECH, SPEAK_RATE, found.speech),
        (form.AVATAR, SPEAK_RATE, found.avatar),
    ):  # fmt: skip
        with FlacWriter(out / name, rate) as file:
            file.write(np.zeros(len(sound), np.int16))


def _lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    file = Lines(path)
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    file.close()


def _message(row: Row) -> dict[str, Any]:
    told = _kept(to_dict(row.message))
    if row.sound is not None:
        told["sound"] = {"file": row.sound.file, "start": row.sound.start, "samples": row.sound.samples}
    return told


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A message, or a part of one: numbers as they are, text only where it is nobody's words."""
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    if name in _REPLACED:
        return _REPLACED[name](value)
    if name in _WHOLE or (isinstance(value, str) and name in _KEPT):
        return value
    if isinstance(value, dict):
        return _kept(value)
    if isinstance(value, list):
        return [_value("", one) for one in value]
    return MARK * len(value) if isinstance(value, str) else value


def _event(event: Event) -> dict[str, Any]:
    known = {name: event.fields[name] for name in _EVENTS.get(event.name, ()) if name in event.fields}
    if "message" in known:
        known["message"] = _kept(to_dict(from_dict(known["message"])))  # which knows no fields but ours
    name = event.name if event.name in _EVENTS else "unknown"
    return {"at": event.at, "event": name, "session": event.session, **known}


def _timings(found: Recording) -> Iterable[dict[str, Any]]:
    for one in found.timings:
        yield {
            "stage": one.stage, "engine": one.engine, "cause": one.cause, "session": one.session, "turn": one.turn,
            "queued_ms": one.queued, "first_ms": one.first, "total_ms": one.total, "outcome": one.outcome,
        }  # fmt: skip


def _session(session: Mapping[str, Any]) -> dict[str, Any]:
    """What ran, when and on what kind of machine; of the config all numbers, and which engines it names."""
    kept = {name: session[name] for name in _SESSION if name in session}
    node = {name: value for name, value in (session.get("node") or {}).items()
            if name in _FACTS or isinstance(value, int)}  # fmt: skip
    config = {name: _settings("", session[name]) for name in ("config", "conversing") if name in session}
    return {**kept, **config, "persona": MARK * len(str(session.get("persona", ""))), "node": node, "redacted": True}


def _settings(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settings(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_settings("", inner) for inner in value]
    if not isinstance(value, str) or name == "engine" or _CHOICE.fullmatch(value):
        return value
    return MARK * len(value)
