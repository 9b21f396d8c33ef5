"""What a worker knows of the site's others: how many share a stage's limits, and what all answers have cost."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NoReturn, Protocol

from pipeline.bus.contract import Bus
from pipeline.messages import Sentence, Status

SILENT = 15.0
"""Seconds without a `Status`, which comes every five, after which a node counts as gone though nobody said so."""
AWAY = ("gone", "drained", "incompatible")
NOTED = 256
"""Answers that are known by their `id`: a message may come twice."""
Tell = Callable[[int, int, float], None]
"""Takes this worker's place among those of the stage (from 0), their number, and the cost of all answers so far."""


class Now(Protocol):
    """What tells the time: a clock."""

    def now(self) -> float:
        """Seconds."""


class Site:
    """Counts the worker nodes of one stage and adds up what answers cost, and tells of each change."""

    def __init__(self, clock: Now, node: str, stage: str, tell: Tell) -> None:
        self._clock, self._node, self._stage, self._tell = clock, node, stage, tell
        self._heard: dict[str, float] = {}
        self._answers: OrderedDict[str, None] = OrderedDict()
        self._spent = 0.0
        self._told: tuple[int, int, float] | None = None

    async def run(self, bus: Bus) -> NoReturn:
        """Hear of them for ever."""
        async with bus.subscribe(Status, Sentence) as said:
            async for message in said:
                if isinstance(message, Status):
                    self.status(message)
                elif isinstance(message, Sentence):
                    self.sentence(message)
        raise AssertionError("a subscription never ends")

    def status(self, status: Status) -> None:
        """A node says how it is. One that is on its way out counts until it is gone: it finishes what it has begun.

        Edges are not counted: one that runs the stage itself hears of no other edge, and so shares with nobody.
        """
        if status.edge:
            return
        works = any(load.stage == self._stage and load.state in {"ready", "draining"} for load in status.stages)
        if works and status.state not in AWAY:
            self._heard[status.node] = self._clock.now()
        else:
            self._heard.pop(status.node, None)
        self._say()

    def sentence(self, sentence: Sentence) -> None:
        """The end of an answer tells its cost. Sent again it is the same one: only its voice was lost."""
        if not sentence.last or sentence.cost <= 0 or sentence.sent > 1 or sentence.id in self._answers:
            return
        self._answers[sentence.id] = None
        if len(self._answers) > NOTED:
            self._answers.popitem(last=False)
        self._spent += sentence.cost
        self._say()

    def _say(self) -> None:
        since = self._clock.now() - SILENT
        self._heard = {name: heard for name, heard in self._heard.items() if heard >= since}
        names = sorted({*self._heard, self._node})
        told = names.index(self._node), len(names), self._spent
        if told != self._told:
            self._told = told
            self._tell(*told)
