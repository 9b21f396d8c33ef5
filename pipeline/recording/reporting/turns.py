"""A turn of a recorded visit: what was heard, answered and played, and when each stage worked on it."""

from dataclasses import dataclass, field
from functools import cached_property

from pipeline import messages as m
from pipeline.audio import HEAR_RATE
from pipeline.recording.reporting.lines import Line

LANES = ("turn", "transcript", "emotion", "reply", "speech", "cues")


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and cost of answers; the cost is in the currency of the endpoints' prices."""

    taken: int = 0
    """Tokens that the model read."""
    cached: int = 0
    """Of these from its cache."""
    given: int = 0
    """Tokens that it wrote, its thoughts included."""
    cost: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        taken, cached, given = self.taken + other.taken, self.cached + other.cached, self.given + other.given
        return Spent(taken, cached, given, self.cost + other.cost)

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.taken + self.given


def spent(sentences: list[m.Sentence]) -> Spent:
    """Of these answers."""
    one = (Spent(said.tokens_in, said.tokens_cached, said.tokens_out, said.cost) for said in sentences)
    return sum(one, Spent())


@dataclass(slots=True)
class Revision:
    """One tentative end of the turn, and what was prepared for it. Times are seconds of the recording."""

    utterance: m.Utterance | None = None
    at: float = 0.0
    start: float = 0.0
    """When the first sample of the utterance was heard."""
    samples: int = 0
    transcript: tuple[float, m.Transcript] | None = None
    emotions: list[tuple[float, m.Emotion]] = field(default_factory=list)
    question: tuple[float, m.Question] | None = None
    thoughts: list[tuple[float, m.Thought]] = field(default_factory=list)
    sentences: list[m.Sentence] = field(default_factory=list)
    """Also those without a word, which only end an answer."""
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
    pale: bool = False
    """It goes on with what has begun: thoughts, and the sentences after the first."""


@dataclass
class Turn:
    """A turn of one visitor; number 0 is what the avatar says before the first."""

    session: str
    number: int
    origin: int = 0
    """Number of the microphone sample at second 0."""
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
    def dropped(self) -> list[Revision]:
        """Those that did not stand."""
        final = self.final
        return [one for number, one in self.revisions.items() if one.utterance and number and one is not final]

    @cached_property
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
    def failed(self) -> bool:
        """Something failed in it, an apology was said, or it found no answer."""
        apologised = any(line.sentence.origin == "apology" for line in self.lines)
        return bool(self.failures) or apologised or bool(self.ended and not self.silent and not self.answered)

    @property
    def interrupted(self) -> bool:
        """The avatar was stopped while it spoke."""
        cut = any(line.cut is not None and line.begun is not None for line in self.lines)
        return cut or any(stop.why == "barge-in" for _, stop in self.interrupts)

    @property
    def cut_before_answer(self) -> bool:
        """It was stopped while a filler sounded, before the first sound of its own answer."""
        sounded = {line.sentence.origin for line in self.lines if line.begun is not None}
        return self.interrupted and "filler" in sounded and not sounded & {"reply", "apology"}

    @property
    def speech_end(self) -> float | None:
        """When the visitor's last voiced sample was heard."""
        return (self.ended[1].end_sample - self.origin) / HEAR_RATE if self.ended else None

    @property
    def first_sound(self) -> float | None:
        """When the answer began to sound."""
        begun = [line.begun for line in self.lines if line.begun is not None and line.sentence.origin == "reply"]
        return min(begun, default=None)

    @property
    def gap(self) -> float | None:
        """Seconds from the end of the visitor's voice, or of the typing, to the first sound of the answer; None without
        one. Rounded as `comparing.turns` has it.
        """
        if not self.ended or self.first_sound is None or self.speech_end is None:
            return None
        since = self.speech_end if self.final.utterance else self.ended[0]
        return round(round(self.first_sound, 4) - round(since, 4), 4)

    def spent(self) -> tuple[Spent, Spent]:
        """By the answer that stood, and by those that were prepared in vain."""
        final = self.final
        vain = [said for one in self.revisions.values() if one is not final for said in one.sentences]
        return spent(final.sentences), spent(vain)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The part of the visit that the turn's picture shows, seconds."""
        times = [time for line in self.lines for time in (line.begun, line.over) if time is not None]
        for revision in self.revisions.values():
            if revision.utterance:
                times += [revision.start, revision.start + revision.samples / HEAR_RATE, revision.at]
            times += [found[0] for found in (revision.transcript, revision.question) if found]
        times += [self.ended[0]] if self.ended else []
        times += [at for at, _ in self.failures]
        return (max(0.0, min(times, default=0.0) - 0.15), max(times, default=1.0) + 0.25)

    def bars(self) -> list[Bar]:
        """When each stage worked, from the times of its messages."""
        final = self.final
        bars = [bar for one in self.revisions.values() for bar in _bars(one, dropped=one is not final)]
        if self.ended and self.speech_end is not None and self.speech_end < self.ended[0]:
            bars.append(Bar("turn", self.speech_end, self.ended[0], "turn", dropped=False))
        return bars


def _bars(revision: Revision, *, dropped: bool) -> list[Bar]:
    bars = _reply_bars(revision, dropped=dropped)
    if revision.utterance and revision.transcript:
        bars.append(Bar("transcript", revision.at, revision.transcript[0], "transcript", dropped))
    for at, emotion in revision.emotions:
        since = revision.transcript[0] if emotion.source == "text" and revision.transcript else revision.at
        bars.append(Bar("emotion", since, at, f"emotion · {emotion.source}", dropped))
    for line in revision.lines:
        if line.speech:
            bars.append(Bar("speech", line.at, line.speech[0][0], f"speech · {line.sentence.index}", dropped))
        if len(line.speech) > 1:
            what = f"speech · {line.sentence.index}, the rest"
            bars.append(Bar("speech", line.speech[0][0], line.speech[-1][0], what, dropped, pale=True))
        for (since, _, _), (at, cues) in zip(line.speech, line.cues, strict=False):
            bars.append(Bar("cues", since, at, f"cues · {line.sentence.index}.{cues.part}", dropped))
    return bars


def _reply_bars(revision: Revision, *, dropped: bool) -> list[Bar]:
    """From the question to the first sentence, and on to the last; what it thought."""
    if not revision.question:
        return []
    asked, answers = revision.question[0], [line for line in revision.lines if line.sentence.origin == "reply"]
    bars = [Bar("reply", asked, answers[0].at, "reply, first sentence", dropped)] if answers else []
    if len(answers) > 1 and answers[-1].at > answers[0].at:
        bars.append(Bar("reply", answers[0].at, answers[-1].at, "reply, the rest", dropped, pale=True))
    if revision.thoughts:
        first, last = revision.thoughts[0][0], revision.thoughts[-1][0]
        bars.append(Bar("reply", first, last, f"thoughts · {len(revision.thoughts)}", dropped, pale=True))
    return bars
