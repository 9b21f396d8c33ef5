"""What is played and in which order; what of it was heard."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from pipeline.envelope import Mark
from pipeline.messages import Cues, Played, Sentence, Speech
from pipeline.session.hands import Hands


@dataclass(slots=True)
class Line:
    """One sentence on its way to the screen."""

    sentence: Sentence
    speech: dict[int, Speech] = field(default_factory=dict)
    cues: dict[int, Cues] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    """Parts that are played without their cues: those did not come in time."""
    handed: int = 0
    """Parts that the screen has."""
    over: int = 0
    """Parts that have sounded to their end."""
    spoken: bool = False
    """All parts are here."""
    abandoned: bool = False
    """No more parts will come: what the screen has is all there is."""
    continues: bool = False
    """It says the rest of another line's sentence, whose voice died."""

    def hear(self, part: Speech) -> None:
        """Take a part of its speech."""
        self.speech[part.part] = part
        self.spoken = self.spoken or part.last

    def restart(self) -> None:
        """What came of its speech is void: another voice begins anew."""
        self.speech.clear()
        self.cues.clear()
        self.late.clear()

    def unheard(self) -> "Line | None":
        """A line that says what the screen does not have of this one; None where the words' places are not known."""
        words = [word for number, part in sorted(self.speech.items()) if number < self.handed for word in part.words]
        text = self.sentence.text[words[-1].offset + len(words[-1].text) :] if words else ""
        if not any(sign.isalnum() for sign in text):
            return None
        fields = self.sentence.model_dump(exclude={"cause", "attempt", "sent", "left_ms", "text", "gesture"})
        for name in ("edge", "session", "turn", "revision"):
            del fields[name]
        return Line(self.sentence.answer(Sentence, text=text.lstrip(" ,，、;；"), **fields), continues=True)

    def samples(self) -> int:
        """Length of what is here, 24 kHz."""
        return max((part.start + len(part.pcm) // 2 for part in self.speech.values()), default=0)

    def heard_text(self, sample: int) -> str:
        """The words of the sentence that have sounded by `sample` of its own clock; a word counts from its middle."""
        words: list[Mark] = sorted(
            (word for part in self.speech.values() for word in part.words), key=lambda word: word.start
        )
        text = self.sentence.text
        if not words:
            total = self.samples()
            return text[: len(text) * sample // total] if total else ""
        heard = [word for word in words if (word.start + word.end) / 2 <= sample]
        if len(heard) == len(words):
            return text
        return text[: heard[-1].offset + len(heard[-1].text)] if heard else ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A line is over."""

    line: Line
    text: str
    cut: bool


class Playback:
    """Lines in their order. Parts go to the screen as soon as all before them have gone."""

    def __init__(self, hands: Hands, over: Callable[[Heard], None]) -> None:
        self._hands = hands
        self._over = over
        """Told of each line of which something was on the screen, when it is over."""
        self._waiting: list[Line] = []
        """Not yet handed over whole, in playing order."""
        self._on_screen: dict[str, Line] = {}
        """By the sentence's id: handed over at least in part, not yet over."""

    @property
    def active(self) -> bool:
        """Something sounds, or is about to."""
        return bool(self._waiting or self._on_screen)

    def add(self, line: Line) -> None:
        """Play it after the others."""
        self._waiting.append(line)
        self.pump()

    def pump(self) -> None:
        """Hand over all that is ready."""
        while self._waiting and self._hand_over(self._waiting[0]):
            line = self._waiting.pop(0)
            if line.abandoned:
                self._close_if_played(line)

    def _hand_over(self, line: Line) -> bool:
        """Give the screen what it can have of a line; True when that was the last of it."""
        while not line.abandoned and (part := line.speech.get(line.handed)) is not None:
            cues = line.cues.get(line.handed)
            if cues is None and line.handed not in line.late:
                return False
            self._on_screen[line.sentence.id] = line
            line.handed += 1
            self._hands.play(part, cues)
            if part.last:
                return True
        return line.abandoned

    def drop(self, lines: Collection[Line]) -> None:
        """Give up those of `lines` that the screen does not have whole; what it has sounds to its end."""
        dropped = [line for line in self._waiting if any(line is unwanted for unwanted in lines)]
        for line in dropped:
            line.abandoned = True
        self._waiting = [line for line in self._waiting if not line.abandoned]
        for line in dropped:
            self._close_if_played(line)
        self.pump()

    def go_on(self, line: Line, rest: Line) -> None:
        """Give up `line`, and play `rest` in its place."""
        at = next((n for n, waiting in enumerate(self._waiting) if waiting is line), None)
        if at is not None:
            self._waiting.insert(at + 1, rest)
        self.drop([line])

    def cut(self) -> None:
        """Silence, now."""
        self._waiting.clear()
        if self._on_screen:
            self._hands.cut()
        for line in list(self._on_screen.values()):
            line.abandoned = True
            self._close_if_played(line)  # it was waiting for its next part: the screen has nothing left to report

    def played(self, message: Played) -> None:
        """Take the screen's report."""
        line = self._on_screen.get(message.cause)
        if line is None or message.state in {"started", "progress"}:
            return
        line.over = message.part + 1
        if message.state == "cut":
            self._cut_short(line, message.sample)
        elif line.speech[message.part].last:
            self._close(line, message.sample, cut=False)
        elif line.abandoned:
            self._close_if_played(line)

    def _cut_short(self, line: Line, sample: int) -> None:
        """It will not be heard any further, whatever of it is still to come: its screen may have gone."""
        line.abandoned = True
        self._waiting = [waiting for waiting in self._waiting if waiting is not line]
        self._close(line, sample, cut=True)
        self.pump()

    def _close_if_played(self, line: Line) -> None:
        """An abandoned line is over when all that the screen has of it has sounded."""
        if line.handed and line.over == line.handed:
            last = line.speech[line.over - 1]
            self._close(line, last.start + len(last.pcm) // 2, cut=True)

    def _close(self, line: Line, sample: int, *, cut: bool) -> None:
        if self._on_screen.pop(line.sentence.id, None) is not None:
            self._over(Heard(line, line.heard_text(sample), cut))
