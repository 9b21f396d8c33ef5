"""Speaks the visitor of a recorded visit: `visit.yaml` becomes its sound, and learns when each turn sounds."""

import argparse
import re
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import yaml
from numpy.typing import NDArray

from stages.speech._espeak_lib import RATE, Voice, speak

Sound = NDArray[np.float32]
HEARD = 16_000
"""Hz."""
_SEED = 20
_SPEECH_RMS = 10 ** (-24 / 20)
_ROOM_RMS = _SPEECH_RMS * 10 ** (-40 / 20)
_AFTERWARDS = 9.0
"""Seconds of room after the last turn: the last answer has to end."""
_WORDS_A_MINUTE = {"en": 160, "zh": 185}
_ANGRY = (1.12, 58, 75, 10 ** (5 / 20))
"""Faster, higher, with more melody and 5 dB louder: what an angry voice does, within what espeak can."""
_SILENT = 48
"""Of 32768: below it espeak is silent."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn in the sound."""

    at: float
    """Seconds."""
    ends: float
    sound: Sound


def spoken(turn: dict[str, Any]) -> Sound:
    """What the visitor says, at 16 kHz."""
    rate, pitch, extent, gain = _ANGRY if turn.get("emotion") == "angry" else (1.0, 50, 55, 1.0)
    voice = Voice(turn["voice"], round(_WORDS_A_MINUTE[turn["language"]] * rate), pitch, extent)
    samples = speak(turn["says"], voice, threading.Event()).samples
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    sound = soxr.resample(samples[loud[0] : loud[-1] + 1].astype(np.float32) / 32768, RATE, HEARD)
    level = np.sqrt(np.mean(sound**2))
    return np.asarray(sound * (_SPEECH_RMS * gain / level), np.float32)


def cough(chance: np.random.Generator) -> Sound:
    """A cough of 300 ms: a burst of air, then a rest with some voice in it (Korpas et al. 1996 name the phases)."""
    seconds = np.arange(round(0.3 * HEARD)) / HEARD
    burst = _band(len(seconds), 400, 4000, chance) * np.exp(-seconds / 0.03)
    breath = 0.7 * _band(len(seconds), 250, 2500, chance) + 2.5 * _croak(seconds)
    rest = breath * np.exp(-(((seconds - 0.15) / 0.07) ** 2))
    fade = np.minimum(1, (len(seconds) - np.arange(len(seconds))) / 480)
    sound = (burst + 0.6 * rest) * fade
    return np.asarray(sound * (2.5 * _SPEECH_RMS / np.sqrt(np.mean(sound**2))), np.float32)


def _croak(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Harmonics of a falling voice through two formants: enough of a voice to be taken for one, for a moment."""
    pitch = 260.0
    phase = 2 * np.pi * np.cumsum(pitch * (1 - 0.8 * seconds)) / HEARD
    hertz = pitch * np.arange(1, 14)
    formants = np.exp(-(((hertz - 700) / 350) ** 2)) + 0.6 * np.exp(-(((hertz - 1300) / 300) ** 2))
    voice = formants @ np.cos(np.outer(np.arange(1, 14), phase))
    return np.asarray(voice / np.sqrt(np.mean(voice**2)))


def _band(samples: int, low: float, high: float, chance: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(chance.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / HEARD)
    spectrum *= np.exp(-((np.log2(np.maximum(hertz, 1) / np.sqrt(low * high)) / np.log2(high / low)) ** 2) * 2)
    noise = np.fft.irfft(spectrum, samples)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def room(samples: int, chance: np.random.Generator) -> Sound:
    """Pink noise, 40 dB below the speech: no recording is digitally silent."""
    spectrum = np.fft.rfft(chance.standard_normal(samples)) / np.sqrt(np.maximum(1, np.arange(samples // 2 + 1)))
    noise = np.fft.irfft(spectrum, samples)
    return np.asarray(noise * (_ROOM_RMS / np.sqrt(np.mean(noise**2))), np.float32)


def placed(turns: list[dict[str, Any]]) -> list[Placed]:
    """Every turn, after its pause, counted from the end of the one before."""
    chance = np.random.default_rng(_SEED)
    found: list[Placed] = []
    for turn in turns:
        sound = cough(chance) if turn.get("cough") else spoken(turn)
        at = round((found[-1].ends if found else 0.0) + turn["pause"], 3)
        found.append(Placed(at, round(at + len(sound) / HEARD, 3), sound))
    return found


def mixed(turns: list[Placed]) -> NDArray[np.int16]:
    """The whole visit as a microphone hears it, 16 kHz mono."""
    whole = room(round((turns[-1].ends + _AFTERWARDS) * HEARD), np.random.default_rng([_SEED, 1]))
    for turn in turns:
        first = round(turn.at * HEARD)
        whole[first : first + len(turn.sound)] += turn.sound
    return np.round(np.clip(whole, -1, 1) * 32767).astype(np.int16)


def with_times(text: str, turns: list[Placed]) -> str:
    """The visit's file with `at` and `ends` below each `pause`; everything else, comments included, stays."""
    bare = re.sub(r"^ +(?:at|ends): .*\n", "", text, flags=re.MULTILINE)
    remaining = iter(turns)

    def timed(match: re.Match[str]) -> str:
        turn = next(remaining)
        return f"{match[0]}    at: {turn.at}\n    ends: {turn.ends}\n"

    return re.sub(r"^  - pause: .*\n", timed, bare, flags=re.MULTILINE)


def make(path: Path) -> list[Placed]:
    """Write the sound beside `path` and the times into it."""
    text = path.read_text("utf-8")
    visit = yaml.safe_load(text)
    turns = placed(visit["turns"])
    soundfile.write(path.parent / visit["sound"], mixed(turns), HEARD, subtype="PCM_16")
    path.write_text(with_times(text, turns), "utf-8")
    return turns


def main() -> None:
    """Make one visit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visit", type=Path, nargs="?", default=Path("configs/visits/museum/visit.yaml"))
    path = parser.parse_args().visit
    turns = make(path)
    sys.stdout.write(f"{len(turns)} turns, {turns[-1].ends + _AFTERWARDS:.1f} s, beside {path}\n")


if __name__ == "__main__":
    main()
