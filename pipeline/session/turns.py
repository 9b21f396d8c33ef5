"""What is known of one revision of one turn, and what is prepared for it."""

from dataclasses import dataclass, field

from pipeline.envelope import Language
from pipeline.messages import Emotion, Question, Sentence, Transcript, TurnEnded, Utterance
from pipeline.session.playback import Line


@dataclass(slots=True)
class Turn:
    """One revision: from the visitor's words to the lines that answer them."""

    number: int
    revision: int
    language: Language
    utterance: Utterance | None = None
    transcript: Transcript | None = None
    voice: Emotion | None = None
    voice_remembered: bool = False
    words: Emotion | None = None
    question: Question | None = None
    lines: list[Line] = field(default_factory=list)
    ended: TurnEnded | None = None
    """Its end: from now on what is prepared may be seen and heard."""
    postponed: bool = False
    """Its answer wants something done that may only be done when the turn has ended."""
    ended_at: float = 0.0
    """When that was known, in seconds on the clock."""
    complete: bool = False
    """The last sentence of the answer is here."""
    sounded: bool = False
    """The visitor has heard something of the answer."""
    failed: str = ""
    """Error code, when it cannot be answered."""
    calls: bool = False
    """It began with a wake phrase, said to an avatar that slept."""
    closed: bool = False
    """Answered, dropped or interrupted: nothing more is done for it."""

    @property
    def heard_nothing(self) -> bool:
        """It was no speech after all."""
        return self.transcript is not None and not self.transcript.text.strip()

    @property
    def feelings_known(self) -> bool:
        """Both emotions are here."""
        return self.words is not None and (self.voice is not None or self.utterance is None)

    def said(self) -> tuple[str, ...]:
        """The sentences that have been accepted so far."""
        return tuple(line.sentence.text for line in self.lines if not line.continues)

    def owns(self, sentence: str) -> bool:
        """The sentence with this id is part of the answer."""
        return any(line.sentence.id == sentence for line in self.lines)

    def accept(self, sentence: Sentence) -> Line | None:
        """Take a sentence of the answer; None when it has no words."""
        self.complete = self.complete or sentence.last
        repeated = sentence.attempt > 1 and sentence.text in self.said()
        if not sentence.text or repeated:  # a model that was told what it has said may say it again all the same
            return None
        line = Line(sentence)
        self.lines.append(line)
        return line


def reads_complete(text: str, language: Language) -> bool | None:
    """Whether a transcript reads as a whole, trails off, or says nothing about that (None)."""
    stripped = text.strip()
    if not stripped:
        return None
    if stripped.endswith(("…", "...", "，", ",", "、", "-", "—")):
        return False
    bare = stripped.rstrip("。.!！?？ ").lower()
    trailing = _TRAILING_ZH if language == "zh" else _TRAILING_EN
    if bare.endswith(trailing):
        return False
    return True if stripped.endswith(("?", "？", "!", "！", "。", ".")) else None


_TRAILING_ZH = (
    "我想问一下",
    "请问",
    "那个",
    "就是",
    "然后",
    "还有",
    "但是",
    "因为",
    "如果",
    "我想",
    "嗯",
    "呃",
    "和",
    "跟",
)
_TRAILING_EN = (
    " and", " or", " but", " the", " a", " an", " to", " of", " um", " uh", " because", " so", " i want to know",
    " is", " are", " for", " with", " in", " at", " my", " if",
)  # fmt: skip
