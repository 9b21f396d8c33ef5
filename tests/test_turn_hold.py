"""A key that is held: it says where the turn begins and ends, and no silence does."""

import pytest

from stages.turn._endpoint import Ended, Said
from tests.test_turn_endpoint import BETWEEN, QUIET, SHORT, VOICE, Hearing


def held() -> Hearing:
    """With the key down."""
    hearing = Hearing()
    hearing.endpoint.hold(on=True)
    return hearing


def test_a_long_pause_ends_no_turn_while_the_key_is_held() -> None:
    hearing = held().hear(VOICE, 800).hear(QUIET, 3000).hear(VOICE, 800).flush()
    (ended,) = [event for event in hearing.events if isinstance(event, Ended)]
    said = [event for event in hearing.events if isinstance(event, Said)][-1]
    assert ended.turn == 1
    assert said.stop - said.start > 4000 * 16


def test_a_short_word_counts_when_a_key_was_pressed_for_it() -> None:
    assert any(isinstance(event, Ended) for event in held().hear(VOICE, 130).hear(QUIET, 200).flush().events)


def test_the_same_word_without_a_key_is_a_cough() -> None:
    assert not any(isinstance(event, Ended) for event in Hearing().hear(VOICE, 130).hear(QUIET, 400).flush().events)


@pytest.mark.parametrize("probability", [QUIET, BETWEEN / 2])
def test_a_key_that_is_held_over_silence_is_no_turn(probability: float) -> None:
    assert not held().hear(probability, 3000).flush().events


def test_a_turn_under_a_key_that_got_stuck_ends_at_its_longest() -> None:
    hearing = Hearing(SHORT)
    hearing.endpoint.hold(on=True)
    hearing.hear(VOICE, 600).hear(QUIET, 3000)
    assert [event.turn for event in hearing.events if isinstance(event, Ended)] == [1]


def test_after_its_release_silence_ends_turns_again() -> None:
    hearing = held().hear(VOICE, 500).flush()
    hearing.endpoint.hold(on=False)
    hearing.hear(VOICE, 500).hear(QUIET, 1500)
    assert len([event for event in hearing.events if isinstance(event, Ended)]) == 2
