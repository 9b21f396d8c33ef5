"""What a conversation can do to the world."""

from typing import Protocol

from pipeline.audio import Hint
from pipeline.envelope import Message
from pipeline.messages import Cues, SessionEnded, Speech


class Hands(Protocol):
    """Orders, carried out in their order; none waits and none answers, so a conversation is a plain state machine."""

    def now(self) -> float:
        """Seconds on the clock."""

    def sample(self) -> int:
        """Number of the microphone sample that is heard now, 16 kHz."""

    def publish(self, message: Message, to: str = "", stage: str = "") -> None:
        """Onto the bus; a job `to` one node's `stage`."""

    def play(self, speech: Speech, cues: Cues | None) -> None:
        """Give the screen the next part to play, after all that it has."""

    def cut(self) -> None:
        """Silence, now: the screen fades out in 20 ms and drops all that it has."""

    def duck(self, on: bool) -> None:
        """Play softly, because the visitor may be speaking; or loudly again."""

    def show(self, message: Message) -> None:
        """Let the visitor see it (transcript, thought, sentence)."""

    def hint(self, hint: Hint) -> None:
        """Tell the turn engine what the words say about the end of the turn."""

    def wake(self, key: str, after: float | None) -> None:
        """Call `wake(key)` after so many seconds, instead of any earlier order for `key`; None: not any more."""

    def end(self, ended: SessionEnded) -> None:
        """The visit is over."""
