"""The echo guard: the avatar's own voice begins no turn, a visitor who speaks over it is heard."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import echo
from benchmarks.echo import HARD, Scene, frames, hear, judge, make
from pipeline.audio import FRAME, HEAR_RATE, Frame, Samples
from pipeline.messages import SpeechStarted, Utterance
from stages.turn._echo import EchoGuard
from stages.turn.silero import Ears, Settings

SILENCE = np.zeros(FRAME, np.int16)
CASES = {scene.name: scene for scene in HARD}
STEADY = [
    *(Scene(f"{level:+d} dB", level) for level in (6, -12, -30)),
    *(Scene(f"{delay} ms", delay=delay) for delay in (0, 400)),
    *(CASES[name] for name in ("clocks differ by 100 ppm", "rests of a browser's cancellation", "no echo at all")),
]


@pytest.fixture(autouse=True)
def _made_visitors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same voices on every machine."""
    monkeypatch.setattr(echo, "DATA", tmp_path)
    echo.visitor.cache_clear()


def noise(seed: int, scale: float, samples: int = 2 * HEAR_RATE) -> Samples:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(scale=scale, size=samples), -32768, 32767).astype(np.int16)


def cleaned(guard: EchoGuard, heard: Samples, played: Samples) -> tuple[Samples, Samples]:
    places = range(0, heard.size, FRAME)
    pairs = [guard.hear(heard[at : at + FRAME], played[at : at + FRAME]) for at in places]
    return np.concatenate([words for words, _ in pairs]), np.concatenate([voice for _, voice in pairs])


@pytest.mark.parametrize("scene", STEADY, ids=lambda scene: scene.name)
def test_the_avatars_own_voice_begins_no_turn_from_its_first_sentence_on(scene: Scene) -> None:
    assert judge(scene).turns == 0


@pytest.mark.parametrize("name", ["the delay changes by 130 ms", "ducked behind the reference"])
def test_a_room_that_changes_while_the_avatar_speaks_is_understood_within_a_second(name: str) -> None:
    """Until then an echo that comes otherwise than it used to sounds like a visitor."""
    scene = CASES[name]
    changes = [scene.moves, *(moment for ducked in scene.ducks for moment in ducked)]
    for at, message in hear(make(scene)):
        if isinstance(message, SpeechStarted):
            assert any(moment <= at <= moment + 1.2 for moment in changes), at


def test_without_the_guard_the_avatar_would_hear_itself() -> None:
    assert judge(Scene("0 dB"), guard=False).turns > 0


@pytest.mark.parametrize("scene", STEADY, ids=lambda scene: scene.name)
def test_a_visitor_who_speaks_over_the_avatar_is_heard(scene: Scene) -> None:
    found = judge(replace(scene, seed=1, visitor=5.0))
    assert found.ducked is not None
    assert found.sure is not None
    assert found.turns == 0


def test_what_the_visitor_said_is_heard_without_the_avatar() -> None:
    made = make(Scene("0 dB", visitor=5.0, seed=1))
    said = [message for _, message in hear(made) if isinstance(message, Utterance)]
    last = said[-1]
    first = last.start_sample
    words = np.frombuffer(last.pcm, np.int16).astype(float)
    voice, heard = (sound[first : first + words.size].astype(float) for sound in (made.visitor, made.microphone))

    def clearness(sound: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        """Of the visitor's voice above all else, in dB."""
        return float(10 * np.log10(np.square(voice).sum() / np.square(sound - voice).sum()))

    assert first <= made.onset * HEAR_RATE
    assert first + words.size >= made.ends * HEAR_RATE
    assert clearness(words) > clearness(heard) + 6


def test_a_visitor_is_heard_during_the_first_sound_of_all() -> None:
    """Later than else: for the first 0.4 s nothing tells a visitor from an echo."""
    found = judge(Scene("no echo", -90, visitor=1.6, seed=1))
    assert found.sure is not None
    assert found.turns == 0


def test_the_same_sounds_are_cleaned_alike_again() -> None:
    made = make(Scene("0 dB", visitor=5.0))
    once, again = (cleaned(EchoGuard(), made.microphone, made.played) for _ in range(2))
    assert np.array_equal(once[0], again[0])
    assert np.array_equal(once[1], again[1])


def test_while_nothing_plays_the_guard_changes_nothing() -> None:
    made = make(Scene("0 dB", visitor=5.0))
    silent = replace(made, played=np.zeros_like(made.played))
    assert [message for _, message in hear(silent)] == [message for _, message in hear(silent, guard=False)]
    guard = EchoGuard()
    assert all(guard.hear(frame.pcm, frame.played).words is frame.pcm for frame in frames(silent))


def test_what_was_played_is_forgotten_when_it_has_faded() -> None:
    guard = EchoGuard()
    cleaned(guard, noise(1, 300), noise(2, 3000))
    cleaned(guard, noise(3, 300, HEAR_RATE), np.zeros(HEAR_RATE, np.int16))
    frame = noise(4, 3000, FRAME)
    assert guard.hear(frame, SILENCE).voice is frame
    assert not guard.alone


def test_a_hole_in_the_sound_does_not_end_what_is_known_of_the_room() -> None:
    made = make(Scene("0 dB"))
    ears = Ears("visit", Settings())
    sounds = list(frames(made))
    for frame in sounds[:400]:
        ears.hear(frame)
    later = [Frame(frame.sample + 10 * HEAR_RATE, frame.pcm, frame.played) for frame in sounds[400:]]
    said = [message for frame in later for message in ears.hear(frame)]
    assert not [message for message in said if isinstance(message, SpeechStarted) and message.sure]


def test_where_no_echo_comes_the_words_stay_as_they_were() -> None:
    made = make(Scene("no echo", -90, visitor=5.0))
    words, _ = cleaned(EchoGuard(), made.microphone, made.played)
    assert np.array_equal(words, made.microphone)


samples = st.one_of(
    st.builds(noise, st.integers(0, 99), st.sampled_from([0.0, 1.0, 300.0, 1e5]), st.integers(0, 1200)),
    st.builds(lambda value, size: np.full(size, value, np.int16), st.integers(-32768, 32767), st.integers(0, 1200)),
)


@settings(deadline=None)
@given(st.lists(st.tuples(samples, samples), max_size=40))
def test_no_sound_of_any_length_breaks_the_guard(pieces: list[tuple[Samples, Samples]]) -> None:
    guard = EchoGuard()
    with np.errstate(all="raise", under="ignore"):
        for heard, played in pieces:
            words, voice = guard.hear(heard, played)
            assert words.dtype == voice.dtype == np.int16
            assert words.size == voice.size == heard.size
    if guard._room is not None:
        assert np.isfinite(guard._room._leak._level).all()
        assert np.isfinite(guard._room._canceller._answer).all()


@settings(deadline=None)
@given(st.lists(samples, max_size=20))
def test_silence_stays_silence_whatever_plays(played: list[Samples]) -> None:
    guard = EchoGuard()
    for sound in played:
        for cleaned_sound in guard.hear(np.zeros(sound.size, np.int16), sound):
            assert not cleaned_sound.any()


@given(st.lists(samples, max_size=20))
def test_what_is_heard_while_nothing_plays_is_handed_on_untouched(heard: list[Samples]) -> None:
    guard = EchoGuard()
    for sound in heard:
        assert guard.hear(sound, np.zeros(sound.size, np.int16)).words is sound
