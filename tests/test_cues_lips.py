"""Lips from phoneme times."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Mark, Pose
from stages.cues._lips import CLOSED, MS, poses

BILABIALS = ["p", "b", "m", "ph"]
NAMES = [*BILABIALS, *"fθtdksnlɹŋhaiuyoəʔ", "tʃ", "ts.", "ɑu", "aɪ", "uei", "iou"]
FRAME = 400
"""Samples of a frame at 60 Hz."""


def value(track: Sequence[Pose], name: str, at: float) -> float:
    total = 0.0
    for pose in track:
        if pose.name == name and pose.start < at < pose.end:
            up = (at - pose.start) / (pose.attack - pose.start) if at < pose.attack else 1.0
            down = (pose.end - at) / (pose.end - pose.release) if at > pose.release else 1.0
            total += pose.weight * min(up, down)
    return total


@st.composite
def sentences(draw: st.DrawFn) -> list[Mark]:
    """As voices speak: phonemes of 20-200 ms, not two under 40 in a row, mostly without a gap between them, none
    twice in a row, lips not closed twice within 80 ms.
    """
    at, marks, closed = draw(st.integers(0, 200)) * MS, list[Mark](), -100 * MS
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=25)):
        if name in BILABIALS:
            if at - closed < 80 * MS:
                continue
            closed = at
        if marks and name == marks[-1].text:
            continue
        hurried = bool(marks) and marks[-1].end - marks[-1].start < 40 * MS
        end = at + draw(st.integers(40 if hurried else 20, 200)) * MS
        marks.append(Mark(text=name, start=at, end=end, stressed=draw(st.booleans())))
        at = end + draw(st.sampled_from([0, 0, 0, 36, 40, 160])) * MS
    return marks


@given(sentences())
def test_lips_are_closed_around_every_b_p_m(marks: list[Mark]) -> None:
    """Within 20 ms of the mark on both sides, and nothing else is open meanwhile."""
    track = poses([], marks, [])
    others = {pose.name for pose in track} - {"PP"}
    for mark in (mark for mark in marks if mark.text in BILABIALS):
        for at in range(mark.start - CLOSED + 1, mark.start + CLOSED, 60):
            assert value(track, "PP", at) >= 0.99
            assert sum(value(track, name, at) for name in others) <= 0.01


@given(sentences())
def test_nothing_jumps(marks: list[Mark]) -> None:
    """From one frame at 60 Hz to the next no viseme changes by more than 0.6: lips take 30 ms from shut to open."""
    track = poses([], marks, [])
    for name in {pose.name for pose in track}:
        values = [value(track, name, at) for at in range(-4_800, marks[-1].end + 9_600, FRAME)]
        assert all(abs(after - before) <= 0.6 for before, after in itertools.pairwise(values))


@given(sentences())
def test_poses_are_well_formed_and_never_too_much(marks: list[Mark]) -> None:
    track = poses([], marks, [])
    for pose in track:
        assert pose.start < pose.attack <= pose.release < pose.end
    for at in range(0, marks[-1].end, 1_200):
        assert all(value(track, name, at) <= 1.3 for name in {pose.name for pose in track})


@given(sentences(), st.integers(0, 25))
def test_parts_that_were_computed_apart_join(marks: list[Mark], cut: int) -> None:
    """With four phonemes of context on both sides: each pose is said once, and as it would be in one piece."""
    first, second = marks[:cut], marks[cut:]
    apart = poses([], first, second[:4]) + poses(first[-4:], second, []) if first else poses([], second, [])
    assert apart == poses([], marks, [])


def test_a_plosive_leads_its_sound() -> None:
    marks = [Mark(text="a", start=0, end=4_800), Mark(text="t", start=4_800, end=6_000)]
    stop = next(pose for pose in poses([], marks, []) if pose.name == "DD")
    assert stop.attack <= 4_800


def test_the_tongue_lets_the_next_vowel_through() -> None:
    """In 'ku' the lips are round before the k is heard."""
    marks = [Mark(text="k", start=4_800, end=6_000), Mark(text="u", start=6_000, end=9_600, stressed=True)]
    assert value(poses([], marks, []), "ou", 5_400) > 0.2


def test_a_pause_relaxes_the_mouth() -> None:
    marks = [Mark(text="a", start=0, end=4_800), Mark(text="i", start=12_000, end=16_000)]
    assert value(poses([], marks, []), "sil", 8_400) == pytest.approx(1.0)


def test_a_diphthong_moves() -> None:
    track = poses([], [Mark(text="aɪ", start=0, end=7_200, stressed=True)], [])
    assert value(track, "aa", 1_500) > value(track, "ih", 1_500)
    assert value(track, "ih", 6_000) > value(track, "aa", 6_000)


def test_no_phonemes_no_poses() -> None:
    assert poses([], [], []) == ()
