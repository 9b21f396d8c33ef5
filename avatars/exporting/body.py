"""Head, trunk and arms of a humanoid for the gestures of cues: VRM's bones in T-pose, and how far each turns.

VRM 1.0: the avatar looks along +z, y is up, x is to its own left; every bone's rest rotation is none.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatars.rig import RigFrame, head

Angles = tuple[float, float, float]
"""Degrees about x, y and z; turned about z first, then y, then x."""


class Bone(NamedTuple):
    """A bone of the skeleton."""

    name: str
    parent: str
    place: tuple[float, float, float]
    """Metres from the parent's."""


def _mirrored(bones: list[Bone]) -> list[Bone]:
    """The same on the right side, for bones of the left."""
    turned = []
    for name, parent, (x, y, z) in bones:
        turned.append(Bone(name.replace("left", "right"), parent.replace("left", "right"), (-x, y, z)))
    return bones + turned


BONES: Final = [
    Bone("hips", "", (0.0, 0.95, 0.0)),
    Bone("spine", "hips", (0.0, 0.1, 0.0)),
    Bone("chest", "spine", (0.0, 0.15, 0.0)),
    Bone("neck", "chest", (0.0, 0.25, 0.0)),
    Bone("head", "neck", (0.0, 0.1, 0.0)),
    *_mirrored([
        Bone("leftUpperLeg", "hips", (0.09, -0.05, 0.0)),
        Bone("leftLowerLeg", "leftUpperLeg", (0.0, -0.42, 0.0)),
        Bone("leftFoot", "leftLowerLeg", (0.0, -0.4, 0.0)),
        Bone("leftUpperArm", "chest", (0.16, 0.2, 0.0)),
        Bone("leftLowerArm", "leftUpperArm", (0.26, 0.0, 0.0)),
        Bone("leftHand", "leftLowerArm", (0.24, 0.0, 0.0)),
    ]),
]  # fmt: skip
"""A parent stands before its children. VRM asks for these, but for chest and neck."""
REST: Final[dict[str, Angles]] = {
    "leftUpperArm": (0.0, 0.0, -72.0), "rightUpperArm": (0.0, 0.0, 72.0),
    "leftLowerArm": (0.0, -12.0, 0.0), "rightLowerArm": (0.0, 12.0, 0.0),
}  # fmt: skip
"""Arms hang down: a T-pose is nobody's."""
_OPEN: Final[dict[str, Angles]] = {"rightUpperArm": (0.0, 20.0, 48.0), "rightLowerArm": (0.0, 35.0, -15.0)}
_SHRUG: Final[dict[str, Angles]] = {"rightUpperArm": (0.0, 15.0, 62.0), "rightLowerArm": (0.0, 35.0, -75.0)}


def _both(right: dict[str, Angles]) -> dict[str, Angles]:
    return right | {name.replace("right", "left"): (x, -y, -z) for name, (x, y, z) in right.items()}


HELD: Final[dict[str, dict[str, Angles]]] = {
    "wave": {"rightUpperArm": (0.0, 20.0, 15.0), "rightLowerArm": (0.0, 15.0, -105.0)},
    "point": {"rightUpperArm": (0.0, 55.0, 25.0), "rightLowerArm": (0.0, 5.0, -5.0)},
    "think": {"rightUpperArm": (0.0, 75.0, 40.0), "rightLowerArm": (0.0, 140.0, -20.0)},
    "open": _both(_OPEN),
    "shrug": _both(_SHRUG),
    "bow": {"spine": (14.0, 0.0, 0.0)},
}
"""Where a gesture at its height holds what it moves; heads are `avatars.rig`'s."""
_WAVES: Final = (22.0, 1.8)
"""Degrees to each side, times a second."""
_NECK = 0.4
"""The neck's share of the head's turn."""
MOVED: Final = ("spine", "neck", "head", "leftUpperArm", "leftLowerArm", "rightUpperArm", "rightLowerArm")


def angles(frame: RigFrame) -> dict[str, Angles]:
    """Of each bone in `MOVED`."""
    turned = {name: np.array(REST.get(name, (0.0, 0.0, 0.0))) for name in MOVED}
    for gesture, now in frame.gestures.items():
        for name, held in HELD.get(gesture, {}).items():
            turned[name] += now * (np.array(held) - REST.get(name, (0.0, 0.0, 0.0)))
    waving = frame.gestures.get("wave", 0.0)
    turned["rightLowerArm"][2] += waving * _WAVES[0] * math.sin(2 * math.pi * _WAVES[1] * frame.ages.get("wave", 0.0))
    yaw, pitch, roll = head(frame)
    for name, share in (("neck", _NECK), ("head", 1.0 - _NECK)):
        turned[name] += share * np.array([-pitch, yaw, -roll])
    return {name: (float(x), float(y), float(z)) for name, (x, y, z) in turned.items()}


def quaternions(turned: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[n, 3]` degrees as `[n, 4]` x y z w."""
    half = np.radians(turned) / 2
    (sx, sy, sz), (cx, cy, cz) = np.sin(half).T, np.cos(half).T
    x, w = sx * cy * cz + cx * sy * sz, cx * cy * cz - sx * sy * sz
    return np.stack([x, cx * sy * cz - sx * cy * sz, cx * cy * sz + sx * sy * cz, w], axis=1)
