"""Tokens and cost are counted once, by who answered; those of answers that nobody wanted apart."""

from pipeline import messages as m
from pipeline.envelope import Message
from pipeline.metrics import Meter
from pipeline.spending import ENDPOINTS, HELD, OTHER, VISITS
from tests.paying import answered, asked, ended
from tests.test_pipeline_metrics import counted, value

STOOD, DROPPED, COST = "visavis_reply_tokens_total", "visavis_reply_dropped_tokens_total", "visavis_reply_cost_total"


def counts(*said: Message) -> Meter:
    meter = Meter()
    for at, message in enumerate(said):
        meter.message(float(at), message)
    return meter


def out(meter: Meter, name: str) -> float:
    return value(meter, name, endpoint="cloud/m", kind="out")


def test_an_answer_is_counted_by_kind_and_endpoint_as_soon_as_it_is_whole() -> None:
    question = asked()
    meter = counts(question, answered(question, last=False, index=0), answered(question, index=1))
    assert counted(meter, STOOD) == {"cloud/m in": 36, "cloud/m cached": 64, "cloud/m out": 20}
    assert counted(meter, COST) == {"cloud/m": 0.001}
    assert counted(meter, DROPPED) == {}


def test_a_sentence_that_is_spoken_again_costs_nothing_again() -> None:
    question = asked()
    last = answered(question)
    assert out(counts(question, last, last.again()), STOOD) == 20


def test_what_was_prepared_counts_when_its_turn_has_ended() -> None:
    question = asked(tentative=True)
    meter = counts(question, answered(question))
    assert (out(meter, STOOD), value(meter, COST, endpoint="cloud/m")) == (0, 0.001)
    meter.message(9.0, ended(question))
    assert (out(meter, STOOD), out(meter, DROPPED)) == (20, 0)


def test_what_was_prepared_for_an_earlier_revision_is_counted_apart() -> None:
    first, second = asked(1, tentative=True), asked(2, tentative=True)
    meter = counts(first, answered(first), second, ended(second), answered(second))
    assert (out(meter, STOOD), out(meter, DROPPED)) == (20, 20)
    assert value(meter, COST, endpoint="cloud/m") == 0.002


def test_an_answer_that_comes_after_a_later_revision_ended_was_in_vain() -> None:
    first, second = asked(1, tentative=True), asked(2, tentative=True)
    meter = counts(first, second, ended(second), answered(first))
    assert (out(meter, STOOD), out(meter, DROPPED)) == (0, 20)


def test_a_question_that_is_asked_again_at_the_end_of_its_turn_is_asked_for_good() -> None:
    question = asked(tentative=True)
    meter = counts(question, question.changed(tentative=False).again(), answered(question))
    assert out(meter, STOOD) == 20


def test_a_visit_that_ends_before_its_turn_wanted_nothing_of_it() -> None:
    question = asked(tentative=True)
    meter = counts(question, answered(question), m.SessionEnded(session="s", why="left"))
    assert (out(meter, STOOD), out(meter, DROPPED)) == (0, 20)


def test_visits_are_told_by_what_they_took_altogether() -> None:
    first, second = asked(), asked(turn=2)
    meter = counts(first, answered(first), second, answered(second), m.SessionEnded(session="s", why="left"))
    meter.message(9.0, m.SessionEnded(session="nobody answered here", why="left"))
    assert value(meter, "visavis_session_tokens_sum") == 240
    assert value(meter, "visavis_session_cost_sum") == 0.002
    assert value(meter, "visavis_session_cost_count") == 1


def test_fixed_lines_and_the_knowledge_take_nothing() -> None:
    question = asked()
    free = {"tokens_in": 0, "tokens_cached": 0, "tokens_out": 0, "cost": 0.0, "by": "knowledge"}
    assert counted(counts(question, answered(question, **free)), STOOD) == {}


def test_visits_and_their_answers_do_not_fill_the_memory() -> None:
    meter = Meter()
    for number in range(VISITS + 50):
        meter.message(1.0, asked(session=f"v{number}", tentative=True))
    assert len(meter._spending) == VISITS
    for revision in range(3 * HELD):
        question = asked(revision, tentative=True)
        meter.message(2.0, question)
        meter.message(2.0, answered(question))
    assert out(meter, DROPPED) == 20 * 2 * HELD


def test_endpoints_that_somebody_made_up_make_no_series_of_their_own() -> None:
    meter, question = Meter(), asked()
    for name in ("x" * 500, *(f"e{number}" for number in range(2 * ENDPOINTS))):
        meter.message(1.0, answered(question, by=name))
    found = counted(meter, COST)
    assert len(found) == ENDPOINTS + 1
    assert OTHER in found
