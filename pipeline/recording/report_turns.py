"""The turns of a recorded visit: what was heard, answered and played, and when each stage worked on it."""

from dataclasses import dataclass, field
from functools import cached_property

from pipeline import messages as m
from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Mark, Pose
from pipeline.recording.reading import Row

PREPARED = (m.Utterance, m.Transcript, m.Emotion, m.Question, m.Sentence)
LANES = ("transcript", "emotion", "reply", "speech", "cues")


@dataclass(slots=True)
class Line:
    """A sentence of the avatar and what became of it."""

    sentence: m.Sentence
    at: float
    speech: list[tuple[float, m.Speech, int]] = field(default_factory=list)
    """When it came, the part, its samples."""
    cues: list[tuple[float, m.Cues]] = field(default_factory=list)
    begun: float | None = None
    """When the sentence's first sample sounded, on the pipeline's clock."""
    over: float | None = None
    """When its last sound was heard."""
    cut: int | None = None
    """Sample of its own clock at which it was cut."""

    @property
    def words(self) -> list[Mark]:
        """In their order."""
        return sorted((word for _, part, _ in self.speech for word in part.words), key=lambda word: word.start)

    def heard_characters(self) -> int:
        """How much of the text sounded; a word counts from its middle."""
        text = self.sentence.text
        if self.begun is None:
            return 0
        if self.cut is None:
            return len(text)
        words = self.words
        if not words:
            total = max((part.start + samples for _, part, samples in self.speech), default=0)
            return min(len(text), len(text) * self.cut // total) if total else 0
        heard = [word for word in words if (word.start + word.end) / 2 <= self.cut]
        return len(text) if len(heard) == len(words) else max((w.offset + len(w.text) for w in heard), default=0)

    def poses(self, kind: str) -> list[Pose]:
        """`visemes`, `expressions` or `gestures` of all parts, as far as they sounded."""
        until = self.cut if self.cut is not None else 1 << 40
        return [pose for _, cues in self.cues for pose in getattr(cues, kind) if pose.start < until]


@dataclass(slots=True)
class Revision:
    """One tentative end of the turn, and what was prepared for it."""

    utterance: m.Utterance | None = None
    at: float = 0.0
    samples: int = 0
    transcript: tuple[float, m.Transcript] | None = None
    emotions: list[tuple[float, m.Emotion]] = field(default_factory=list)
    question: tuple[float, m.Question] | None = None
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stage at work."""

    lane: str
    start: float
    end: float
    what: str
    dropped: bool
    """For a revision that did not stand."""


@dataclass
class Turn:
    """A turn of one visitor; number 0 is what the avatar says before the first."""

    session: str
    number: int
    revisions: dict[int, Revision] = field(default_factory=dict)
    ended: tuple[float, m.TurnEnded] | None = None
    interrupts: list[tuple[float, m.Interrupt]] = field(default_factory=list)
    failures: list[tuple[float, m.Failure]] = field(default_factory=list)

    def revision(self, number: int) -> Revision:
        """That revision, made when it is new."""
        return self.revisions.setdefault(number, Revision())

    @property
    def final(self) -> Revision:
        """The revision that stood; the last one where none did."""
        number = self.ended[1].revision if self.ended else max(self.revisions, default=0)
        return self.revisions.get(number) or Revision()

    @property
    def lines(self) -> list[Line]:
        """What was said in this turn, in playing order."""
        said = [line for revision in self.revisions.values() for line in revision.lines]
        kept = [line for line in said if line.begun is not None or line in self.final.lines]
        return sorted(kept, key=lambda line: (line.begun is None, line.begun or line.at))

    @property
    def answered(self) -> bool:
        """By its own answer, which sounded, and by no apology."""
        sounded = [line.sentence.origin for line in self.lines if line.begun is not None]
        return "reply" in sounded and "apology" not in sounded

    @property
    def silent(self) -> bool:
        """There was nothing to understand in it."""
        heard = self.final.transcript
        return bool(heard and not heard[1].text.strip())

    @property
    def speech_end(self) -> float | None:
        """When the visitor's last voiced sample was heard."""
        return self.ended[1].end_sample / HEAR_RATE if self.ended else None

    @property
    def first_sound(self) -> float | None:
        """When the answer began to sound."""
        begun = [line.begun for line in self.lines if line.begun is not None and line.sentence.origin == "reply"]
        return min(begun, default=None)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The part of the visit that the turn's picture shows, seconds."""
        times = [time for line in self.lines for time in (line.begun, line.over) if time is not None]
        for revision in self.revisions.values():
            if revision.utterance:
                start = revision.utterance.start_sample / HEAR_RATE
                times += [start, start + revision.samples / HEAR_RATE, revision.at]
            times += [found[0] for found in (revision.transcript, revision.question) if found]
        times += [self.ended[0]] if self.ended else []
        return (max(0.0, min(times, default=0.0) - 0.15), max(times, default=1.0) + 0.25)

    def bars(self) -> list[Bar]:
        """When each stage worked, from the times of its messages."""
        final = self.final
        return [bar for revision in self.revisions.values() for bar in _bars(revision, revision is not final)]


def _bars(revision: Revision, dropped: bool) -> list[Bar]:
    bars = []
    if revision.utterance and revision.transcript:
        bars.append(Bar("transcript", revision.at, revision.transcript[0], "transcript", dropped))
    for at, emotion in revision.emotions:
        since = revision.transcript[0] if emotion.source == "text" and revision.transcript else revision.at
        bars.append(Bar("emotion", since, at, f"emotion · {emotion.source}", dropped))
    answers = [line for line in revision.lines if line.sentence.origin == "reply"]
    if revision.question and answers:
        bars.append(Bar("reply", revision.question[0], answers[0].at, "reply, first sentence", dropped))
    for line in revision.lines:
        if line.speech:
            bars.append(Bar("speech", line.at, line.speech[0][0], f"speech · {line.sentence.index}", dropped))
        for (since, _, _), (at, cues) in zip(line.speech, line.cues, strict=False):
            bars.append(Bar("cues", since, at, f"cues · {line.sentence.index}.{cues.part}", dropped))
    return bars


class Visit:
    """The rows of a recording, sorted into turns."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self._turns: dict[tuple[str, int], Turn] = {}
        self._lines: dict[str, Line] = {}
        self._speech: dict[str, Line] = {}
        self.dropped: list[tuple[float, m.SpeechDropped]] = []
        """Coughs and the like."""
        for row in rows:
            self._take(row)

    @property
    def turns(self) -> list[Turn]:
        """Those in which something was heard to its end or said, by time."""
        kept = [turn for turn in self._turns.values() if turn.ended or turn.lines]
        return sorted(kept, key=lambda turn: (turn.span[0], turn.session, turn.number))

    def _take(self, row: Row) -> None:
        message = row.message
        if isinstance(message, (m.Speech, m.Cues, m.Played)):
            self._of_a_line(row)
            return
        if isinstance(message, m.SpeechDropped):
            self.dropped.append((row.at, message))
            return
        if not message.session:
            return
        key = (message.session, message.turn)
        turn = self._turns.setdefault(key, Turn(*key))
        if isinstance(message, m.TurnEnded):
            turn.ended = (row.at, message)
        elif isinstance(message, m.Interrupt):
            turn.interrupts.append((row.at, message))
        elif isinstance(message, m.Failure):
            turn.failures.append((row.at, message))
        elif isinstance(message, PREPARED) and not getattr(message, "partial", False):
            self._prepared(turn.revision(message.revision), row)

    def _prepared(self, revision: Revision, row: Row) -> None:
        message = row.message
        if isinstance(message, m.Utterance):
            if revision.utterance is None:
                revision.utterance, revision.at, revision.samples = message, row.at, row.samples
        elif isinstance(message, m.Transcript):
            revision.transcript = revision.transcript or (row.at, message)
        elif isinstance(message, m.Emotion):
            revision.emotions.append((row.at, message))
        elif isinstance(message, m.Question):
            revision.question = revision.question or (row.at, message)
        elif isinstance(message, m.Sentence) and message.id not in self._lines and message.text:
            self._lines[message.id] = Line(message, row.at)
            revision.lines.append(self._lines[message.id])

    def _of_a_line(self, row: Row) -> None:
        message = row.message
        line = (self._speech if isinstance(message, m.Cues) else self._lines).get(message.cause)
        if line is None:
            return
        if isinstance(message, m.Speech):
            if message.id not in self._speech:
                line.speech.append((row.at, message, row.samples))
            self._speech[message.id] = line
        elif isinstance(message, m.Cues):
            line.cues.append((row.at, message))
        elif isinstance(message, m.Played):
            _played(line, row.at, message)


def _played(line: Line, at: float, report: m.Played) -> None:
    """A line that is cut before it began never sounded."""
    if report.state == "cut":
        line.cut = report.sample
    elif line.begun is None:
        line.begun = at - report.sample / SPEAK_RATE
    if line.begun is not None:
        line.over = max(line.over or 0.0, at)
