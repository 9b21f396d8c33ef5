"""How long each stage takes, as an edge sees it: from a request to its last answer, on the edge's own clock."""

from collections import OrderedDict

from pipeline.envelope import Message
from pipeline.flow import WORKERS
from pipeline.jobs import Timing
from pipeline.messages import Claim, Sentence, Speech

MOST = 4096
"""Requests that are remembered."""


class RoundTrips:
    """For stages that run elsewhere: what they measure stays there, and clocks of two machines are not compared."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._claimed: dict[tuple[str, str], float] = {}
        self._first: dict[tuple[str, str], float] = {}
        self._stages = {kind: stage.name for stage in WORKERS for kind in stage.says}

    def message(self, at: float, message: Message) -> Timing | None:
        """Take a message that came at second `at`; the timing of the request that it ends."""
        timing = self._ended(at, message) if message.cause in self._asked else None
        if message.requests and message.id not in self._asked:
            self._asked[message.id] = at
            if len(self._asked) > MOST:
                self._forget(next(iter(self._asked)))
        return timing

    def _ended(self, at: float, answer: Message) -> Timing | None:
        if isinstance(answer, Claim):
            self._claimed.setdefault((answer.cause, answer.stage), at)
            return None
        stage = self._stages.get(type(answer))
        if stage is None or getattr(answer, "partial", False):
            return None
        key = (answer.cause, stage)
        first = self._first.setdefault(key, at)
        if isinstance(answer, (Sentence, Speech)) and not answer.last:
            return None
        asked = self._asked[answer.cause]
        queued = max(0.0, self._claimed.get(key, asked) - asked)
        return Timing(
            stage=stage, engine="", cause=answer.cause, session=answer.session, turn=answer.turn,
            attempt=answer.attempt, queued_ms=_ms(queued), first_ms=_ms(first - asked), total_ms=_ms(at - asked),
            outcome="done",
        )  # fmt: skip

    def _forget(self, cause: str) -> None:
        del self._asked[cause]
        for known in (self._claimed, self._first):
            for stage in self._stages.values():
                known.pop((cause, stage), None)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
