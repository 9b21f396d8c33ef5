"""What is compared of a recording: the facts of each of its turns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline import messages as m
from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Feeling
from pipeline.recording.reading import Recording
from pipeline.recording.reporting.lines import Line
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.turns import Turn

STAGES = {
    "turn": ("speech_end", "turn_end"),
    "transcript": ("utterance", "transcript"),
    "emotion": ("utterance", "emotion"),
    "question": ("transcript", "question"),
    "reply": ("question", "sentence"),
    "speech": ("sentence", "speech"),
    "cues": ("speech", "cues"),
    "answer": ("turn_end", "sound"),
    "gap": ("speech_end", "sound"),
}
"""Latencies, each from one moment of a turn to another. `gap` is what the visitor feels."""


@dataclass(frozen=True, slots=True)
class Felt:
    """An emotion."""

    label: str
    valence: float
    arousal: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence of the avatar and what became of it."""

    index: int
    origin: str
    text: str
    language: str
    emotion: str
    gesture: str
    heard: str
    """As much of the text as sounded."""
    begun: float | None
    """Second of the recording at which it began to sound."""
    cut_ms: float | None
    """Where it was cut, on its own clock."""
    line: Line = field(repr=False, compare=False, metadata={"json": False})


@dataclass(frozen=True, slots=True)
class Spent:
    """What answers took: prepared ones that were dropped are in `dropped_cost`, and in nothing else."""

    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    """In the currency of the prices."""
    dropped_cost: float = 0.0

    @property
    def total(self) -> float:
        """What was paid: also for what was dropped."""
        return round(self.cost + self.dropped_cost, 8)

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.tokens_in + other.tokens_in,
            self.tokens_cached + other.tokens_cached,
            self.tokens_out + other.tokens_out,
            round(self.cost + other.cost, 8),
            round(self.dropped_cost + other.dropped_cost, 8),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """One turn of one recording. Times are seconds of the recording, latencies ms."""

    session: str
    label: str
    """Its number; with several visits in the recording `2.7`: turn 7 of the second."""
    number: int
    at: float
    typed: bool
    heard: str
    language: str
    confidence: float
    utterance_seconds: float
    feeling: Felt | None
    """What the answer was asked with: voice and words together."""
    feelings: dict[str, Felt]
    """By source: voice, text."""
    reply: str
    """The whole answer that was adopted, heard or not."""
    reply_heard: str
    lines: tuple[Spoken, ...]
    """What was said, fillers and apologies too, in playing order."""
    by: tuple[str, ...]
    sources: tuple[str, ...]
    spent: Spent
    moments: dict[str, float]
    """speech_end, utterance, turn_end, transcript, emotion, question, sentence, speech, cues, sound: those known."""
    latency: dict[str, float]
    """By the names of `STAGES`: those known."""
    interrupted: bool
    fillers: tuple[str, ...]
    apologies: tuple[str, ...]
    failures: tuple[str, ...]
    """`stage code` of each."""
    thoughts: str
    dropped: int
    """Revisions that were prepared and did not stand."""
    turn: Turn = field(repr=False, compare=False, metadata={"json": False})


@dataclass(frozen=True, slots=True)
class Told:
    """All of a recording."""

    turns: tuple[Facts, ...]
    """Those that ended, or in which something sounded; by time."""
    greetings: tuple[Facts, ...]
    """What the avatar said by itself before the first turn of each visit."""
    elsewhere: tuple[str, ...]
    """Failures outside these turns: `stage code`."""


def facts(recording: Recording) -> Told:
    """Sort a recording into facts."""
    known = Visit(recording).turns
    turns = [turn for turn in known if turn.number and (turn.ended or _sounded(turn.lines))]
    greetings = [turn for turn in known if not turn.number and turn.lines]
    sessions = list(dict.fromkeys(turn.session for turn in known))
    inside = {(turn.session, turn.number) for turn in (*turns, *greetings)}
    failed = [row.message for row in recording.rows if isinstance(row.message, m.Failure)]
    return Told(
        tuple(_facts(turn, sessions) for turn in turns),
        tuple(_facts(turn, sessions) for turn in greetings),
        _failures(one for one in failed if (one.session, one.turn) not in inside),
    )


def _facts(turn: Turn, sessions: list[str]) -> Facts:
    final = turn.final
    heard = final.transcript[1] if final.transcript else None
    answer = adopted([line for line in turn.lines if line.sentence.origin == "reply"])
    moments = _moments(turn, answer)
    kept = {id(line) for line in answer}
    said = [line for line in turn.lines if line.sentence.origin != "reply" or id(line) in kept]
    spoken = tuple(_spoken(line) for line in said)
    asked = final.question[1].feeling if final.question else None
    return Facts(
        session=turn.session,
        label=str(turn.number) if len(sessions) < 2 else f"{sessions.index(turn.session) + 1}.{turn.number}",
        number=turn.number,
        at=round(turn.span[0], 4),
        typed=bool(turn.ended and final.utterance is None),
        heard=heard.text if heard else "",
        language=heard.language if heard else "",
        confidence=heard.confidence if heard else 0.0,
        utterance_seconds=round(final.samples / HEAR_RATE, 4),
        feeling=_felt(asked) if asked else None,
        feelings={emotion.source: _felt(emotion.feeling) for _, emotion in final.emotions},
        reply=joined([(line.sentence.text, line.sentence.language) for line in answer]),
        reply_heard=joined(
            [(line.sentence.text[: line.heard_characters()], line.sentence.language) for line in answer]
        ),
        lines=spoken,
        by=tuple(dict.fromkeys(line.sentence.by for line in answer if line.sentence.by)),
        sources=tuple(dict.fromkeys(source for line in answer for source in line.sentence.sources)),
        spent=_spent(turn),
        moments={name: round(at, 4) for name, at in moments.items()},
        latency=_latency(moments),
        interrupted=turn.interrupted,
        fillers=_texts(spoken, "filler"),
        apologies=_texts(spoken, "apology"),
        failures=_failures(failure for _, failure in turn.failures),
        thoughts="".join(thought.text for _, thought in final.thoughts),
        dropped=len(turn.dropped),
        turn=turn,
    )


def adopted(lines: Sequence[Line]) -> list[Line]:
    """The sentences of the attempts that were adopted: one that begins with a number that is taken already was not."""
    attempts: dict[int, list[Line]] = {}
    for line in lines:
        attempts.setdefault(line.sentence.attempt, []).append(line)
    order = sorted(attempts.values(), key=lambda said: (not _sounded(said), min(line.at for line in said)))
    taken: dict[int, Line] = {}
    for said in order:
        if min(line.sentence.index for line in said) not in taken:
            for line in said:
                taken.setdefault(line.sentence.index, line)
    return [taken[index] for index in sorted(taken)]


def joined(parts: Sequence[tuple[str, str]]) -> str:
    """Sentences with their languages as one text: Chinese ones stand without a space between them."""
    text, before = "", ""
    for piece, language in parts:
        if piece:
            text += ("" if not text or (before == language == "zh") else " ") + piece
            before = language
    return text


def _sounded(lines: Iterable[Line]) -> bool:
    return any(line.begun is not None for line in lines)


def _spoken(line: Line) -> Spoken:
    sentence = line.sentence
    return Spoken(
        sentence.index, sentence.origin, sentence.text, sentence.language, sentence.emotion, sentence.gesture,
        sentence.text[: line.heard_characters()], None if line.begun is None else round(line.begun, 4),
        None if line.cut is None else round(line.cut / SPEAK_RATE * 1000, 1), line,
    )  # fmt: skip


def _felt(feeling: Feeling) -> Felt:
    return Felt(feeling.label, feeling.valence, feeling.arousal, feeling.confidence)


def _texts(spoken: Iterable[Spoken], origin: str) -> tuple[str, ...]:
    return tuple(one.text for one in spoken if one.origin == origin and one.begun is not None)


def _failures(found: Iterable[m.Failure]) -> tuple[str, ...]:
    return tuple(f"{one.stage} {one.code}" for one in {failure.id: failure for failure in found}.values())


def _moments(turn: Turn, answer: list[Line]) -> dict[str, float]:
    final, first = turn.final, min(answer, key=lambda line: line.sentence.index, default=None)
    found: dict[str, float | None] = {
        "utterance": final.at if final.utterance else None,
        "transcript": final.transcript[0] if final.transcript else None,
        "emotion": final.emotions[0][0] if final.emotions else None,
        "question": final.question[0] if final.question else None,
        "sentence": first.at if first else None,
        "speech": first.speech[0][0] if first and first.speech else None,
        "cues": first.cues[0][0] if first and first.cues else None,
        "sound": min((line.begun for line in answer if line.begun is not None), default=None),
    }
    if turn.ended:
        found["turn_end"] = turn.ended[0]
        found["speech_end"] = turn.speech_end if final.utterance else turn.ended[0]
    return {name: at for name, at in found.items() if at is not None}


def _latency(moments: dict[str, float]) -> dict[str, float]:
    return {
        stage: round(1000 * (moments[until] - moments[since]), 1)
        for stage, (since, until) in STAGES.items()
        if since in moments and until in moments
    }


def _spent(turn: Turn) -> Spent:
    stood, vain = turn.spent()
    return Spent(stood.taken, stood.cached, stood.given, round(stood.cost, 8), round(vain.cost, 8))
