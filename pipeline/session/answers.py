"""The avatar's side of a conversation: lines prepared, released, played and cut."""

from collections import Counter
from collections.abc import Callable

from pipeline.envelope import Language, Message
from pipeline.messages import Cues, Played, Say, Sentence, Speech
from pipeline.session.deadlines import Requests
from pipeline.session.hands import Hands
from pipeline.session.lines import Kind, Lines
from pipeline.session.playback import Heard, Line, Playback
from pipeline.session.settings import Conversing
from pipeline.session.turns import Turn


class Answers:
    """Follows every sentence from the reply stage to the screen."""

    def __init__(
        self, hands: Hands, requests: Requests, fixed: Lines, settings: Conversing, over: Callable[[Heard], None]
    ) -> None:
        self._hands, self._requests, self._fixed = hands, requests, fixed
        self._deadlines, self._voices = settings.deadlines, settings.voices
        self._playback = Playback(hands, over)
        self._by_sentence: dict[str, Line] = {}
        self._by_speech: dict[str, Line] = {}
        self._spoken: Counter[str] = Counter()
        """Fixed lines spoken so far, by origin: none comes twice in a row."""

    @property
    def active(self) -> bool:
        """Something sounds, or is about to."""
        return self._playback.active

    def sentence(self, turn: Turn, sentence: Sentence) -> None:
        """Take a sentence of the answer; it is being spoken already, by whoever took it."""
        line = turn.accept(sentence)
        if line is None:
            return
        first = len(turn.lines) == 1
        self._prepare(line, self._deadlines.first_speech if first else self._deadlines.first_sentence)
        if turn.ended:
            self._release(line)

    def _prepare(self, line: Line, within: float) -> None:
        self._by_sentence[line.sentence.id] = line
        self._requests.watch(line.sentence, within)

    def release(self, turn: Turn) -> None:
        """The turn stands: what was held is shown and played."""
        for line in turn.lines:
            self._release(line)

    def _release(self, line: Line) -> None:
        self._hands.show(line.sentence)
        self._playback.add(line)

    def say(self, order: Say, place: Message) -> None:
        """Speak a line that somebody ordered, after what is being said."""
        where = {"edge": place.edge, "session": place.session, "turn": place.turn, "revision": place.revision}
        sentence = order.changed(**where).answer(
            Sentence, index=0, text=order.text, language=order.language, last=True, origin="say", voices=self._voices
        )
        line = Line(sentence)
        self._by_sentence[sentence.id] = line
        self._requests.send(sentence, self._deadlines.first_sentence)
        self._release(line)

    def fixed(self, kind: Kind, language: Language, place: Message) -> bool:
        """Speak a line that was rendered at the start; False when there is none."""
        line = self._fixed.line(kind, language, place, self._spoken[kind])
        if line is None:
            return False
        self._spoken[kind] += 1
        for message in (line.sentence, *line.speech.values(), *line.cues.values()):
            self._hands.publish(message)
        self._release(line)
        return True

    def renew(self, sentence: Sentence, turn: Turn | None) -> Sentence | None:
        """Its voice died: it is spoken anew; when the visitor has heard some of it, by another line for the rest."""
        line = self._by_sentence.get(sentence.id)
        if line is None:
            return sentence
        if not line.handed:
            line.restart()
            return sentence
        del self._by_sentence[sentence.id]
        rest = line.unheard()
        if rest is None:
            self._playback.drop([line])
            return None
        self._by_sentence[rest.sentence.id] = rest
        self._requests.send(rest.sentence, self._deadlines.first_sentence)
        self._playback.go_on(line, rest)
        if turn and turn.owns(sentence.id):
            turn.lines.append(rest)
        return None

    def speech(self, part: Speech) -> None:
        """Take a part of a sentence's speech."""
        line = self._by_sentence.get(part.cause)
        if line is None or not self._requests.hear(part):
            return
        line.hear(part)
        self._by_speech[part.id] = line
        self._hands.wake(f"cues {part.id} {part.part}", self._deadlines.cues)
        if part.last:
            self._requests.done(part.cause)

    def cues(self, cues: Cues) -> None:
        """Take what the face does during a part."""
        line = self._by_speech.pop(cues.cause, None)
        if line is not None:
            self._hands.wake(f"cues {cues.cause} {cues.part}", None)
            line.cues[cues.part] = cues
            self._playback.pump()

    def without_cues(self, speech: str, part: int | None = None) -> None:
        """No cues for this part of speech in time: it is played without."""
        line = self._by_speech.pop(speech, None)
        if line is not None:
            number = part if part is not None else next(n for n, p in line.speech.items() if p.id == speech)
            line.late.add(number)
            self._playback.pump()

    def played(self, report: Played) -> None:
        """Take the screen's report."""
        self._playback.played(report)

    def give_up(self, sentence: str) -> None:
        """A sentence will not be spoken."""
        line = self._by_sentence.pop(sentence, None)
        if line is not None:
            self._playback.drop([line])

    def drop(self, turn: Turn) -> None:
        """Give up what the screen does not have whole of a turn's answer."""
        self.forget(turn)
        self._playback.drop(turn.lines)

    def cut(self) -> None:
        """Silence, now; what was prepared is forgotten."""
        self._by_sentence.clear()
        self._by_speech.clear()
        self._playback.cut()
        self._hands.duck(on=False)

    def forget(self, turn: Turn) -> None:
        """What was prepared for a turn and is not yet on the screen."""
        unwanted = {line.sentence.id for line in turn.lines}
        self._by_sentence = {key: line for key, line in self._by_sentence.items() if key not in unwanted}
        self._by_speech = {key: line for key, line in self._by_speech.items() if line.sentence.id not in unwanted}
