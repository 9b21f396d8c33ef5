"""Stages that answer from a recording: the same words to the same request, after the same time."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from pipeline.clock import Clock
from pipeline.engines import Engine
from pipeline.envelope import Message
from pipeline.errors import EngineError
from pipeline.flow import Stage
from pipeline.messages import Failure, Interrupt, Question, Sentence, Speech, Transcript, Utterance
from pipeline.recording.reading import Recording, Row

_ENVELOPE = ("edge", "session", "turn", "revision", "cause", "attempt", "sent", "left_ms")
_ELSEWHEN = {Utterance: {"start_sample", "baseline"}, Question: {"tentative"}}
"""What changes when the same is said at another time."""
_ENOUGH: dict[type[Message], tuple[str, ...]] = {
    Question: ("text", "language"), Sentence: ("text", "language"), Transcript: ("text", "language"),
}  # fmt: skip
"""What a recorded answer must answer; the rest (how she felt, what was heard before) may differ a little."""
_GRACE = 0.5
"""Seconds for which a stage that was stopped in the recording waits longer to be stopped than it did there."""
_SAME = 5e-5
"""Seconds: a recording's times have four decimals."""
_ENDING: dict[str, type[Message]] = {"reply": Sentence, "speech": Speech}
Place = tuple[str, int, int, tuple[Any, ...]]


@dataclass(slots=True)
class Answers:
    """What was said to one request, and how long after it."""

    asked: float
    exact: bytes
    enough: bytes
    said: list[tuple[float, Row]] = field(default_factory=list)
    failure: tuple[float, Failure] | None = None
    stopped: float | None = None
    """Seconds after which nobody wanted an answer any more."""


def place(message: Message) -> Place:
    """Where in a visit a message stands, whatever the visit is called and whenever it was."""
    parts = tuple(getattr(message, name) for name in message.parted if name != "start_sample")
    return type(message).__name__, message.turn, message.revision, parts


def digest(message: Message, names: Iterable[str] | None = None) -> bytes:
    """Of what a message says (of those fields), whoever says it and when."""
    left_out = {*_ENVELOPE, *_ELSEWHEN.get(type(message), ())}
    given = message.model_dump(include=set(names)) if names is not None else message.model_dump(exclude=left_out)
    pcm: bytes = getattr(message, "pcm", b"")
    return hashlib.blake2b(repr(given).encode() + (b"" if names is not None else pcm), digest_size=16).digest()


class Memory:
    """All answers that a recording holds of one stage."""

    def __init__(self, recording: Recording, stage: Stage) -> None:
        self._recording, self._stage = recording, stage
        self._places: dict[Place, Answers] = {}
        self._contents: dict[bytes, Answers] = {}
        self._read()

    def _read(self) -> None:
        by_id: dict[str, Answers] = {}
        asked: list[tuple[Row, Answers]] = []
        attempts = _adopted(self._recording.rows, self._stage)
        for row in self._recording.rows:
            message = row.message
            if isinstance(message, Interrupt):
                _stop(asked, row.at, message)
            if isinstance(message, self._stage.takes) and message.id not in by_id:
                by_id[message.id] = self._asked(row)
                asked.append((row, by_id[message.id]))
            answers = by_id.get(message.cause)
            if answers is None:
                continue
            if isinstance(message, self._stage.says) and message.attempt == attempts[message.cause]:
                answers.said.append((row.at - answers.asked, row))
            elif self._gave_up(message) and message.attempt == attempts.get(message.cause, message.attempt):
                answers.failure = (row.at - answers.asked, message)

    def _gave_up(self, message: Message) -> TypeGuard[Failure]:
        """The stage did, and not its session for it."""
        return isinstance(message, Failure) and message.stage == self._stage.name and "': " in message.text

    def _asked(self, row: Row) -> Answers:
        request = self._recording.whole(row)
        answers = Answers(row.at, digest(request), digest(request, _ENOUGH.get(type(request))))
        self._places[place(request)] = answers
        self._contents.setdefault(answers.exact, answers)
        return answers

    def find(self, request: Message) -> tuple[Answers | None, bool]:
        """The answers to the same request, and (False) only to what stood in its place."""
        here, exact = self._places.get(place(request)), digest(request)
        if here and (here.exact == exact or here.enough == digest(request, _ENOUGH.get(type(request)))):
            return here, True
        there = self._contents.get(exact)
        return (there, True) if there else (here, False)

    def whole(self, row: Row) -> Message:
        """A message with its sound."""
        return self._recording.whole(row)


def _stop(asked: list[tuple[Row, Answers]], at: float, order: Interrupt) -> None:
    """Note when requests were given up."""
    for row, answers in asked:
        request = row.message
        covered = (request.turn, request.revision) <= (order.turn, order.revision) and not order.cause
        if answers.stopped is None and (covered or order.cause == request.id) and order.why != "adopted":
            answers.stopped = at - answers.asked


def _adopted(rows: Iterable[Row], stage: Stage) -> dict[str, int]:
    """Of each request, the attempt that said most: answers of two attempts are never spliced."""
    counts = Counter((row.message.cause, row.message.attempt) for row in rows if isinstance(row.message, stage.says))
    best: dict[str, int] = {}
    for (cause, attempt), count in counts.items():
        if count > counts[cause, best.get(cause, 0)]:
            best[cause] = attempt
    return best


class Remembering:
    """An engine that answers from a recording; what the recording does not hold goes to `backup`, if there is one."""

    heals = True

    def __init__(self, memory: Memory, stage: str, clock: Clock, backup: Engine | None = None) -> None:
        self._memory, self._stage, self._clock, self._backup = memory, stage, clock, backup
        self.counts: Counter[str] = Counter()
        """`recorded`, `live` (by the backup), `near` (of another request in the same place), `unknown`."""

    async def work(self, message: Message) -> AsyncIterator[Message]:
        answers, same = self._memory.find(message)
        known = answers is not None and bool(answers.said or answers.failure or answers.stopped is not None)
        if answers is not None and known and (same or self._backup is None):
            self.counts["recorded" if same else "near"] += 1
            async for answer in self._again(message, answers):
                yield answer
        elif self._backup is not None:
            self.counts["live"] += 1
            async for answer in self._backup.work(message):
                yield answer
        elif answers is None or self._stage in _ENDING or self._stage == "transcript":
            self.counts["unknown"] += 1
            text = f"the recording holds no answer of {self._stage} to this: name it with --live, and a --config"
            raise EngineError("replay-unknown", text)

    async def _again(self, request: Message, answers: Answers) -> AsyncIterator[Message]:
        begun = self._clock.now()
        for after, row in answers.said:
            await self._until(begun + after)
            yield _as_answer(request, self._memory.whole(row))
        if answers.failure:
            await self._until(begun + answers.failure[0])
            failure = answers.failure[1]
            raise EngineError(failure.code, failure.text.partition("': ")[2] or failure.text, retry=failure.retry)
        kind = _ENDING.get(self._stage)
        whole = answers.said and (not kind or any(getattr(row.message, "last", False) for _, row in answers.said))
        if not whole:
            await self._until(begun + (answers.stopped or 0.0) + _GRACE)
            text = f"the recorded answer of {self._stage} was broken off here; with --live it would have gone on"
            raise EngineError("replay-cut", text)

    async def _until(self, when: float) -> None:
        """What was said in one breath is said in one breath again."""
        left = when - self._clock.now()
        if left > _SAME:
            await self._clock.sleep(left)

    async def close(self) -> None:
        """Also the backup."""
        close = getattr(self._backup, "close", None)
        if close is not None:
            await close()


def _as_answer(request: Message, recorded: Message) -> Message:
    fields = {name: getattr(request, name) for name in ("edge", "session", "turn", "revision")}
    return recorded.changed(**fields, cause=request.id, attempt=request.sent, sent=1, left_ms=None)
