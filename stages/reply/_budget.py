"""What the answers of a day may cost, and who answers when that is spent."""

import json
import logging
import math
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, Field

from pipeline.settings import FROZEN, LocalPath
from stages.reply._prices import Zone

_LOGGER = logging.getLogger("stages.reply.budget")
LOW: Final = 0.9
"""Of the budget: from here on nothing is prepared that may be thrown away."""


class Settings(BaseModel):
    """`reply.budget`."""

    model_config = FROZEN

    day: float = Field(gt=0)
    """What the answers of one day may cost, in the currency of the prices."""
    timezone: Zone = "Asia/Shanghai"
    """Where a day begins and ends."""
    then: Literal["cheaper", "knowledge"] = "cheaper"
    """Who answers for the rest of the day: the cheaper endpoints, or none, and so the stage's fallback."""
    cheaper: tuple[str, ...] = ()
    """Names of endpoints that go on; empty: all that cost less than the dearest."""
    file: LocalPath | None = None
    """Keeps the day's sum over a restart."""


class Kept(Protocol):
    """Where the sum outlives the process."""

    def read(self) -> tuple[str, float]:
        """The date and its sum; ('', 0) where nothing is known."""

    def write(self, day: str, spent: float) -> None:
        """Keep it."""


def _always() -> str:
    return ""


class Budget:
    """Adds up what is spent on the date that `today` gives, and says which endpoints must not be asked any more."""

    def __init__(
        self, limit: float = math.inf, dear: Collection[str] = (), today: Callable[[], str] = _always,
        kept: Kept | None = None,
    ) -> None:  # fmt: skip
        self._limit, self._dear, self._today, self._kept = limit, frozenset(dear), today, kept
        self._day: str | None = None  # read when it is first asked for: an engine that is only built reads no file
        self._sum = 0.0
        self._others: float | None = None
        self._said = 0.0

    @property
    def spent(self) -> float:
        """Today, by the whole site as far as it is known here."""
        today = self._today()
        if self._day is None:
            self._day, self._sum = self._kept.read() if self._kept else (today, 0.0)
        if today != self._day:
            if self._sum:
                _LOGGER.info("reply.day day=%s spent=%.4f", self._day, self._sum)
            self._day, self._sum = today, 0.0
        return self._sum

    def add(self, cost: float) -> None:
        """An answer has cost this much."""
        if cost <= 0:
            return
        before = self.spent
        self._sum = before + cost
        if self._kept:
            self._kept.write(self._day or "", self._sum)
        for share, event in ((LOW, "reply.budget-low"), (1.0, "reply.budget-spent")):
            if before < share * self._limit <= self._sum:
                _LOGGER.warning("%s day=%s spent=%.4f budget=%.4f", event, self._day, self._sum, self._limit)

    def said(self, cost: float) -> None:
        """An answer of ours told its cost in a message, which the site's total holds too."""
        self._said += cost

    def site(self, total: float) -> None:
        """All messages of the site, ours among them, told so much so far. What was before the first call counts not:
        the file may hold it. Ours may still be on their way, so what the others spent never falls.
        """
        others = total - self._said
        if self._others is not None:
            self.add(others - self._others)
        self._others = others if self._others is None else max(self._others, others)

    @property
    def low(self) -> bool:
        """Nearly spent: nothing is prepared any more. Spent, the question is another one."""
        return math.isfinite(self._limit) and LOW * self._limit <= self.spent < self._limit

    def is_dear(self, name: str) -> bool:
        """An endpoint that is not asked when all is spent."""
        return name in self._dear

    def allows(self, name: str) -> bool:
        """An endpoint may be asked."""
        return not self.is_dear(name) or self.spent < self._limit


class SpentFile:
    """The day's sum in a small JSON file, whole at any moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = False

    def read(self) -> tuple[str, float]:
        """A file that is no sum is put aside, for somebody to look at, and told of."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            day, spent = str(found["day"]), float(found["spent"])
            if not (math.isfinite(spent) and spent >= 0):
                raise ValueError(f"spent is {spent}")
        except FileNotFoundError:
            return "", 0.0
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._put_aside(error)
            return "", 0.0
        return day, spent

    def write(self, day: str, spent: float) -> None:
        """In one step: a power cut leaves the old sum or the new one."""
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            fresh.write_text(json.dumps({"day": day, "spent": round(spent, 8)}) + "\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:  # the answer goes on; only a restart would forget
            if not self._told:
                _LOGGER.warning("reply.budget-not-kept path=%s: %s", self._path, error)
            self._told = True

    def _put_aside(self, error: Exception) -> None:
        aside = self._path.with_name(f"{self._path.name}.broken")
        try:
            self._path.replace(aside)
        except OSError as second:
            error = second
        _LOGGER.warning("reply.budget-unreadable path=%s: %s: the day begins anew; see %s", self._path, error, aside)
