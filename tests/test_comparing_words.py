"""Words against each other: what counts, and that error rates are a metric."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.recording.comparing.words import Errors, difference, distance, errors, similarity, tokens

TEXT = st.text(alphabet="ab c门票,。Ａ'", max_size=14)
SEQUENCE = st.lists(st.sampled_from("abc"), max_size=7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is the LIFT?", "where is the lift"),
        ("门票多少钱？", "门票多少钱"),
        ("ＡＢＣ　１２", "abc 12"),
        ("I don't know", "I don’t know."),
        ("Straße", "STRASSE"),
        ("well-known", "well known"),
    ],
)
def test_case_punctuation_and_width_are_no_difference(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


def test_chinese_counts_by_character_and_all_else_by_word() -> None:
    assert tokens("我要两张 student tickets") == ("我", "要", "两", "张", "student", "tickets")


def test_words_and_characters_are_counted_apart_in_a_mixed_sentence() -> None:
    found = errors("我要看 silk gallery", "我想看 silk galaxy")
    assert (found.words, found.word_errors, found.characters, found.character_errors) == (2, 1, 3, 1)
    assert (found.wer, found.cer) == (0.5, 0.3333)


def test_what_is_put_in_counts_as_the_kind_of_the_reference() -> None:
    assert errors("门票多少钱", "门票多少钱 ok") == Errors(0, 0, 5, 1)
    assert errors("where is it", "where is it 吗") == Errors(3, 1, 0, 0)


def test_without_any_words_there_is_no_rate() -> None:
    assert errors("", "").wer is None
    assert errors("门票", "门票").wer is None


def test_words_out_of_nothing_are_errors() -> None:
    assert errors("", "hello there").wer == 2.0


def test_a_known_example() -> None:
    assert errors("the cat sat on the mat", "the cat sit on mat").wer == pytest.approx(2 / 6, abs=1e-4)


@given(SEQUENCE, SEQUENCE, SEQUENCE)
def test_the_distance_is_a_metric(a: list[str], b: list[str], c: list[str]) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


@given(TEXT, TEXT)
def test_words_and_characters_together_are_the_distance(a: str, b: str) -> None:
    assert errors(a, b).total == distance(tokens(a), tokens(b))


@given(TEXT)
def test_a_text_has_no_errors_against_itself(text: str) -> None:
    assert errors(text, text).total == 0


@given(TEXT, TEXT)
def test_the_pieces_of_a_difference_give_both_texts_whole(a: str, b: str) -> None:
    pieces = difference(a, b)
    assert "".join(piece.a for piece in pieces) == a
    assert "".join(piece.b for piece in pieces) == b
    assert all((piece.a == piece.b) == piece.same for piece in pieces)
    assert 0 <= similarity(pieces) <= 1
    assert (similarity(pieces) == 1) == (a == b)
