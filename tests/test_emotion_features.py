import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stages.emotion._features import features

RATE = 16_000
Sound = NDArray[np.int16]


def voice(seconds: float = 2.0, hertz: float = 150.0, loud: float = 6000.0) -> Sound:
    """A gliding, pulsing harmonic sound with some breath: enough like a voice to be measured."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(hertz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))) / RATE
    sound = sum(np.sin(number * phase) / number for number in range(1, 20))
    pulse = np.clip(np.sin(2 * np.pi * 2 * time) + 0.6, 0, 1)
    breath = np.random.default_rng(7).normal(0, 0.02, len(time))
    return np.asarray(loud * (pulse * sound / 2 + breath), np.int16)


def test_silence_noise_and_clicks_hold_no_voice() -> None:
    noise = np.random.default_rng(1).normal(0, 2000, 2 * RATE).astype(np.int16)
    click = np.zeros(RATE, np.int16)
    click[8000] = 20_000
    for sound in (np.zeros(0, np.int16), np.zeros(2 * RATE, np.int16), noise, click, voice(0.1), voice(loud=3)):
        assert features(sound) is None


def test_clipped_sound_is_not_judged() -> None:
    assert features(np.clip(voice().astype(np.int32) * 50, -32768, 32767).astype(np.int16)) is None


def test_a_microphones_gain_changes_nothing() -> None:
    quiet, loud = features(voice(loud=1500)), features(voice(loud=12_000))
    assert quiet is not None
    assert loud is not None
    scale = np.abs(loud) + 1
    assert float(np.max(np.abs(quiet - loud) / scale)) < 0.1


def test_pitch_is_measured_in_semitones() -> None:
    low, high = features(voice(hertz=110)), features(voice(hertz=220))
    assert low is not None
    assert high is not None
    assert abs((high[0] - low[0]) - 12) < 0.3
    assert abs(low[0] - 12) < 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 20_000), st.floats(0, 1), st.floats(0, 1), st.floats(60, 600))
def test_any_sound_gives_finite_numbers_or_nothing(
    seed: int, length: int, hiss: float, tone: float, hertz: float
) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(length) / RATE
    sound = tone * np.sign(np.sin(2 * np.pi * hertz * time)) + hiss * rng.normal(0, 0.5, length)
    vector = features(np.clip(sound * 32767, -32768, 32767).astype(np.int16))
    assert vector is None or bool(np.isfinite(vector).all())


def test_same_sound_same_numbers() -> None:
    first, second = features(voice()), features(voice())
    assert first is not None
    assert second is not None
    assert first.tobytes() == second.tobytes()
