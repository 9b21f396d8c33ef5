"""The page around the cards: style, script, numbers and sound, all in one file that asks nobody for anything."""

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.recording.form import AVATAR
from pipeline.recording.reading import Recording
from pipeline.recording.reporting import ogg
from pipeline.recording.reporting.drawn import MOUTHS
from pipeline.recording.reporting.face import face
from pipeline.recording.reporting.parts import both

LONGEST = 7200
"""Seconds of sound that one page embeds at most; beyond it the card names the file."""
_PIECE = 1 << 19
"""Characters of base64 in one element, so that the page decodes them one by one when it has time."""
_SCRIPTS = ("face.js", "drawing.js", "timeline.js", "player.js", "filter.js", "report.js")
_STYLES = ("report.css", "cards.css", "timeline.css")


@dataclass(frozen=True, slots=True)
class Side:
    """A recording in the page: what its script draws and plays."""

    numbers: dict[str, Any]
    """Its tracks and its turns' pictures."""
    sound: bytes
    """Ogg Vorbis from second 0 on; empty where there is none."""


def lasting(recording: Recording) -> float:
    """Seconds of its sound."""
    return max(len(recording.visitor) / HEAR_RATE, len(recording.avatar) / SPEAK_RATE)


def sounding(recording: Recording) -> float | None:
    """Seconds of its sound that the page embeds; None where it has none."""
    if not (found := lasting(recording)):
        return None
    return min(found, LONGEST) if ogg.written() else 0.0


def sound(recording: Recording) -> bytes:
    """Both sides of the visit as one file; labelled, where the recording's own file of the avatar's sound is."""
    if not (until := sounding(recording)):
        return b""
    heard = ogg.mixed(recording.visitor, recording.avatar, until)
    return ogg.encoded(heard, recording.labels.get(AVATAR, ""))


def filled(sides: list[Side], slow: float | None, **parts: str) -> str:
    """The page. Its only script is ours: the policy names its hash, so no text in a recording can ever run."""
    script = "".join(_part(name) for name in _SCRIPTS)
    numbers = {"sides": [side.numbers for side in sides], "slow": slow, "mouths": [[*one] for one in _mouths()]}
    return Template(_part("report.html.in")).substitute(
        policy=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style="".join(_part(name) for name in _STYLES),
        script=script,
        # What a recording says stands in here too: "</script>" must not end the element.
        numbers=json.dumps(numbers, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        sounds="".join(_embedded(number, side.sound) for number, side in enumerate(sides)),
        face=face(),
        legend=legend(),
        **parts,
    )


def facts(session: dict[str, Any]) -> str:
    """What was recorded, and of which versions."""
    versions = session.get("versions")
    known = versions.items() if isinstance(versions, dict) else ()
    began = [("began", session["began"])] if session.get("began") else []
    title = f'<span class="title">{escaped(session["title"])}</span>' if session.get("title") else ""
    return title + "".join(f"<span><b>{escaped(key)}</b> {escaped(value)}</span>" for key, value in [*began, *known])


def legend() -> str:
    """Which colour is which mouth shape."""
    groups: dict[str, list[str]] = {}
    for name, (group, _) in MOUTHS.items():
        groups.setdefault(group, []).append(name)
    return "".join(
        f'<span class="key m-{group}"><i></i>{" ".join(names)}</span>'
        for group, names in groups.items()
        if group != "rest"
    )


def glance(side: int, links: str, title: str, *, dense: bool) -> str:
    """The whole visit at a glance: the script draws its sound, a click is heard from there."""
    kind = "visit dense" if dense else "visit"
    label = title or both("整次来访", "The whole visit")
    return (
        f'<h2>{label}</h2><div class="{kind}" data-side="{side}">{links}<i class="head"></i></div>'
        f'<p class="length">0 s<span class="end" data-side="{side}"></span></p>'
    )


def escaped(value: Any) -> str:
    """As text in HTML."""
    return escape(str(value))


def _part(name: str) -> str:
    return (files("pipeline.recording.reporting") / name).read_text(encoding="utf-8")


def _mouths() -> list[tuple[str, str, str]]:
    return [(name, group, sounds) for name, (group, sounds) in MOUTHS.items()]


def _embedded(side: int, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return "".join(f'<script type="text/plain" class="sound-{side}">{piece}</script>' for piece in pieces)
