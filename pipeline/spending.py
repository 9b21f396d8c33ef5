"""Tokens and cost of answers, as an edge hears of them: whoever gave them, on whichever machine."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import prometheus_client as prometheus

from pipeline.envelope import Message
from pipeline.messages import Question, Sentence, SessionEnded, TurnEnded

VISITS = 4096
"""Visits whose answers are remembered; the oldest is given up for one more."""
HELD = 64
"""Questions and answers of a visit that are remembered."""
Place = tuple[int, int]
"""Turn and revision."""
Kind = Literal["in", "cached", "out"]
TOKENS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
COSTS = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""In any currency."""
ENDPOINTS = 64
"""That are counted apart."""
LONGEST = 120
"""Characters of such a name."""
OTHER = "other"


class Till:
    """What answers took."""

    def __init__(self, registry: prometheus.CollectorRegistry) -> None:
        self._cost = prometheus.Counter(
            "visavis_reply_cost_total", "What answers cost, in the currency of the prices.", ["endpoint"],
            registry=registry,
        )  # fmt: skip
        labels = ["endpoint", "kind"]
        self._stood = prometheus.Counter(
            "visavis_reply_tokens_total", "Tokens of answers that stood.", labels, registry=registry
        )
        self._dropped = prometheus.Counter(
            "visavis_reply_dropped_tokens_total", "Tokens of answers that were prepared in vain.", labels,
            registry=registry,
        )  # fmt: skip
        self._tokens = prometheus.Histogram(
            "visavis_session_tokens", "Tokens of all answers of a visit.", buckets=TOKENS, registry=registry
        )
        self._costs = prometheus.Histogram(
            "visavis_session_cost", "What all answers of a visit cost.", buckets=COSTS, registry=registry
        )
        self._known: set[str] = set()

    def cost(self, by: str, cost: float) -> None:
        """Of any answer."""
        self._cost.labels(self._endpoint(by)).inc(max(0.0, cost))

    def tokens(self, by: str, kind: Kind, tokens: int, *, dropped: bool) -> None:
        """Of a kind."""
        (self._dropped if dropped else self._stood).labels(self._endpoint(by), kind).inc(max(0, tokens))

    def visit(self, tokens: int, cost: float) -> None:
        """At its end."""
        self._tokens.observe(tokens)
        self._costs.observe(cost)

    def _endpoint(self, by: str) -> str:
        """Its name, as long as they are not too many: a foreign client may make up as many as it likes."""
        if by not in self._known:
            if len(self._known) >= ENDPOINTS or len(by) > LONGEST:
                return OTHER
            self._known.add(by)
        return by


@dataclass(slots=True)
class _Visit:
    tentative: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Questions that were asked while the turn could still go on, and not again when it had ended."""
    held: list[Sentence] = field(default_factory=list)
    """Ends of answers to these of which it is not known yet whether they stand."""
    stands: Place = (0, 0)
    """The latest turn that ended, with its revision."""
    tokens: int = 0
    cost: float = 0.0


class Spending:
    """Follows the answers of each visit. Its memory is bounded, however long it runs."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._visits: OrderedDict[tuple[str, str], _Visit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._visits)

    def message(self, message: Message) -> None:
        """Take a message of the bus."""
        if isinstance(message, Question):
            self._asked(self._visit(message), message)
        elif isinstance(message, Sentence):
            if message.last and message.sent == 1 and (message.tokens_in or message.tokens_out or message.cost):
                self._answered(self._visit(message), message)
        elif isinstance(message, TurnEnded):
            self._ended(self._visit(message), _place(message))
        elif isinstance(message, SessionEnded):
            self._over(self._visits.pop((message.edge, message.session), None))

    def _visit(self, message: Message) -> _Visit:
        key = (message.edge, message.session)
        visit = self._visits.setdefault(key, _Visit())
        self._visits.move_to_end(key)
        if len(self._visits) > VISITS:
            self._over(self._visits.popitem(last=False)[1])
        return visit

    def _asked(self, visit: _Visit, question: Question) -> None:
        """What is asked again when the turn has ended is asked for good."""
        visit.tentative.pop(question.id, None)
        if question.tentative:
            visit.tentative[question.id] = None
        if len(visit.tentative) > HELD:
            visit.tentative.popitem(last=False)

    def _answered(self, visit: _Visit, last: Sentence) -> None:
        visit.tokens += last.tokens_in + last.tokens_out
        visit.cost += last.cost
        self._till.cost(last.by, last.cost)
        if last.cause not in visit.tentative or _place(last) == visit.stands:
            self._count(last, dropped=False)
        elif _place(last) < visit.stands or len(visit.held) >= HELD:
            self._count(last, dropped=True)
        else:
            visit.held.append(last)

    def _ended(self, visit: _Visit, place: Place) -> None:
        """A revision stands; those before it were in vain."""
        visit.stands = max(visit.stands, place)
        held, visit.held = visit.held, []
        for last in held:
            if _place(last) > visit.stands:
                visit.held.append(last)
            else:
                self._count(last, dropped=_place(last) != place)

    def _over(self, visit: _Visit | None) -> None:
        if visit is None:
            return
        for last in visit.held:
            self._count(last, dropped=True)
        if visit.tokens or visit.cost:
            self._till.visit(visit.tokens, visit.cost)

    def _count(self, last: Sentence, *, dropped: bool) -> None:
        fresh = max(0, last.tokens_in - last.tokens_cached)
        kinds: tuple[tuple[Kind, int], ...] = (("in", fresh), ("cached", last.tokens_cached), ("out", last.tokens_out))
        for kind, tokens in kinds:
            self._till.tokens(last.by, kind, tokens, dropped=dropped)


def _place(message: Message) -> Place:
    return message.turn, message.revision
