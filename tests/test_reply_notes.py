"""Our own notes in brackets are never spoken, though a model repeats them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages import Sentence
from stages.reply._answer import Answer, Delta
from stages.reply._notes import Notes
from tests.router_scene import QUESTION


def read(*chunks: str) -> str:
    notes = Notes()
    return "".join([*(notes.feed(chunk) for chunk in chunks), notes.end()])


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_note_is_cut_out_over_sentences_and_chunks(size: int) -> None:
    text = "〔现在是九点。\n访客听起来高兴！请照顾对方的情绪。〕[happy]瓷器在二楼。往左走〔完〕。"
    answer = Answer(QUESTION, "model", thinks=False)
    made = [one for at in range(0, len(text), size) for one in answer.take(Delta(text[at : at + size]))]
    answer.finish = "stop"
    made += answer.end(0.0)
    assert [one.text for one in made if isinstance(one, Sentence)] == ["瓷器在二楼。", "往左走。"]


def test_of_a_note_that_is_not_closed_its_sentence_goes() -> None:
    assert read("好。〔现在是九点。瓷器在二楼。") == "好。瓷器在二楼。"
    long = "瓷器在二楼。" * 100
    assert read("〔现在是九点。", long) == long
    assert read("〔现在是九点") == ""


def test_a_number_in_such_brackets_is_text() -> None:
    assert read("按照国发〔2023〕1号。") == "按照国发〔2023〕1号。"


@given(st.text("〔〕。a1\n.", max_size=700), st.lists(st.integers(0, 700), max_size=20))
def test_where_a_stream_is_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    assert read(*(text[a:b] for a, b in itertools.pairwise(places))) == read(text)
