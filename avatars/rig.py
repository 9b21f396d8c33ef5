"""From cues to a renderer's own parameters: ARKit-52, VRM 1.0 presets, Live2D standard parameters and OVR-15."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from avatars._rig_tables import (
    ARKIT,
    ARKIT_EXPRESSIONS,
    ARKIT_VISEMES,
    ARMS,
    HEAD,
    LIVE2D_EXPRESSIONS,
    LIVE2D_VISEMES,
    OPENING,
    VISEMES,
    VRM,
    VRM_EXPRESSIONS,
    VRM_VISEMES,
)
from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Gaze, Pose
from pipeline.messages import Cues

_SACCADE = SPEAK_RATE * 60 // 1000
"""The eyes move in 60 ms."""
_SHAKE_HZ = 1.8


@dataclass(frozen=True, slots=True)
class RigFrame:
    """What the face does at one moment."""

    visemes: dict[str, float] = field(default_factory=dict)
    """OVR names, 0..1."""
    expressions: dict[str, float] = field(default_factory=dict)
    """Labels and `blink`, 0..1."""
    gestures: dict[str, float] = field(default_factory=dict)
    """Weights, 0..1."""
    ages: dict[str, float] = field(default_factory=dict)
    """Seconds since each gesture began: swinging ones need it."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """-1..1: x to the right as the visitor sees it, y up."""
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Degrees of yaw, pitch and roll on top of the gestures' (the sway of `avatars.idle`)."""
    breath: float = 0.0
    """0..1."""


def sample(cues: Sequence[Cues], at: int) -> RigFrame:
    """The face at sample `at` of a sentence's own clock. `cues` are the parts of one sentence, in order."""
    gestures = [pose for part in cues for pose in part.gestures]
    return RigFrame(
        visemes=_sum((pose for part in cues for pose in part.visemes), at),
        expressions=_sum((pose for part in cues for pose in part.expressions), at),
        gestures=_sum(gestures, at),
        ages={pose.name: (at - pose.start) / SPEAK_RATE for pose in gestures if pose.start < at < pose.end},
        gaze=_gaze([gaze for part in cues for gaze in part.gaze], at),
    )


def weight(pose: Pose, at: int) -> float:
    """Of a pose at a sample: a trapezoid."""
    if not pose.start < at < pose.end:
        return pose.weight if pose.attack <= at <= pose.release else 0.0
    if at < pose.attack:
        return pose.weight * (at - pose.start) / (pose.attack - pose.start)
    if at > pose.release:
        return pose.weight * (pose.end - at) / (pose.end - pose.release)
    return pose.weight


def _sum(poses: Iterable[Pose], at: int) -> dict[str, float]:
    total: dict[str, float] = {}
    for pose in poses:
        if (now := weight(pose, at)) > 0:
            total[pose.name] = min(1.0, total.get(pose.name, 0.0) + now)
    return total


def _gaze(track: list[Gaze], at: int) -> tuple[float, float]:
    """Towards the newest target, from the one before it."""
    x, y = 0.0, 0.0
    for target in sorted(track, key=lambda gaze: gaze.at):
        if target.at > at:
            break
        done = min(1.0, (at - target.at) / _SACCADE)
        x, y = x + (target.x - x) * done, y + (target.y - y) * done
    return x, y


def head(frame: RigFrame) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, each within 30."""
    angles = list(frame.head)
    for name, now in frame.gestures.items():
        swing = math.sin(2 * math.pi * _SHAKE_HZ * frame.ages.get(name, 0.1)) if name == "shake" else 1.0
        for axis, degrees in enumerate(HEAD.get(name, (0.0, 0.0, 0.0))):
            angles[axis] += now * degrees * swing
    yaw, pitch, roll = (max(-30.0, min(30.0, angle)) for angle in angles)
    return yaw, pitch, roll


def ovr(frame: RigFrame) -> dict[str, float]:
    """All 15 weights; `sil` takes what the others leave, as OVRLipSync's own add up to 1."""
    weights = {name: frame.visemes.get(name, 0.0) for name in VISEMES[1:]}
    return {"sil": max(0.0, 1.0 - sum(weights.values())), **weights}


def arkit(frame: RigFrame) -> dict[str, float]:
    """All 52 weights in ARKit's order; the head's angles are `head(frame)`."""
    weights = dict.fromkeys(ARKIT, 0.0)
    for name, amount in _mixed(ARKIT_VISEMES, frame.visemes):
        _add(weights, name, amount)
    quiet = 1.0 - _speaking(frame)
    for name, amount in _mixed(ARKIT_EXPRESSIONS, frame.expressions):
        _add(weights, name, amount * (quiet if name in OPENING else 1.0))
    _look(weights, frame)
    _add(weights, "mouthShrugUpper", 0.4 * frame.gestures.get("shrug", 0.0))
    open_eyes = 1.0 - frame.expressions.get("blink", 0.0)
    for side in ("Left", "Right"):
        weights[f"eyeWide{side}"] *= open_eyes
    return {name: max(0.0, min(1.0, value)) for name, value in weights.items()}


def vrm(frame: RigFrame) -> dict[str, float]:
    """All 18 presets. Lips pressed together take the vowels away."""
    weights = dict.fromkeys(VRM, 0.0)
    closed = frame.visemes.get("PP", 0.0)
    for name, amount in _mixed(VRM_VISEMES, frame.visemes):
        weights[name] += amount * (1.0 - closed)
    mouth = max(1.0, sum(weights.values()))
    weights = {name: value / mouth for name, value in weights.items()}
    for name, amount in _mixed(VRM_EXPRESSIONS, frame.expressions):
        weights[name] += amount
    x, y = frame.gaze
    weights |= {"lookLeft": max(x, 0.0), "lookRight": max(-x, 0.0), "lookUp": max(y, 0.0), "lookDown": max(-y, 0.0)}
    return {name: max(0.0, min(1.0, value)) for name, value in weights.items()}


def live2d(frame: RigFrame) -> dict[str, float]:
    """Standard parameters in their own ranges: angles -30..30, arms -10..10, eyes and mouth 0..1, forms -1..1."""
    values = {"ParamEyeLOpen": 1.0, "ParamEyeROpen": 1.0, "ParamMouthOpenY": 0.0, "ParamMouthForm": 0.0}
    quiet = 1.0 - 0.7 * _speaking(frame)
    for template, amount in _mixed(LIVE2D_EXPRESSIONS, frame.expressions):
        for name in (template.replace("#", "L"), template.replace("#", "R")) if "#" in template else (template,):
            values[name] = values.get(name, 0.0) + amount * (quiet if name == "ParamMouthForm" else 1.0)
    for viseme, now in frame.visemes.items():
        opened, form = LIVE2D_VISEMES.get(viseme, (0.0, 0.0))
        values["ParamMouthOpenY"] += now * opened
        values["ParamMouthForm"] += now * form
    values["ParamMouthOpenY"] *= 1.0 - frame.visemes.get("PP", 0.0)
    values = {name: max(-1.0, min(1.0, value)) for name, value in values.items()}
    yaw, pitch, roll = head(frame)
    values |= {"ParamAngleX": yaw, "ParamAngleY": pitch, "ParamAngleZ": roll, "ParamBreath": frame.breath}
    values |= {"ParamEyeBallX": frame.gaze[0], "ParamEyeBallY": frame.gaze[1]}
    values |= {"ParamBodyAngleX": yaw / 3, "ParamBodyAngleY": pitch / 3, "ParamBodyAngleZ": roll / 3}
    for name, amount in _mixed(ARMS, frame.gestures):
        values[name] = min(10.0, values.get(name, 0.0) + amount)
    return {name: max(0.0, value) if name.endswith(("Open", "OpenY")) else value for name, value in values.items()}


def _mixed(table: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for name, now in weights.items():
        for parameter, amount in table.get(name, {}).items():
            yield parameter, now * amount


def _add(weights: dict[str, float], name: str, amount: float) -> None:
    for side in (name.replace("~", "Left"), name.replace("~", "Right")) if "~" in name else (name,):
        weights[side] += amount


def _speaking(frame: RigFrame) -> float:
    return min(1.0, sum(now for name, now in frame.visemes.items() if name != "sil"))


def _look(weights: dict[str, float], frame: RigFrame) -> None:
    """The visitor's right is the avatar's left."""
    x, y = frame.gaze
    for side, outwards in (("Left", x), ("Right", -x)):
        weights[f"eyeLookOut{side}"] += max(outwards, 0.0)
        weights[f"eyeLookIn{side}"] += max(-outwards, 0.0)
        weights[f"eyeLookUp{side}"] += max(y, 0.0)
        weights[f"eyeLookDown{side}"] += max(-y, 0.0)
