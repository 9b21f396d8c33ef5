"""What a screen is: the face and the loudspeaker of one visitor."""

from collections.abc import Callable
from typing import Protocol

from pipeline.audio import Samples
from pipeline.envelope import Message
from pipeline.messages import Cues, Speech


class Screen(Protocol):
    """Plays what the session orders, on its own audio clock, and reports what sounded. Orders do not wait."""

    def open(self, report: Callable[[Message], None]) -> None:
        """A visit begins; `report` takes `Played`, `Typed`, `Control`, `Presence`."""

    def play(self, speech: Speech, cues: Cues | None) -> None:
        """Play after all that was ordered before, without a gap."""

    def cut(self) -> None:
        """Fade out in 20 ms, drop all that was ordered, report each dropped sentence as `cut`."""

    def duck(self, *, on: bool) -> None:
        """Play softly, or loudly again."""

    def show(self, message: Message) -> None:
        """Show a transcript, an emotion, a thought, a sentence."""

    def played(self, sample: int) -> Samples:
        """What sounded in the 20 ms from microphone sample `sample`, at 16 kHz: the echo reference."""
