"""When a visitor's turn begins, pauses and ends: a pure machine over voice probabilities, in audio time only.

Speech is a run of voiced chunks at least `start_ms` long; a shorter run is nothing. A turn is speech until
`end_ms` of silence; hints from the words make that limit shorter or longer.
"""

from typing import NamedTuple, Self

from pydantic import BaseModel, Field, model_validator

from pipeline.audio import HEAR_RATE, Hint
from pipeline.settings import FROZEN

_MS = HEAR_RATE // 1000


class Settings(BaseModel):
    """How patient the endpoint is. Times are audio times; the defaults are measured in `docs/turn.md`."""

    model_config = FROZEN

    on: float = Field(0.5, gt=0.0, lt=1.0)
    """Voice begins at this probability ..."""
    off: float = Field(0.35, gt=0.0, lt=1.0)
    """... and ends below this one."""
    start_ms: int = Field(64, ge=1)
    """This much unbroken voice is speech: playing sound is ducked."""
    min_voiced_ms: int = Field(280, ge=1)
    """Less voice than this before the first pause is a cough or a short "嗯", and no turn."""
    preroll_ms: int = Field(300, ge=0)
    """Sound kept from before the onset, so that no first syllable is lost."""
    pause_ms: int = Field(300, ge=1)
    """This much silence makes a tentative utterance."""
    end_complete_ms: int = Field(400, ge=1)
    """This much silence ends a turn whose words read complete ..."""
    end_ms: int = Field(800, ge=1)
    """... one that nothing is known of ..."""
    end_trailing_ms: int = Field(1400, ge=1)
    """... and one that trails off."""
    max_seconds: float = Field(20.0, ge=2.0, le=30.0)
    """Longest utterance, pre-roll included; longer speech is cut at its last pause and goes on as the next turn."""
    max_revisions: int = Field(3, ge=0)
    """Tentative utterances of a turn; 0 says each turn once, at its end."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        limits = (self.pause_ms, self.end_complete_ms, self.end_ms, self.end_trailing_ms)
        if list(limits) != sorted(limits):
            raise ValueError("pause_ms <= end_complete_ms <= end_ms <= end_trailing_ms must hold")
        if self.off > self.on:
            raise ValueError("off must not be above on, or voice would flicker")
        if self.end_trailing_ms + self.preroll_ms + self.min_voiced_ms > 1000 * self.max_seconds:
            raise ValueError("max_seconds must hold preroll_ms, min_voiced_ms and end_trailing_ms")
        return self


class Started(NamedTuple):
    """Speech: of a new turn (revision 0), or after tentative utterance `revision`. `at`: its first sample."""

    turn: int
    revision: int
    at: int


class Dropped(NamedTuple):
    """What started at `at` was too short. Its turn number goes to the next one."""

    turn: int
    at: int
    voiced: int


class Said(NamedTuple):
    """The turn's whole sound so far is samples `start` to `stop` (exclusive)."""

    turn: int
    revision: int
    start: int
    stop: int


class Ended(NamedTuple):
    """The utterance of this revision stands; speech ended before sample `end`, which was decided at `decided`."""

    turn: int
    revision: int
    end: int
    decided: int


Event = Started | Dropped | Said | Ended


class Endpoint:
    """One visitor's turns. All positions are sample numbers at 16 kHz."""

    def __init__(self, settings: Settings) -> None:
        self._on, self._off, self._revisions = settings.on, settings.off, settings.max_revisions
        self._start, self._min_voiced = settings.start_ms * _MS, settings.min_voiced_ms * _MS
        self._preroll, self._pause = settings.preroll_ms * _MS, settings.pause_ms * _MS
        self._limit = settings.end_ms * _MS
        self._hinted = {True: settings.end_complete_ms * _MS, False: settings.end_trailing_ms * _MS}
        self._max = round(settings.max_seconds * HEAR_RATE)
        self.turn = 1
        """Number of the open turn, or of the next one."""
        self._heard = 0
        self._run: int | None = None
        """First sample of the voiced run that goes on now."""
        self._floor = 0
        """What lies before belongs to earlier turns."""
        self._dropped = (0, -1)
        """Where the sound of the last dropped speech begins, and until when new speech takes it in."""
        self._open = self._covered = self._continues = False
        self._onset = self._first = self._speech_end = self._due = 0
        self._voiced = self._revision = self._said_at = 0
        self._gap = (0, 0)

    @property
    def keep(self) -> int:
        """First sample that a later utterance may still need."""
        return self._first if self._open else self._reach(self._heard if self._run is None else self._run)

    def step(self, probability: float, begin: int, end: int) -> list[Event]:
        """Take the voice probability of samples `begin` to `end` (exclusive), which follow those of the last step."""
        self._heard = end
        if probability < (self._on if self._run is None else self._off):
            self._run = None
            return self._silence() if self._open else []
        if self._run is None:
            self._run = begin
        if end - self._run < self._start:
            return self._finish_if_due() if self._open else []
        return self._speech(self._run, end)

    def hint(self, hint: Hint) -> list[Event]:
        """Move the limit of the silence after the last utterance. A hint about anything else is of no use now.

        It counts from its `at_sample` on, also when it comes late: what is decided does not depend on when it came.
        """
        if not (self._open and self._covered and hint.revision == self._revision and hint.at_sample >= self._said_at):
            return []
        if hint.at_sample < self._due:
            self._due = max(hint.at_sample, self._speech_end + self._hinted[hint.complete])
        return self._finish_if_due()

    def flush(self, at: int) -> list[Event]:
        """The turn ends at sample `at`, because the sound does or the visitor says so."""
        self._run, self._heard = None, at
        return self._finish(min(at, self._first + self._max)) if self._open else []

    def skip(self, to: int) -> None:
        """There is no sound between the last `flush` and sample `to`."""
        self._heard = self._floor = to

    def _reach(self, onset: int) -> int:
        """Where the sound of speech from `onset` on begins.

        What was dropped a moment ago was perhaps its first word ("不……我要"), and is taken in.
        """
        begin, until = self._dropped
        first = max(self._floor, onset - self._preroll)
        return min(begin, first) if onset <= until else first

    def _speech(self, run: int, end: int) -> list[Event]:
        events: list[Event] = []
        if not self._open:
            self._begin(run, self._reach(run))
            events = [Started(self.turn, 0, run)]
        elif self._covered:
            events = [Started(self.turn, self._revision, run)]
        if run > self._speech_end:
            self._gap = self._better(self._gap, (self._speech_end, run))
        self._covered = False
        self._voiced += end - max(run, self._speech_end)
        self._speech_end, self._due = end, end + self._limit
        return events + (self._cut() if end - self._first >= self._max else [])

    def _begin(self, onset: int, first: int) -> None:
        self._open, self._covered, self._continues = True, False, False
        self._onset, self._first, self._speech_end, self._gap = onset, first, onset, (0, 0)
        self._voiced = self._revision = self._said_at = 0
        self._due = onset

    def _silence(self) -> list[Event]:
        if self._heard - self._speech_end < self._pause:
            return []
        if self._short:
            return self._drop()
        events: list[Event] = []
        if not self._covered and self._revision < self._revisions:
            events = self._say(min(self._heard, self._first + self._max))
        return events + self._finish_if_due()

    def _finish_if_due(self) -> list[Event]:
        due = min(self._due, self._first + self._max)
        if self._heard < due or (self._run is not None and self._run < due):
            return []
        return self._finish(due)

    def _finish(self, decided: int) -> list[Event]:
        if self._short:
            return self._drop()
        events = [] if self._covered else self._say(decided)
        events.append(Ended(self.turn, self._revision, min(self._speech_end, decided), decided))
        self._open, self._floor = False, self._speech_end
        self.turn += 1
        return events

    def _say(self, stop: int) -> list[Event]:
        self._revision += 1
        self._covered, self._said_at = True, stop
        return [Said(self.turn, self._revision, self._first, stop)]

    @property
    def _short(self) -> bool:
        return self._voiced < self._min_voiced and not self._continues

    def _drop(self) -> list[Event]:
        self._open = False
        # Its own sound only: a fit of coughs must not grow into a turn.
        self._dropped = (max(self._floor, self._onset - self._preroll), self._speech_end + self._limit)
        return [Dropped(self.turn, self._onset, self._voiced)]

    def _cut(self) -> list[Event]:
        """End the turn at its longest allowed length, or in its widest late gap, and begin the next."""
        longest = self._first + self._max
        stop, onset = self._gap if self._is_late(self._gap) else (longest, longest)
        middle, speech_end, run = (stop + onset) // 2, self._speech_end, self._run
        self._speech_end = stop
        events = self._finish(middle)
        self._begin(onset, middle)
        self._continues, self._run = True, run
        self._voiced, self._speech_end, self._due = speech_end - onset, speech_end, speech_end + self._limit
        return [*events, Started(self.turn, 0, onset)]

    def _better(self, old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
        return new if not self._is_late(old) or new[1] - new[0] >= old[1] - old[0] else old

    def _is_late(self, gap: tuple[int, int]) -> bool:
        return gap[0] >= self._first + 3 * self._max // 4
