"""What a visitor did, step by step, and what each step waits for when the visit happens again."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.audio import FRAME, HEAR_RATE
from pipeline.envelope import Message
from pipeline.messages import SpeechDropped, SpeechStarted, TurnEnded, Typed, Utterance
from pipeline.recording.again import sounds
from pipeline.recording.reading import Event, Recording
from pipeline.wire import from_dict

Timing = Literal["follow", "recorded"]
Kind = Literal["begin", "said", "touched", "talk", "deafen", "leave"]
_KINDS: dict[str, Kind] = {
    "begin": "begin", "heard": "said", "touched": "touched", "talk": "talk", "deafen": "deafen", "leave": "leave",
}  # fmt: skip
_BEFORE = 6 * HEAR_RATE // 10
"""Samples of sound before a cough's first voiced one that are heard with it."""
_AT_ONCE = 0.05
"""Seconds: an answer that was prepared sounds in the moment in which the turn ends, give or take a clock."""
LEAD = 1.0
"""Seconds before the first step where a visit is not replayed from its beginning."""


@dataclass(frozen=True, slots=True)
class Wait:
    """When a step comes: `seconds` after `what`."""

    what: Literal["start", "step", "silence", "sound"]
    """The recording's first sample; the step before; the end of the avatar's answer; its first sound."""
    seconds: float
    turn: int = 0
    """`sound`: in which turn ..."""
    answer: bool = True
    """... and whether of a reply, or of a filler, an apology, a greeting."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the visitor did."""

    kind: Kind
    at: float
    """Seconds in the recording."""
    sample: int
    """All before it had been heard by then, as the recording's edge counts them."""
    turn: int = 0
    messages: tuple[Message, ...] = ()
    """`said`: by the turn engine, with their sound. `touched`: one."""
    on: bool = False
    why: str = ""
    wait: Wait = Wait("start", 0.0)
    since: int = 0
    """First sample of the sound that begins here: a turn, or a cough; 0: none does."""
    until: int = 0
    """Its last sample + 1."""

    @property
    def opens(self) -> bool:
        """The visitor begins to speak."""
        return self.until > 0


def steps(recording: Recording, timing: Timing, turns: tuple[int, int] | None = None) -> list[Step]:
    """All that the visitor did; with `turns`, only in those from the first to the second, by number."""
    found = _bounded(_numbered(recording))
    if turns is not None:
        found = [step for step in found if turns[0] <= step.turn <= turns[1] and step.kind != "begin"]
    start = found[0].at - LEAD if turns is not None and found else 0.0
    if timing == "recorded":
        return [dataclasses.replace(step, wait=Wait("start", step.at - start)) for step in found]
    lines = sounds.sounded(recording.rows)
    waits = _waits(found, lines, start)
    return [dataclasses.replace(step, wait=wait) for step, wait in zip(found, waits, strict=True)]


def _numbered(recording: Recording) -> list[Step]:
    """In their order, each with the turn that it belongs to."""
    messages = {row.message.id: recording.whole(row) for row in recording.rows if _is_turns(row.message)}
    found, turn = list[Step](), 0
    for event in recording.events:
        step = _step(event, messages, recording.origin)
        if step is None:
            continue
        if step.kind == "said":
            turn = max(turn, step.messages[0].turn)
        elif step.messages and isinstance(step.messages[0], Typed):
            turn += 1
        found.append(dataclasses.replace(step, turn=turn))
    return found


def _is_turns(message: Message) -> bool:
    return isinstance(message, (SpeechStarted, SpeechDropped, Utterance, TurnEnded))


def _step(event: Event, messages: dict[str, Message], origin: int) -> Step | None:
    kind = _KINDS.get(event.name)
    if kind is None:
        return None
    sample = int(event.fields.get("sample", origin + round(event.at * HEAR_RATE / FRAME) * FRAME))
    if kind == "said":
        said = tuple(messages[name] for name in event.fields["ids"] if name in messages)
        if not said or (isinstance(said[0], TurnEnded) and not said[0].revision):
            return None  # of a typed turn: its session says that by itself
        return Step(kind, (sample - origin) / HEAR_RATE, sample, messages=said)
    touched = (from_dict(event.fields["message"]),) if kind == "touched" else ()
    return Step(kind, event.at, sample, 0, touched, bool(event.fields.get("on")), str(event.fields.get("why", "")))


def _bounded(found: list[Step]) -> list[Step]:
    """Where each turn's and each cough's sound begins and ends."""
    result = list(found)
    first: int | None = None
    since = 0
    for number, step in enumerate(found):
        for message in step.messages if step.kind == "said" else ():
            if first is None and isinstance(message, SpeechStarted):
                first, since = number, max(1, message.at_sample - _BEFORE)
            elif isinstance(message, Utterance):
                since = min(since, max(1, message.start_sample))
            elif isinstance(message, (TurnEnded, SpeechDropped)) and first is not None:
                result[first] = dataclasses.replace(found[first], since=since, until=step.sample)
                first = None
    return result


def _waits(found: Sequence[Step], lines: list[sounds.Sounded], start: float) -> list[Wait]:
    waits: list[Wait] = []
    speaks_until = -1
    for number, step in enumerate(found):
        if number == 0:
            waits.append(Wait("start", step.at - start))
        else:
            inside = step.sample <= speaks_until
            waits.append(_wait(step, found[number - 1], lines, inside=inside))
        speaks_until = max(speaks_until, step.until)
    return waits


def _wait(step: Step, before: Step, lines: list[sounds.Sounded], *, inside: bool) -> Wait:
    """Inside a visitor's own words nothing of the avatar's moves a step."""
    sounding = None if inside else sounds.at(lines, step.at)
    if sounding is not None:
        first = min(line.begun for line in lines
                    if (line.turn, line.answer) == (sounding.turn, sounding.answer))  # fmt: skip
        if first > before.at - _AT_ONCE:
            return Wait("sound", step.at - first, sounding.turn, sounding.answer)
    end = None if inside else sounds.last_end(lines, step.at)
    if sounding is None and end is not None and end > before.at:
        return Wait("silence", step.at - end)
    return Wait("step", max(0.0, step.at - before.at))
