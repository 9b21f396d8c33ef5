"""A sentence of the avatar and what became of it."""

from dataclasses import dataclass, field

from pipeline import messages as m
from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Mark, Pose


@dataclass(slots=True)
class Line:
    """A sentence, its speech, its cues and how far it was heard. Times are seconds of the recording."""

    sentence: m.Sentence
    at: float
    speech: list[tuple[float, m.Speech, int]] = field(default_factory=list)
    """When it came, the part, its samples."""
    cues: list[tuple[float, m.Cues]] = field(default_factory=list)
    begun: float | None = None
    """When the sentence's first sample sounded."""
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

    def played(self, at: float, report: m.Played) -> None:
        """What the screen says of it. A line that is cut before it began never sounded."""
        if report.state == "cut":
            self.cut = report.sample
        elif self.begun is None:
            self.begun = at - report.sample / SPEAK_RATE
        if self.begun is not None:
            self.over = max(self.over or 0.0, at)


def merged(poses: list[Pose]) -> list[tuple[str, int, int]]:
    """Name, first and last sample; what the parts of a sentence hold each for themselves is one again."""
    spans: list[tuple[str, int, int]] = []
    latest: dict[str, int] = {}
    for pose in sorted(poses, key=lambda pose: pose.start):
        known = latest.get(pose.name)
        if known is not None and pose.start <= spans[known][2]:
            spans[known] = (pose.name, spans[known][1], max(spans[known][2], pose.end))
        else:
            latest[pose.name] = len(spans)
            spans.append((pose.name, pose.start, pose.end))
    return spans
