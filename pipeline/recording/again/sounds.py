"""When the avatar sounded in a recording."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.audio import SPEAK_RATE
from pipeline.messages import Played, Sentence
from pipeline.recording.reading import Row

_SAME = 1e-3
"""Seconds: the cut is told in the moment of what cut it."""


@dataclass(slots=True)
class Sounded:
    """One line of the avatar's."""

    turn: int
    answer: bool
    """Of a reply; not a filler, a greeting, an apology."""
    begun: float
    over: float
    """Seconds in the recording."""
    cut: bool = False


def sounded(rows: Iterable[Row]) -> list[Sounded]:
    """Every line that sounded, in the order of their beginnings."""
    answers = set[str]()
    lines: dict[str, Sounded] = {}
    for row in rows:
        message = row.message
        if isinstance(message, Sentence) and message.origin == "reply":
            answers.add(message.id)
        elif isinstance(message, Played) and (message.state != "cut" or message.cause in lines):
            begun = row.at - message.sample / SPEAK_RATE
            line = lines.setdefault(message.cause, Sounded(message.turn, message.cause in answers, begun, row.at))
            line.over, line.cut = max(line.over, row.at), line.cut or message.state == "cut"
    return sorted(lines.values(), key=lambda line: line.begun)


def at(lines: Iterable[Sounded], when: float) -> Sounded | None:
    """The line that sounds then, or is cut right then."""
    return next(
        (
            line
            for line in lines
            if line.begun <= when and (when < line.over or (line.cut and when < line.over + _SAME))
        ),
        None,
    )


def last_end(lines: Iterable[Sounded], when: float) -> float | None:
    """When the avatar fell silent before then."""
    return max((line.over for line in lines if line.over <= when), default=None)
