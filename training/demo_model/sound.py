"""Speech of one sentence with the times of its phonemes, and what a room and a microphone do to it."""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from stages.speech._espeak_lib import Voice, speak

RATE = 16_000
Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence, cut to where it sounds."""

    sound: Sound
    """`[n]` at 16 kHz, peak 1."""
    phonemes: list[tuple[float, str]]
    """(seconds, IPA without stress and length); an empty name ends the phoneme before."""
    words: list[tuple[float, int]]
    """(seconds, index of the word's first character)."""


def say(text: str, voice: Voice, size: float = 1.0) -> Spoken:
    """Speak `text` with espeak; a `size` above 1 is a smaller speaker, all formants and the pitch that much higher."""
    spoken = speak(text, voice, threading.Event())
    samples = spoken.samples.astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    first = int(loud[0])
    sound = resample_poly(samples[first : loud[-1] + 1], 320, round(441 * size)).astype(np.float32)
    pace = 22_050 * round(441 * size) / 441
    bare = str.maketrans("", "", "ˈˌː")
    return Spoken(
        sound / np.float32(np.abs(sound).max()),
        [((at - first) / pace, name.translate(bare)) for at, name in spoken.phonemes],
        [((at - first) / pace, character) for at, character, _ in spoken.words],
    )


def at_snr(speech: Sound, noise: Sound, decibels: float) -> Sound:
    """`noise` scaled so that `speech` is that much stronger."""
    ratio = np.sqrt(np.mean(speech**2) / np.mean(noise**2))
    return np.asarray(noise * ratio * 10 ** (-decibels / 20), np.float32)


def white(samples: int, chance: np.random.Generator) -> Sound:
    """White noise."""
    return chance.standard_normal(samples).astype(np.float32)


def brown(samples: int, chance: np.random.Generator) -> Sound:
    """White noise through a one-pole low pass: a ventilation."""
    return np.asarray(lfilter([1], [1, -0.95], white(samples, chance)), np.float32)


def pink(samples: int, chance: np.random.Generator) -> Sound:
    """Noise with equal power in every octave: a hall of people far away."""
    spectrum = np.fft.rfft(white(samples, chance))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    return np.fft.irfft(spectrum, samples).astype(np.float32)


def in_room(spoken: Spoken, chance: np.random.Generator) -> tuple[Sound, float]:
    """The sentence as a microphone hears it: tilt, lead-in, gain and noise, and the seconds before it starts."""
    sound = spoken.sound
    if chance.random() < 0.5:
        sound = np.asarray(lfilter([1, chance.uniform(-0.7, 0.5)], [1], sound), np.float32)
    before = int(RATE * (0.02 if chance.random() < 0.3 else chance.uniform(0, 0.7)))
    after = int(RATE * chance.uniform(0.02, 0.8))
    room = np.pad(sound, (before, after))
    if chance.random() < 0.75:
        noise = (white if chance.random() < 0.5 else brown)(len(room), chance)
        room += at_snr(sound, noise, chance.uniform(8, 40))
    room *= chance.uniform(0.05, 0.95) / np.abs(room).max()
    return room.astype(np.float32), before / RATE


def nobody(chance: np.random.Generator) -> Sound:
    """Half a second to four seconds in which nobody speaks: noise, sometimes with knocks and coughs in it."""
    samples = int(RATE * chance.uniform(0.5, 4))
    room = (white if chance.random() < 0.5 else brown)(samples, chance)
    room *= 10 ** chance.uniform(-5, -1) / np.abs(room).max()
    for _ in range(chance.integers(0, 3)):
        length = int(RATE * chance.uniform(0.03, 0.3))
        at = int(chance.integers(0, samples - length))
        burst = brown(length, chance) * np.exp(-np.linspace(0, chance.uniform(2, 8), length))
        room[at : at + length] += burst / np.abs(burst).max() * chance.uniform(0.05, 0.6)
    return room.astype(np.float32)
