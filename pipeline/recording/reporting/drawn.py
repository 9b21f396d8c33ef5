"""What the page draws, as numbers: loudness and voice each 20 ms of the visit, and for each turn what happened when."""

import base64
from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np

from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Samples
from pipeline.recording.reading import Event, Recording
from pipeline.recording.reporting.face import felt, smile
from pipeline.recording.reporting.lines import Line, merged
from pipeline.recording.reporting.parts import FEELINGS, GESTURES, WHYS
from pipeline.recording.reporting.turns import Bar, Turn

MOUTHS = {
    "sil": ("rest", "闭合"), "PP": ("lips", "p b m"), "FF": ("lips", "f v"), "TH": ("tongue", "th"),
    "DD": ("tongue", "t d"), "kk": ("back", "k g"), "CH": ("teeth", "ch j"), "SS": ("teeth", "s z"),
    "nn": ("tongue", "n l"), "RR": ("back", "r"), "aa": ("open", "a"), "E": ("mid", "e"), "ih": ("narrow", "i"),
    "oh": ("round", "o"), "ou": ("round", "u"),
}  # fmt: skip
"""OVR-15: the colour class of each shape, and sounds that have it."""
_SHAPES = list(MOUTHS)
_NOTED = {
    "timer": "定时器", "hint": "句末提示", "duck": "压低音量", "cut": "静音", "gap": "录音缺口", "lost": "丢失的行",
    "touched": "触摸", "talk": "按键说话", "deafen": "麦克风断开", "leave": "离开",
}  # fmt: skip
"""Events that a turn's picture marks, in Chinese."""
_LONGEST = 80
"""Characters of an event's text."""


def tracks(recording: Recording) -> dict[str, Any]:
    """The visit's loudness and voice, a byte each 20 ms, base64; '' where there is none."""
    voice = np.round(recording.voice * 255).astype(np.uint8)
    return {
        "visitor": _packed(peaks(recording.visitor, HEAR_RATE)),
        "avatar": _packed(peaks(recording.avatar, SPEAK_RATE)),
        "voice": _packed(voice),
    }


def peaks(sound: Samples, rate: int) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """`[n]`: the loudest sample of each 20 ms, on a square-root scale so that soft speech shows."""
    step = rate * FRAME // HEAR_RATE
    padded = np.pad(sound, (0, -len(sound) % step)).reshape(-1, step)
    loud = np.maximum(padded.max(1, initial=0).astype(np.int32), -padded.min(1, initial=0).astype(np.int32))
    found: np.ndarray[tuple[int], np.dtype[np.uint8]] = np.round(255 * np.sqrt(loud / 32768)).astype(np.uint8)
    return found


def _packed(track: "np.ndarray[Any, np.dtype[np.uint8]]") -> str:
    return base64.b64encode(track.tobytes()).decode()


class Notes:
    """The events of a recording, by time."""

    def __init__(self, recording: Recording) -> None:
        self._events = sorted((event for event in recording.events if event.name in _NOTED), key=lambda one: one.at)
        self._times = [event.at for event in self._events]

    def within(self, start: float, end: float) -> list[Event]:
        """Those of a stretch of the visit."""
        return self._events[bisect_left(self._times, start) : bisect_right(self._times, end)]


def drawn(turn: Turn, notes: Notes) -> dict[str, Any]:
    """A turn's picture. Times are ms of the recording."""
    start, end = turn.span
    sounded = [line for line in turn.lines if line.begun is not None]
    return {
        "span": [_ms(start), _ms(end)],
        "gap": _ms(turn.gap) if turn.gap is not None else None,
        "bars": [_bar(bar) for bar in sorted(turn.bars(), key=lambda bar: bar.start)],
        "marks": _marks(turn),
        "notes": [_note(event) for event in notes.within(start, end)],
        "mouth": [pose for line in sounded for pose in _mouth(line)],
        "poses": [pose for line in sounded for kind in ("expressions", "gestures") for pose in _poses(line, kind)],
        "smile": smile(felt(sounded)),
    }


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _at(line: Line, sample: int) -> int:
    return _ms((line.begun or 0.0) + sample / SPEAK_RATE)


def _bar(bar: Bar) -> list[Any]:
    kind = " ".join(name for name, holds in (("dropped", bar.dropped), ("pale", bar.pale)) if holds)
    return [bar.lane, _ms(bar.start), _ms(bar.end), bar.what, kind]


def _marks(turn: Turn) -> list[list[Any]]:
    """Kind, time, label in Chinese and English."""
    marks: list[list[Any]] = []
    if turn.ended and turn.speech_end is not None:
        label = ("说完", "voice ends") if turn.final.utterance else ("发出", "sent")
        marks += [["end", _ms(turn.speech_end), *label], ["decided", _ms(turn.ended[0]), "判定", "ends"]]
    if turn.first_sound is not None:
        marks.append(["sound", _ms(turn.first_sound), "首声", "first sound"])
    cuts = [line.over for line in turn.lines if line.cut is not None and line.over is not None]
    marks += [["cut", _ms(at), "✂", "✂"] for at in cuts[:1]]
    marks += [["stop", _ms(at), *WHYS.get(stop.why, (stop.why, stop.why))] for at, stop in turn.interrupts]
    return marks + [["failure", _ms(at), failure.code, failure.code] for at, failure in turn.failures]


def _note(event: Event) -> list[Any]:
    """Kind, time, and what can be said of it in a line."""
    fields = {name: value for name, value in event.fields.items() if name not in {"message", "sample"}}
    touched = event.fields.get("message")
    if isinstance(touched, dict):
        fields = {str(touched.get("kind", "")): touched.get("text", "")}
    said = ", ".join(f"{name} {value}" for name, value in fields.items())
    return [event.name, _ms(event.at), f"{_NOTED[event.name]} {event.name}: {said}"[:_LONGEST]]


def _mouth(line: Line) -> list[list[int]]:
    """Shape (15: the eyes close), four times, weight in percent."""
    poses = [(pose, _SHAPES.index(pose.name)) for pose in line.poses("visemes") if pose.name in _SHAPES[1:]]
    poses += [(pose, len(_SHAPES)) for pose in line.poses("expressions") if pose.name == "blink"]
    return [
        [shape, *(_at(line, at) for at in (pose.start, pose.attack, pose.release, pose.end)), round(100 * pose.weight)]
        for pose, shape in poses
    ]


def _poses(line: Line, kind: str) -> list[list[Any]]:
    found = []
    for name, start, end in merged(line.poses(kind)):
        last = end if line.cut is None else min(end, line.cut)
        label = ["", ""] if name == "blink" else [GESTURES.get(name) or FEELINGS.get(name, name), name]
        found.append(["blink" if name == "blink" else kind, _at(line, start), _at(line, last), *label])
    return found
