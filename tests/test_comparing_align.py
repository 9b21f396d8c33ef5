"""Turns of two visits in pairs: the order of both is kept, and nothing is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recording.comparing.align import Match, Spot, align, alike

WORDS = ["where is the lift", "门票多少钱", "", "thank you", "can i take photos", "ok"]
SPOTS = st.builds(
    Spot,
    st.sampled_from(WORDS),
    st.one_of(st.none(), st.floats(0, 100)),
    st.floats(0, 5),
    st.booleans(),
)


def said(*texts: str, every: float = 10.0) -> list[Spot]:
    return [Spot(text, every * at, 1.0 + 0.7 * at) for at, text in enumerate(texts)]


@given(st.lists(SPOTS, max_size=8), st.lists(SPOTS, max_size=8))
@settings(deadline=None)
def test_every_turn_stands_once_and_no_pairs_cross(a: list[Spot], b: list[Spot]) -> None:
    matches = align(a, b)
    assert [i for i, _ in matches if i is not None] == list(range(len(a)))
    assert [j for _, j in matches if j is not None] == list(range(len(b)))
    assert (None, None) not in matches


@given(st.lists(SPOTS, max_size=12))
@settings(deadline=None)
def test_a_visit_is_paired_with_itself_one_to_one(a: list[Spot]) -> None:
    assert align(a, a) == [(at, at) for at in range(len(a))]


@pytest.mark.parametrize("gone", range(4))
def test_a_turn_that_is_missing_moves_no_other(gone: int) -> None:
    whole = said("where is the lift", "门票多少钱", "can i take photos", "thank you")
    expected: list[Match] = [(at, None if at == gone else at - (at > gone)) for at in range(4)]
    assert align(whole, whole[:gone] + whole[gone + 1 :]) == expected
    assert align(whole[:gone] + whole[gone + 1 :], whole) == [(j, i) for i, j in expected]


def test_words_misheard_at_the_same_time_are_the_same_turn() -> None:
    assert align(said("where is the lift", "thank you"), said("门票多少钱", "thank you")) == [(0, 0), (1, 1)]


def test_the_same_words_much_later_are_the_same_turn() -> None:
    assert align(said("where is the lift"), [Spot("Where is the lift?", 90.0, 5.0)]) == [(0, 0)]


def test_the_same_sound_misheard_much_later_is_the_same_turn() -> None:
    assert align([Spot("where is the lift", 5.0, 1.3)], [Spot("门票多少钱", 80.0, 1.3)]) == [(0, 0)]


def test_other_words_elsewhere_are_another_turn() -> None:
    assert align([Spot("where is the lift", 5.0, 1.3)], [Spot("门票多少钱", 80.0, 3.0)]) == [(0, None), (None, 0)]


def test_a_turn_that_was_split_keeps_the_others_in_place() -> None:
    whole = said("hello", "i would like to know where the lift is please", "thank you")
    split = [whole[0], Spot("i would like to know", 10.0, 1.0), Spot("where the lift is please", 13.0, 1.4), whole[2]]
    matches = align(whole, split)
    assert matches[0] == (0, 0)
    assert matches[-1] == (2, 3)
    assert len(matches) == 4


def test_a_question_asked_three_times_is_paired_in_order() -> None:
    again = said("门票多少钱", "门票多少钱", "门票多少钱")
    assert align(again, again[1:]) == [(0, None), (1, 0), (2, 1)]


def test_a_long_visit_is_aligned_within_a_band() -> None:
    whole = said(*[f"question number {at}" for at in range(300)])
    assert align(whole, whole[5:])[5:] == [(at + 5, at) for at in range(295)]


@given(SPOTS, SPOTS)
def test_likeness_is_one_only_for_the_same_words(a: Spot, b: Spot) -> None:
    assert 0 <= alike(a, b) == alike(b, a) <= 1
    assert (alike(a, b) == 1) == (a.key == b.key)
