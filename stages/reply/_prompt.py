"""What the model is told, in the order that lets a server's prefix cache hit: what changes least comes first.

First who it is, where it is and how to speak: the same bytes for every turn in a language. Then the history, which only
grows. Last the visitor's words with what holds for this moment alone: knowledge, feeling, time. The words come before
the notes, since in the next turn's history they stand without them.
"""

import zlib
from typing import Any, Final, NotRequired, TypedDict

from pipeline.envelope import Exchange
from pipeline.messages import Question
from stages.reply._guard_hints import suspicious
from stages.reply._rules import FEELINGS, NOTES, VENUE, rules
from stages.reply._template import THINK, without
from stages.reply._tokens import A_MESSAGE, estimate
from stages.reply._told import NOTHING, Round, Told


class Turn(TypedDict):
    """A message of `/v1/chat/completions`."""

    role: str
    content: str
    tool_calls: NotRequired[list[dict[str, Any]]]
    tool_call_id: NotRequired[str]


_FELT: Final = 0.35
"""Below this confidence a feeling is not mentioned: classifiers of seven labels start at 0.14."""
_HEARD: Final = 0.5
_ANCHORS: Final = 3
"""One visitor's line of so many may begin a history that is too long: it then begins there for some turns."""
_LOOK: Final = 8
"""Lines in which such a beginning is looked for."""


def messages(question: Question, told: Told = NOTHING) -> list[Turn]:
    """The conversation: fixed part first, user and assistant in turns (some chat templates refuse anything else)."""
    notes = NOTES[question.language]
    turns = [Turn(role="system", content=fixed(question, told))]
    interrupted = False
    for line in kept(question.history, told.history_tokens):
        if len(turns) == 1 and line.role == "avatar":
            turns.append(Turn(role="user", content=notes["arrives"]))
        _add(turns, _turn(line, notes["interrupted"] if interrupted else ""))
        interrupted = line.role == "avatar" and line.interrupted
    asked = _asked(question, told, notes["interrupted"] if interrupted else "")
    _add(turns, Turn(role="user", content=asked))
    done = sum(len(one.said) for one in told.rounds)
    before = told.before if told.rounds else len(question.said)
    turns += _broken_off(question, question.said[:before])
    for one in told.rounds:
        turns += _round(question, one)
    return turns + _broken_off(question, question.said[before + done :])


def fixed(question: Question, told: Told = NOTHING) -> str:
    """The system message. Persona and venue come before the rules: they are the same in both languages."""
    venue = told.venue.strip()
    place = f"{VENUE[question.language]}\n{venue}" if venue else ""
    return "\n\n".join(part for part in (question.persona.strip(), place, rules(question.language)) if part)


def kept(history: tuple[Exchange, ...], budget: int) -> tuple[Exchange, ...]:
    """The newest lines that take at most `budget` tokens.

    A history that is too long would lose its oldest line with every turn, and the server's cache all that follows it.
    So it begins with a visitor's line that its own text marks, as backup programs cut files by content: the next turns
    mark the same one.
    """
    left, begin = budget, len(history)
    while begin and (left := left - estimate(history[begin - 1].text) - A_MESSAGE) >= 0:
        begin -= 1
    if begin == 0:
        return history
    visitors = [at for at in range(begin, len(history)) if history[at].role == "visitor"]
    marked = (at for at in visitors if zlib.crc32(history[at].text.encode()) % _ANCHORS == 0 and at < begin + _LOOK)
    return history[next(marked, visitors[0] if visitors else begin) :]


def _turn(line: Exchange, note: str) -> Turn:
    if line.role == "avatar":
        return Turn(role="assistant", content=line.text + ("——" if line.interrupted else ""))
    return Turn(role="user", content="\n".join(part for part in (note, _words(line.text)) if part))


def _words(text: str) -> str:
    """What a visitor said or typed, on one line, without the brackets of our own notes and the signs of templates."""
    return " ".join(without(THINK.sub(" ", text.replace("〔", " ").replace("〕", " "))).split())


def _asked(question: Question, told: Told, note: str) -> str:
    notes, feeling = NOTES[question.language], question.feeling
    parts = [note, _words(question.text)]
    if suspicious(question.text):
        parts.append(notes["hint"])
    if told.entries:
        numbered = enumerate(told.entries, 1)
        lines = [
            notes["entry"].format(number=at, question=entry.question, answer=entry.answer) for at, entry in numbered
        ]
        parts.append(notes["known"].format(entries="".join(lines)))
    if feeling.label != "neutral" and feeling.confidence >= _FELT:
        name = FEELINGS[question.language][feeling.label]
        parts.append(notes["feeling"].format(feeling=name, sure=round(feeling.confidence * 100)))
    if question.confidence < _HEARD:
        parts.append(notes["unsure"])
    if told.time:
        parts.append(notes["time"].format(time=told.time))
    return "\n".join(part for part in parts if part)


def _broken_off(question: Question, said: tuple[str, ...]) -> list[Turn]:
    """An answer that somebody began, and that is gone on with."""
    if not said:
        return []
    go_on = Turn(role="user", content=NOTES[question.language]["go on"])
    return [Turn(role="assistant", content=_joined(question, said)), go_on]


def _joined(question: Question, said: tuple[str, ...]) -> str:
    return (" " if question.language == "en" else "").join(said)


def _round(question: Question, done: Round) -> list[Turn]:
    """Calls and results as every OpenAI-compatible server takes them; content is '' and not null, for templates."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in done.calls
    ]
    results = zip(done.calls, done.results, strict=True)
    return [
        Turn(role="assistant", content=_joined(question, done.said), tool_calls=calls),
        *(Turn(role="tool", content=result.text, tool_call_id=call.id) for call, result in results),
    ]


def _add(turns: list[Turn], turn: Turn) -> None:
    """Lines of one speaker that follow each other become one message."""
    if turns[-1]["role"] == turn["role"]:
        turns[-1]["content"] += "\n" + turn["content"]
    else:
        turns.append(turn)
