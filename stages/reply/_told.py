"""What a model is told besides the question: where it is, what time it is, what is known, what its tools found."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipeline.envelope import Language
from stages.reply._tools.calls import ToolCall, ToolResult


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of the knowledge base that may help with a question."""

    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Round:
    """The model had functions called, and got their results."""

    said: tuple[str, ...]
    """Sentences that the visitor got before that, since the round before or the question."""
    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]
    """One for each call, in their order."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that the prompt holds and a `Question` does not."""

    venue: str = ""
    """Facts of the place, in the fixed part: the same for every visitor. They may be said word for word."""
    time: str = ""
    """The local time in words, to the minute; empty: not told."""
    entries: tuple[Reference, ...] = ()
    """The best first."""
    history_tokens: int = 1500
    """Of the history as many lines are told as fit in this, by `_tokens.estimate`."""
    rounds: tuple[Round, ...] = ()
    """Of this answer, in their order."""
    before: int = 0
    """With rounds: how many of `Question.said` were said before this answer began (somebody else had broken off)."""
    tools: tuple[dict[str, Any], ...] = ()
    """The request's `tools`: the same in every request, for they are part of what servers keep in their cache."""
    last_round: bool = False
    """No more calls: the request's `tool_choice` is "none"."""


NOTHING = Told()
"""For a caller who knows only the question."""
_DAYS = "一二三四五六日"


def in_words(when: dt.datetime, language: Language) -> str:
    """A local time as `Told.time` has it: to the minute, with the day of the week, since visitors ask about days."""
    if language == "zh":
        return f"{when.year}年{when.month}月{when.day}日星期{_DAYS[when.weekday()]}，{when:%H:%M}"
    return f"{when:%A}, {when.day} {when:%B} {when.year}, {when:%H:%M}"
