"""What the face does while nobody speaks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatars.idle import Mood, behaviour, breath, sway

SECOND = 24_000
MOODS: list[Mood] = ["idle", "listening", "thinking"]


@given(st.sampled_from(MOODS), st.integers(0, 2**63), st.integers(0, 60 * SECOND), st.integers(0, 60 * SECOND))
def test_a_span_is_the_sum_of_its_parts(mood: Mood, seed: int, start: int, length: int) -> None:
    middle, end = start + length // 3, start + length
    first, second = behaviour(mood, seed, start, middle), behaviour(mood, seed, middle, end)
    whole = behaviour(mood, seed, start, end)
    assert whole.gaze == first.gaze + second.gaze
    assert whole.expressions == first.expressions + second.expressions
    assert whole.gestures == first.gestures + second.gestures


@pytest.mark.parametrize("mood", MOODS)
def test_an_hour_does_not_repeat(mood: Mood) -> None:
    """No ten minutes look like any other."""
    seen = [behaviour(mood, 7, minute * 600 * SECOND, (minute + 1) * 600 * SECOND) for minute in range(6)]
    rhythms = [
        tuple(after.start - before.start for before, after in itertools.pairwise(each.expressions)) for each in seen
    ]
    assert len(set(rhythms)) == 6


@pytest.mark.parametrize("mood", MOODS)
def test_eyes_blink_as_often_as_peoples(mood: Mood) -> None:
    blinks = behaviour(mood, 3, 0, 600 * SECOND).expressions
    assert 10 <= len(blinks) / 10 <= 25
    assert all(after.start >= before.end for before, after in itertools.pairwise(blinks))


def test_a_listener_nods_and_looks_at_the_visitor_and_a_thinker_looks_away() -> None:
    listening, thinking = behaviour("listening", 5, 0, 60 * SECOND), behaviour("thinking", 5, 0, 60 * SECOND)
    assert listening.gestures
    assert not thinking.gestures
    assert all(abs(gaze.x) < 0.25 for gaze in listening.gaze)
    away = [gaze for gaze in thinking.gaze if gaze.y > 0.1]
    assert len(away) > 0.8 * len(thinking.gaze)


@given(st.integers(0, 2**32), st.integers(0, 7_200 * SECOND))
def test_breath_and_sway_are_smooth_and_bounded(seed: int, at: int) -> None:
    step = SECOND // 60
    assert 0.0 <= breath(seed, at) <= 1.0
    assert abs(breath(seed, at + step) - breath(seed, at)) < 0.05
    for now, then in zip(sway(seed, at), sway(seed, at + step), strict=True):
        assert -1.0 <= now <= 1.0
        assert abs(then - now) < 0.03
