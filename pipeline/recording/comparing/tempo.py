"""One sentence spoken twice, slower or faster: which moment of the second is which of the first."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.envelope import Pose
from pipeline.recording.reporting.lines import Line

Anchors = Sequence[tuple[int, int]]
"""The same moment on both clocks, A's and B's; both grow."""


def anchors(a: Line, b: Line) -> Anchors:
    """Where the words begin, when both voices tell and their words are the same; else begin and end, of what was
    spoken whole; else nothing. Samples.
    """
    one, other = a.words, b.words
    ends = [max((part.start + samples for _, part, samples in line.speech), default=0) for line in (a, b)]
    whole = all(line.speech and line.speech[-1][1].last for line in (a, b))
    found = [(0, 0)]
    if [word.text for word in one] == [word.text for word in other]:
        found += [(word.start, same.start) for word, same in zip(one, other, strict=True)]
    if whole:
        found.append((ends[0], ends[1]))
    return _growing(found)


def _growing(found: Anchors) -> Anchors:
    kept = [found[0]]
    for a, b in found[1:]:
        if a > kept[-1][0] and b > kept[-1][1]:
            kept.append((a, b))
    return kept


def on_clock_of(known: Anchors) -> Callable[[int], int]:
    """Turns samples of B into samples of A: between two anchors evenly, outside them at the same pace."""
    first, last = known[0], known[-1]
    if all(a == b for a, b in known):
        return lambda sample: sample
    a, b = ([pair[side] for pair in known] for side in (0, 1))

    def moved(sample: int) -> int:
        if sample <= first[1]:
            return sample - first[1] + first[0]
        if sample >= last[1]:
            return sample - last[1] + last[0]
        return round(float(np.interp(sample, b, a)))

    return moved


def moved_pose(pose: Pose, moved: Callable[[int], int]) -> Pose:
    """The pose on the other clock."""
    places = {name: moved(getattr(pose, name)) for name in ("start", "attack", "release", "end")}
    return pose.model_copy(update=places)
