"""Lips from the sound, where a voice gives no phoneme times."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from avatars.rig import RigFrame, arkit, sample
from pipeline.messages import Cues
from stages.cues._sound import STEP, poses

RATE = 24_000


def vowel(seconds: float, formants: tuple[int, int], level: float = 0.2) -> np.ndarray:
    """Harmonics of 200 Hz with peaks at two formants."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(
        np.sin(2 * np.pi * harmonic * time) * sum(1 / (1 + ((harmonic - formant) / 120) ** 2) for formant in formants)
        for harmonic in range(200, 4_000, 200)
    )
    pcm: np.ndarray = (wave / np.abs(wave).max() * level * 32767).astype(np.int16)
    return pcm


def at_middle(pcm: np.ndarray) -> dict[str, float]:
    cues = Cues(index=0, part=0, start=0, samples=len(pcm), visemes=poses(pcm, 0))
    return sample([cues], len(pcm) // 2 // STEP * STEP).visemes


def test_silence_is_a_closed_mouth() -> None:
    assert at_middle(np.zeros(RATE, np.int16)) == {"sil": 1.0}


def test_vowels_look_as_they_sound() -> None:
    open_, spread, round_ = (vowel(0.5, formants) for formants in ((800, 1_300), (280, 2_400), (300, 700)))
    assert max(at_middle(open_), key=lambda name: at_middle(open_)[name]) == "aa"
    assert at_middle(spread)["ih"] > at_middle(open_).get("ih", 0.0)
    assert at_middle(round_)["ou"] > max(at_middle(open_).get("ou", 0.0), at_middle(spread).get("ou", 0.0))


def test_hiss_is_seen() -> None:
    noise = np.diff(np.random.default_rng(1).normal(0, 3_000, RATE // 2 + 1)).astype(np.int16)
    assert at_middle(noise)["SS"] > 0.5


def test_louder_is_wider() -> None:
    jaws = [
        arkit(RigFrame(visemes=at_middle(vowel(0.5, (800, 1_300), level))))["jawOpen"] for level in (0.03, 0.1, 0.3)
    ]
    assert jaws == sorted(jaws)
    assert jaws[0] < jaws[2]


def test_a_dip_between_two_voiced_sounds_closes_the_lips() -> None:
    pcm = np.concatenate([vowel(0.2, (800, 1_300)), vowel(0.08, (250, 800), 0.012), vowel(0.2, (800, 1_300))])
    assert any(pose.name == "PP" for pose in poses(pcm, 0))


@given(st.lists(st.integers(600, 8_000), min_size=1, max_size=5), st.integers(0, 100_000))
def test_any_sound_gives_smooth_and_bounded_lips(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [(rng.normal(0, rng.choice([0, 300, 5_000]), size)).clip(-32768, 32767).astype(np.int16) for size in sizes]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    cues = [
        Cues(index=0, part=index, start=start, samples=len(pcm), visemes=poses(pcm, start))
        for index, (start, pcm) in enumerate(zip(starts, parts, strict=True))
    ]
    frames = [sample(cues, at).visemes for at in range(-STEP, sum(sizes) + 2 * STEP, 400)]
    for before, after in itertools.pairwise(frames):
        assert all(abs(after.get(name, 0.0) - before.get(name, 0.0)) <= 0.45 for name in {*before, *after})
        assert sum(after.values()) <= 1.05
