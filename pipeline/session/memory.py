"""What is remembered of a visitor during the visit, and of nobody after it."""

from collections import deque

from pipeline.envelope import Exchange, Language
from pipeline.session.playback import Heard
from pipeline.session.turns import Turn

EARLIER = 5
"""Utterances whose voice features make the speaker's baseline."""
_REMEMBERED = {"reply", "greeting", "say"}


class Memory:
    """The history as it was heard, the voice baseline and the language."""

    def __init__(self, language: Language, history: int) -> None:
        self.language = language
        self._history: deque[Exchange] = deque(maxlen=history)
        self._baseline: deque[tuple[float, ...]] = deque(maxlen=EARLIER)

    def history(self) -> tuple[Exchange, ...]:
        """Oldest first."""
        return tuple(self._history)

    def resume(self, history: tuple[Exchange, ...], language: Language) -> None:
        """Remember what was said before."""
        self._history.extend(history)
        self.language = language

    def baseline(self) -> tuple[tuple[float, ...], ...]:
        """Voice features, oldest first."""
        return tuple(self._baseline)

    def heard_visitor(self, turn: Turn) -> None:
        """A turn stands: its words, its voice and its language."""
        if turn.transcript is None:
            return
        self.language = turn.language
        self._history.append(Exchange(role="visitor", text=turn.transcript.text))
        self.heard_voice(turn)

    def heard_voice(self, turn: Turn) -> None:
        """The voice of a turn that stands; it may be judged later than its words."""
        if turn.voice and turn.voice.features and not turn.voice_remembered:
            turn.voice_remembered = True
            self._baseline.append(turn.voice.features)

    def heard_avatar(self, heard: Heard) -> None:
        """A line is over: what of it sounded. Lines that follow each other make one exchange."""
        if heard.line.sentence.origin not in _REMEMBERED or not heard.text:
            return
        text = heard.text
        if self._history and self._history[-1].role == "avatar":
            before = self._history.pop().text
            text = before + (" " if before[-1:].isascii() else "") + text
        self._history.append(Exchange(role="avatar", text=text, interrupted=heard.cut))

    def forget(self) -> None:
        """Everything."""
        self._history.clear()
        self._baseline.clear()
