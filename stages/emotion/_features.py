"""Voice features: what can be measured of an utterance's sound, as one vector, in plain numpy.

Frames of 40 ms every 10 ms give the contours (pitch, harmonicity, energy, spectral shape, MFCC); statistics over the
voiced and over the active frames, and the rhythm of the contours, give the vector. The level of the recording
takes no part: a microphone's gain says nothing about a visitor.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
RATE = 16_000
HOP = 160
WINDOW = 640
FFT = 1024
F0_MIN, F0_MAX = 65.0, 520.0
"""Hz; a lag of 16000 / 65 samples stays below FFT - WINDOW, so the autocorrelation does not wrap."""
VOICED = 0.45
"""Normalised autocorrelation from which a frame counts as voiced (Boersma 1993 uses 0.45)."""
MELS = 26
CEPSTRA = 13
SHORTEST = 12
"""Voiced frames below which there is nothing to judge: 120 ms."""
CLIPPED = 0.02
"""Share of samples at the ends of the scale from which an utterance is too distorted to judge."""
QUIETEST = 40.0
"""Peak of a frame's RMS in 16 bit steps below which an utterance is silence (-58 dBFS)."""


@dataclass(frozen=True, slots=True)
class Contours:
    """What is known of each frame; all arrays have `[frames]` rows."""

    level: Floats
    """dB below the loudest frame (<= 0)."""
    pitch: Floats
    """Semitones above 55 Hz; 0 where unvoiced."""
    harmonicity: Floats
    """Peak of the normalised autocorrelation, 0..1."""
    shape: Floats
    """`[frames, 11]`: see `_shape`."""
    cepstra: Floats
    """`[frames, 13]`: MFCC 1 to 13."""
    bands: Floats
    """`[frames, 26]`: log mel energies, natural logarithm."""
    voiced: Mask
    active: Mask


def features(samples: NDArray[np.int16]) -> Floats | None:
    """One vector for an utterance at 16 kHz; None when there is too little voice in it to judge."""
    contours = _contours(samples)
    if contours is None:
        return None
    return np.concatenate([_prosody(contours), _statistics(contours), _rhythm(contours)])


def _contours(samples: NDArray[np.int16]) -> Contours | None:
    if len(samples) < WINDOW + SHORTEST * HOP:
        return None
    signal = samples.astype(np.float64)
    if float((np.abs(signal) >= 32_700).mean()) > CLIPPED:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(signal - signal.mean(), WINDOW)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    if loud.max() < QUIETEST:
        return None
    power = np.abs(np.fft.rfft(frames * _window(), FFT)) ** 2
    level = 20 * np.log10(np.maximum(loud, 1e-3 * loud.max()) / loud.max())
    active = level > -35
    lag, harmonicity = _pitch_lag(power)
    voiced = (harmonicity > VOICED) & (level > -28)
    if int(voiced.sum()) < SHORTEST:
        return None
    pitch = np.where(voiced, 12 * np.log2(RATE / lag / 55.0), 0.0)
    pitch, voiced = _without_jumps(pitch, voiced)
    if int(voiced.sum()) < SHORTEST:
        return None
    bands = np.log(power @ _mel().T + 1e-6 * float(power.sum(axis=1).max()))
    shape = _shape(power, np.where(voiced, RATE / lag, 120.0))
    return Contours(level, pitch, harmonicity, shape, bands @ _dct().T, bands, voiced, active)


@cache
def _window() -> Floats:
    return np.hanning(WINDOW + 2)[1:-1]


@cache
def _window_correlation() -> Floats:
    correlation = np.fft.irfft(np.abs(np.fft.rfft(_window(), FFT)) ** 2)[: FFT - WINDOW]
    result: Floats = correlation / correlation[0]
    return result


def _pitch_lag(power: Floats) -> tuple[Floats, Floats]:
    """Lag in samples and height of each frame's best peak: autocorrelation divided by the window's (Boersma 1993)."""
    correlation = np.fft.irfft(power)[:, : FFT - WINDOW]
    first, last = int(RATE / F0_MAX), int(RATE / F0_MIN)
    lags = np.arange(first - 1, last + 2)
    heights = correlation[:, lags] / np.maximum(correlation[:, :1], 1e-9) / _window_correlation()[lags]
    inner = heights[:, 1:-1]
    peak = (inner >= heights[:, :-2]) & (inner >= heights[:, 2:])
    cost = 0.02 * np.log2(lags[1:-1] / first)
    best = np.argmax(np.where(peak, inner - cost, -1.0), axis=1)
    row = np.arange(len(best))
    left, mid, right = heights[row, best], heights[row, best + 1], heights[row, best + 2]
    curve = left - 2 * mid + right
    shift = np.clip(np.where(np.abs(curve) > 1e-9, 0.5 * (left - right) / np.where(curve == 0, 1, curve), 0), -0.5, 0.5)
    height = np.where(peak[row, best], np.clip(mid, 0.0, 1.0), 0.0)
    return lags[1:-1][best] + shift, height


def _without_jumps(pitch: Floats, voiced: Mask) -> tuple[Floats, Mask]:
    """Unvoice frames that lie more than 7 semitones from the median of their neighbours (octave errors)."""
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(np.where(voiced, pitch, np.nan), 5, constant_values=np.nan), 11
    )
    middle = np.full(len(pitch), 0.0)
    middle[voiced] = np.nanmedian(around[voiced], axis=1)
    kept = voiced & (np.abs(pitch - middle) < 7)
    return np.where(kept, pitch, 0.0), kept


@cache
def _mel() -> Floats:
    """`[26, bins]` triangles, equally spaced from 50 to 7600 Hz on O'Shaughnessy's mel scale."""
    edges = 700 * (10 ** (np.linspace(_to_mel(50), _to_mel(7600), MELS + 2) / 2595) - 1)
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall))


def _to_mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


@cache
def _dct() -> Floats:
    order = np.arange(1, CEPSTRA + 1)[:, None]
    table: Floats = np.sqrt(2 / MELS) * np.cos(np.pi * order * (np.arange(MELS) + 0.5) / MELS)
    return table


@cache
def _edges() -> NDArray[np.int64]:
    return np.array([50, 250, 500, 1000, 1500, 2000, 3000, 4000, 5500, 7600]) * FFT // RATE


def _shape(power: Floats, f0: Floats) -> Floats:
    """Spectral shape of each frame, in dB where a ratio.

    Columns: alpha ratio, Hammarberg index, energy above 500 Hz, slopes 0-500 and 500-1500 Hz, centroid (octaves),
    flatness, flux, H1-H2, H1-A3 (the extended Geneva set, Eyben et al. 2016, names and defines most of them), low band.
    """
    bins = np.arange(power.shape[1]) * RATE / FFT
    floor = 1e-8 * float(power.sum(axis=1).max())
    sums = np.add.reduceat(power, _edges(), axis=1)[:, :-1] + floor
    decibel = 10 * np.log10(power + floor)
    total = sums.sum(axis=1)
    alpha = 10 * np.log10(sums[:, 3:8].sum(axis=1) / sums[:, :3].sum(axis=1))
    low, high = (bins >= 50) & (bins < 2000), (bins >= 2000) & (bins < 5000)
    hammarberg = decibel[:, low].max(axis=1) - decibel[:, high].max(axis=1)
    above = 10 * np.log10(sums[:, 2:].sum(axis=1) / total)
    centroid = np.log2(np.maximum((power @ bins) / np.maximum(power.sum(axis=1), floor), 50.0))
    flatness = decibel.mean(axis=1) - 10 * np.log10(power.mean(axis=1) + floor)
    root = np.sqrt(power)
    root /= np.sqrt(np.maximum(power.sum(axis=1, keepdims=True), floor))
    flux = np.concatenate([[0.0], np.sqrt(np.sum(np.diff(root, axis=0) ** 2, axis=1))])
    first = _harmonic(decibel, f0)
    second = _harmonic(decibel, 2 * f0)
    third = decibel[:, (bins >= 2300) & (bins < 3500)].max(axis=1)
    slopes = [_slope(decibel, bins, 50, 500), _slope(decibel, bins, 500, 1500)]
    lowest = 10 * np.log10(sums[:, 0] / total)
    return np.column_stack(
        [alpha, hammarberg, above, *slopes, centroid, flatness, flux, first - second, first - third, lowest]
    )


def _harmonic(decibel: Floats, hertz: Floats) -> Floats:
    """Height of the spectrum at `hertz`, the larger of the bin and its neighbours."""
    middle = np.clip(np.rint(hertz * FFT / RATE).astype(np.int64), 1, FFT // 2 - 1)
    row = np.arange(len(middle))
    return np.maximum(np.maximum(decibel[row, middle - 1], decibel[row, middle]), decibel[row, middle + 1])


def _slope(decibel: Floats, bins: Floats, low: float, high: float) -> Floats:
    """Least-squares slope of the spectrum between two frequencies, dB per kHz."""
    chosen = (bins >= low) & (bins < high)
    away = (bins[chosen] - bins[chosen].mean()) / 1000
    result: Floats = decibel[:, chosen] @ (away / (away @ away))
    return result


def _spread(values: Floats) -> list[float]:
    """Mean, standard deviation, 10th, 50th and 90th percentile, and what lies between the 10th and the 90th."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return [float(values.mean()), float(values.std()), float(low), float(middle), float(high), float(high - low)]


def _prosody(c: Contours) -> Floats:
    """Pitch, its movement, energy, harmonicity and the lengths of voiced and unvoiced stretches."""
    pitch = c.pitch[c.voiced]
    both = c.voiced[1:] & c.voiced[:-1]
    step = np.diff(c.pitch)[both]
    step = step if len(step) else np.zeros(1)
    rising, falling = step[step > 0], step[step < 0]
    moves = [float(np.abs(step).mean()), float(step.std()), float((np.abs(step) > 1).mean()), float(step.mean()),
             float(rising.mean()) if len(rising) else 0.0, float(falling.mean()) if len(falling) else 0.0,
             float((step > 0).mean())]  # fmt: skip
    place = np.linspace(-1, 1, len(c.pitch))[c.voiced]
    third = np.array_split(pitch, 3)
    contour = [float(np.polyfit(place, pitch, 1)[0]), float(third[2].mean() - third[0].mean()),
               float(third[1].mean() - (third[0].mean() + third[2].mean()) / 2),
               float(pitch[-SHORTEST:].mean() - pitch.mean())]  # fmt: skip
    level = c.level[c.active]
    energy = np.diff(c.level)
    energies = [*_spread(level), *_spread(c.level[c.voiced]), float(np.abs(energy[c.active[1:]]).mean()),
                float(energy.std()), float(np.polyfit(place, c.level[c.voiced], 1)[0])]  # fmt: skip
    joint = float(np.corrcoef(pitch + 1e-9 * place, c.level[c.voiced] + 1e-9 * place)[0, 1])
    return np.array([*_spread(pitch), *moves, *contour, *energies, *_spread(c.harmonicity[c.voiced]),
                     float(c.harmonicity[c.active].mean()), joint, *_stretches(c)])  # fmt: skip


def _stretches(c: Contours) -> list[float]:
    """How voice is cut up: shares, pieces a second, their mean length and its spread, pauses, peaks a second."""
    active = np.flatnonzero(c.active)
    inside = slice(active[0], active[-1] + 1)
    voiced, quiet = c.voiced[inside], ~c.active[inside]
    seconds = len(voiced) * HOP / RATE
    runs, gaps = _runs(voiced), _runs(~voiced)
    smooth = np.convolve(c.level[inside], np.hanning(9)[1:-1] / np.hanning(9).sum(), mode="same")
    peak = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & (smooth[1:-1] > -25)
    gaps = gaps if len(gaps) else np.zeros(1)
    return [float(voiced.mean()), float(quiet.mean()), len(runs) / seconds, float(np.log(runs.mean())),
            float(runs.std() / runs.mean()), float(gaps.mean()), float(gaps.std()), float(peak.sum()) / seconds,
            float(np.log(voiced.sum() / (1 + peak.sum())))]  # fmt: skip


def _runs(mask: Mask) -> Floats:
    """Lengths of the stretches of True, in frames."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    result: Floats = (edge[1::2] - edge[::2]).astype(np.float64)
    return result


def _statistics(c: Contours) -> Floats:
    """Statistics of spectral shape and MFCC over voiced frames, over unvoiced active ones, and of their changes."""
    both = np.column_stack([c.shape, c.cepstra])
    voiced = both[c.voiced]
    hiss = c.active & ~c.voiced
    unvoiced = both[hiss].mean(axis=0) if int(hiss.sum()) > 3 else both[c.active].mean(axis=0)
    change = np.abs(both[2:] - both[:-2])[c.active[1:-1]]
    change = change if len(change) else np.zeros((1, both.shape[1]))
    low, high = np.percentile(voiced, [15, 85], axis=0)
    strong = c.voiced & (c.level >= np.percentile(c.level[c.voiced], 50))
    return np.concatenate(
        [voiced.mean(axis=0), voiced.std(axis=0), low, high, unvoiced, change.mean(axis=0), both[strong].mean(axis=0)]
    )


def _rhythm(c: Contours) -> Floats:
    """Share of the energy contours' movement in 1-2, 2-4, 4-8 and 8-16 Hz, for 5 groups of mel bands (in log)."""
    active = np.flatnonzero(c.active)
    rows = c.bands[active[0] : active[-1] + 1]
    groups = np.column_stack([part.mean(axis=1) for part in np.array_split(rows, 5, axis=1)])
    groups = groups - groups.mean(axis=0)
    size = max(512, len(groups))
    spectrum = (
        np.abs(np.fft.rfft(groups * np.hanning(len(groups) + 2)[1:-1, None], max(size, len(groups)), axis=0)) ** 2
    )
    hertz = np.arange(len(spectrum)) * RATE / HOP / size
    shares = [np.log(spectrum[(hertz >= low) & (hertz < 2 * low)].sum(axis=0) + 1e-6) for low in (1, 2, 4, 8)]
    result: Floats = np.concatenate(shares) - np.log(len(groups))
    return result
