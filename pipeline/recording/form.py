"""The format of a recording's folder: its version, its files, its events, and how an older one becomes today's.

`docs/recording.md` describes it for people.
"""

from typing import Any

from pipeline.audio import FRAME, HEAR_RATE
from pipeline.errors import VisavisError

FORMAT = 2
"""1 had no `events.jsonl`, no `voice.u8` and no `microphone` in `session.json`."""
SESSION, MESSAGES, EVENTS, TIMINGS, VOICE = (
    "session.json", "messages.jsonl", "events.jsonl", "timings.jsonl", "voice.u8",
)  # fmt: skip
VISITOR, SPEECH, AVATAR = "visitor.flac", "speech.flac", "avatar.flac"
SOUNDS = (VISITOR, SPEECH, AVATAR)
TURN = ("SpeechStarted", "SpeechDropped", "Utterance", "TurnEnded")
"""What the turn engine says."""
TOUCHED = ("Presence", "Typed", "Control", "Say")
"""What comes from a visitor's or an operator's hand, or from a sensor."""

Line = dict[str, Any]


def wrong(session: Line) -> str:
    """What is wrong with those fields of `session.json` that are used; '' when nothing is. Null stands for none.

    VisavisError `recording-newer`: it was made by a later Visavis.
    """
    version = session.get("format", 1)
    if not _is_int(version) or version < 1:
        return f"`format` should be a number from 1 to {FORMAT}, not {_short(version)}"
    if version > FORMAT:
        text = f"the recording's format is {version!r}, this Visavis reads up to {FORMAT}: update Visavis"
        raise VisavisError("recording-newer", text)
    found = [_mapping(session, name) for name in ("microphone", "config", "versions", "conversing", "node")]
    return next(filter(None, found), "") or _inside(session)


def _mapping(session: Line, name: str) -> str:
    given = session.get(name)
    named = name == "config" and isinstance(given, str)  # as format 1 wrote it
    fits = given is None or named or isinstance(given, dict)
    return "" if fits else f"`{name}` should be a mapping, not {_short(given)}"


def _inside(session: Line) -> str:
    start = (session.get("microphone") or {}).get("start", 0)
    if not _is_int(start):
        return f"`microphone.start` should be a whole number, not {_short(start)}"
    for name, version in (session.get("versions") or {}).items():
        if not isinstance(version, str):
            return f"`versions.{name}` should be text, not {_short(version)}"
    config, persona = session.get("config"), session.get("persona")
    spoken = config.get("session") if isinstance(config, dict) else None
    if spoken is not None and not isinstance(spoken, dict):
        return f"`config.session` should be a mapping, not {_short(spoken)}"
    return "" if persona is None or isinstance(persona, str) else f"`persona` should be text, not {_short(persona)}"


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    return repr(value)[:40]


def migrated(session: Line, rows: list[Line], events: list[Line] | None) -> list[Line]:
    """The events of a recording of any version that was ever written; `session` is brought to today's form in place.

    `events` None: there is no such file, and they are derived from the messages.
    """
    for name in [name for name, value in session.items() if value is None]:
        del session[name]
    if session.get("format", 1) == 1:
        events = None
        session.setdefault("microphone", {"start": 0})
    if isinstance(session.get("config"), str):
        session.setdefault("config_name", session.pop("config"))
    if events is None:
        return _derived(rows, (session.get("microphone") or {}).get("start", 0))
    return events


def _derived(rows: list[Line], start: int) -> list[Line]:
    """What format 1 did not write: on the clock of a recording, the times of what the turn engine said are its samples.

    `start`: number of the first sample.
    """
    events: list[Line] = []
    before: tuple[float, bool] | None = None
    for row in rows:
        at, message = float(row["at"]), row["message"]
        kind = message.get("kind")
        sample = start + round(at * HEAR_RATE / FRAME) * FRAME
        if kind == "SessionStarted":
            events.append({"at": at, "event": "begin", "session": message.get("session", ""), "sample": sample})
        elif kind in TURN and message.get("turn") is not None:
            if before != (at, True):  # what comes in one breath was said of one frame
                events.append({"at": at, "event": "heard", "sample": sample, "ids": []})
            events[-1]["ids"].append(message.get("id", ""))
        elif kind in TOUCHED:
            events.append({"at": at, "event": "touched", "message": message})
        before = (at, kind in TURN)
    return events
