"""What the avatar says now and then while nobody is there, and when it keeps silent."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from pipeline.envelope import Language, Message
from pipeline.screen import Screen
from pipeline.session.lines import Lines
from pipeline.settings import FROZEN

_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


def _is_span(text: str) -> str:
    if not _SPAN.fullmatch(text):
        raise ValueError(f"{text!r} should be hours of the day like 09:00-17:30")
    return text


class Attracting(BaseModel):
    """The section `session.attract`."""

    model_config = FROZEN
    every_seconds: float = Field(0.0, ge=0)
    """Between two lines of the persona's `attract`; 0: none."""
    hours: tuple[Annotated[str, AfterValidator(_is_span)], ...] = ()
    """When they may be said, local time, like `09:00-17:30` or `22:00-02:00`; none: at any time."""


def open_at(hour: float | None, hours: tuple[str, ...]) -> bool:
    """Whether `hour` (0-24, local; None: unknown) lies in one of `hours`."""
    if hour is None or not hours:
        return not hours or hour is None
    return any(_within(hour, span) for span in hours)


def _within(hour: float, span: str) -> bool:
    found = _SPAN.fullmatch(span)
    assert found is not None  # noqa: S101  the settings have seen to it
    first, last = int(found[1]) + int(found[2]) / 60, int(found[3]) + int(found[4]) / 60
    return first <= hour < last if first <= last else hour >= first or hour < last


class Attract:
    """The lines of one screen, one after the other, in the languages in turn."""

    def __init__(self, lines: Lines, screen: Screen, place: Message) -> None:
        self._lines, self._screen, self._place = lines, screen, place
        """`place` has no session: nobody is there."""
        self._said = 0

    def say(self) -> bool:
        """Say the next one; False when there is none."""
        order: tuple[Language, Language] = ("zh", "en") if self._said % 2 == 0 else ("en", "zh")
        found = (self._lines.line("attract", language, self._place, self._said // 2) for language in order)
        line = next((line for line in found if line), None)
        self._said += 1
        if line is None:
            return False
        self._screen.show(line.sentence)
        for number, part in sorted(line.speech.items()):
            self._screen.play(part, line.cues.get(number))
        return True
