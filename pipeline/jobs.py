"""What a stage loop knows of its jobs: which are revoked, which are held, how long they took."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pipeline.envelope import Message, StageLoad
from pipeline.messages import Interrupt

REMEMBERED = 4096
"""Sessions and causes whose interrupts are remembered."""
NAMED = 64
"""Held requests that a `StageLoad` names."""
WINDOW = 256
"""Jobs over which p50 and p95 are taken."""
Outcome = Literal["done", "failed", "interrupted", "expired", "handed-back"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a job took, measured in real milliseconds; `timings.jsonl`, never a message."""

    stage: str
    engine: str
    cause: str
    session: str
    turn: int
    attempt: int
    queued_ms: float
    first_ms: float
    """From the start of the work to its first answer; equal to `total_ms` when there was none."""
    total_ms: float
    outcome: str
    """One of `Outcome`."""


@dataclass(slots=True)
class Job:
    """A request that was taken."""

    message: Message
    arrived: float
    due: float | None
    """On the clock; None: no deadline."""
    queued: float
    """When it arrived, as measured."""
    task: "asyncio.Task[None] | None" = None
    begun: bool = False
    handed_back: bool = False
    """Somebody else is to do it."""
    started: float = 0.0
    first: float | None = None
    spoke: bool = False
    """An answer was given that is more than a thought."""
    beats: int = 0

    @property
    def wanted(self) -> bool:
        """It has not been told to stop."""
        return self.task is None or not self.task.cancelling()


@dataclass(slots=True)
class Revoked:
    """What has been interrupted: a watermark per session, and single causes. It refuses work that arrives late."""

    marks: OrderedDict[tuple[str, str], tuple[int, int]] = field(default_factory=OrderedDict)
    causes: OrderedDict[str, set[int]] = field(default_factory=OrderedDict)
    """Attempts that were stopped; 0 stands for all."""

    def add(self, order: Interrupt) -> None:
        """Remember an order."""
        if order.cause:
            self.causes[order.cause] = self.causes.pop(order.cause, set()) | {order.stopped}
        else:
            visit = (order.edge, order.session)
            self.marks[visit] = max((order.turn, order.revision), self.marks.pop(visit, (0, 0)))
        if len(self.marks) > REMEMBERED:
            self.marks.popitem(last=False)
        if len(self.causes) > REMEMBERED:
            self.causes.popitem(last=False)

    def covers(self, message: Message) -> bool:
        """True when nobody wants an answer to `message` any more."""
        mark = self.marks.get((message.edge, message.session))
        if mark is not None and (message.turn, message.revision) <= mark:
            return True
        stopped = self.causes.get(message.id, ())
        return 0 in stopped or message.sent in stopped


class Held:
    """The jobs that a loop holds, oldest first, and what became of the earlier ones."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, int], Job] = {}
        self.counts: Counter[str] = Counter()
        self._times: deque[tuple[float, float]] = deque(maxlen=WINDOW)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def add(self, job: Job) -> None:
        """It was taken."""
        self._jobs[job.message.id, job.message.sent] = job

    def remove(self, job: Job) -> None:
        """It is over."""
        self._jobs.pop((job.message.id, job.message.sent), None)

    def twin(self, message: Message) -> Job | None:
        """Another attempt at the same request that is being worked on here already."""
        return next((job for job in self._jobs.values() if job.message.id == message.id and job.wanted), None)

    @property
    def begun(self) -> int:
        """Jobs that are being worked on."""
        return sum(job.begun for job in self._jobs.values())

    def note(self, timing: Timing) -> None:
        """A job is over."""
        self.counts[timing.outcome] += 1
        if timing.outcome in {"done", "failed"}:
            self._times.append((timing.queued_ms, timing.total_ms))

    def load(self, stage: str, engine: str, concurrency: int, state: Literal["ready", "draining"]) -> StageLoad:
        """How the stage is doing."""
        return StageLoad(
            stage=stage, engine=engine, state=state, concurrency=concurrency, counts=dict(self.counts),
            holds=tuple(cause for cause, _ in list(self._jobs)[:NAMED]), held=len(self._jobs),
            waits=len(self._jobs) - self.begun, queue_ms=self._quantiles(0), work_ms=self._quantiles(1),
        )  # fmt: skip

    def _quantiles(self, which: int) -> tuple[float, ...]:
        values = sorted(times[which] for times in self._times)
        if not values:
            return ()
        return values[len(values) // 2], values[min(len(values) - 1, int(len(values) * 0.95))]
