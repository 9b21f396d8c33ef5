"""What a message's identity means."""

import ast
import inspect

import pytest
from pydantic import ValidationError

from pipeline import envelope, messages
from pipeline.flow import ALL
from pipeline.messages import Claim, Question, Sentence, Speech, Transcript


def question() -> Question:
    return Question(session="s", turn=1, revision=1, cause="c", text="?", language="en")


def test_a_request_sent_again_is_the_same_request() -> None:
    again = question().again(left_ms=500)
    assert again.id == question().id
    assert (again.sent, again.left_ms) == (2, 500)


def test_an_answer_says_which_sending_it_answers() -> None:
    answer = question().again().answer(Sentence, index=0, text="a", language="en")
    assert (answer.cause, answer.attempt) == (question().id, 2)


def test_answers_of_two_attempts_have_different_ids() -> None:
    first = question().answer(Sentence, index=0, text="a", language="en")
    second = question().again().answer(Sentence, index=0, text="a", language="en")
    assert first.id != second.id


def test_parts_of_an_answer_have_different_ids() -> None:
    sentence = question().answer(Sentence, index=0, text="a", language="en")
    assert sentence.answer(Speech, index=0, part=0, start=0).id != sentence.answer(Speech, index=0, part=1, start=9).id


def test_claims_of_two_stages_for_one_utterance_have_different_ids() -> None:
    assert question().answer(Claim, node="n", stage="a").id != question().answer(Claim, node="n", stage="b").id


def test_a_changed_copy_has_the_id_of_what_it_is_now() -> None:
    original = question()
    assert original.id  # computed and kept
    assert original.changed(turn=2).id == question().model_copy(update={"turn": 2}).id != original.id


def test_floats_are_rounded_where_they_are_made() -> None:
    assert Transcript(text="a", language="en", confidence=1 / 3).confidence == 0.3333


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        question().text = "x"  # type: ignore[misc]


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        Claim(node="n", stage="s", load=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_message_says_who_says_it(kind: type) -> None:
    assert kind.__doc__
    assert kind.__doc__.startswith("Said by ")


def test_every_message_is_declared_in_messages() -> None:
    declared = [node.name for node in ast.parse(inspect.getsource(messages)).body if isinstance(node, ast.ClassDef)]
    assert [kind.__name__ for kind in ALL] == declared
    assert not any(name in vars(envelope) for name in declared)
