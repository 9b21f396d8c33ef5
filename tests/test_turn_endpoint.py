"""The endpointing machine: every sound is cut into well-formed turns, and no speech is lost."""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import Hint
from stages.turn._endpoint import Dropped, Ended, Endpoint, Event, Partial, Said, Started
from stages.turn._settings import Settings

CHUNK = 512
MS = 16
VOICE, BETWEEN, QUIET = 0.9, 0.32, 0.1
SHORT = Settings(max_seconds=2.0, end_trailing_ms=1000)
"""Small limits, so that short sounds meet all of them."""


@dataclass
class Hearing:
    """Plays probabilities into an endpoint and keeps what it says, with the sample at which it said it."""

    settings: Settings = field(default_factory=Settings)
    said: list[tuple[int, Event]] = field(default_factory=list)
    heard: int = 0
    kept: int = 0

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.settings)

    def hear(self, probability: float, ms: float = CHUNK / MS) -> "Hearing":
        for _ in range(round(ms * MS / CHUNK)):
            begin, self.heard = self.heard, self.heard + CHUNK
            self._note(self.endpoint.step(probability, begin, self.heard))
        return self

    def hint(self, complete: bool, at_sample: int | None = None, revision: int = 1) -> "Hearing":
        turn = max([1, *(event.turn for event in self.events if isinstance(event, Started))])
        self._note(self.endpoint.hint(Hint(turn, revision, complete, self.heard if at_sample is None else at_sample)))
        return self

    def flush(self) -> "Hearing":
        self._note(self.endpoint.flush(self.heard))
        return self

    def _note(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Said):
                assert event.start >= self.kept, "its sound was already forgotten"
        self.said += [(self.heard, event) for event in events]
        self.kept = max(self.kept, self.endpoint.keep)

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.said]

    def kinds(self) -> list[str]:
        """Like "Said 1.2": what, which turn, which revision."""
        names = ["Sure" if getattr(event, "sure", False) else type(event).__name__ for event in self.events]
        places = [f"{event.turn}.{getattr(event, 'revision', '')}" for event in self.events]
        return [f"{name} {place}" for name, place in zip(names, places, strict=True)]


def test_a_sentence_and_silence_are_one_turn() -> None:
    hearing = Hearing().hear(QUIET, 960).hear(VOICE, 1024).hear(QUIET, 2048)
    assert hearing.kinds() == ["Started 1.0", "Sure 1.0", "Said 1.1", "Ended 1.1"]
    assert hearing.events[0] == Started(1, 0, 960 * MS)
    assert hearing.events[2] == Said(1, 1, (960 - 300) * MS, (960 + 1024 + 320) * MS)
    assert hearing.events[3] == Ended(1, 1, (960 + 1024) * MS, (960 + 1024 + 800) * MS)


@pytest.mark.parametrize("start_ms", [32, 64, 96])
def test_speech_is_known_after_start_ms_of_voice(start_ms: int) -> None:
    hearing = Hearing(Settings(start_ms=start_ms)).hear(QUIET, 320).hear(VOICE, 640)
    assert hearing.said[0] == ((320 + start_ms) * MS, Started(1, 0, 320 * MS))


def test_voice_enough_to_stop_the_avatar_is_said_once() -> None:
    hearing = Hearing().hear(QUIET, 320).hear(VOICE, 160).hear(QUIET, 160).hear(VOICE, 960).hear(QUIET, 320)
    assert hearing.kinds() == ["Started 1.0", "Sure 1.0", "Said 1.1"]
    assert hearing.said[1] == ((320 + 160 + 160 + 96) * MS, Started(1, 0, 320 * MS, sure=True))


def test_what_is_said_so_far_is_partial_only_while_the_visitor_speaks() -> None:
    hearing = Hearing(Settings(partial_ms=500)).hear(VOICE, 1280).hear(QUIET, 480).hear(VOICE, 640).hear(QUIET, 640)
    partial = [(at // MS, event) for at, event in hearing.said if isinstance(event, Partial)]
    assert partial == [
        (512, Partial(1, 1, 1, 0, 512 * MS)),
        (1024, Partial(1, 1, 2, 0, 1024 * MS)),
        (1792, Partial(1, 2, 3, 0, 1792 * MS)),
        (2016, Partial(1, 2, 4, 0, 2016 * MS)),
    ]


def test_less_voice_than_start_ms_is_nothing() -> None:
    assert Hearing(Settings(start_ms=64)).hear(VOICE, 32).hear(QUIET, 960).hear(VOICE, 32).flush().events == []


def test_a_cough_is_no_turn_and_its_number_is_used_again() -> None:
    hearing = Hearing().hear(QUIET, 640).hear(VOICE, 224).hear(QUIET, 2048).hear(VOICE, 640).flush()
    assert hearing.kinds() == ["Started 1.0", "Dropped 1.", "Started 1.0", "Sure 1.0", "Said 1.1", "Ended 1.1"]
    assert hearing.said[1] == ((640 + 224 + 320) * MS, Dropped(1, 640 * MS, 224 * MS))


def test_the_first_short_word_belongs_to_what_follows_soon() -> None:
    """A "不……我要" must not become a "我要"."""
    hearing = Hearing().hear(QUIET, 640).hear(VOICE, 224).hear(QUIET, 480).hear(VOICE, 640).flush()
    assert hearing.kinds() == ["Started 1.0", "Dropped 1.", "Started 1.0", "Sure 1.0", "Said 1.1", "Ended 1.1"]
    said = hearing.events[4]
    assert isinstance(said, Said)
    assert said.start == (640 - 300) * MS


def test_a_fit_of_coughs_is_no_turn() -> None:
    hearing = Hearing()
    for _ in range(20):
        hearing.hear(VOICE, 224).hear(QUIET, 480)
    assert {type(event) for event in hearing.flush().events} == {Started, Dropped}
    assert hearing.heard - hearing.endpoint.keep < 2000 * MS


def test_speech_that_goes_on_makes_a_new_revision_of_the_whole() -> None:
    hearing = Hearing().hear(VOICE, 640).hear(QUIET, 480).hear(VOICE, 640).hear(QUIET, 1024)
    assert hearing.kinds() == ["Started 1.0", "Sure 1.0", "Said 1.1", "Started 1.1", "Said 1.2", "Ended 1.2"]
    assert hearing.said[3] == ((640 + 480 + 32) * MS, Started(1, 1, (640 + 480) * MS))
    assert hearing.events[4] == Said(1, 2, 0, (640 + 480 + 640 + 320) * MS)


def test_beyond_the_last_revision_only_the_end_speaks() -> None:
    hearing = Hearing(Settings(max_revisions=1))
    for _ in range(3):
        hearing.hear(VOICE, 640).hear(QUIET, 480)
    hearing.hear(QUIET, 640)
    assert hearing.kinds() == ["Started 1.0", "Sure 1.0", "Said 1.1", "Started 1.1", "Said 1.2", "Ended 1.2"]


def test_words_that_read_complete_end_the_turn_sooner() -> None:
    hearing = Hearing().hear(VOICE, 640).hear(QUIET, 320).hint(complete=True).hear(QUIET, 640)
    assert hearing.events[-1] == Ended(1, 1, 640 * MS, 1040 * MS)


def test_words_that_trail_off_wait_longer() -> None:
    hearing = Hearing().hear(VOICE, 640).hear(QUIET, 320).hint(complete=False).hear(QUIET, 2048)
    assert hearing.events[-1] == Ended(1, 1, 640 * MS, 2040 * MS)


@given(at_ms=st.integers(960, 1408), late=st.integers(0, 12), complete=st.booleans())
def test_a_hint_decides_the_same_whenever_it_comes(at_ms: int, late: int, complete: bool) -> None:
    """Late by up to what is left of the silence, which is all the time in which it can still come."""
    hearing = Hearing().hear(VOICE, 640)
    while hearing.heard < at_ms * MS:
        hearing.hear(QUIET)
    for _ in range(late):
        if hearing.heard + CHUNK < (640 + 800) * MS:
            hearing.hear(QUIET)
    hearing.hint(complete, at_ms * MS).hear(QUIET, 2048)
    limit = 400 if complete else 1400
    assert hearing.events[-1] == Ended(1, 1, 640 * MS, max(at_ms, 640 + limit) * MS)


def test_a_hint_about_another_revision_or_an_earlier_time_changes_nothing() -> None:
    hearing = (
        Hearing().hear(VOICE, 640).hear(QUIET, 320).hint(complete=True, revision=2).hint(complete=True, at_sample=0)
    )
    assert hearing.hear(QUIET, 640).events[-1] == Ended(1, 1, 640 * MS, 1440 * MS)


def test_speech_too_long_is_cut_in_its_widest_late_gap() -> None:
    hearing = Hearing(SHORT).hear(VOICE, 1536).hear(QUIET, 192).hear(VOICE, 480).flush()
    assert hearing.events[:4] == [
        Started(1, 0, 0),
        Started(1, 0, 0, sure=True),
        Said(1, 1, 0, (1536 + 96) * MS),
        Ended(1, 1, 1536 * MS, (1536 + 96) * MS),
    ]
    assert hearing.events[4] == Started(2, 0, 1728 * MS)
    assert hearing.events[6] == Said(2, 1, 1632 * MS, hearing.heard)


def test_speech_without_a_gap_is_cut_at_the_longest_and_its_rest_counts() -> None:
    hearing = Hearing(SHORT).hear(VOICE, 2112).flush()
    assert hearing.kinds()[2:] == ["Said 1.1", "Ended 1.1", "Started 2.0", "Said 2.1", "Ended 2.1"]
    assert hearing.events[5] == Said(2, 1, 2000 * MS, hearing.heard)


def test_silence_needs_no_memory() -> None:
    hearing = Hearing().hear(VOICE, 3200).hear(QUIET, 60_000)
    assert hearing.heard - hearing.endpoint.keep == 300 * MS


Sound = list[tuple[float, int]]
"""Probabilities, each for so many chunks."""
Told = dict[int, tuple[int, bool, int]]
"""Hints by the chunk after which they come: revision, complete, samples from now."""
stretches = st.tuples(st.sampled_from([VOICE, VOICE, BETWEEN, QUIET, QUIET]), st.integers(1, 40))
sounds = st.lists(stretches, max_size=25)
told_once = st.tuples(st.integers(1, 4), st.booleans(), st.integers(-20_000, 20_000))
hints = st.dictionaries(st.integers(0, 400), told_once, max_size=8)
settings = st.builds(
    Settings,
    start_ms=st.sampled_from([32, 64, 100]),
    min_voiced_ms=st.sampled_from([64, 280, 500]),
    barge_in_ms=st.sampled_from([500, 800]),
    partial_ms=st.sampled_from([0, 100, 700]),
    pause_ms=st.sampled_from([50, 200, 300]),
    end_complete_ms=st.sampled_from([300, 400]),
    end_ms=st.sampled_from([400, 700]),
    end_trailing_ms=st.sampled_from([800, 1000]),
    preroll_ms=st.sampled_from([0, 300]),
    max_seconds=st.sampled_from([2.0, 3.7, 20.0]),
    max_revisions=st.integers(0, 3),
)


def heard_by_chance(chosen: Settings, sound: Sound, told: Told, flushed: Collection[int] = ()) -> Hearing:
    hearing = Hearing(chosen)
    for index, level in enumerate(itertools.chain.from_iterable([level] * count for level, count in sound)):
        hearing.hear(level)
        if index in told:
            revision, complete, shift = told[index]
            hearing.hint(complete, max(0, hearing.heard + shift), revision)
        if index in flushed:
            hearing.flush()
    return hearing.flush()


def speech_runs(chosen: Settings, sound: Sound) -> list[tuple[int, int]]:
    """Told independently of the machine: runs of chunks that begin above `on`, none below `off`, long enough."""
    runs: list[tuple[int, int]] = []
    at = 0
    voiced = False
    for level, count in sound:
        now = level >= chosen.on or (voiced and level >= chosen.off)
        end = at + count * CHUNK
        if now and voiced:
            runs[-1] = (runs[-1][0], end)
        elif now:
            runs.append((at, end))
        at, voiced = end, now
    return [(begin, end) for begin, end in runs if end - begin >= chosen.start_ms * MS]


@given(settings, sounds, hints, st.sets(st.integers(0, 200), max_size=3))
def test_events_are_well_formed_whatever_is_heard(chosen: Settings, sound: Sound, told: Told, keys: set[int]) -> None:
    """Also when the visitor ends turns by hand (a released key) while the sound goes on."""
    ended, last_end, started, said, partials = 0, 0, None, 0, 0
    covered = sure = False
    for event in heard_by_chance(chosen, sound, told, keys).events:
        assert event.turn == ended + 1
        match event:
            case Started(_, revision, at, True):
                assert (sure, covered, revision, at) == (False, False, said, started)
                sure = True
            case Started(_, 0, at):
                assert started is None
                started, said, partials, covered, sure = at, 0, 0, False, False
            case Partial(_, revision, number, start, stop):
                assert (sure, covered, revision) == (True, False, said + 1)
                assert number > partials
                assert last_end <= start < stop <= start + chosen.max_seconds * 16_000
                partials = number
            case Started(_, revision, at):
                assert started is not None
                assert (covered, revision) == (True, said)
                assert at > started
                covered = False
            case Said(_, revision, start, stop):
                assert started is not None
                assert not covered
                assert revision == said + 1 <= chosen.max_revisions + 1
                assert last_end <= start <= started
                assert start < stop <= start + chosen.max_seconds * 16_000
                said, covered = revision, True
            case Ended(_, revision, end, decided):
                assert (covered, revision) == (True, said)
                assert last_end < end <= decided
                ended, last_end, started = ended + 1, end, None
            case Dropped(_, at, voiced):
                assert (at, said, sure) == (started, 0, False)
                assert voiced < chosen.min_voiced_ms * MS
                started = None
    assert started is None, "the sound ended, and a turn did not"


@given(settings, sounds, hints)
def test_no_speech_is_lost_but_what_was_dropped(chosen: Settings, sound: Sound, told: Told) -> None:
    hearing = heard_by_chance(chosen, sound, told)
    final = {event.turn: event for event in hearing.events if isinstance(event, Said)}
    held = [(said.start, said.stop) for said in final.values()]
    held += [(event.at, at) for at, event in hearing.said if isinstance(event, Dropped)]
    for begin, end in speech_runs(chosen, sound):
        position = begin
        for start, stop in sorted(held):
            if start <= position:
                position = max(position, stop)
        assert position >= end, (begin, end, held)
