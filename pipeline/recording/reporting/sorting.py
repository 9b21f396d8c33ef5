"""The rows of a recording, sorted into turns."""

from pipeline import messages as m
from pipeline.audio import HEAR_RATE
from pipeline.recording.reading import Recording, Row
from pipeline.recording.reporting.lines import Line
from pipeline.recording.reporting.turns import Revision, Turn

PREPARED = (m.Utterance, m.Transcript, m.Emotion, m.Question, m.Thought, m.Sentence)


class Visit:
    """What a recording's messages say, turn by turn. Times are seconds of the recording."""

    def __init__(self, recording: Recording) -> None:
        self._origin = recording.origin
        self._turns: dict[tuple[str, int], Turn] = {}
        self._lines: dict[str, Line] = {}
        self._speech: dict[str, Line] = {}
        self._known: set[str] = set()
        self.dropped: list[tuple[float, m.SpeechDropped]] = []
        """Coughs and the like."""
        self.begun: list[tuple[float, m.SessionStarted]] = []
        self.ended: list[tuple[float, m.SessionEnded]] = []
        for row in recording.rows:
            self._take(row)
        kept = [turn for turn in self._turns.values() if turn.ended or turn.lines or turn.failures]
        self.turns = sorted(kept, key=lambda turn: (turn.span[0], turn.session, turn.number))
        """Those in which something was heard to its end, said or failed, by time."""

    def _take(self, row: Row) -> None:
        message = row.message
        if isinstance(message, (m.Speech, m.Cues, m.Played)):
            self._of_a_line(row)
        elif isinstance(message, m.SpeechDropped):
            self.dropped.append((row.at, message))
        elif isinstance(message, m.SessionStarted):
            self.begun.append((row.at, message))
        elif isinstance(message, m.SessionEnded):
            self.ended.append((row.at, message))
        elif message.session:
            self._of_a_turn(row)

    def _of_a_turn(self, row: Row) -> None:
        message = row.message
        key = (message.session, message.turn)
        turn = self._turns.setdefault(key, Turn(*key, self._origin))
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
                start = row.sound.start if row.sound else message.start_sample - self._origin
                revision.utterance, revision.at, revision.samples = message, row.at, row.samples
                revision.start = start / HEAR_RATE
        elif isinstance(message, m.Transcript):
            revision.transcript = revision.transcript or (row.at, message)
        elif isinstance(message, m.Emotion):
            revision.emotions.append((row.at, message))
        elif isinstance(message, m.Question):
            revision.question = revision.question or (row.at, message)
        elif message.id not in self._known:  # what is sent again is the same
            self._known.add(message.id)
            self._replied(revision, row)

    def _replied(self, revision: Revision, row: Row) -> None:
        message = row.message
        if isinstance(message, m.Thought):
            revision.thoughts.append((row.at, message))
        elif isinstance(message, m.Sentence):
            revision.sentences.append(message)
            if message.text:
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
            line.played(row.at, message)
