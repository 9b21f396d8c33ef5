"""Leaves an endpoint alone that fails, and tries it again with one request at a time."""

from typing import Final, Literal

State = Literal["closed", "open", "half-open"]
LONGEST_AFTER: Final = 300.0
"""Seconds of a `Retry-After` that are believed."""


class Breaker:
    """Closed: asked. Open: left alone. Half-open, when its rest is over: one trial at a time. Pure: told the time."""

    def __init__(self, *, failures: int = 2, rest: float = 2.0, longest: float = 60.0) -> None:
        self._most, self._rest, self._longest = failures, rest, longest
        self._failures = 0
        self._rests = 0
        self._until: float | None = None  # None: closed
        self._trial = False

    def state(self, now: float) -> State:
        """Of the three."""
        if self._until is None:
            return "closed"
        return "half-open" if now >= self._until else "open"

    def free(self, now: float) -> bool:
        """It may be asked now."""
        return self._until is None or (now >= self._until and not self._trial)

    def wait(self, now: float) -> float:
        """Seconds until it may be tried again; 0 when it may be asked now."""
        return 0.0 if self._until is None else max(0.0, self._until - now)

    def begin(self, now: float) -> bool:
        """It is asked. True: this is the trial."""
        if self.state(now) == "half-open" and not self._trial:
            self._trial = True
            return True
        return False

    def worked(self) -> bool:
        """It answered. True: it was not closed before."""
        was_open = self._until is not None
        self._failures, self._rests, self._until, self._trial = 0, 0, None, False
        return was_open

    def dropped(self) -> None:
        """The trial was broken off by us: nothing is known."""
        self._trial = False

    def failed(self, now: float, *, trial: bool, at_once: bool = False, after: float | None = None) -> float:
        """It did not answer; `at_once` one failure is enough, `after` is its `Retry-After`. Seconds that it now rests
        more than before; 0: it goes on, or rests already (requests that began before it was left alone).
        """
        if self._until is not None and not trial:
            return 0.0
        self._failures += 1
        if trial:
            self._trial = False
        elif after is None and not at_once and self._failures < self._most:
            return 0.0
        seconds = min(self._rest * 2**self._rests, self._longest)
        seconds = self._longest if at_once else seconds
        seconds = max(seconds, min(after, LONGEST_AFTER)) if after is not None else seconds
        self._rests, self._until = min(self._rests + 1, 30), now + seconds
        return seconds
