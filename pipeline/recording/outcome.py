"""What became of each turn of a visit, read off its messages as they come."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.envelope import Feeling, Message
from pipeline.jobs import Timing
from pipeline.messages import Interrupt, Played, Question, Sentence, Speech, SpeechDropped, Transcript, TurnEnded


@dataclass(slots=True)
class Outcome:
    """One turn, as its last revision left it."""

    turn: int
    revision: int = 0
    heard: str = ""
    language: str = ""
    confidence: float = 0.0
    feeling: Feeling = field(default_factory=Feeling)
    asked: str = ""
    """`id` of the question."""
    sentences: dict[str, Sentence] = field(default_factory=dict)
    """The answer's, by id."""
    lengths: dict[str, int] = field(default_factory=dict)
    """Samples of each sentence, once its last part is known."""
    sounded: dict[str, int] = field(default_factory=dict)
    """Samples of each sentence that were played."""
    apologies: int = 0
    interrupted: bool = False
    ended_at: float | None = None
    first_sound_at: float | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Knowledge entries used."""
        return tuple(dict.fromkeys(source for sentence in self.sentences.values() for source in sentence.sources))

    @property
    def by(self) -> str:
        """Who answered."""
        return next((sentence.by for sentence in self.sentences.values()), "")

    @property
    def answer(self) -> str:
        """The answer's text."""
        return " ".join(sentence.text for sentence in self.sentences.values() if sentence.text)

    @property
    def played_whole(self) -> bool:
        """Every sample of every sentence sounded."""
        spoken = [name for name, sentence in self.sentences.items() if sentence.text]
        return bool(spoken) and all(0 < self.lengths.get(name, 0) == self.sounded.get(name, -1) for name in spoken)

    @property
    def gap(self) -> float | None:
        """Seconds on the clock from the end of the turn to the first sound of the answer."""
        if self.ended_at is None or self.first_sound_at is None:
            return None
        return self.first_sound_at - self.ended_at


def place(message: Message) -> "Place":
    """Which turn a message belongs to."""
    return message.session, message.turn


Place = tuple[str, int]
"""A session and the number of a turn in it."""


class Outcomes:
    """Collects the turns of a run, of all its visits, in the order in which they came."""

    def __init__(self) -> None:
        self.turns: dict[Place, Outcome] = {}
        self.coughs: Counter[str] = Counter()
        """Sounds that were no turn, by session."""
        self.milliseconds: dict[Place, dict[str, float]] = {}
        """Measured work by turn and stage."""

    def by_visitor(self) -> list["Outcomes"]:
        """The same for each session that had a turn, or a cough, in the order of their first."""
        found: dict[str, Outcomes] = {session: Outcomes() for session in self.coughs}
        for (session, turn), outcome in self.turns.items():
            found.setdefault(session, Outcomes()).turns[session, turn] = outcome
        for session, count in self.coughs.items():
            found[session].coughs[session] = count
        return list(found.values())

    @property
    def dropped(self) -> int:
        """Sounds that were no turn: coughs."""
        return self.coughs.total()

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        stages = self.milliseconds.setdefault((timing.session, timing.turn), {})
        if timing.outcome == "done":
            stages[timing.stage] = stages.get(timing.stage, 0.0) + timing.total_ms

    def add(self, at: float, message: Message) -> None:
        """Take a message that came at second `at`."""
        if isinstance(message, SpeechDropped):
            self.coughs[message.session] += 1
        elif isinstance(message, Transcript) and not message.partial:
            self._heard(message)
        elif isinstance(message, TurnEnded):
            self._turn(message).ended_at = at
        elif isinstance(message, Question):
            self._asked(message)
        elif isinstance(message, (Sentence, Speech)):
            self._answered(message)
        elif isinstance(message, Played):
            self._played(at, message)
        elif isinstance(message, Interrupt) and message.why == "barge-in" and place(message) in self.turns:
            self.turns[place(message)].interrupted = True

    def _turn(self, message: Message) -> Outcome:
        known = self.turns.get(place(message))
        if known is None or message.revision > known.revision:
            known = self.turns[place(message)] = Outcome(message.turn, message.revision)
        return known

    def _heard(self, heard: Transcript) -> None:
        turn = self._turn(heard)
        turn.heard, turn.language, turn.confidence = heard.text, heard.language, heard.confidence

    def _asked(self, question: Question) -> None:
        turn = self._turn(question)
        turn.feeling, turn.asked = question.feeling, question.id

    def _answered(self, message: Sentence | Speech) -> None:
        turn = self.turns.get(place(message))
        if turn is None or message.revision != turn.revision:
            return
        if isinstance(message, Sentence):
            if message.origin == "reply":
                turn.sentences[message.id] = message
            turn.apologies += message.origin == "apology"
        elif message.last and message.cause in turn.sentences:
            turn.lengths[message.cause] = message.start + len(message.pcm) // 2

    def _played(self, at: float, played: Played) -> None:
        turn = next((turn for turn in self.turns.values() if played.cause in turn.sentences), None)
        if turn is None:
            return
        if turn.first_sound_at is None and played.state == "started":
            turn.first_sound_at = at
        turn.sounded[played.cause] = max(turn.sounded.get(played.cause, 0), played.sample)
