"""Equally loud, whatever the engine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.speech._loudness import CEILING, TARGET_DB, Leveller, Sound, active_level, to_float, to_pcm

RATE = 24_000


def tone(seconds: float, level_db: float) -> Sound:
    """A sine whose RMS is `level_db`."""
    wave = np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)
    sound: Sound = (wave * np.sqrt(2) * 10 ** (level_db / 20)).astype(np.float32)
    return sound


@pytest.mark.parametrize("level", [-45.0, -30.0, -20.0, -10.0])
def test_the_level_of_steady_sound_is_its_rms(level: float) -> None:
    assert active_level(tone(2, level), RATE) == pytest.approx(level, abs=0.3)


def test_pauses_do_not_count() -> None:
    """As in ITU-T P.56, apart from the 200 ms that a pause takes to begin."""
    speech = np.concatenate([np.concatenate([tone(1, -20), np.zeros(RATE, np.float32)]) for _ in range(4)])
    assert active_level(speech, RATE) == pytest.approx(-20.8, abs=0.3)


def test_silence_has_no_level_and_is_left_alone() -> None:
    assert active_level(np.zeros(RATE, np.float32), RATE) == -120.0
    assert Leveller.measured(np.zeros(RATE, np.float32), RATE).gain_db == 0.0


@pytest.mark.parametrize("level", [-40.0, -25.0, -12.0])
def test_a_voice_is_brought_to_the_target(level: float) -> None:
    leveller = Leveller.measured(tone(2, level), RATE)
    assert active_level(leveller.apply(tone(1, level)), RATE) == pytest.approx(TARGET_DB, abs=0.5)


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=50), st.floats(-20, 30))
def test_no_sample_exceeds_the_ceiling_and_order_is_kept(values: list[float], gain: float) -> None:
    sound = np.array(sorted(values), np.float32)
    levelled = Leveller(gain).apply(sound)
    assert np.abs(levelled).max() <= CEILING + 1e-6
    assert (np.diff(levelled) >= -1e-6).all()


def test_what_is_not_loud_passes_unbent() -> None:
    sound = tone(0.1, -20)
    np.testing.assert_array_equal(Leveller().apply(sound), sound)


def test_parts_can_be_levelled_one_by_one() -> None:
    sound, leveller = tone(1, -8), Leveller(6)
    whole = leveller.apply(sound)
    np.testing.assert_array_equal(np.concatenate([leveller.apply(sound[:777]), leveller.apply(sound[777:])]), whole)


def test_pcm_survives_the_way_to_float_and_back() -> None:
    pcm = np.arange(-32768, 32768, 7, dtype=np.int16)
    assert np.abs(to_pcm(to_float(pcm)).astype(int) - pcm).max() <= 1
