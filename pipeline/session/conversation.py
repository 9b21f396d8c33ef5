"""One visitor's conversation: what is heard, asked, held and remembered. A plain state machine: no I/O, no time."""

from collections.abc import Callable
from typing import Any, Literal

from pipeline import messages as m
from pipeline.audio import Hint
from pipeline.envelope import Message
from pipeline.session.answers import Answers
from pipeline.session.deadlines import Requests
from pipeline.session.fuse import fuse
from pipeline.session.hands import Hands
from pipeline.session.lines import Lines
from pipeline.session.memory import Memory
from pipeline.session.playback import Heard
from pipeline.session.settings import Conversing
from pipeline.session.turns import Turn, reads_complete

EVERYTHING = 1_000_000
"""A revision above all others."""


class Conversation:
    """Hears the turn engine, the workers and the screen; gives orders to `hands`."""

    def __init__(
        self, started: m.SessionStarted, settings: Conversing, persona: str, lines: Lines, hands: Hands
    ) -> None:
        self._started, self._settings, self._persona, self._hands = started, settings, persona, hands
        self._limits = settings.deadlines
        self._memory = Memory(started.language, settings.history)
        self._requests = Requests(hands, self._limits, self._lost, self._renew)
        self._answers = Answers(hands, self._requests, lines, self._limits)
        self._turn: Turn | None = None
        self._turns = 0
        self._shift = 0
        """What the turn engine's turn numbers lack: turns that were typed."""
        self._listening = False
        """The visitor is in the middle of a spoken turn."""
        self._leaving = False
        self._over = False
        self._ways: dict[type[Message], Callable[[Any], object]] = {
            m.SpeechStarted: self._speech_started, m.SpeechDropped: self._speech_dropped, m.Utterance: self._utterance,
            m.TurnEnded: self._turn_ended, m.Transcript: self._transcript, m.Emotion: self._emotion,
            m.Thought: self._thought, m.Sentence: self._sentence, m.Speech: self._answers.speech,
            m.Cues: self._answers.cues, m.Played: self._played, m.Failure: self._failure,
            m.Claim: self._requests.hear, m.Progress: self._requests.hear, m.Typed: self._typed,
            m.Control: self._control, m.Say: self._say, m.Presence: self._presence,
        }  # fmt: skip

    def begin(self) -> None:
        """Open the visit."""
        self._hands.publish(self._started)
        if self._settings.greet:
            self._answers.fixed("greeting", self._memory.language, self._place())
        self._rest()

    def on(self, message: Message) -> None:
        """Take a message, whoever says it."""
        way = self._ways.get(type(message))
        if way and not self._over:
            way(message)

    def wake(self, key: str) -> None:
        """A timer fired."""
        if self._over:
            return
        if key.startswith(("due ", "silent ")):
            self._requests.wake(key)
        elif key.startswith("cues "):
            _, speech, part = key.split()
            self._answers.without_cues(speech, int(part))
        else:
            {"emotion": self._ask, "filler": self._filler, "turn": self._too_late, "idle": self._idle}[key]()

    def end(self, why: Literal["idle", "left", "ended", "failed"]) -> None:
        """The visit is over: nothing is wanted any more, nothing is remembered."""
        self._over = True
        self._requests.forget()
        self._answers.cut()
        self._memory.forget()
        self._hands.publish(self._place().answer(m.Interrupt, why="left").changed(revision=EVERYTHING))
        ended = self._place().answer(m.SessionEnded, why=why)
        self._hands.publish(ended)
        self._hands.end(ended)

    @property
    def quiet(self) -> bool:
        """Nothing is being heard, prepared or played."""
        return not (self._listening or self._answers.active or (self._turn and not self._turn.closed))

    def _place(self) -> Message:
        """Where the conversation is now, as an envelope."""
        turn = self._turn
        return self._started.changed(turn=self._turns, revision=turn.revision if turn else 0)

    # --- the visitor speaks

    def _admitted(self, message: Message) -> Any:
        """A message of the turn engine with the session's own turn number; it is published from here."""
        return message.changed(session=self._started.session, turn=message.turn + self._shift)

    def _speech_started(self, said: m.SpeechStarted) -> None:
        started = self._admitted(said)
        self._hands.publish(started)
        self._hands.wake("idle", None)
        self._listening = True
        self._leaving = False
        if started.sure:
            self._barge_in()
        elif started.revision:
            self._interrupt("revised")
        elif self._answers.active:
            self._hands.duck(on=True)

    def _speech_dropped(self, said: m.SpeechDropped) -> None:
        self._hands.publish(self._admitted(said))
        self._listening = False
        self._hands.duck(on=False)
        self._rest()

    def _utterance(self, said: m.Utterance) -> None:
        fixed = None if self._settings.language == "auto" else self._settings.language
        utterance = self._admitted(said).changed(language=fixed, baseline=self._memory.baseline())
        if utterance.partial:
            self._hands.publish(utterance)
            return
        if utterance.turn != self._turns:
            self._barge_in()
        self._turns = utterance.turn
        self._turn = Turn(utterance.turn, utterance.revision, self._memory.language, utterance)
        if self._settings.prepare_early:
            self._requests.send(utterance, self._limits.transcript)

    def _turn_ended(self, said: m.TurnEnded) -> None:
        turn, ended = self._turn, self._admitted(said)
        self._listening = False
        if turn is None or turn.utterance is None or (turn.number, turn.revision) != (ended.turn, ended.revision):
            return
        turn.ended = ended.changed(cause=turn.utterance.id)
        self._hands.publish(turn.ended)
        if not self._settings.prepare_early:
            self._requests.send(turn.utterance, self._limits.transcript)
        self._stands(turn)

    def _stands(self, turn: Turn) -> None:
        """The turn is over: what was prepared is released."""
        self._hands.wake("filler", self._limits.filler)
        self._hands.wake("turn", self._limits.turn)
        self._commit(turn)
        self._answers.release(turn)
        if turn.failed:
            self._apologise(turn)

    def _barge_in(self) -> None:
        """The visitor takes the floor: nothing of what was prepared or playing goes on."""
        self._interrupt("barge-in")
        if self._answers.active:
            self._answers.cut()

    def _interrupt(self, why: Literal["revised", "barge-in", "timeout"]) -> None:
        turn = self._turn
        if turn is None or turn.closed:
            return
        self._close(turn)
        self._requests.forget()
        self._answers.forget()
        self._hands.publish(self._place().answer(m.Interrupt, why=why))

    def _close(self, turn: Turn) -> None:
        turn.closed = True
        for key in ("filler", "turn", "emotion"):
            self._hands.wake(key, None)

    # --- what was said, and how

    def _transcript(self, heard: m.Transcript) -> None:
        turn = self._turn
        if heard.partial:
            self._hands.show(heard)
            return
        if turn is None or turn.utterance is None or not self._requests.hear(heard):
            return
        self._requests.done(heard.cause)
        self._heard(turn, heard)
        complete = reads_complete(heard.text, heard.language)
        if complete is not None and not turn.ended:
            self._hands.hint(Hint(turn.revision, complete, self._hands.sample()))

    def _heard(self, turn: Turn, heard: m.Transcript) -> None:
        turn.transcript, turn.language = heard, heard.language
        if turn.ended:
            self._commit(turn)
        elif not turn.heard_nothing:
            self._hands.show(heard.changed(partial=True))
        self._hands.wake("emotion", self._limits.emotion)
        self._ask_when_felt(turn)

    def _emotion(self, sensed: m.Emotion) -> None:
        turn = self._turn
        if turn is None or (sensed.turn, sensed.revision) != (turn.number, turn.revision):
            return
        if sensed.source == "voice":
            turn.voice = sensed
        else:
            turn.words = sensed
        self._hands.show(sensed)
        self._ask_when_felt(turn)

    def _commit(self, turn: Turn) -> None:
        """What the visitor said is now said: shown and remembered. No words: it was no turn after all."""
        if turn.transcript is None:
            return
        if turn.heard_nothing:
            self._close(turn)
            self._rest()
            return
        self._memory.heard_visitor(turn)
        self._hands.show(turn.transcript)

    def _ask_when_felt(self, turn: Turn) -> None:
        if turn.feelings_known:
            self._ask()

    def _ask(self) -> None:
        turn = self._turn
        if turn is None or turn.transcript is None or turn.question or turn.closed or turn.heard_nothing:
            return
        self._hands.wake("emotion", None)
        history = self._memory.history()
        turn.question = turn.transcript.answer(
            m.Question,
            text=turn.transcript.text,
            language=turn.language,
            confidence=turn.transcript.confidence,
            feeling=fuse(turn.voice.feeling if turn.voice else None, turn.words.feeling if turn.words else None),
            persona=self._persona,
            history=history[:-1] if turn.ended else history,
            knowledge=self._settings.knowledge,
            tentative=turn.ended is None,
        )
        self._requests.send(turn.question, self._limits.first_sentence)

    def _renew(self, request: Message) -> Message:
        if isinstance(request, m.Question) and self._turn:
            return request.changed(said=self._turn.said(), tentative=self._turn.ended is None)
        return request

    # --- the answer

    def _answers_now(self, message: Message) -> bool:
        turn = self._turn
        return bool(turn and turn.question and message.cause == turn.question.id and not turn.closed)

    def _thought(self, thought: m.Thought) -> None:
        if self._answers_now(thought) and self._requests.hear(thought) and self._turn and self._turn.ended:
            self._hands.show(thought)

    def _sentence(self, sentence: m.Sentence) -> None:
        turn = self._turn
        if turn is None or not self._answers_now(sentence) or not self._requests.hear(sentence):
            return
        if sentence.last:
            self._requests.done(sentence.cause)
        self._answers.sentence(turn, sentence)
        if sentence.last and not turn.lines:
            self._fail(turn, "answer-empty")

    def _played(self, report: m.Played) -> None:
        heard = self._answers.played(report)
        turn = self._turn
        if report.state == "started" and turn and turn.owns(report.cause):
            turn.sounded = True
            self._hands.wake("filler", None)
            self._hands.wake("turn", None)
        if heard:
            self._remember(heard)

    def _remember(self, heard: Heard) -> None:
        self._memory.heard_avatar(heard)
        turn = self._turn
        if self._answers.active:
            return
        if turn and not turn.closed and (turn.complete or turn.failed):
            self._close(turn)
        if self._leaving and heard.line.sentence.origin == "farewell":
            self.end("idle")
        else:
            self._rest()

    # --- what goes wrong

    def _failure(self, failure: m.Failure) -> None:
        if failure.stage == "cues":
            self._answers.without_cues(failure.cause)
        else:
            self._requests.fail(failure)

    def _lost(self, request: Message, code: str) -> None:
        """A request will not be answered."""
        if isinstance(request, m.Sentence):
            self._answers.give_up(request.id)
        turn = self._turn
        own = isinstance(request, (m.Utterance, m.Question)) or (turn and turn.owns(request.id))
        if turn and own and not turn.closed:
            self._fail(turn, code)

    def _fail(self, turn: Turn, code: str) -> None:
        if not turn.failed:
            turn.failed = code
            if turn.ended:
                self._apologise(turn)

    def _apologise(self, turn: Turn) -> None:
        """Say sorry in the visitor's language: never silence, never an error's text."""
        self._requests.forget()
        self._hands.publish(self._place().answer(m.Interrupt, why="timeout"))
        for heard in self._answers.drop_waiting():
            self._memory.heard_avatar(heard)
        self._hands.wake("filler", None)
        self._hands.wake("turn", None)
        if not self._answers.fixed("apology", self._memory.language, self._place()):
            self._close(turn)
            self._rest()

    def _too_late(self) -> None:
        turn = self._turn
        if turn and not turn.closed and not turn.sounded:
            self._fail(turn, "turn-too-long")

    def _filler(self) -> None:
        turn = self._turn
        if turn and turn.ended and not (turn.closed or turn.sounded or self._answers.active):
            self._answers.fixed("filler", turn.language, self._place())

    # --- screen and operator

    def _typed(self, typed: m.Typed) -> None:
        self._barge_in()
        self._hands.wake("idle", None)
        self._leaving = False
        self._turns += 1
        self._shift += 2 if self._listening else 1
        language = typed.language or ("zh" if any("\u4e00" <= c <= "\u9fff" for c in typed.text) else "en")
        turn = self._turn = Turn(self._turns, 0, language)
        asked = typed.changed(session=self._started.session, turn=self._turns, revision=0)
        transcript = asked.answer(m.Transcript, text=typed.text, language=language, confidence=1.0)
        self._hands.publish(transcript)
        turn.transcript = transcript
        turn.ended = asked.answer(m.TurnEnded, end_sample=self._hands.sample(), decided_sample=self._hands.sample())
        self._hands.publish(turn.ended)
        self._stands(turn)
        self._hands.wake("emotion", self._limits.emotion)

    def _control(self, control: m.Control) -> None:
        if control.language:
            self._memory.language = control.language
        if control.stop:
            self._barge_in()
            self._rest()

    def _say(self, order: m.Say) -> None:
        self._hands.wake("idle", None)
        self._answers.say(order, self._place())

    def _presence(self, presence: m.Presence) -> None:
        if not presence.present:
            self.end("left")

    def _rest(self) -> None:
        """Nothing is going on: the visitor may have gone."""
        if self.quiet:
            self._hands.wake("idle", self._settings.idle_seconds)

    def _idle(self) -> None:
        if not self.quiet:
            return
        self._leaving = True
        if not self._answers.fixed("farewell", self._memory.language, self._place()):
            self.end("idle")
