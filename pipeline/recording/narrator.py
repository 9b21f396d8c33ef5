"""Tells in a terminal what happens in a visit, turn by turn, as it happens."""

import sys
from typing import TextIO

from pipeline.envelope import Message
from pipeline.jobs import Timing
from pipeline.messages import Interrupt, Played, Sentence, SessionEnded, SpeechDropped
from pipeline.recording.outcome import Outcome, Outcomes, place

STAGES = ("transcript", "emotion", "reply", "speech", "cues")
_INDENT = " " * 12


class Narrator:
    """Prints each turn in Chinese and English; a progress line while nothing else is to be said."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to or sys.stdout
        self._shows_progress = self._to.isatty()
        self.outcomes = Outcomes()
        self._told: set[tuple[str, int, int]] = set()
        self._lines: dict[str, Sentence] = {}

    def ready(self, seconds: float) -> None:
        """The pipeline is warm."""
        self._say(f"就绪 ready: {seconds:.1f} s")

    def missing(self, stages: tuple[str, ...]) -> None:
        """Nobody runs these stages yet."""
        if stages:
            names = ", ".join(stages)
            self._say(f"✗ 没有节点运行 {names}，访客只会听到道歉 · no node runs {names}: visitors hear apologies")

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        self.outcomes.timing(timing)

    def progress(self, done: float, whole: float) -> None:
        """Show how far the sound has been heard."""
        if self._shows_progress:
            self._to.write(f"\r  … {done:5.1f} / {whole:.1f} s ")
            self._to.flush()

    def message(self, at: float, message: Message) -> None:
        """Take a message."""
        self.outcomes.add(at, message)
        if isinstance(message, SpeechDropped):
            self._say(
                f"{_time(at)}   （咳嗽或短音，不算一轮 · a cough or a short sound: no turn, {message.voiced_ms} ms）"
            )
        elif isinstance(message, Interrupt) and message.why == "barge-in":
            self._say(f"{_INDENT}⏹ 被打断 · interrupted by the visitor")
        elif isinstance(message, Sentence):
            self._lines[message.id] = message
        elif isinstance(message, Played):
            self._played(at, message)
        elif isinstance(message, SessionEnded):
            self._say(f"{_time(at)}   结束 · the visit is over ({message.why})")

    def _played(self, at: float, played: Played) -> None:
        sentence = self._lines.get(played.cause)
        if sentence is None or played.state != "started":
            return
        turn = self.outcomes.turns.get(place(played))
        if turn is not None and (*place(played), turn.revision) not in self._told:
            self._told.add((*place(played), turn.revision))
            self._tell_heard(turn, self.outcomes.milliseconds.get(place(played), {}))
        mood = f"[{sentence.emotion}] " if sentence.emotion != "neutral" else ""
        whose = (
            f"{sentence.by or 'reply'}: {', '.join(sentence.sources) or '—'}"
            if sentence.origin == "reply"
            else sentence.origin
        )
        self._say(f"{_time(at)} ◀ {mood}{sentence.text}  ({whose})")

    def _tell_heard(self, turn: Outcome, spent: dict[str, float]) -> None:
        feeling = turn.feeling
        self._say("")
        self._say(f"{_time(turn.ended_at or 0)} ▶ 第 {turn.turn} 轮 · turn {turn.turn}: {turn.heard}")
        felt = f"情绪 emotion {feeling.label} {feeling.confidence:.2f}"
        self._say(f"{_INDENT}{turn.language} {turn.confidence:.2f} · {felt}")
        times = " · ".join(f"{stage} {spent[stage]:.0f}" for stage in STAGES if stage in spent)
        gap = f" · 判定说完到首声 end of turn to first sound {turn.gap * 1000:.0f}" if turn.gap is not None else ""
        self._say(f"{_INDENT}毫秒 ms: {times}{gap}")

    def _say(self, text: str) -> None:
        if self._shows_progress:
            self._to.write("\r\033[K")
        self._to.write(text + "\n")
        self._to.flush()


def _time(at: float) -> str:
    return f"{int(at // 60):3d}:{at % 60:05.2f}"
