"""The visitor's side of a conversation: turns as they are heard, understood and asked."""

from typing import Any

from pipeline import messages as m
from pipeline.audio import Hint
from pipeline.envelope import Message
from pipeline.session.fuse import fuse
from pipeline.session.state import State
from pipeline.session.turns import Turn, reads_complete
from pipeline.session.wake import woken


class Hearing:
    """Turns what the visitor says into one question a turn."""

    def __init__(self, state: State, persona: str) -> None:
        self._state, self._hands, self._persona = state, state.hands, persona

    # --- what the turn engine says

    def _admitted(self, message: Message) -> Any:
        """A message of the turn engine with the session's own turn number; it is published from here."""
        started = self._state.started
        return message.changed(edge=started.edge, session=started.session, turn=message.turn + self._state.shift)

    def _publish(self, message: Message) -> None:
        """Onto the bus, and to the screen: it shows that it listens, or thinks."""
        self._hands.publish(message)
        if not self._state.asleep:
            self._hands.show(message)

    def speech_started(self, said: m.SpeechStarted) -> None:
        """The visitor may be speaking, is sure to, or goes on after a pause."""
        started, state = self._admitted(said), self._state
        self._publish(started)
        state.wake_up()
        state.listening = True
        if started.sure:
            state.barge_in()
        elif started.revision:
            state.interrupt("revised")
        elif state.answers.active:
            self._hands.duck(on=True)

    def speech_dropped(self, said: m.SpeechDropped) -> None:
        """It was a cough."""
        self._publish(self._admitted(said))
        self._state.listening = False
        self._hands.duck(on=False)
        self._state.rest()

    def utterance(self, said: m.Utterance) -> None:
        """A pause: maybe the turn's end."""
        state = self._state
        fixed = None if state.settings.language == "auto" else state.settings.language
        utterance = self._admitted(said).changed(language=fixed, baseline=state.memory.baseline())
        if utterance.partial:
            self._hands.publish(utterance)
            return
        if utterance.turn != state.turns:
            state.barge_in()
        state.turns = utterance.turn
        state.turn = Turn(utterance.turn, utterance.revision, state.memory.language, utterance)
        if state.settings.prepare_early:
            state.requests.send(utterance, state.limits.transcript)

    def turn_ended(self, said: m.TurnEnded) -> Turn | None:
        """The end of the turn is decided; the turn, if it is the one that is prepared."""
        state, ended = self._state, self._admitted(said)
        turn = state.turn
        state.listening = False
        if turn is None or turn.utterance is None or (turn.number, turn.revision) != (ended.turn, ended.revision):
            state.rest()
            return None
        turn.ended = ended.changed(cause=turn.utterance.id)
        self._publish(turn.ended)
        if not state.settings.prepare_early:
            state.requests.send(turn.utterance, state.limits.transcript)
        self.commit(turn)
        return turn

    # --- what was said, and how

    def transcript(self, heard: m.Transcript) -> None:
        """The words of an utterance."""
        turn = self._state.turn
        if heard.partial:
            if not self._state.asleep:
                self._hands.show(heard)
            return
        if turn is None or turn.utterance is None or not self._state.requests.hear(heard):
            return
        self._state.requests.done(heard.cause)
        turn.transcript, turn.language = self._called(heard, turn), heard.language
        if turn.ended:
            self.commit(turn)
        elif not turn.heard_nothing:
            self._hands.show(turn.transcript.changed(partial=True))
        self.await_feeling(turn)
        complete = reads_complete(heard.text, heard.language)
        if complete is not None and not turn.ended:
            self._hands.hint(Hint(turn.number - self._state.shift, turn.revision, complete, self._hands.sample()))

    def _called(self, heard: m.Transcript, turn: Turn) -> m.Transcript:
        """What is said to an avatar that sleeps, less its wake phrase; without one nothing was said to it."""
        if not self._state.asleep:
            return heard
        rest = woken(heard.text, self._state.settings.wake_phrases)
        turn.calls = rest is not None
        return heard.changed(text=rest or "")

    def await_feeling(self, turn: Turn) -> None:
        """Ask as soon as the emotion is known, or its time is over."""
        self._hands.wake("emotion", self._state.limits.emotion)
        if turn.feelings_known:
            self.ask()

    def emotion(self, sensed: m.Emotion) -> None:
        """How it was said, or what the words feel like."""
        turn = self._state.turn
        if turn is None or (sensed.turn, sensed.revision) != (turn.number, turn.revision):
            return
        if sensed.source == "voice":
            turn.voice = sensed
            if turn.ended and turn.transcript and not turn.heard_nothing:
                self._state.memory.heard_voice(turn)
        else:
            turn.words = sensed
        if not self._state.asleep:
            self._hands.show(sensed)
        if turn.feelings_known:
            self.ask()

    def commit(self, turn: Turn) -> None:
        """What the visitor said is now said: shown and remembered. No words: it was no turn after all."""
        if turn.transcript is None:
            return
        if turn.calls:
            self._state.called()
        if turn.heard_nothing:
            self._state.close(turn)
            if turn.calls:
                self._state.greet()
            self._state.rest()
            return
        self._state.memory.heard_visitor(turn)
        self._hands.show(turn.transcript)

    def ask(self) -> None:
        """Put the question, once a turn."""
        state, turn = self._state, self._state.open_turn()
        if turn is None or turn.transcript is None or turn.question or turn.heard_nothing:
            return
        self._hands.wake("emotion", None)
        history = state.memory.history()
        turn.question = turn.transcript.answer(
            m.Question,
            text=turn.transcript.text,
            language=turn.language,
            confidence=turn.transcript.confidence,
            feeling=fuse(turn.voice.feeling if turn.voice else None, turn.words.feeling if turn.words else None),
            persona=self._persona,
            history=history[:-1] if turn.ended else history,
            knowledge=state.settings.knowledge,
            voices=state.settings.voices,
            tentative=turn.ended is None,
        )
        state.requests.send(turn.question, state.limits.first_sentence)

    def ask_again(self, turn: Turn, question: m.Question) -> None:
        """Put a question that could not be answered while the turn might go on: now it has ended."""
        turn.postponed = False
        turn.question = question.changed(tentative=False, said=turn.said()).again()
        self._state.requests.send(turn.question, self._state.limits.first_sentence)

    def typed(self, typed: m.Typed) -> Turn:
        """A turn that was typed or touched: heard at once, and at its end."""
        state = self._state
        state.barge_in()
        state.wake_up()
        state.turns += 1
        state.shift += 2 if state.listening else 1
        language = typed.language or ("zh" if any("\u4e00" <= sign <= "\u9fff" for sign in typed.text) else "en")
        turn = state.turn = Turn(state.turns, 0, language)
        asked = typed.changed(edge=state.started.edge, session=state.started.session, turn=state.turns, revision=0)
        turn.transcript = asked.answer(m.Transcript, text=typed.text, language=language, confidence=1.0)
        sample = self._hands.sample()
        turn.ended = asked.answer(m.TurnEnded, end_sample=sample, decided_sample=sample)
        self._hands.publish(turn.transcript)
        self._publish(turn.ended)
        self.commit(turn)
        return turn

    def renew(self, request: Message) -> Message:
        """A question that is asked again says how far the answer has come."""
        turn = self._state.turn
        if isinstance(request, m.Question) and turn:
            return request.changed(said=turn.said(), tentative=turn.ended is None)
        return request
