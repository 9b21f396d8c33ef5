"""What an endpoint costs, and when."""

import re
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, field_validator

from pipeline.settings import FROZEN
from stages.reply._usage import Usage

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
TYPICAL: Final = Usage(1000, 0, 100)
"""An answer by which endpoints are compared: a long prompt and a few sentences."""


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"'{name}' is no time zone: write Asia/Shanghai, or install tzdata") from error
    return name


Zone = Annotated[str, AfterValidator(_known)]
"""Of the IANA list."""


class Peak(BaseModel):
    """Hours in which an endpoint costs more."""

    model_config = FROZEN

    hours: tuple[str, ...] = Field(min_length=1)
    """`09:00-12:00`, in the endpoint's own time."""
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = _DAYS[:5]
    timezone: Zone = "Asia/Shanghai"
    factor: float = Field(default=2.0, gt=0)

    @field_validator("hours")
    @classmethod
    def _readable(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [text for text in hours if not _HOURS.fullmatch(text)]
        if wrong:
            raise ValueError(f"'{wrong[0]}' should be like 09:00-12:00")
        return hours

    def covers(self, day: int, hour: float) -> bool:
        """Whether they hold on a day of the week (0 is Monday) at an hour (0 to 24) of that time zone."""
        spans = (match.groups() for text in self.hours if (match := _HOURS.fullmatch(text)))
        return _DAYS[day] in self.days and any(
            int(a) + int(b) / 60 <= hour < int(c) + int(d) / 60 for a, b, c, d in spans
        )


class Prices(BaseModel):
    """Per million tokens, in any one currency."""

    model_config = FROZEN

    input: float = Field(default=0.0, ge=0)
    cached: float = Field(default=0.0, ge=0)
    """Of the input: what the server had in its prefix cache."""
    output: float = Field(default=0.0, ge=0)
    peak: Peak | None = None

    def of(self, usage: Usage) -> float:
        """What an answer costs outside the peak."""
        fresh = usage.tokens_in - usage.cached
        return (fresh * self.input + usage.cached * self.cached + usage.tokens_out * self.output) / 1e6
