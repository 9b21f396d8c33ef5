"""What a screen's edge tells whoever keeps a recording of it."""

from typing import Any, Protocol

from pipeline.audio import Frame
from pipeline.messages import Control, Presence, Say, SpeechDropped, SpeechStarted, TurnEnded, Typed, Utterance

OF_TURN = (SpeechStarted, SpeechDropped, Utterance, TurnEnded)
"""What the turn engine says."""
TOUCHES = (Presence, Typed, Control, Say)
"""What comes from somebody's hand, or from a sensor."""


class Tape(Protocol):
    """Takes what no message says: the microphone, hints, timers, touches. None of it waits, none of it raises."""

    def hear(self, frame: Frame, voice: float | None) -> None:
        """20 ms of microphone, and how probable a voice in it is, where the turn engine says so."""

    def note(self, event: str, session: str, **fields: Any) -> None:
        """Something happened in a visit. `docs/recording.md` lists the events and their fields."""


class Blank:
    """Keeps nothing."""

    def hear(self, frame: Frame, voice: float | None) -> None: ...

    def note(self, event: str, session: str, **fields: Any) -> None: ...
