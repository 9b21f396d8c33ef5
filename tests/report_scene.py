"""Recordings for what draws them: one in which everything happens, and one of an hour."""

import json
from pathlib import Path

import numpy as np

from pipeline import messages as m
from pipeline.audio import FRAME, HEAR_RATE
from tests.recordings import Sample

MODEL = "deepseek-chat@cloud"
WORDS = ("Where is the lift?", "太过分了，我已经等了一个小时！", "May I take photos here?", "门票多少钱？")
ANSWERS = (
    "The lift is behind the big staircase.",
    "真对不起，让你久等了。",
    "You may, but without flash.",
    "门票三十元。",
)


def write_rich(folder: Path, words: str = "Where is the lift?", thought: str = "They ask for the lift. ") -> Path:
    """Format 2: thoughts, tokens and cost, a dropped revision, an interruption, a failure with its apology, a typed
    turn; and events.
    """
    visit = Sample(folder, 34.0)
    early = visit.utterance(1, 1, 1.0, 1.9, 2.2)
    asked = _asked(visit, early, 2.26, "Where is", "en", tentative=True)
    visit.line(asked, 0, "Where is what?", 2.5, last=True, by=MODEL, tokens_in=900, tokens_out=30, cost=0.0002)
    visit.say(2.6, early.answer(m.Interrupt, why="revised"))
    first = visit.utterance(1, 2, 1.0, 3.1, 3.4)
    asked = _asked(visit, first, 3.5, words, "en")
    visit.say(3.9, _ended(first, 3.1, 3.9))
    for number in range(4):
        visit.say(3.95 + number / 10, asked.answer(m.Thought, index=number, text=thought))
    lift = visit.line(asked, 0, ANSWERS[0], 4.4, gesture="point", emotion="happy", by=MODEL)
    visit.line(asked, 1, "", 4.9, last=True, by=MODEL, tokens_in=1200, tokens_cached=1000, tokens_out=120, cost=0.0031)
    visit.spoken(lift, 4.45, 4.6, cut=6.0)
    visit.say(6.0, asked.answer(m.Interrupt, why="barge-in"))
    second = visit.utterance(2, 1, 5.6, 7.5, 7.9)
    asked = _asked(visit, second, 8.0, WORDS[1], "zh")
    visit.say(8.2, _ended(second, 7.5, 8.2))
    visit.say(12.2, asked.answer(m.Failure, stage="reply", code="deadline-missed", text="No first sentence in 4 s."))
    sorry = asked.answer(m.Sentence, index=0, text="对不起，请再说一遍。", language="zh", origin="apology", last=True)
    visit.say(12.2, sorry)
    visit.spoken(sorry, 12.3, 12.4)
    typed = m.Transcript(session=visit.session, turn=3, text="lift?", language="en", confidence=1.0)
    visit.say(20.0, typed)
    visit.say(20.0, m.TurnEnded(session=visit.session, turn=3, end_sample=_sample(20.0), decided_sample=_sample(20.0)))
    asked = typed.answer(m.Question, text="lift?", language="en")
    visit.say(20.01, asked)
    visit.spoken(visit.line(asked, 0, ANSWERS[0], 20.02, last=True), 20.04, 20.1)
    visit.say(30.0, m.SessionEnded(session=visit.session, why="idle"))
    return _as_format_2(visit, [
        {"at": 2.2, "event": "hint", "turn": 1, "revision": 1, "complete": False, "sample": 40_000},
        {"at": 9.4, "event": "timer", "key": "filler"}, {"at": 12.2, "event": "timer", "key": "turn"},
        {"at": 5.7, "event": "duck", "on": True}, {"at": 6.0, "event": "cut"},
        {"at": 20.0, "event": "touched", "message": {"kind": "Typed", "text": words}},
    ])  # fmt: skip


def write_hour(folder: Path, turns: int = 520, each: float = 7.0) -> Path:
    """A visit of `turns` turns; every 20th is slow, every 25th fails, every 30th is interrupted, some are tentative."""
    visit = Sample(folder, turns * each + 5)
    for number in range(1, turns + 1):
        _turn(visit, number, (number - 1) * each + 0.5)
    return _as_format_2(
        visit, [{"at": number * each + 1.0, "event": "timer", "key": "idle"} for number in range(turns)]
    )


def _turn(visit: Sample, number: int, at: float) -> None:
    language = "zh" if number % 2 == 0 else "en"
    said = visit.utterance(number, 1, at, at + 1.5, at + 1.8)
    asked = _asked(visit, said, at + 1.9, f"{WORDS[number % 4]} ({number})", language)
    if number % 3 == 0:
        visit.say(
            at + 1.92, asked.answer(m.Thought, index=0, text=f"Thought {number}: they want to know the way. " * 8)
        )
    decided = at + 2.0 + (1.2 if number % 20 == 0 else 0.0) + number % 7 / 100
    visit.say(decided, _ended(said, at + 1.5, decided))
    if number % 25 == 0:
        visit.say(decided + 1, asked.answer(m.Failure, stage="reply", code="reply-unreachable", text="No server."))
        return
    line = visit.line(asked, 0, ANSWERS[(number + 3) % 4], decided - 0.05, language=language, by=MODEL, last=True,
                      tokens_in=1000, tokens_out=40, cost=0.0004, gesture="nod", emotion="happy")  # fmt: skip
    begun = decided + 0.02
    visit.spoken(line, decided, begun, cut=begun + 1 if number % 30 == 0 else None)


def _sample(at: float) -> int:
    return round(at * HEAR_RATE)


def _ended(said: m.Utterance, end: float, decided: float) -> m.TurnEnded:
    return said.answer(m.TurnEnded, end_sample=_sample(end), decided_sample=_sample(decided))


def _asked(visit: Sample, said: m.Utterance, at: float, words: str, language: str, **fields: bool) -> m.Question:
    heard = visit.heard(said, at, words, "zh" if language == "zh" else "en")
    asked = heard.answer(m.Question, text=heard.text, language=heard.language, **fields)
    visit.say(at + 0.02, asked)
    return asked


def _as_format_2(visit: Sample, events: list[dict[str, object]]) -> Path:
    """With events, and a probability of a voice where the visitor is loud."""
    folder = visit.write()
    session = json.loads((folder / "session.json").read_text())
    session |= {"format": 2, "microphone": {"start": 0}, "config": {"site": "demo"}, "config_name": "demo.yaml"}
    (folder / "session.json").write_text(json.dumps(session))
    lines = [json.dumps({"session": visit.session, **event}, ensure_ascii=False) + "\n" for event in events]
    (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
    frames = visit.visitor[: len(visit.visitor) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.abs(frames.astype(np.int32)).mean(1)
    (folder / "voice.u8").write_bytes(np.clip(loud / 8, 0, 250).astype(np.uint8).tobytes())
    return folder
