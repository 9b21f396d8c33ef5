"""One stage, once more, on one recorded request: for prints and breakpoints."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.audio import SPEAK_RATE
from pipeline.clock import Clock, run_real
from pipeline.config import at_machine, read_config
from pipeline.engines import build
from pipeline.envelope import Message
from pipeline.errors import VisavisError
from pipeline.facts import detect
from pipeline.flow import WORKERS, Stage, is_job
from pipeline.messages import Speech
from pipeline.plans import Plan
from pipeline.recording.again.answers import Memory
from pipeline.recording.reading import Recording, read
from pipeline.wire import to_dict

Say = Callable[[str], None]
_SHOWN = (
    "text", "language", "confidence", "partial", "index", "part", "last", "emotion", "gesture", "source", "feeling",
    "by", "sources", "tokens_in", "tokens_cached", "tokens_out", "cost", "samples", "visemes",
)  # fmt: skip
_LONG = 160
"""Characters of a value that are shown."""


def run_single(folder: Path, config_path: Path, stage: str, turn: int, say: Say) -> int:
    """Give the stage's engine what it was given in that turn; say what it answers, beside what was recorded.

    0: it answered. VisavisError: `replay-turns` where the turn holds no such request, and what the engine raises.
    """
    recording = read(folder)
    kind = next(one for one in WORKERS if one.name == stage)
    requests = _requests(recording, kind, turn)
    if not requests:
        text = f"turn {turn} of {folder} holds nothing that {stage} was asked: name another turn"
        raise VisavisError("replay-turns", text)

    def runs(name: str, plan: Plan, alone: bool) -> bool:
        del plan, alone
        return name == stage

    config = at_machine(read_config(config_path, runs), detect)
    chosen = config.stages[stage]

    async def main(clock: Clock) -> None:
        engine = build(chosen.module, chosen.settings, clock)
        await _call(engine, "warm")
        try:
            for request in requests:
                await _show(engine.work(request), request, Memory(recording, kind), clock, say)
        finally:
            await _call(engine, "close")

    run_real(main)
    return 0


def _requests(recording: Recording, stage: Stage, turn: int) -> list[Message]:
    """What the stage was asked in the turn's last revision; nothing twice."""
    asked = {
        row.message.id: row for row in recording.rows
        if isinstance(row.message, stage.takes) and row.message.turn == turn and is_job(stage.name, row.message)
        and not getattr(row.message, "partial", False)
    }  # fmt: skip
    last = max((row.message.revision for row in asked.values()), default=0)
    return [recording.whole(row).changed(left_ms=None) for row in asked.values() if row.message.revision == last]


async def _call(engine: Any, name: str) -> None:
    method = getattr(engine, name, None)
    if method is not None:
        await method()


async def _show(answers: AsyncIterator[Message], request: Message, memory: Memory, clock: Clock, say: Say) -> None:
    say(f"\n▶ {_line(request)}")
    known, _ = memory.find(request)
    recorded = _Told("录音 recorded", say)
    for after, row in known.said if known else ():
        recorded.take(after, row.message, row.samples)
    recorded.flush()
    now, begun = _Told("现在 now     ", say), clock.measure()
    async for answer in answers:
        now.take(clock.measure() - begun, answer, len(getattr(answer, "pcm", b"")) // 2)
    now.flush()


@dataclass
class _Told:
    """Answers as they are said: of a sentence that is spoken one line, at the time of its first sound."""

    name: str
    say: Say
    after: float = 0.0
    speech: Speech | None = None
    parts: int = 0
    samples: int = 0

    def take(self, after: float, message: Message, samples: int) -> None:
        """An answer, so many seconds after the request, and the length of its sound."""
        if not isinstance(message, Speech):
            self.flush()
            self._tell(after, _line(message))
            return
        if self.speech is None or self.speech.index != message.index:
            self.flush()
            self.after, self.speech = after, message
        self.parts += 1
        self.samples += samples
        if message.last:
            self.flush()

    def flush(self) -> None:
        """The sentence is over."""
        if self.speech is not None:
            parts = "1 part" if self.parts == 1 else f"{self.parts} parts"
            self._tell(self.after, f"{_line(self.speech)[:-1]}, {parts}, {self.samples / SPEAK_RATE:.1f} s)")
        self.speech, self.parts, self.samples = None, 0, 0

    def _tell(self, after: float, line: str) -> None:
        self.say(f"  {self.name} {after * 1000:7.1f} ms  {line}")


def _line(message: Message) -> str:
    given = to_dict(message)
    fields = {name: given[name] for name in _SHOWN if given.get(name) not in (None, "", [], False, 0, 0.0)}
    if isinstance(message, Speech):
        for name in ("text", "part", "last"):
            fields.pop(name, None)
    shown = ", ".join(f"{name}={str(value)[:_LONG]}" for name, value in fields.items())
    return f"{type(message).__name__}({shown})"
