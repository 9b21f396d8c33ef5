"""A screen that notes when the avatar began to sound, and when it fell silent."""

from collections.abc import Callable

from pipeline.audio import Samples
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import Cues, Played, Speech
from pipeline.recording.filescreen import FileScreen


class Ear:
    """Hands everything on to a `FileScreen`, and listens."""

    def __init__(self, screen: FileScreen, clock: Clock) -> None:
        self._screen, self._clock = screen, clock
        self._whose: dict[str, tuple[int, bool]] = {}
        self.begun: dict[tuple[int, bool], float] = {}
        """When the answer of a turn (True), or a filler or the like in it (False), began to sound; on the clock."""
        self.silent_since = clock.now()

    def open(self, report: Callable[[Message], None]) -> None:
        def note(message: Message) -> None:
            if isinstance(message, Played):
                self._note(message)
            report(message)

        self._screen.open(note)

    def _note(self, played: Played) -> None:
        if played.state == "started" and played.cause in self._whose:
            self.begun.setdefault(self._whose[played.cause], self._clock.now())
        elif played.state in {"ended", "cut"}:
            self.silent_since = self._clock.now()

    def play(self, speech: Speech, cues: Cues | None) -> None:
        self._whose[speech.cause] = (speech.turn, speech.origin == "reply")
        self._screen.play(speech, cues)

    def cut(self) -> None:
        self._screen.cut()

    def show(self, message: Message) -> None:
        self._screen.show(message)

    def duck(self, *, on: bool) -> None:
        self._screen.duck(on=on)

    def played(self, sample: int) -> Samples:
        return self._screen.played(sample)
