"""How long endpoints take to begin, and how often a second one may be asked."""

import math
from collections import deque
from typing import Final

WINDOW: Final = 128
"""First tokens that are remembered."""
ENOUGH: Final = 20
"""Of which so many must be known: a 95th percentile of fewer is their maximum."""
_MOST: Final = 5.0
"""Second requests that may be saved up."""


class Latency:
    """Seconds to the first data of one endpoint's last answers."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=WINDOW)

    def add(self, seconds: float) -> None:
        """One that lost a race counts with the time that it had: else a slow endpoint would look fast."""
        self._seconds.append(seconds)

    @property
    def p95(self) -> float | None:
        """None: too few are known."""
        if len(self._seconds) < ENOUGH:
            return None
        return sorted(self._seconds)[math.ceil(0.95 * len(self._seconds)) - 1]


class Purse:
    """Each question earns a share of a second request; one that is asked costs a whole one."""

    def __init__(self, share: float) -> None:
        self._share, self._held = share, 0.0

    def earn(self) -> None:
        """A question was asked."""
        self._held = min(_MOST, self._held + self._share)

    @property
    def full(self) -> bool:
        """A second request may be afforded."""
        return self._held >= 1.0 - 1e-9

    def spend(self) -> None:
        """It was asked."""
        self._held -= 1.0
