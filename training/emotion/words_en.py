"""Train the English word classifier on GoEmotions and on sentences of our own from a service desk."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.emotion._grams import Linear
from stages.emotion._words_en import pieces
from training.emotion.grams import f1, matrix, one_against_rest, packed, thresholds, vocabulary

Bools = NDArray[np.bool_]
NAMES = {"neutral": "neutral", "joy": "happy", "sadness": "sad", "anger": "angry", "fear": "fearful",
         "disgust": "disgusted", "surprise": "surprised"}  # fmt: skip
"""GoEmotions' names and ours."""
OWN = Path(__file__).parent / "words_en.tsv"
OWN_WEIGHT = 6.0
"""Each of our own sentences counts as so many comments: they are few, and what a kiosk hears."""
LEAST = 4
COSTS = (1.0, 2.0, 4.0)


def read(path: Path) -> tuple[list[str], Bools]:
    """Texts and, `[texts, 7]`, which labels hold."""
    lines = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]
    rows = [(names.split("|"), text) for names, text in lines if names != "labels"]
    return [text for _, text in rows], np.array([[name in names for name in NAMES] for names, _ in rows])


def train(folder: Path) -> tuple[Linear, float]:
    """The classifier; cost and thresholds from a fifth of the training set that the trial models did not see."""
    texts, truth = read(folder / "goemotions-ekman-train.tsv")
    own, own_truth = read(OWN)
    known, rarity = vocabulary(texts + own, pieces, LEAST)
    table = matrix(texts + own, pieces, known, rarity)
    everything = np.concatenate([truth, own_truth])
    weight = np.concatenate([np.ones(len(texts)), np.full(len(own), OWN_WEIGHT)])
    order = np.random.default_rng(0).permutation(len(texts))
    test, rest = (
        order[: len(order) // 5],
        np.concatenate([order[len(order) // 5 :], np.arange(len(texts), len(weight))]),
    )
    best: tuple[float, float, NDArray[np.float64]] = (-1.0, COSTS[0], np.zeros(len(NAMES)))
    for cost in COSTS:
        weights, bias = one_against_rest(table[rest], everything[rest], cost, weight[rest])
        odds = table[test] @ weights + bias
        limit = thresholds(odds, everything[test])
        best = max(best, (float(f1(odds > limit, everything[test]).mean()), cost, limit), key=lambda trial: trial[0])
    _, cost, limit = best
    weights, bias = one_against_rest(table, everything, cost, weight)
    return packed(known, rarity, weights, bias, limit, tuple(NAMES.values())), cost


def measure(model: Linear, path: Path) -> tuple[Bools, Bools]:
    """What the shipped code says of each text and what is true, both `[texts, 7]`."""
    texts, truth = read(path)
    return np.array([model.odds(pieces(text)) > model.threshold for text in texts]), truth
