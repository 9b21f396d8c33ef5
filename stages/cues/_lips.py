"""Lips from phoneme times: each shape fades into the next, closures are whole, the tongue is seen through.

Every shape's times depend on up to four phonemes before and after it, which a part's context holds: so neighbouring
parts, computed apart, agree on the fade between them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Mark, Pose
from stages.cues._phonemes import PLOSIVES, VOWELS, WEAK, shapes

MS = SPEAK_RATE // 1000
"""Samples."""
CLOSED = 20 * MS
"""Lips are closed, and nothing else is open, this long around the mark of every b, p, m."""
_LEADS = {"PP": 40 * MS, "DD": 30 * MS, "kk": 30 * MS, "CH": 30 * MS}
_LEAD = 10 * MS
"""The mouth is ahead of the sound: closures by rhubarb's 40 ms, the rest by HeadTTS's 10."""
_FASTEST, _SLOWEST = 15 * MS, 40 * MS
"""Half a fade: 30-80 ms from one shape to the next, rhubarb's tweens; 30 ms is as fast as lips go."""
_PAUSE = 80 * MS
"""A gap this long relaxes the mouth; shorter ones are the silence of a closure."""
_ANTICIPATED = 0.45
_UNSTRESSED = 0.85


@dataclass(slots=True)
class _Shape:
    viseme: str
    weight: float
    start: int
    end: int
    own: bool
    plosive: bool = False
    at: int = 0  # where it takes over from the shape before


def poses(before: Sequence[Mark], own: Sequence[Mark], after: Sequence[Mark]) -> tuple[Pose, ...]:
    """Poses of `own` phonemes only; `before` and `after` are their neighbours on the sentence's clock."""
    track = list(_shapes(before, own, after))
    _place(track)
    return tuple(pose for index, shape in enumerate(track) if shape.own for pose in _poses(track, index))


def _shapes(before: Sequence[Mark], own: Sequence[Mark], after: Sequence[Mark]) -> Iterator[_Shape]:
    marks = [(mark, False) for mark in before] + [(mark, True) for mark in own] + [(mark, False) for mark in after]
    following = [*(mark.start for mark, _ in marks[1:]), *(mark.end for mark, _ in marks[-1:])]
    for (mark, mine), until in zip(marks, following, strict=True):
        end = mark.end if until - mark.end > _PAUSE else max(mark.end, until)
        start = mark.start
        for viseme, share, weight in shapes(mark.text):
            stop = start + round((end - mark.start) * share)
            plosive = viseme in PLOSIVES and viseme == shapes(mark.text)[0][0] and mark.text not in _NASAL
            faded = weight * (_UNSTRESSED if viseme in VOWELS and not mark.stressed else 1.0)
            yield _Shape(viseme, faded, start, stop, mine, plosive or viseme == "PP")
            start = stop
        if until - mark.end > _PAUSE:
            yield _Shape("sil", 1.0, mark.end, until, mine)


_NASAL = frozenset({"ŋ", "ŋ-"})


def _place(track: list[_Shape]) -> None:
    """When each shape takes over: ahead of its sound, but not before a closure before it is done."""
    wanted = [shape.start - (_LEADS[shape.viseme] if shape.plosive else _LEAD) for shape in track]
    for index, shape in enumerate(track):
        shape.at = max(min(wanted[index : index + 3]), _reopens(track, index))


def _poses(track: list[_Shape], index: int) -> Iterator[Pose]:
    shape = track[index]
    until = _until(track, index)
    rise, fall = _fade(track, index - 1), _fade(track, index)
    start, attack, release, end = shape.at - rise, shape.at + rise, until - fall, until + fall
    factor = 1.0
    if attack > release:  # too short to be reached: a low triangle, so that shapes in a hurry do not add up to a jump
        factor = (until - shape.at) / (rise + fall)
        attack = release = (start + end) // 2
    for viseme, weight in _blend(track, index):
        if round(weight * factor, 4) > 0:
            yield Pose(name=viseme, start=start, attack=attack, release=release, end=end, weight=weight * factor)


def _until(track: list[_Shape], index: int) -> int:
    return track[index + 1].at if index + 1 < len(track) else max(track[index].end, _reopens(track, index + 1))


def _reopens(track: list[_Shape], index: int) -> int:
    """Before which a shape may not take over: closed lips are still to be seen."""
    closures = [shape.start + 2 * CLOSED for shape in track[max(0, index - 2) : index] if shape.viseme == "PP"]
    return max(closures, default=-CLOSED * 10)


def _fade(track: list[_Shape], index: int) -> int:
    """Half the fade from shape `index` to the next: at most half of either, and in time for a closure."""
    if index < 0:
        return CLOSED
    pair = track[index : index + 2]
    half = min(_until(track, index + place) - shape.at for place, shape in enumerate(pair)) // 2
    if any(shape.viseme == "PP" for shape in pair):
        return min(max(half, _FASTEST), CLOSED)
    return min(max(half, _FASTEST), _LEADS[pair[1].viseme] if len(pair) > 1 and pair[1].plosive else _SLOWEST)


def _blend(track: list[_Shape], index: int) -> list[tuple[str, float]]:
    shape = track[index]
    blend = [(shape.viseme, shape.weight)] if shape.viseme else []
    if shape.viseme in WEAK and index + 1 < len(track) and track[index + 1].viseme in VOWELS:
        vowel = track[index + 1]
        blend.append((vowel.viseme, vowel.weight * _ANTICIPATED))
    return blend
