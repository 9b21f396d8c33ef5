"""A hum is told from a word by what lies above 1 kHz."""

import numpy as np

from pipeline.audio import Samples
from stages.turn._endpoint import Dropped, Endpoint, Event, Started
from stages.turn._hum import Hum
from stages.turn._settings import Settings
from stages.turn._vad import CHUNK


def tones(*partials: tuple[float, float]) -> Samples:
    """Of (Hz, amplitude)."""
    time = np.arange(CHUNK) / 16_000
    sound: Samples = np.sum([size * np.sin(2 * np.pi * pitch * time) for pitch, size in partials], axis=0).astype(
        np.int16
    )
    return sound


HUMMED = tones((150, 6000), (300, 3000), (1500, 200))
SPOKEN = tones((150, 6000), (300, 3000), (1500, 2000))
NOISE = np.random.default_rng(1).normal(scale=20, size=CHUNK).astype(np.int16)


def test_a_closed_mouth_is_a_hum_and_an_open_one_is_not() -> None:
    assert Hum().only(HUMMED)
    assert not Hum().only(SPOKEN)


def test_the_rooms_noise_does_not_turn_a_hum_that_ends_into_a_word() -> None:
    hum = Hum()
    assert hum.only(HUMMED)
    assert hum.only(NOISE)


def test_a_word_after_a_hum_is_a_word() -> None:
    hum = Hum()
    assert hum.only(HUMMED)
    assert not hum.only(SPOKEN)


def test_silence_is_no_hum() -> None:
    assert not Hum().only(np.zeros(CHUNK, np.int16))


def said(*stretches: tuple[int, bool]) -> list[Event]:
    """Of voice in so many chunks, spoken or hummed, and 640 ms of silence."""
    endpoint, chunks = Endpoint(Settings()), [(0.9, spoken) for count, spoken in stretches for _ in range(count)]
    events: list[Event] = []
    for place, (probability, spoken) in enumerate(chunks + 20 * [(0.0, False)]):
        events += endpoint.step(probability, place * CHUNK, (place + 1) * CHUNK, spoken=spoken)
    return events


def test_a_hum_needs_longer_than_a_word() -> None:
    assert isinstance(said((12, False))[1], Dropped)
    assert said((13, False))[1] == Started(1, 0, 0, sure=True)
    assert said((8, True))[1] == Started(1, 0, 0, sure=True)


def test_a_word_after_a_hum_counts_from_the_hum_on() -> None:
    assert said((7, False), (1, True))[1] == Started(1, 0, 0, sure=True)
