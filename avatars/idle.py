"""What the face does while nobody speaks: idle, listening and thinking, as pure functions of a seed and a time span.

Everything is made from events in fixed slots of time, each drawn from (seed, slot): any span can be asked for in any
order, neighbouring spans join, and nothing repeats. Samples are 24 kHz, counted from the visit's beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Gaze, Pose

MS = SPEAK_RATE // 1000
"""Samples."""
Mood = Literal["idle", "listening", "thinking"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Like the tracks of `Cues`, without lips; `sway` and `breath` are functions of time (see `breath`, `sway`)."""

    expressions: tuple[Pose, ...]
    gestures: tuple[Pose, ...]
    gaze: tuple[Gaze, ...]


@dataclass(frozen=True, slots=True)
class _Manner:
    blink_s: float
    """Slot of one blink; 15-20 a minute at rest, fewer while listening (Bentivoglio et al. 1997)."""
    glance_s: float
    wander: tuple[float, float]
    """Standard deviations of x and y around where the eyes rest."""
    rest: tuple[float, float]
    nod_s: float
    """Slot of a small nod of a listener ("go on"); 0 for none."""


_MANNERS: dict[Mood, _Manner] = {
    "idle": _Manner(3.6, 2.9, (0.28, 0.09), (0.0, 0.0), 0.0),
    "listening": _Manner(4.4, 2.3, (0.05, 0.03), (0.0, 0.0), 4.7),
    "thinking": _Manner(3.1, 1.3, (0.10, 0.07), (-0.32, 0.34), 0.0),
}
_BLINK, _GLANCE, _NOD = 1, 2, 3


def behaviour(mood: Mood, seed: int, start: int, end: int) -> Behaviour:
    """What begins from `start` up to `end`. The same for every split of a span."""
    manner = _MANNERS[mood]
    return Behaviour(
        tuple(_blinks(manner, seed, start, end)),
        tuple(_nods(manner, seed, start, end)),
        tuple(_glances(manner, seed, start, end)),
    )


def breath(seed: int, at: int) -> float:
    """0 breathed out, 1 breathed in: 15 breaths a minute, no two alike, in shorter than out."""
    phase = at / SPEAK_RATE / 4.0 + 0.08 * _drift(seed, at / SPEAK_RATE, 11.0)
    turn = (phase + seed % 97 / 97) % 1.0
    return float(0.5 - 0.5 * np.cos(np.pi * (turn / 0.4 if turn < 0.4 else 1 + (turn - 0.4) / 0.6)))


def sway(seed: int, at: int) -> tuple[float, float, float]:
    """Head yaw, pitch and roll in -1..1 (of some degrees): sums of slow waves whose periods have no common one."""
    seconds = at / SPEAK_RATE
    return _drift(seed, seconds, 7.0), _drift(seed + 1, seconds, 9.0), _drift(seed + 2, seconds, 12.0)


def _drift(seed: int, seconds: float, period: float) -> float:
    phases = np.random.default_rng([seed, 9]).uniform(0, 2 * np.pi, 3)
    periods = period * np.array([1.0, np.sqrt(2.0), (1 + np.sqrt(5.0)) / 2 * 1.7])
    return float(np.dot([0.5, 0.3, 0.2], np.sin(2 * np.pi * seconds / periods + phases)))


def _events(kind: int, slot_s: float, seed: int, start: int, end: int) -> Iterator[tuple[int, np.random.Generator]]:
    """One event in each slot, in its middle three fifths, so that two are never close."""
    slot = round(slot_s * SPEAK_RATE)
    for number in range(max(0, start // slot), end // slot + 1):
        rng = np.random.default_rng([seed, kind, number])
        at = round((number + rng.uniform(0.2, 0.8)) * slot)
        if start <= at < end:
            yield at, rng


def _blinks(manner: _Manner, seed: int, start: int, end: int) -> Iterator[Pose]:
    for at, rng in _events(_BLINK, manner.blink_s, seed, start, end):
        yield _blink(at)
        if rng.random() < 0.12:  # some blinks are double
            yield _blink(at + 320 * MS)


def _blink(at: int) -> Pose:
    shut = at + 80 * MS
    return Pose(name="blink", start=at, attack=shut, release=shut + 40 * MS, end=shut + 200 * MS, weight=1.0)


def _glances(manner: _Manner, seed: int, start: int, end: int) -> Iterator[Gaze]:
    for at, rng in _events(_GLANCE, manner.glance_s, seed, start, end):
        away = np.clip(rng.normal(manner.rest, manner.wander), -0.6, 0.6)
        yield Gaze(at=at, x=float(away[0]), y=float(away[1]))


def _nods(manner: _Manner, seed: int, start: int, end: int) -> Iterator[Pose]:
    for at, rng in _events(_NOD, manner.nod_s, seed, start, end) if manner.nod_s else ():
        if rng.random() < 0.6:
            top = at + 180 * MS
            weight = float(rng.uniform(0.2, 0.4))
            yield Pose(name="nod", start=at, attack=top, release=top + 80 * MS, end=top + 380 * MS, weight=weight)
