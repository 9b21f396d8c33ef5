"""What a long-running command tells of itself when it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.messages import Status


@dataclass(frozen=True, slots=True)
class Telling:
    """What a command tells of itself when it is asked."""

    status: Callable[[], Status]
    counts: Callable[[], Mapping[str, int]]
    """Of the bus."""
    why_not_ready: Callable[[], str]
    """Empty when it is ready."""
    replies: Callable[[], Mapping[str, int]] = dict
    """What the reply's engine counts, where it runs here."""
