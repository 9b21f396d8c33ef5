"""The mouth of two renderings of one sentence: how alike it moves, and lips that close in only one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Pose
from pipeline.recording.comparing.tempo import anchors, moved_pose, on_clock_of
from pipeline.recording.reporting.lines import Line

SHAPES = ("PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")
"""OVR-15 without `sil`, which is the absence of the others."""
RATE = 100
"""Frames a second."""
STEP = SPEAK_RATE // RATE
CLOSURES = {"PP": "PP", "MM": "PP", "FF": "FF"}
"""Where the lips meet (p b m), or the teeth the lip (f v)."""
CLOSED = 0.3
"""Weight from which on a closure is seen."""
TOLERANCE = 40
"""Milliseconds between two closures that are the same one."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Lips that close."""

    kind: str
    """PP or FF."""
    ms: float
    """Its middle, on the clock of A's sentence."""


@dataclass(frozen=True, slots=True)
class Lips:
    """One sentence that both sides spoke; B's is brought to A's clock word by word, so its tempo is no difference."""

    index: int
    origin: str
    text: str
    correlation: float
    """-1 to 1, Pearson's, over all shapes and frames at 100 Hz."""
    closures: tuple[int, int]
    """How many A and B have."""
    lost: tuple[Closure, ...]
    """Those of A that B has not within 40 ms."""
    added: tuple[Closure, ...]
    """Those of B that A has not."""


def lips(a: Sequence[Line], b: Sequence[Line]) -> tuple[Lips, ...]:
    """For each sentence of a turn that sounded on both sides in the same words, as far as it sounded on both."""
    left = [line for line in b if line.begun is not None]
    found = []
    for line in a:
        what = (line.sentence.origin, line.sentence.text)
        other = next((one for one in left if (one.sentence.origin, one.sentence.text) == what), None)
        if line.begun is not None and other is not None:
            left.remove(other)
            found.append(_compare(line, other))
    return tuple(one for one in found if one)


def _compare(a: Line, b: Line) -> Lips | None:
    """None where neither side moved its mouth."""
    moved = on_clock_of(anchors(a, b))
    ends = [a.cut] if a.cut is not None else []
    ends += [moved(b.cut)] if b.cut is not None else []
    until = min(ends, default=1 << 40)
    one = [pose for pose in a.poses("visemes") if pose.start < until]
    other = [pose for pose in (moved_pose(pose, moved) for pose in b.poses("visemes")) if pose.start < until]
    if not one and not other:
        return None
    mine, theirs = closures(one, until), closures(other, until)
    lost, added = unmatched(mine, theirs)
    counts, sentence = (len(mine), len(theirs)), a.sentence
    return Lips(sentence.index, sentence.origin, sentence.text, correlation(one, other, until), counts, lost, added)


def track(poses: Iterable[Pose], frames: int) -> NDArray[np.float64]:
    """`[frames, 14]`, 0 to 1: the weight of each shape at each hundredth of a second. Poses add up."""
    found = np.zeros((frames, len(SHAPES)))
    for pose in poses:
        name = "PP" if pose.name == "MM" else pose.name
        first, last = max(0, -(-pose.start // STEP)), min(frames, pose.end // STEP + 1)
        if name not in SHAPES or first >= last:
            continue
        time = np.arange(first, last) * STEP
        rise = (time - pose.start + 1) / max(pose.attack - pose.start, 1)
        fall = (pose.end + 1 - time) / max(pose.end - pose.release, 1)
        found[first:last, SHAPES.index(name)] += pose.weight * np.clip(np.minimum(rise, fall), 0, 1)
    return np.minimum(found, 1.0)


def correlation(a: Sequence[Pose], b: Sequence[Pose], until: int = 1 << 40) -> float:
    """Pearson's, over all frames and shapes; where a mouth never moves: 1 if neither does, else 0."""
    if list(a) == list(b):
        return 1.0
    last = min(until, max((pose.end for pose in (*a, *b)), default=0))
    frames = max(1, last // STEP + 1)
    one, other = track(a, frames).ravel(), track(b, frames).ravel()
    if not one.std() or not other.std():
        return float(not one.std() and not other.std())
    return round(float(np.corrcoef(one, other)[0, 1]), 4)


def closures(poses: Iterable[Pose], until: int = 1 << 40) -> list[Closure]:
    """By time; what holds on from one part of the sentence to the next is one closure."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for pose in sorted(poses, key=lambda pose: pose.attack):
        kind = CLOSURES.get(pose.name)
        if kind is None or pose.weight < CLOSED or pose.attack >= until:
            continue
        held = spans.setdefault(kind, [])
        if held and pose.attack <= held[-1][1] + STEP:
            held[-1] = (held[-1][0], max(held[-1][1], pose.release))
        else:
            held.append((pose.attack, pose.release))
    found = [
        Closure(kind, round((first + last) / 2 / SPEAK_RATE * 1000, 1))
        for kind, held in spans.items()
        for first, last in held
    ]
    return sorted(found, key=lambda closure: (closure.ms, closure.kind))


def unmatched(a: Sequence[Closure], b: Sequence[Closure]) -> tuple[tuple[Closure, ...], tuple[Closure, ...]]:
    """Those of each side that the other has not within 40 ms; the most that can be paired are paired."""
    lost, left = [], list(b)
    for closure in a:
        near = next((o for o in left if o.kind == closure.kind and abs(o.ms - closure.ms) <= TOLERANCE), None)
        if near is None:
            lost.append(closure)
        else:
            left.remove(near)
    return tuple(lost), tuple(left)
