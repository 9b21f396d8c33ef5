"""Short made-up recordings for the tests of comparisons."""

from dataclasses import dataclass
from pathlib import Path

from pipeline import messages as m
from pipeline.audio import HEAR_RATE
from pipeline.envelope import Label, Language, Message
from pipeline.recording.comparing.compare import compare_recordings
from pipeline.recording.comparing.comparison import Comparison
from pipeline.recording.reading import read
from tests.recordings import Sample, feeling

EVERY = 10.0
"""Seconds from one turn to the next."""


@dataclass(frozen=True)
class Talk:
    """One turn: what was heard, what was answered, and what went wrong."""

    heard: str
    reply: str = "Yes."
    language: Language = "en"
    label: Label = "neutral"
    by: str = "deepseek"
    cost: float = 0.001
    wait: float = 0.2
    """Seconds from the end of the turn to the first sound."""
    cut: float | None = None
    """Seconds of the answer that sounded."""
    typed: bool = False
    apology: str = ""
    failure: str = ""
    thought: str = ""
    filler: str = ""
    pause: float = 0.0
    """It comes so much later."""


THREE = (
    Talk("Where is the lift?", "The lift is behind the stairs."),
    Talk("门票多少钱？", "门票免费。", "zh"),
    Talk("Can I take photos?", "Please do, without flash."),
)


def record(folder: Path, *talks: Talk, session: str = "visit-1", greeting: str = "") -> Path:
    """Write a recording of these turns, one each ten seconds."""
    visit = Sample(folder, 4.0 + EVERY * len(talks) + sum(talk.pause for talk in talks), session)
    if greeting:
        hello = Message(session=session).answer(
            m.Sentence, index=0, text=greeting, language="en", origin="greeting", last=True
        )
        visit.say(0.0, hello)
        visit.spoken(hello, 0.01, 0.1)
    at = 2.0
    for number, talk in enumerate(talks, 1):
        at += talk.pause
        _turn(visit, number, talk, at)
        at += EVERY
    return visit.write()


def _turn(visit: Sample, number: int, talk: Talk, at: float) -> None:
    length = 0.5 + 0.05 * len(talk.heard) + 0.01 * number
    words = _typed(visit, number, talk, at) if talk.typed else _said(visit, number, talk, at, at + length)
    ended = at if talk.typed else at + length + 0.4
    felt = feeling(talk.label, 0.1, 0.2, 0.9)
    asked = words.answer(m.Question, text=talk.heard, language=talk.language, feeling=felt)
    visit.say(ended, asked)
    if talk.failure:
        visit.say(ended + 0.1, asked.answer(m.Failure, stage="reply", code=talk.failure, text="it broke"))
    if talk.thought:
        visit.say(ended + 0.1, asked.answer(m.Thought, index=0, text=talk.thought))
    if talk.filler:
        _line(visit, asked, talk, ended + 0.12, origin="filler", text=talk.filler)
    if talk.apology:
        _line(visit, asked, talk, ended + talk.wait, origin="apology", text=talk.apology)
    elif talk.reply:
        _line(visit, asked, talk, ended + talk.wait, origin="reply", text=talk.reply)
    if talk.cut is not None:
        visit.say(ended + talk.wait + talk.cut, words.answer(m.Interrupt, why="barge-in"))


def _line(visit: Sample, asked: Message, talk: Talk, at: float, *, origin: str, text: str) -> None:
    spent = {"tokens_in": 100, "tokens_out": 20, "cost": talk.cost} if origin == "reply" else {}
    line = visit.line(asked, 0, text, at - 0.08, language=talk.language, by=talk.by, origin=origin, last=True, **spent)
    visit.spoken(line, at - 0.05, at, cut=None if talk.cut is None or origin != "reply" else at + talk.cut)


def _said(visit: Sample, number: int, talk: Talk, start: float, end: float) -> Message:
    said = visit.utterance(number, 1, start, end, end + 0.3)
    ended = {"end_sample": round(end * HEAR_RATE), "decided_sample": round((end + 0.4) * HEAR_RATE)}
    words = visit.heard(said, end + 0.35, talk.heard, talk.language)
    visit.say(end + 0.4, said.answer(m.TurnEnded, **ended))
    return words


def _typed(visit: Sample, number: int, talk: Talk, at: float) -> Message:
    typed = m.Typed(session=visit.session, turn=number, text=talk.heard)
    words = typed.answer(m.Transcript, text=talk.heard, language=talk.language, confidence=1.0)
    sample = round(at * HEAR_RATE)
    for message in (typed, words, typed.answer(m.TurnEnded, end_sample=sample, decided_sample=sample)):
        visit.say(at, message)
    return words


def compared(folder: Path, a: tuple[Talk, ...], b: tuple[Talk, ...], reference: list[str] | None = None) -> Comparison:
    """Two such recordings, compared."""
    return compare_recordings(read(record(folder / "a", *a)), read(record(folder / "b", *b)), reference)
