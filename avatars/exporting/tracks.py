"""The face of a whole take, frame by frame, from the cues of what sounded."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatars.rig import RigFrame, weight
from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Gaze, Pose
from pipeline.recording.exporting.take import Acted, Take

FPS: Final = 60
_LIPS, _REST = round(0.06 * SPEAK_RATE), round(0.4 * SPEAK_RATE)
"""How long lips, and the rest of the face, take to relax when a sentence is cut."""
_SACCADE = 0.06
"""Seconds: as in `avatars.rig`."""
_STAYS = 0.5
"""Seconds that the eyes stay where they were after a sentence, if no other follows."""

Curve = NDArray[np.float64]


@dataclass
class _Curves:
    """A value for each frame, by name."""

    count: int
    values: dict[str, Curve] = field(default_factory=dict)

    def of(self, name: str) -> Curve:
        return self.values.setdefault(name, np.zeros(self.count))

    def at(self, frame: int) -> dict[str, float]:
        return {name: float(curve[frame]) for name, curve in self.values.items() if curve[frame] > 0}


def frames(take: Take) -> list[RigFrame]:
    """The face at 0, 1/60, 2/60 … s of the take. Poses of one name add up to 1 at most, as in `avatars.rig.sample`."""
    count = math.floor(take.seconds * FPS + 1e-6) + 1
    visemes, expressions, gestures, ages = (_Curves(count) for _ in range(4))
    tracks = {"visemes": visemes, "expressions": expressions, "gestures": gestures}
    for acted in take.acted:
        shift = acted.begun - take.start
        for kind, curves in tracks.items():
            for pose in _poses(acted, kind):
                _add(curves.of(pose.name), pose, shift)
                if kind == "gestures":
                    _age(ages.of(pose.name), pose, shift)
    gaze = _gaze(take, count)
    return [
        RigFrame(visemes.at(frame), expressions.at(frame), gestures.at(frame), ages.at(frame), (float(x), float(y)))
        for frame, (x, y) in enumerate(gaze)
    ]


def _poses(acted: Acted, kind: str) -> Iterator[Pose]:
    """As far as they came: what a cut interrupts relaxes from where it was."""
    relax = _LIPS if kind == "visemes" else _REST
    for cues in acted.cues:
        for pose in getattr(cues, kind):
            if not acted.cut or pose.end <= acted.samples:
                yield pose
            elif pose.start < acted.samples:
                yield _relaxed(pose, acted.samples, relax)


def _relaxed(pose: Pose, cut: int, relax: int) -> Pose:
    if cut >= pose.release:
        return pose
    now = weight(pose, cut)
    return Pose(
        name=pose.name, start=pose.start, attack=min(pose.attack, cut), release=cut, end=cut + relax, weight=now
    )


def _span(curve: Curve, pose: Pose, shift: float) -> Iterator[tuple[int, int]]:
    """Each frame that a pose touches, and which sample of the sentence it is."""
    first = math.floor((shift + pose.start / SPEAK_RATE) * FPS)
    last = math.ceil((shift + pose.end / SPEAK_RATE) * FPS)
    for frame in range(max(0, first), min(curve.size, last + 1)):
        yield frame, round((frame / FPS - shift) * SPEAK_RATE)


def _add(curve: Curve, pose: Pose, shift: float) -> None:
    for frame, at in _span(curve, pose, shift):
        curve[frame] = min(1.0, curve[frame] + weight(pose, at))


def _age(curve: Curve, pose: Pose, shift: float) -> None:
    for frame, at in _span(curve, pose, shift):
        if pose.start < at < pose.end:
            curve[frame] = (at - pose.start) / SPEAK_RATE


def _gaze(take: Take, count: int) -> Curve:
    """`[count, 2]`: towards the newest target, from the one before; to the visitor when nothing more is said."""
    times = np.arange(count) / FPS
    place = np.zeros((count, 2))
    targets = sorted(_targets(take), key=lambda target: target[0])
    for at, gaze in targets:
        first = max(0, math.ceil((at - take.start) * FPS - 1e-6))
        done = np.clip((times[first:] - (at - take.start)) / _SACCADE, 0.0, 1.0)[:, None]
        place[first:] += (np.array([gaze.x, gaze.y]) - place[first:]) * done
    return place


def _targets(take: Take) -> Iterator[tuple[float, Gaze]]:
    for acted in take.acted:
        for cues in acted.cues:
            for gaze in cues.gaze:
                if gaze.at < acted.samples:
                    yield acted.begun + gaze.at / SPEAK_RATE, gaze
    for acted, after in zip_longest(take.acted, take.acted[1:]):
        end = acted.begun + acted.samples / SPEAK_RATE + _STAYS
        if after is None or after.begun > end:
            yield end, Gaze(at=acted.samples, x=0.0, y=0.0)
