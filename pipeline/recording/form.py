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
TURN = ("SpeechStarted", "SpeechDropped", "Utterance", "TurnEnded")
"""What the turn engine says."""
TOUCHED = ("Presence", "Typed", "Control", "Say")
"""What comes from a visitor's or an operator's hand, or from a sensor."""

Line = dict[str, Any]


def migrated(session: Line, rows: list[Line], events: list[Line]) -> list[Line]:
    """The events of a recording of any version that was ever written; `session` is brought to today's form in place.

    VisavisError `recording-newer`: it was made by a later Visavis.
    """
    version = session.get("format", 1)
    if not isinstance(version, int) or version > FORMAT:
        text = f"the recording's format is {version!r}, this Visavis reads up to {FORMAT}: update Visavis"
        raise VisavisError("recording-newer", text)
    if version == 1:
        events = _from_1(rows)
        session.setdefault("microphone", {"start": 0})
    return events


def _from_1(rows: list[Line]) -> list[Line]:
    """Format 1 was written on one clock from sample 0 on: the times of what the turn engine said are its samples."""
    events: list[Line] = []
    before: tuple[float, bool] | None = None
    for row in rows:
        at, message = float(row["at"]), row["message"]
        kind = message.get("kind")
        sample = round(at * HEAR_RATE / FRAME) * FRAME
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
