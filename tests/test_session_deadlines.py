"""Requests are answered once or lost once, whatever workers do."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import Hint
from pipeline.envelope import Message, StageLoad
from pipeline.messages import (
    Claim,
    Cues,
    Failure,
    Interrupt,
    Progress,
    Question,
    Sentence,
    SessionEnded,
    Speech,
    Status,
)
from pipeline.session.crew import Crew
from pipeline.session.deadlines import Requests
from pipeline.session.settings import Deadlines


@dataclass
class Paper:
    """Hands that only note what they are told."""

    published: list[Message] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    """The node that each was sent to by name."""
    timers: dict[str, float] = field(default_factory=dict)
    time: float = 0.0

    def now(self) -> float:
        return self.time

    def sample(self) -> int:
        return 0

    def publish(self, message: Message, to: str = "", stage: str = "") -> None:
        del stage
        self.published.append(message)
        self.named.append(to)

    def wake(self, key: str, after: float | None) -> None:
        self.timers.pop(key, None)
        if after is not None:
            self.timers[key] = self.time + after

    def play(self, _speech: Speech, _cues: Cues | None) -> None: ...

    def cut(self) -> None: ...

    def duck(self, _on: bool) -> None: ...

    def show(self, _message: Message) -> None: ...

    def hint(self, _hint: Hint) -> None: ...

    def end(self, _ended: SessionEnded) -> None: ...


QUESTION = Question(session="s", turn=1, revision=1, text="?", language="en")


@dataclass
class Desk:
    """A table of requests with one question in it."""

    hands: Paper = field(default_factory=Paper)
    lost: list[str] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    """Attempts whose answers were adopted."""

    def __post_init__(self) -> None:
        self.crew = Crew(self.hands)
        self.requests = Requests(
            self.hands, Deadlines(), self.crew, lambda _, code: self.lost.append(code), lambda request: request
        )
        self.requests.send(QUESTION, 4.0)

    @property
    def sent(self) -> int:
        return max(message.sent for message in self.hands.published if isinstance(message, Question))

    def step(self, what: str, attempt: int) -> None:
        """Something arrives, or the next timer fires."""
        about: dict[str, Any] = {"cause": QUESTION.id, "session": "s", "attempt": attempt}
        if what == "claim":
            self.requests.hear(Claim(**about, node="n", stage="reply"))
        elif what == "bounce":
            self.requests.hear(Claim(**about, node="n", stage="reply", accepted=False))
        elif what == "alive":
            self.requests.hear(Progress(**about, node="n", stage="reply", index=0))
        elif what == "fail":
            self.requests.fail(Failure(**about, stage="reply", code="server-busy", text="", retry=True))
        elif what == "answer":
            if self.requests.hear(Sentence(**about, index=0, text="a", language="en")):
                self.taken.append(attempt)
        else:
            self.fire()

    def fire(self) -> None:
        if self.hands.timers:
            key, when = min(self.hands.timers.items(), key=lambda item: item[1])
            self.hands.time = max(self.hands.time, when)
            del self.hands.timers[key]
            self.requests.wake(key)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["claim", "bounce", "alive", "fail", "answer", "timer"]), st.integers(1, 3)), max_size=40
)


@given(EVENTS)
def test_a_request_is_lost_at_most_once_and_never_left_hanging(events: list[tuple[str, int]]) -> None:
    desk = Desk()
    for what, attempt in events:
        desk.step(what, min(attempt, desk.sent))
    for _ in range(100):
        desk.fire()
    assert len(desk.lost) == 1
    assert not desk.hands.timers


@given(EVENTS)
def test_answers_of_two_attempts_are_never_mixed(events: list[tuple[str, int]]) -> None:
    desk = Desk()
    for what, attempt in events:
        before = desk.sent
        desk.step(what, min(attempt, desk.sent))
        if desk.sent != before:
            desk.taken.append(0)  # a new attempt was asked for: the old one is over
    runs = "".join(map(str, desk.taken)).split("0")
    assert all(len(set(run)) <= 1 for run in runs)


def test_a_request_that_nobody_claims_is_sent_again() -> None:
    desk = Desk()
    desk.fire()
    assert desk.sent == 2


def test_a_request_with_its_last_answer_needs_nothing_more() -> None:
    desk = Desk()
    desk.step("claim", 1)
    desk.step("answer", 1)
    desk.requests.done(QUESTION.id)
    assert not desk.hands.timers
    assert not desk.lost


def test_the_second_death_of_a_request_is_its_last() -> None:
    desk = Desk()
    desk.requests._open[QUESTION.id].due = 1e6
    for attempt in (1, 2):
        assert desk.sent == attempt
        desk.step("claim", attempt)
        desk.hands.timers.pop(f"due {QUESTION.id}", None)
        while desk.sent == attempt and not desk.lost:
            desk.fire()
    assert desk.lost == ["poisoned"]


def test_when_one_attempt_delivers_the_others_are_stopped() -> None:
    desk = Desk()
    desk.fire()
    desk.step("answer", 2)
    orders = [message for message in desk.hands.published if isinstance(message, Interrupt)]
    assert [(order.cause, order.stopped, order.why) for order in orders] == [(QUESTION.id, 1, "adopted")]


def test_a_failure_of_an_attempt_that_is_no_longer_wanted_changes_nothing() -> None:
    desk = Desk()
    desk.fire()
    desk.step("fail", 1)
    assert desk.sent == 2
    assert not desk.lost


def ready(node: str, held: int = 0) -> Status:
    return Status(node=node, stages=(StageLoad(stage="reply", held=held, concurrency=4),), boot="1")


def test_what_one_worker_cannot_take_goes_at_once_and_by_name_to_whoever_holds_least() -> None:
    desk = Desk()
    for status in (ready("busy", 3), ready("idle"), ready("full")):
        desk.crew.hear(status)
    about: dict[str, Any] = {"cause": QUESTION.id, "session": "s", "stage": "reply"}
    desk.requests.hear(Claim(**about, node="full", accepted=False, held=8))
    assert (desk.sent, desk.hands.named[-1]) == (2, "idle")


def test_a_request_whose_worker_is_gone_is_sent_to_another_at_once() -> None:
    desk = Desk()
    desk.crew.hear(ready("other", 3))
    desk.step("claim", 1)
    desk.requests.gone(Status(node="n", state="gone"))
    assert (desk.sent, desk.hands.named[-1]) == (2, "other")
    assert desk.hands.time == 0.0


def test_an_answer_that_comes_twice_is_heard_once() -> None:
    desk = Desk()
    sentence = QUESTION.answer(Sentence, index=0, text="a", language="en")
    assert [desk.requests.hear(sentence), desk.requests.hear(sentence)] == [True, False]


def test_a_stream_with_a_piece_missing_is_asked_for_again() -> None:
    desk = Desk()
    desk.requests.hear(QUESTION.answer(Sentence, index=0, text="a", language="en"))
    assert not desk.requests.hear(QUESTION.answer(Sentence, index=2, text="c", language="en"))
    assert desk.sent == 2


def test_when_the_bus_is_back_what_is_open_is_sent_again() -> None:
    desk = Desk()
    desk.step("claim", 1)
    desk.requests.back()
    assert desk.sent == 2
