"""How many requests are under way at each endpoint, and who comes next when all are full."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class _Waiter:
    names: tuple[str, ...]
    visitor: str
    came: int
    place: "asyncio.Future[str]"


def part(limit: int, place: int, workers: int) -> int:
    """Of an endpoint's places, those of the `place`th worker (from 0) of so many: one at least, or it could ask
    nobody; the first get what cannot be divided.
    """
    return max(1, limit // workers + (place < limit % workers))


class Gate:
    """Places at endpoints. A place that is left goes to the visitor who holds fewest, and of these to who came first:
    a screen with many questions does not keep the others waiting.
    """

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = dict(places)
        self.inside: Counter[str] = Counter()
        """Requests under way, by endpoint."""
        self._holds: Counter[str] = Counter()
        self._waiting: list[_Waiter] = []
        self._came = 0

    def enter(self, name: str, visitor: str) -> bool:
        """Take a place where one is free now."""
        if self.inside[name] >= self._places[name]:
            return False
        self._take(name, visitor)
        return True

    async def wait(self, names: Sequence[str], visitor: str) -> str:
        """Take the first place that is left at one of these endpoints."""
        for name in names:
            if self.enter(name, visitor):
                return name
        self._came += 1
        waiter = _Waiter(tuple(names), visitor, self._came, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            return await waiter.place
        except asyncio.CancelledError:
            if waiter.place.done() and not waiter.place.cancelled():  # it was given one in the same moment
                self.leave(waiter.place.result(), visitor)
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def leave(self, name: str, visitor: str) -> None:
        """Give a place back."""
        self.inside[name] -= 1
        self._holds[visitor] -= 1
        if not self._holds[visitor]:
            del self._holds[visitor]
        self._admit(name)

    def allow(self, places: Mapping[str, int]) -> None:
        """So many places from now on. Where there are fewer than are taken, nobody comes in until enough have left."""
        self._places = dict(places)
        for name in self._places:
            while self._admit(name):
                pass

    def _admit(self, name: str) -> bool:
        """Give a free place to who waits for it."""
        if self.inside[name] >= self._places[name]:
            return False
        fitting = [waiter for waiter in self._waiting if name in waiter.names and not waiter.place.done()]
        if fitting:
            chosen = min(fitting, key=lambda waiter: (self._holds[waiter.visitor], waiter.came))
            self._waiting.remove(chosen)
            self._take(name, chosen.visitor)
            chosen.place.set_result(name)
        return bool(fitting)

    def _take(self, name: str, visitor: str) -> None:
        self.inside[name] += 1
        self._holds[visitor] += 1
