"""What the face does besides its lips: expression, blinks, gestures, nods and gaze.

All of it is a function of the sentence's id and clock, so that parts computed apart agree.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Gaze, Mark, Pose
from pipeline.messages import Speech

MS = SPEAK_RATE // 1000
"""Samples."""
ATTACK, RELEASE = 300 * MS, 500 * MS
"""An expression comes faster than it goes (Ekman: onset 0.3-0.5 s, offset longer)."""
_JOIN = 120 * MS
"""The cross-fade of two parts' expressions."""
GESTURES: dict[str, tuple[int, int, int]] = {
    "nod": (160, 120, 260),
    "shake": (200, 700, 300),
    "wave": (350, 1100, 400),
    "point": (350, 900, 400),
    "think": (250, 900, 350),
    "shrug": (250, 350, 350),
    "bow": (400, 500, 600),
    "open": (350, 600, 400),
}
"""Milliseconds of preparation, stroke and retraction (Kendon's phases): the stroke falls on the stressed word."""
_CLOSE, _SHUT, _OPEN = 80 * MS, 40 * MS, 160 * MS  # a blink
_BLINKS = (2.0, 6.0)  # seconds between blinks of someone who speaks
_GLANCES = (1.0, 2.6)  # seconds between saccades
_NOD, _NODS = 0.35, 0.6  # weight of a beat, and how many of its chances it takes


def seed(speech: Speech) -> int:
    """Of the sentence: the same for all its parts and on every machine."""
    return int(speech.cause or "0", 16)


def expressions(speech: Speech, samples: int) -> Iterator[Pose]:
    """The sentence's emotion during this part; neighbours cross-fade, and a part that never comes relaxes the face."""
    if speech.emotion == "neutral" or speech.strength == 0:
        return
    start = _joint(speech.start) if speech.part else 0
    end = speech.start + samples if speech.last else _joint(speech.start + samples)
    attack = start + (_JOIN if speech.part else ATTACK)
    yield Pose(
        name=speech.emotion,
        start=start,
        attack=attack,
        release=max(end, attack),
        end=max(end, attack) + (RELEASE if speech.last else _JOIN),
        weight=speech.strength,
    )


def _joint(boundary: int) -> int:
    """Where one part's expression hands over to the next: after the attack, and not before the part."""
    return max(boundary, ATTACK)


def blinks(speech: Speech, samples: int) -> Iterator[Pose]:
    """Every 2-6 s of the sentence, those that begin in this part."""
    for at in _times(seed(speech), 1, _BLINKS, speech.start + samples):
        if at >= speech.start:
            shut = at + _CLOSE
            yield Pose(name="blink", start=at, attack=shut, release=shut + _SHUT, end=shut + _SHUT + _OPEN, weight=1.0)


def gaze(speech: Speech, samples: int) -> Iterator[Gaze]:
    """At the visitor, with small saccades; away for a moment where the avatar thinks."""
    if speech.part == 0:
        yield Gaze(at=speech.start, x=0.0, y=0.0)
    if speech.part == 0 and speech.gesture == "think":
        yield Gaze(at=_anchor(speech), x=-0.3, y=0.4)
        yield Gaze(at=_anchor(speech) + 700 * MS, x=0.0, y=0.0)
    for index, at in enumerate(_times(seed(speech), 2, _GLANCES, speech.start + samples)):
        if at >= speech.start:
            x, y = np.random.default_rng([seed(speech), 3, index]).normal(0.0, 0.05, 2).clip(-0.12, 0.12)
            yield Gaze(at=at, x=float(x), y=float(y))


def gestures(speech: Speech) -> Iterator[Pose]:
    """The reply's own gesture on its first stressed word; beats of the head on stressed words, every second part."""
    if speech.part == 0 and speech.gesture in GESTURES:
        yield _stroke(speech.gesture, _anchor(speech), 1.0, speech.start)
        return
    beat = _stressed(speech.words) if speech.part % 2 else None
    if beat and np.random.default_rng([seed(speech), 4, speech.part]).random() < _NODS:
        yield _stroke("nod", beat.start, _NOD * (0.5 + speech.strength), speech.start)


def _stroke(name: str, at: int, weight: float, earliest: int) -> Pose:
    """A gesture whose stroke falls on `at`, or as soon after it as can be: it is known no earlier than its sound."""
    prepare, stroke, retract = (part * MS for part in GESTURES[name])
    at = max(at, earliest + prepare)
    return Pose(
        name=name,
        start=at - prepare,
        attack=at,
        release=at + stroke,
        end=at + stroke + retract,
        weight=min(1.0, weight),
    )


def _anchor(speech: Speech) -> int:
    """The first stressed word; where this part has none, its first stressed phoneme or the next part's."""
    near = _stressed(speech.words) or _stressed(speech.phonemes) or _stressed(speech.context)
    return near.start if near else speech.start


def _stressed(marks: Sequence[Mark]) -> Mark | None:
    return next((mark for mark in marks if mark.stressed), None)


def _times(number: int, kind: int, between: tuple[float, float], until: int) -> Iterator[int]:
    """Samples of the sentence's clock, from its beginning, irregular and always the same."""
    rng = np.random.default_rng([number, kind])
    at = 0.0
    while (sample := round(at * SPEAK_RATE)) < until:
        if sample:
            yield sample
        at += float(rng.uniform(*between))
