"""What the router is told: endpoints, its own rules, and what carries a question to an endpoint."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.errors import EngineError
from pipeline.messages import Question
from stages.reply._answer import Delta
from stages.reply._usage import Usage


def _free(_: Usage) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """An endpoint: one model on one server."""

    name: str
    by: str = ""
    """Who answered, as a `Sentence` says it."""
    rank: int = 0
    """Smaller ones are asked first."""
    weight: float = 1.0
    """Among endpoints of one rank: its share of the visitors."""
    concurrency: int = 64
    """Requests that may be under way at once."""
    first_seconds: float | None = None
    """From asking to the first data, connecting included; None: its share of the time to answer."""
    between_seconds: float = 5.0
    """From data to data."""
    thinking: Literal["on", "off", "auto"] = "off"
    """As it is asked; `auto` is whatever the server does by itself."""
    can_rest: bool = False
    """A request may switch its thinking off."""
    cost: Callable[[Usage], float] = _free


@dataclass(frozen=True, slots=True)
class Policy:
    """The router's own rules."""

    answer_within: float = 4.0
    """Seconds from the question to the first data, shared out over the endpoints."""
    reserve: float = 0.5
    """Of these: kept for the first sentence to be complete, and for the stage's fallback."""
    thinking_budget: float = 8.0
    """Seconds of thought, after which a model that does not think answers."""
    thoughts: Literal["whole", "summary", "hidden"] = "whole"
    """What a screen gets of them."""
    hedge_share: float = 0.0
    """Of the questions, at most: those that a second endpoint is asked too, since the first is unusually slow."""
    failures: int = 2
    """In a row, after which an endpoint is left alone."""
    rest: float = 2.0
    """Seconds for which it is, at first; each time that it fails again twice as long."""
    longest_rest: float = 60.0
    trial: float = 0.5
    """Seconds that a visitor waits for an endpoint on trial, where another one could answer."""
    alone: float = 1.0
    """Seconds that a visitor waits for the first word of endpoints on trial, where only the stage's fallback could
    answer: it is promised within 1.5 s then, and the rest is the fallback's own."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one endpoint."""

    plan: Plan
    question: Question
    """`said` holds what the visitor has been given so far, whoever said it."""
    thinking: Literal["on", "off", "auto"]
    first_seconds: float
    between_seconds: float
    inside: bool = False
    """Its answers were seen to begin inside a thought: nothing is the answer until a tag ends that."""
    stray: bool = False
    """A closing tag in its answer ends no thought: it is dropped."""
    told: object = None
    """Whatever whoever asks has for the transport besides."""


class Transport(Protocol):
    """Brings a question to an endpoint. The router keeps the deadlines; a transport to a real network does too, since
    on a virtual clock only that side knows how long something took.
    """

    def ask(self, call: Call) -> AsyncGenerator[Delta]:
        """The stream. EngineError (ServerError with `status` and `retry_after` where known) for what goes wrong."""

    def fault(self, plan: Plan, code: str, what: str, mend: str = "") -> EngineError:
        """An error that names the endpoint: `what` follows "the server at …"."""
