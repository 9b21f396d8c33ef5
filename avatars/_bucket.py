"""How often something may happen."""

from pipeline.clock import Clock


class Bucket:
    """Fills by `per_second` up to `most`; each taking empties it by one."""

    def __init__(self, clock: Clock, per_second: float, most: float) -> None:
        self._clock, self._per_second, self._most = clock, per_second, most
        self._left, self._at = most, clock.now()

    def take(self) -> bool:
        """Whether it may happen now."""
        now = self._clock.now()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
