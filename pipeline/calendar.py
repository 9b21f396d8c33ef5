"""The time of day: for greetings, for what is silent at night, for prices; for nothing that a replay compares."""

import datetime as dt
from zoneinfo import ZoneInfo


def local_hour() -> float:
    """0 to 24."""
    return _hour(dt.datetime.now())  # noqa: DTZ005, TID251  the local time of day is what is meant, and asked for here only


def there(timezone: str) -> tuple[int, float]:
    """Day of the week (0 is Monday) and hour (0 to 24) in a time zone of the IANA list."""
    now = dt.datetime.now(ZoneInfo(timezone))  # noqa: TID251  as above
    return now.weekday(), _hour(now)


def date_there(timezone: str) -> str:
    """The date in a time zone, as 2026-11-25."""
    return dt.datetime.now(ZoneInfo(timezone)).date().isoformat()  # noqa: TID251  as above


def local_time() -> dt.datetime:
    """Date and time where this process runs: for what a model is told."""
    return dt.datetime.now()  # noqa: DTZ005, TID251  as above


def _hour(now: dt.datetime) -> float:
    return now.hour + now.minute / 60 + now.second / 3600
