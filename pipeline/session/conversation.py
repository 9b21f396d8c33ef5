"""One visitor's conversation: what is heard, asked, held and remembered. A plain state machine: no I/O, no time."""

from collections.abc import Callable
from typing import Any, Literal

from pipeline import messages as m
from pipeline.envelope import Exchange, Language, Message, Mode
from pipeline.flow import LATER
from pipeline.session.crew import Crew
from pipeline.session.hands import Hands
from pipeline.session.hearing import Hearing
from pipeline.session.lines import Lines
from pipeline.session.playback import Heard
from pipeline.session.settings import Conversing
from pipeline.session.state import EVERYTHING, Events, State
from pipeline.session.turns import Turn

BACK = "back"
"""What wakes a conversation when the bus is back after it was away."""
LEAVE: dict[str, Literal["left", "ended"]] = {"left": "left", "ended": "ended"}
"""What ends it: the screen is gone; a new conversation is wanted."""


class Conversation:
    """Hears the turn engine, the workers and the screen; gives orders to `hands`."""

    def __init__(
        self, started: m.SessionStarted, settings: Conversing, persona: str, lines: Lines, hands: Hands, crew: Crew
    ) -> None:
        events = Events(self._lost, self._renew, self._heard)
        state = self._state = State(started, settings, lines, hands, crew, events)
        hearing = self._hearing = Hearing(state, persona)
        self._hands = hands
        self._ways: dict[type[Message], Callable[[Any], object]] = {
            m.SpeechStarted: hearing.speech_started, m.SpeechDropped: hearing.speech_dropped,
            m.Utterance: hearing.utterance, m.TurnEnded: self._turn_ended, m.Transcript: hearing.transcript,
            m.Emotion: hearing.emotion, m.Thought: self._thought, m.Sentence: self._sentence,
            m.Speech: state.answers.speech, m.Cues: state.answers.cues, m.Played: self._played,
            m.Claim: self._alive, m.Progress: self._alive, m.Failure: self._failure,
            m.Typed: self._typed, m.Control: self._control, m.Say: self._say, m.Presence: self._presence,
            m.Status: state.requests.gone,
        }  # fmt: skip

    def begin(self) -> None:
        """Open the visit."""
        state = self._state
        state.begun = True
        state.started = state.started.changed(language=state.memory.language)  # it may have been chosen just before
        self._hands.publish(state.started)
        if not state.asleep:
            self._hands.show(state.started)
            state.greet()
        state.rest()

    def on(self, message: Message) -> None:
        """Take a message, whoever says it."""
        way = self._ways.get(type(message))
        if way and not self._state.over:
            way(message)

    def wake(self, key: str) -> None:
        """A timer fired."""
        if self._state.over:
            return
        if key == BACK:
            self._state.requests.back()
        elif key in LEAVE:
            self._state.end(LEAVE[key])
        elif key.startswith(("due ", "silent ")):
            self._state.requests.wake(key)
        elif key.startswith("cues "):
            _, speech, part = key.split()
            self._state.answers.without_cues(speech, int(part))
        else:
            timers = {"emotion": self._hearing.ask, "filler": self._filler, "turn": self._too_late, "idle": self._idle}
            timers[key]()

    def end(self, why: Literal["idle", "left", "ended", "failed"]) -> None:
        """The visit is over."""
        self._state.end(why)

    @property
    def quiet(self) -> bool:
        """Nothing is being heard, prepared or played."""
        return self._state.quiet

    @property
    def shift(self) -> int:
        """By how much its turns' numbers are above those of the turn engine."""
        return self._state.shift

    def resume(self, turns: int, history: tuple[Exchange, ...], language: Language) -> None:
        """Go on after so many turns of an earlier visit, with what was said in them."""
        state = self._state
        state.turns = state.shift = turns
        state.memory.resume(history, language)

    @property
    def waits_for(self) -> int:
        """Requests that are not answered yet."""
        return len(self._state.requests)

    # --- turns

    def _turn_ended(self, said: m.TurnEnded) -> None:
        turn = self._hearing.turn_ended(said)
        if turn:
            self._stands(turn)

    def _typed(self, typed: m.Typed) -> None:
        self._state.called()
        turn = self._hearing.typed(typed)
        self._stands(turn)
        self._hearing.await_feeling(turn)

    def _stands(self, turn: Turn) -> None:
        """The turn is over: what was prepared is released."""
        if turn.closed:
            return
        turn.ended_at = self._hands.now()
        self._hands.wake("filler", self._state.limits.filler)
        self._hands.wake("turn", self._state.limits.turn)
        if turn.failed:
            self._apologise()
            return
        if turn.postponed and turn.question:
            self._hearing.ask_again(turn, turn.question)
        self._state.answers.release(turn)

    def _renew(self, request: Message) -> Message | None:
        if isinstance(request, m.Sentence):
            return self._state.answers.renew(request, self._state.open_turn())
        return self._hearing.renew(request)

    # --- the answer

    def _asked_by(self, answer: Message) -> Turn | None:
        """The turn under way, if it is what `answer` answers."""
        turn = self._state.open_turn()
        return turn if turn and turn.question and answer.cause == turn.question.id else None

    def _thought(self, thought: m.Thought) -> None:
        turn = self._asked_by(thought)
        if turn and self._state.requests.hear(thought) and turn.ended:
            self._wait_longer(turn)
            if thought.text:
                self._hands.show(thought)

    def _wait_longer(self, turn: Turn) -> None:
        """It thinks, so it will answer: but not for ever."""
        limits = self._state.limits
        left = limits.thinking - (self._hands.now() - turn.ended_at)
        if not turn.sounded:
            self._hands.wake("turn", max(0.0, min(limits.turn, left)))

    def _sentence(self, sentence: m.Sentence) -> None:
        turn = self._asked_by(sentence)
        if turn is None or not self._state.requests.hear(sentence):
            return
        if sentence.last:
            self._state.requests.done(sentence.cause)
        self._state.answers.sentence(turn, sentence)
        if sentence.last and not turn.lines:
            self._fail(turn, "answer-empty")

    def _played(self, report: m.Played) -> None:
        turn = self._state.turn
        if report.state == "started" and turn and turn.owns(report.cause):
            turn.sounded = True
            self._hands.wake("filler", None)
            self._hands.wake("turn", None)
        self._state.answers.played(report)

    def _heard(self, heard: Heard) -> None:
        """A line is over."""
        state, turn = self._state, self._state.open_turn()
        state.memory.heard_avatar(heard)
        if state.answers.active:
            return
        if turn and (turn.complete or turn.failed):
            state.close(turn)
        if state.leaving and heard.line.sentence.origin == "farewell":
            state.end("idle")
        else:
            state.rest()

    # --- what goes wrong

    def _alive(self, sign: m.Claim | m.Progress) -> None:
        if sign.stage != "emotion":  # it shares the transcript's request, and nobody waits for it
            self._state.requests.hear(sign)

    def _failure(self, failure: m.Failure) -> None:
        if failure.stage == "cues":
            self._state.answers.without_cues(failure.cause)
        elif failure.code in LATER:
            self._postpone(failure)
        elif failure.stage != "emotion":
            self._state.requests.fail(failure)

    def _postpone(self, failure: m.Failure) -> None:
        """What the answer needs may not be done while the turn may still go on."""
        turn = self._asked_by(failure)
        if turn is None or turn.question is None:
            return
        self._state.requests.done(failure.cause)
        turn.postponed = True
        if turn.ended:
            self._hearing.ask_again(turn, turn.question)

    def _lost(self, request: Message, code: str) -> None:
        """A request will not be answered."""
        turn = self._state.open_turn()
        if turn and (isinstance(request, (m.Utterance, m.Question)) or turn.owns(request.id)):
            self._fail(turn, code)
        else:
            self._state.answers.give_up(request.id)
            self._state.rest()

    def _fail(self, turn: Turn, code: str) -> None:
        if not turn.failed:
            turn.failed = code
            if turn.ended:
                self._apologise()

    def _apologise(self) -> None:
        """Say sorry in the visitor's language: never silence, never an error's text."""
        state = self._state
        turn = state.open_turn()
        if turn is None:
            return
        state.requests.forget(turn.number, turn.revision)
        state.revoke("timeout")
        state.answers.drop(turn)
        self._hands.wake("filler", None)
        self._hands.wake("turn", None)
        if not state.answers.fixed("apology", state.memory.language, state.place()):
            state.close(turn)
            state.rest()

    def _too_late(self) -> None:
        turn = self._state.open_turn()
        if turn and not turn.sounded:
            self._fail(turn, "turn-too-long")

    def _filler(self) -> None:
        turn = self._state.open_turn()
        if turn and turn.ended and not turn.sounded:
            self._hands.wake("filler", self._state.limits.filler_again)
            if not self._state.answers.active:
                self._state.answers.fixed("filler", turn.language, self._state.place())

    # --- screen and operator

    def _control(self, control: m.Control) -> None:
        if control.language:
            self._state.memory.language = control.language
        if control.mode is not None:
            self._talk_by(control.mode)
        if control.stop:
            self._state.barge_in()
            self._state.rest()

    def _talk_by(self, mode: Mode) -> None:
        state = self._state
        sleeps = mode == "wake-phrase" and bool(state.settings.wake_phrases)
        if not state.begun:
            state.started = state.started.changed(mode=mode)
            state.asleep = sleeps
        elif sleeps:
            state.asleep = True
        else:
            state.called()

    def _say(self, order: m.Say) -> None:
        self._hands.wake("idle", None)
        # Above every revision: an interrupt of the turn under way does not revoke what somebody else ordered.
        self._state.answers.say(order, self._state.place().changed(revision=EVERYTHING - 1))

    def _presence(self, presence: m.Presence) -> None:
        if not presence.present:
            self._state.end("left")
        elif self._state.asleep:
            self._state.called()
            self._state.greet()

    def _idle(self) -> None:
        state = self._state
        if not state.quiet:
            return
        state.leaving = True
        if state.asleep or not state.answers.fixed("farewell", state.memory.language, state.place()):
            state.end("idle")
