"""Answers that cost something, as an edge hears of them."""

from typing import Any

from pipeline import messages as m
from pipeline.envelope import Message
from pipeline.metrics import Meter

TOOK = {"tokens_in": 100, "tokens_cached": 64, "tokens_out": 20, "cost": 0.001}


def asked(revision: int = 1, *, tentative: bool = False, session: str = "s", turn: int = 1) -> m.Question:
    place = {"session": session, "turn": turn, "revision": revision}
    return m.Question.model_validate(place | {"text": "?", "language": "en", "tentative": tentative})


def answered(question: m.Question, **fields: Any) -> m.Sentence:
    given = {"index": 0, "text": "!", "language": "en", "last": True, "by": "cloud/m"} | TOOK | fields
    return question.answer(m.Sentence, **given)


def ended(question: m.Question) -> m.TurnEnded:
    place = {"session": question.session, "turn": question.turn, "revision": question.revision}
    return m.TurnEnded.model_validate(place | {"end_sample": 1, "decided_sample": 2})


def paid() -> list[Message]:
    """A visit whose first answer was prepared in vain."""
    first, second = asked(1, tentative=True, session="paid"), asked(2, tentative=True, session="paid")
    over = m.SessionEnded(session="paid", why="left")
    return [first, answered(first), second, answered(second), ended(second), over]


def stocked() -> Meter:
    """A meter of which the metrics of endpoints and screens have something."""
    meter = Meter()
    for message in paid():
        meter.message(8.0, message)
    meter.watch_counts("visavis_reply_events", lambda: {"cloud.asked": 2})
    meter.watch_counts("visavis_screen_events", lambda: {"resumed": 1})
    return meter
