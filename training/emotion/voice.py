"""Train the voice classifier on the Berlin Database of Emotional Speech, and measure it on speakers it never heard."""

import csv
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from stages.emotion._features import RATE, features
from stages.emotion._voice import CLASSES, FAR, Voice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GRID = tuple(product((0.2, 0.4, 0.6), (0.3, 0.8), (2.0, 5.0)))
"""Shrinkage of the within-class and of the speaker covariance, and what the population's mean is worth."""
KNOWN = (0, 1, 3, 5)
NOISES = (25.0, 15.0)
"""dB below the speech, of the pink noise in the training set's copies."""
BEYOND = 0.4
"""Over which share of the familiar distance trust falls to 0 beyond it: before speech synthesis begins."""


@dataclass(frozen=True)
class Set:
    """Feature vectors of all utterances, clean and in each noise, with their labels."""

    views: Floats
    """`[1 + noises, n, f]`"""
    label: Ints
    speaker: Ints
    speakers: tuple[str, ...]


def read(folder: Path) -> Set:
    """Measure every utterance of `labels.csv`, clean and with silence and noise around and under it."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = tuple(sorted({row["speaker"] for row in rows}))
    views: list[list[Floats]] = [[] for _ in range(1 + len(NOISES))]
    for number, row in enumerate(rows):
        sound, rate = soundfile.read(folder / row["file"])
        clean = soxr.resample(sound, rate, RATE)
        versions = [clean, *(_noisy(clean, decibel, number) for decibel in NOISES)]
        for view, version in zip(views, versions, strict=True):
            vector = features(np.clip(np.rint(version * 32767), -32768, 32767).astype(np.int16))
            if vector is None:
                raise ValueError(f"{row['file']} has no voice in it")
            view.append(vector)
    label = np.array([CLASSES.index(row["emotion"]) for row in rows])
    return Set(np.array(views), label, np.array([names.index(row["speaker"]) for row in rows]), names)


def _noisy(clean: Floats, decibel: float, number: int) -> Floats:
    """With 0.1 to 0.6 s of room around it, pink noise, another microphone and another gain."""
    rng = np.random.default_rng([number, int(decibel)])
    around = [np.zeros(int(rng.uniform(0.1, 0.6) * RATE)) for _ in range(2)]
    padded = np.concatenate([around[0], clean, around[1]])
    spectrum = np.fft.rfft(rng.standard_normal(len(padded)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(padded))
    mixed = padded + noise / noise.std() * clean.std() * 10 ** (-decibel / 20)
    coloured = _microphone(mixed, rng)
    result: Floats = coloured / np.abs(coloured).max() * rng.uniform(0.05, 0.9)
    return result


def _microphone(sound: Floats, rng: np.random.Generator) -> Floats:
    """Through a random frequency response: a tilt of up to 5 dB either way, and two bumps of up to 4 dB."""
    spectrum = np.fft.rfft(sound)
    octave = np.log2(np.maximum(np.arange(len(spectrum)) * RATE / len(sound), 60.0) / 1000.0)
    gain = rng.uniform(-5, 5) * octave / 3
    for _ in range(2):
        gain += rng.uniform(-4, 4) * np.exp(-(((octave - rng.uniform(-3, 2.5)) / 0.7) ** 2))
    result: Floats = np.fft.irfft(spectrum * 10 ** (gain / 20), len(sound))
    return result


def fit(data: Set, chosen: Ints, within: float, between: float, prior: float) -> Voice:
    """A classifier from the utterances `chosen`, with probabilities and distances not yet calibrated."""
    rows = np.concatenate([view[chosen] for view in data.views])
    label, speaker = np.tile(data.label[chosen], len(data.views)), np.tile(data.speaker[chosen], len(data.views))
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    standard = np.clip((rows - mean) / scale, -FAR, FAR)
    classes, offsets = _two_ways(standard, label, speaker)
    rest = _shrunk(np.cov((standard - classes[label] - offsets[speaker]).T), within)
    speakers = _shrunk(np.cov(offsets[np.unique(speaker)].T), between)
    plain = [np.linalg.solve(rest + prior / (n + prior) * speakers, classes.T) for n in range(6)]
    bias = np.array([-0.5 * (classes * weight.T).sum(axis=1) for weight in plain])
    weights = [weight - weight.mean(axis=1, keepdims=True) for weight in plain]
    basis, height, _ = np.linalg.svd(np.hstack([w / np.linalg.norm(w) for w in weights]), full_matrices=False)
    basis = basis[:, height > 1e-4 * height[0]]
    whitening = np.linalg.inv(np.linalg.cholesky(_shrunk(np.cov(standard.T), 0.1))).T
    return Voice(
        mean=mean,
        scale=scale,
        basis=basis,
        classes=classes @ basis,
        weights=np.array([basis.T @ weight for weight in weights]),
        bias=bias - bias.mean(axis=1, keepdims=True),
        sharpness=np.full(6, 0.5),
        prior=np.array(prior),
        whitening=whitening,
        usual=np.array([1.0, 2.0]),
    )


def _two_ways(rows: Floats, label: Ints, speaker: Ints) -> tuple[Floats, Floats]:
    """Class means and speaker offsets that together explain `rows` best (unbalanced two-way layout, by turns)."""
    classes, offsets = np.zeros((len(CLASSES), rows.shape[1])), np.zeros((speaker.max() + 1, rows.shape[1]))
    present = np.unique(speaker)
    for _ in range(10):
        for number in range(len(CLASSES)):
            classes[number] = (rows - offsets[speaker])[label == number].mean(axis=0)
        for number in present:
            offsets[number] = (rows - classes[label])[speaker == number].mean(axis=0)
        offsets[present] -= offsets[present].mean(axis=0)
    return classes, offsets


def _shrunk(covariance: Floats, amount: float) -> Floats:
    size = len(covariance)
    result: Floats = (1 - amount) * covariance + amount * np.trace(covariance) / size * np.eye(size)
    return result


def held_out(voice: Voice, data: Set, test: Ints, known: int, view: int, repeats: int = 5) -> tuple[Floats, Ints]:
    """Probabilities for one speaker's utterances, each against `known` random others of the speaker."""
    rng = np.random.default_rng([known, int(data.speaker[test[0]])])
    rows = data.views[view]
    own = np.clip((rows - voice.mean) / voice.scale, -FAR, FAR) @ voice.basis
    odds, label = [], []
    for _ in range(repeats if known else 1):
        for index in test:
            others = rng.choice(test[test != index], known, replace=False) if known else np.zeros(0, np.int64)
            odds.append(voice.judge(rows[index], own[others]).probabilities)
            label.append(data.label[index])
    return np.array(odds), np.array(label)


def recall(probabilities: Floats, label: Ints) -> float:
    """Unweighted average recall."""
    guess = probabilities.argmax(axis=1)
    return float(np.mean([(guess[label == number] == number).mean() for number in np.unique(label)]))


def choose(data: Set, chosen: Ints) -> tuple[tuple[float, float, float], Voice]:
    """The best of `GRID` by leave-one-speaker-out within `chosen`, and a calibrated classifier from all of it."""
    speakers = np.unique(data.speaker[chosen])
    best, best_score = GRID[0], -1.0
    for trial in GRID:
        found = _inner(data, chosen, speakers, trial, (0, 3), repeats=1)
        score = float(np.mean([recall(*found[known]) for known in found]))
        if score > best_score:
            best, best_score = trial, score
    return best, calibrated(data, chosen, best)


def _inner(data: Set, chosen: Ints, speakers: Ints, trial: tuple[float, float, float], knowns: tuple[int, ...],
           repeats: int) -> dict[int, tuple[Floats, Ints]]:  # fmt: skip
    parts: dict[int, list[tuple[Floats, Ints]]] = {known: [] for known in knowns}
    for speaker in speakers:
        voice = fit(data, chosen[data.speaker[chosen] != speaker], *trial)
        test = chosen[data.speaker[chosen] == speaker]
        for known in knowns:
            parts[known].append(held_out(voice, data, test, known, 0, repeats))
    return {k: (np.concatenate([a for a, _ in v]), np.concatenate([b for _, b in v])) for k, v in parts.items()}


def calibrated(data: Set, chosen: Ints, trial: tuple[float, float, float]) -> Voice:
    """A classifier whose probabilities and distances are honest on unseen speakers."""
    speakers = np.unique(data.speaker[chosen])
    voice = fit(data, chosen, *trial)
    found = _inner(data, chosen, speakers, trial, tuple(range(6)), repeats=1)
    sharpness = [0.5 * _sharpness(*found[known]) for known in range(6)]
    distances = []
    for speaker in speakers:
        part = fit(data, chosen[data.speaker[chosen] != speaker], *trial)
        rows = data.views[:, chosen[data.speaker[chosen] == speaker]].reshape(-1, data.views.shape[2])
        standard = np.clip((rows - part.mean) / part.scale, -FAR, FAR)
        distances.extend(np.sqrt(np.mean((standard @ part.whitening) ** 2, axis=1)))
    near = float(np.percentile(distances, 95))
    parts = {field.name: getattr(voice, field.name) for field in fields(voice)}
    return Voice(**{**parts, "sharpness": np.array(sharpness), "usual": np.array([near, near * (1 + BEYOND)])})


def _sharpness(probabilities: Floats, label: Ints) -> float:
    """Power of the probabilities with the least log loss."""

    def loss(power: float) -> float:
        raised = np.maximum(probabilities, 1e-12) ** power
        return float(-np.log(raised[np.arange(len(label)), label] / raised.sum(axis=1)).mean())

    return float(min(np.geomspace(0.1, 5, 60), key=loss))


def save(voice: Voice, path: Path) -> None:
    """Write the arrays, those with many numbers in half precision."""
    arrays = {field.name: getattr(voice, field.name) for field in fields(voice)}
    kind = {name: np.float16 if name == "whitening" else np.float32 for name in arrays}
    np.savez_compressed(path, **{name: array.astype(kind[name]) for name, array in arrays.items()})
