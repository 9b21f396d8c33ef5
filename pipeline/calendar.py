"""The local time of day: for greetings, for what is silent at night, and for nothing else that a replay could see."""

import datetime as dt


def local_hour() -> float:
    """0 to 24."""
    now = dt.datetime.now()  # noqa: DTZ005, TID251  the local time of day is what is meant, and asked for here only
    return now.hour + now.minute / 60 + now.second / 3600
