"""Lips from the sound itself, for voices without phoneme times: energy opens the jaw, band ratios shape the lips.

It cannot tell most consonants apart (docs/cues.md has the figures); it can follow loudness, width and hiss, and
close the lips where voiced sound dips.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Pose

STEP = SPEAK_RATE * 40 // 1000
"""Samples from one shape to the next: 40 ms, on the sentence's own grid, so that parts join."""
_HOP = SPEAK_RATE // 100
_WINDOW = 512
_BANDS = ((80, 300), (300, 500), (500, 1000), (1000, 1600), (1600, 3000), (4000, 11000))
_QUIET_DB, _LOUD_DB = -46.0, -18.0
"""Of a voice levelled to -20 dBFS: closed below, wide open above."""
_DIP_DB = 13.0
_BRIGHT = [4, 5]  # of the bands: above 1.6 kHz
_DULL = 0.35
_LEAST = 0.04
Row = NDArray[np.float64]


def poses(pcm: NDArray[np.int16], start: int) -> tuple[Pose, ...]:
    """Triangles 40 ms apart that add up to straight lines; `start` is `pcm`'s first sample in the sentence."""
    if len(pcm) < _WINDOW:
        return ()
    levels, bands = _analyse(pcm)
    found = []
    for at in range(-(-start // STEP) * STEP, start + len(pcm), STEP):
        row = min((at - start) // _HOP, len(levels) - 1)
        for name, weight in sorted(_shape(levels, bands, row).items()):
            if weight >= _LEAST:
                found.append(Pose(name=name, start=at - STEP, attack=at, release=at, end=at + STEP, weight=weight))
    return tuple(found)


def _analyse(pcm: NDArray[np.int16]) -> tuple[Row, NDArray[np.float64]]:
    """Level in dBFS and the share of each band, every 10 ms, centred."""
    sound = np.pad(pcm.astype(np.float64) / 32768, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP][: len(pcm) // _HOP + 1]
    levels = 10 * np.log10(np.square(windows).mean(axis=1) + 1e-12)
    power = np.square(np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1)))
    edges = [[round(edge * _WINDOW / SPEAK_RATE) for edge in band] for band in _BANDS]
    bands = np.stack([power[:, low:high].sum(axis=1) for low, high in edges], axis=1)
    return levels, bands / (bands.sum(axis=1, keepdims=True) + 1e-12)


def _shape(levels: Row, bands: Row, row: int) -> dict[str, float]:
    """Weights of the visemes: shares of an opening, a hiss and a closure."""
    if _dips(levels, bands, row):
        return {"PP": 1.0}
    opening = float(np.clip((levels[row] - _QUIET_DB) / (_LOUD_DB - _QUIET_DB), 0.0, 1.0))
    if opening == 0.0:
        return {"sil": 1.0}
    bass, low, middle, high, front, hiss = map(float, bands[row])
    if hiss > 0.45:
        return {"SS": min(1.0, 0.4 + opening)}
    total = bass + low + middle + high + front + 1e-9
    wide = front / total  # a strong second formant above 1.6 kHz: spread lips
    open_ = (middle + high) / total  # first formant high: open jaw
    round_ = (bass + low) / total * (1 - min(1.0, 4 * wide))  # all energy low: rounded lips
    weights = {"aa": open_, "ih": min(1.0, 3 * wide) * (1 - open_), "ou": round_, "E": 0.15}
    whole = sum(weights.values())
    return {name: round(opening * weight / whole, 4) for name, weight in weights.items()}


def _dips(levels: Row, bands: Row, row: int) -> bool:
    """A closure of the lips: 10 ms far quieter than what is 30-70 ms away on both sides, and a burst without hiss.

    The lips' burst is weak and low; the tongue's (t, k, ts) is bright, and shows that the lips were open.
    """
    low, high = max(0, row - 2), row + 3
    lowest = low + int(np.argmin(levels[low:high]))
    before, after = levels[max(0, lowest - 7) : max(0, lowest - 2)], levels[lowest + 3 : lowest + 8]
    if not (len(before) and len(after) and min(before.max(), after.max()) - levels[lowest] > _DIP_DB):
        return False
    return bool(bands[lowest + 1 : lowest + 5, _BRIGHT].sum(axis=1).max() < _DULL)
