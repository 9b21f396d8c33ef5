"""Holds a virtual clock up, so that somebody can watch."""

import time
from collections.abc import Callable


def pace(speed: float, since: float = 0.0) -> Callable[[float], None]:
    """For `run_virtual`: from second `since` on, time goes `speed` times as fast as the machine's; 0: not held up.

    It changes when things happen on the machine, and nothing of what happens.
    """
    start: list[float] = []

    def hold(when: float) -> None:
        if speed and when > since:
            start[:] = start or [time.perf_counter()]
            time.sleep(max(0.0, start[0] + (when - since) / speed - time.perf_counter()))

    return hold
