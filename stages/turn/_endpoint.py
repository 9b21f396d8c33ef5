"""When a visitor's turn begins, pauses and ends: a pure machine over voice probabilities, in audio time only.

Speech is a run of voiced chunks at least `start_ms` long; a shorter run is nothing. A turn is speech until
`end_ms` of silence; hints from the words make that limit shorter or longer.
"""

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.audio import HEAR_RATE, Hint
from stages.turn._settings import Settings

_MS = HEAR_RATE // 1000


class Started(NamedTuple):
    """Speech: of a new turn (revision 0), or after tentative utterance `revision`. `at`: its first sample.

    Said again, `sure`, once the turn has `barge_in_ms` of voice (`hum_ms` where it is a mere hum).
    """

    turn: int
    revision: int
    at: int
    sure: bool = False


class Partial(NamedTuple):
    """The visitor still speaks; samples `start` to `stop` (exclusive) are what will be part of `revision`."""

    turn: int
    revision: int
    number: int
    start: int
    stop: int


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


Event = Started | Partial | Dropped | Said | Ended


@dataclass(slots=True)
class _Turn:
    """What is known of the open turn, in sample numbers."""

    onset: int
    """First voiced sample."""
    first: int
    """First sample of its utterances."""
    speech_end: int
    """Last voiced sample + 1."""
    least: int
    """Voiced samples that make it a turn."""
    due: int = 0
    """Where it ends if silence stays."""
    voiced: int = 0
    spoken: bool = False
    """It was more than a hum."""
    sure: bool = False
    """It has voice enough to stop the avatar."""
    partials: int = 0
    revision: int = 0
    """Of the last utterance."""
    said_at: int = 0
    """End of the last utterance."""
    covered: bool = False
    """The last utterance holds all its speech."""
    gap: tuple[int, int] = (0, 0)
    """The silence in it where it is cut best, should it become too long."""


class Endpoint:
    """One visitor's turns. All positions are sample numbers at 16 kHz."""

    def __init__(self, settings: Settings) -> None:
        self._on, self._off, self._revisions = settings.on, settings.off, settings.max_revisions
        self._start, self._min_voiced = settings.start_ms * _MS, settings.min_voiced_ms * _MS
        self._preroll, self._pause = settings.preroll_ms * _MS, settings.pause_ms * _MS
        self._limit, self._sure = settings.end_ms * _MS, settings.barge_in_ms * _MS
        self._partial, self._hum = settings.partial_ms * _MS, settings.hum_ms * _MS
        self._hinted = {True: settings.end_complete_ms * _MS, False: settings.end_trailing_ms * _MS}
        self._max = round(settings.max_seconds * HEAR_RATE)
        self._number = 1
        self._held = False
        self._turn: _Turn | None = None
        self._heard = 0
        self._run: int | None = None
        """First sample of the voiced run that goes on now."""
        self._floor = 0
        """What lies before belongs to earlier turns."""
        self._dropped = (0, -1)
        """Where the sound of the last dropped speech begins, and until when new speech takes it in."""

    @property
    def keep(self) -> int:
        """First sample that a later utterance may still need."""
        return self._turn.first if self._turn else self._reach(self._heard if self._run is None else self._run)

    def step(self, probability: float, begin: int, end: int, *, spoken: bool = True) -> list[Event]:
        """Take the voice probability of samples `begin` to `end` (exclusive), which follow those of the last step.

        `spoken`: if it is a voice, it is no mere hum.
        """
        self._heard = end
        if probability < (self._on if self._run is None else self._off):
            self._run = None
            return self._silence(self._turn) if self._turn else []
        if self._run is None:
            self._run = begin
        if end - self._run < self._start:
            return self._finish_if_due(self._turn) if self._turn else []
        return self._speech(self._run, end, spoken=spoken)

    def hint(self, hint: Hint) -> list[Event]:
        """Move the limit of the silence after the last utterance. A hint about anything else is of no use now.

        It counts from its `at_sample` on, also when it comes late: what is decided does not depend on when it came.
        """
        turn = self._turn
        if not turn or not turn.covered or hint.at_sample < turn.said_at:
            return []
        if (hint.turn, hint.revision) != (self._number, turn.revision):
            return []
        if hint.at_sample < turn.due:
            turn.due = max(hint.at_sample, turn.speech_end + self._hinted[hint.complete])
        return self._finish_if_due(turn)

    def hold(self, *, on: bool) -> None:
        """While held, silence ends no turn, and what is said is none too short: a key says where it begins and ends."""
        self._held = on

    def flush(self, at: int) -> list[Event]:
        """The turn ends at sample `at`, because the sound does or the visitor says so."""
        self._run, self._heard = None, at
        return self._finish(self._turn, min(at, self._turn.first + self._max)) if self._turn else []

    def skip(self, to: int) -> None:
        """There is no sound between the last `flush` and sample `to`."""
        self._heard = self._floor = to

    def _reach(self, onset: int) -> int:
        """Where the sound of speech from `onset` on begins.

        What was dropped a moment ago was perhaps its first word ("不……我要"), and is taken in.
        """
        begin, until = self._dropped
        first = onset - self._preroll
        return max(self._floor, min(begin, first) if onset <= until else first)

    def _speech(self, run: int, end: int, *, spoken: bool) -> list[Event]:
        events: list[Event] = []
        turn = self._turn
        if not turn:
            turn = self._turn = _Turn(run, self._reach(run), run, self._start if self._held else self._min_voiced)
            events = [Started(self._number, 0, run)]
        elif turn.covered:
            events = [Started(self._number, turn.revision, run)]
        if run > turn.speech_end:
            turn.gap = self._better(turn, (turn.speech_end, run))
        turn.covered, turn.spoken = False, turn.spoken or spoken
        turn.voiced += end - max(run, turn.speech_end)
        turn.speech_end, turn.due = end, end + self._limit
        events += self._progress(turn)
        return events + (self._cut(turn) if end - turn.first >= self._max else [])

    def _progress(self, turn: _Turn) -> list[Event]:
        events: list[Event] = []
        if not turn.sure and self._has(turn, self._sure):
            turn.sure = True
            events = [Started(self._number, turn.revision, turn.onset, sure=True)]
        if turn.sure and self._partial and (turn.speech_end - turn.onset) // self._partial > turn.partials:
            turn.partials = (turn.speech_end - turn.onset) // self._partial
            stop = min(turn.speech_end, turn.first + self._max)
            events.append(Partial(self._number, turn.revision + 1, turn.partials, turn.first, stop))
        return events

    def _has(self, turn: _Turn, voiced: int) -> bool:
        return turn.voiced >= (voiced if turn.spoken or self._held else max(voiced, self._hum))

    def _silence(self, turn: _Turn) -> list[Event]:
        if self._heard - turn.speech_end < self._pause:
            return []
        if not self._has(turn, turn.least):
            return self._drop(turn)
        events: list[Event] = []
        if not turn.covered and turn.revision < self._revisions:
            events = self._say(turn, min(self._heard, turn.first + self._max))
        return events + self._finish_if_due(turn)

    def _finish_if_due(self, turn: _Turn) -> list[Event]:
        longest = turn.first + self._max
        due = longest if self._held else min(turn.due, longest)
        if self._heard < due or (self._run is not None and self._run < due):
            return []
        return self._finish(turn, due)

    def _finish(self, turn: _Turn, decided: int) -> list[Event]:
        if not self._has(turn, turn.least):
            return self._drop(turn)
        events = [] if turn.covered else self._say(turn, decided)
        events.append(Ended(self._number, turn.revision, min(turn.speech_end, decided), decided))
        self._turn, self._floor = None, turn.speech_end
        self._number += 1
        return events

    def _say(self, turn: _Turn, stop: int) -> list[Event]:
        turn.revision += 1
        turn.covered, turn.said_at = True, stop
        return [Said(self._number, turn.revision, turn.first, stop)]

    def _drop(self, turn: _Turn) -> list[Event]:
        self._turn = None
        # Its own sound only: a fit of coughs must not grow into a turn.
        self._dropped = (max(self._floor, turn.onset - self._preroll), turn.speech_end + self._limit)
        return [Dropped(self._number, turn.onset, turn.voiced)]

    def _cut(self, turn: _Turn) -> list[Event]:
        """End the turn at its longest allowed length, or in its widest late gap, and begin the next."""
        longest, heard = turn.first + self._max, turn.speech_end
        turn.speech_end, onset = turn.gap if self._is_late(turn, turn.gap) else (longest, longest)
        middle = min((turn.speech_end + onset) // 2, longest)
        events = self._finish(turn, middle)
        # The rest of a sentence counts, however short.
        self._turn = _Turn(onset, middle, heard, least=1, due=heard + self._limit, voiced=heard - onset,
                           spoken=True)  # fmt: skip
        return [*events, Started(self._number, 0, onset)]

    def _better(self, turn: _Turn, gap: tuple[int, int]) -> tuple[int, int]:
        old = turn.gap
        return gap if not self._is_late(turn, old) or gap[1] - gap[0] >= old[1] - old[0] else old

    def _is_late(self, turn: _Turn, gap: tuple[int, int]) -> bool:
        return gap[0] >= turn.first + 3 * self._max // 4
