"""Thoughts never become text, wherever their tags are cut."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reply._splitter import Splitter

ANSWER = "好的，5 < 7。</thin 没有标签"


def split(chunks: list[str], *, expected: bool = False) -> list[tuple[str, str]]:
    splitter = Splitter(expected=expected)
    pieces = [piece for chunk in chunks for piece in splitter.feed(chunk)] + splitter.end()
    return [(kind, "".join(piece.text for piece in group)) for kind, group in groupby(pieces, lambda piece: piece.kind)]


def cuts(text: str) -> list[list[str]]:
    twice = [[text[:a], text[a:b], text[b:]] for a in range(len(text) + 1) for b in range(a, len(text) + 1)]
    return [*twice, list(text)]


@pytest.mark.parametrize("expected", [False, True])
def test_tags_in_the_content_at_every_cut_position(*, expected: bool) -> None:
    for chunks in cuts(f"<think>嗯 a<b\n</think>{ANSWER}"):
        assert split(chunks, expected=expected) == [("thought", "嗯 a<b\n"), ("text", ANSWER)]


def test_a_template_that_opens_the_thought_itself_at_every_cut_position() -> None:
    for chunks in cuts(f"用户在问\n</think>\n{ANSWER}"):
        assert split(chunks, expected=True) == [("thought", "用户在问\n"), ("text", "\n" + ANSWER)]


def test_a_plain_answer_is_text_at_every_cut_position() -> None:
    for chunks in cuts(ANSWER):
        assert split(chunks) == [("text", ANSWER)]


def test_a_model_that_was_to_think_and_did_not_has_answered() -> None:
    for chunks in cuts(ANSWER):
        assert split(chunks, expected=True)[-1] == ("text", ANSWER)


def test_an_unmarked_thought_that_was_not_expected_is_noticed_at_every_cut_position() -> None:
    for chunks in cuts("用户在问</think>好的。"):
        pieces = split(chunks)
        assert "slip" in [kind for kind, _ in pieces]
        assert pieces[-1] == ("text", "好的。")


def test_thoughts_in_a_field_of_their_own() -> None:
    splitter = Splitter(expected=True)
    assert splitter.feed("", "想") == [("thought", "想")]
    assert splitter.feed("", "一想") == [("thought", "一想")]
    assert splitter.feed("好。") == [("text", "好。")]
    assert splitter.end() == []


def test_an_end_tag_after_a_field_of_its_own_is_dropped() -> None:
    splitter = Splitter(expected=False)
    splitter.feed("", "想")
    assert splitter.feed("\n</think>\n好。") == [("text", "\n"), ("text", "\n好。")]


def test_an_empty_thought_leaves_only_the_answer() -> None:
    assert split(["<think>\n\n</think>\n\n好。"]) == [("thought", "\n\n"), ("text", "\n\n好。")]


def test_a_thought_without_an_end_stays_a_thought() -> None:
    assert split(["<think>想啊想"]) == [("thought", "想啊想")]


PARTS = st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "/", "好", " "]), max_size=12)


@given(PARTS, st.booleans())
def test_no_text_holds_a_tag(parts: list[str], expected: bool) -> None:
    splitter = Splitter(expected=expected)
    for piece in [piece for part in parts for piece in splitter.feed(part)] + splitter.end():
        assert "</think>" not in piece.text
        assert piece.kind == "thought" or "<think>" not in piece.text
