"""Fit a linear classifier over pieces of text with scikit-learn, and keep it in 8 bits."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from stages.emotion._grams import Linear

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def vocabulary(texts: Sequence[str], pieces: Callable[[str], Iterable[str]], least: int) -> tuple[list[str], Floats]:
    """Pieces that at least `least` texts hold, sorted, and their inverse document frequency."""
    count = Counter(piece for text in texts for piece in dict.fromkeys(pieces(text)))
    known = sorted(piece for piece, number in count.items() if number >= least)
    often = np.array([count[piece] for piece in known])
    return known, np.log((1 + len(texts)) / (1 + often)) + 1


def matrix(
    texts: Sequence[str], pieces: Callable[[str], Iterable[str]], known: list[str], rarity: Floats
) -> csr_matrix:
    """`[texts, pieces]`, each row of length 1: what `Linear.odds` makes of a text."""
    place = {piece: number for number, piece in enumerate(known)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for number, text in enumerate(texts):
        found = [place[piece] for piece in dict.fromkeys(pieces(text)) if piece in place]
        share = rarity[found]
        rows.extend([number] * len(found))
        columns.extend(found)
        values.extend((share / max(float(np.sqrt(share @ share)), 1e-9)).tolist())
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(known)))


def one_against_rest(
    table: csr_matrix, truth: Bools, cost: float, weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """Weights `[pieces, labels]` and bias `[labels]` of one logistic regression for each label."""
    models = [
        LogisticRegression(C=cost, solver="liblinear", random_state=0).fit(table, column, weight) for column in truth.T
    ]
    return np.column_stack([model.coef_[0] for model in models]), np.array([model.intercept_[0] for model in models])


def f1(said: Bools, truth: Bools) -> Floats:
    """F1 of each column."""
    both = (said & truth).sum(axis=0)
    result: Floats = 2 * both / np.maximum(1, said.sum(axis=0) + truth.sum(axis=0))
    return result


def thresholds(odds: Floats, truth: Bools) -> Floats:
    """Of each column, the threshold with the best F1."""
    best = []
    for column, real in zip(odds.T, truth.T, strict=True):
        trials = np.unique(np.quantile(column, np.linspace(0.3, 0.998, 200)))
        found = [float(f1((column > trial)[:, None], real[:, None])[0]) for trial in trials]
        best.append(trials[int(np.argmax(found))])
    return np.array(best)


def packed(known: list[str], rarity: Floats, weights: Floats, bias: Floats, threshold: Floats,
           labels: tuple[str, ...]) -> Linear:  # fmt: skip
    """In 8 bits, without the pieces that weigh next to nothing."""
    step = np.abs(weights).max(axis=0) / 127
    small = np.rint(weights / step).astype(np.int8)
    kept = np.flatnonzero(np.abs(small).max(axis=1) >= 1)
    place = {known[row]: number for number, row in enumerate(kept)}
    return Linear(place, rarity[kept].astype(np.float16).astype(np.float64), small[kept], step, bias, threshold, labels)


def save(model: Linear, path: Path) -> None:
    """Write what `Linear.load` reads."""
    np.savez_compressed(
        path,
        weights=model.weights,
        rarity=model.rarity.astype(np.float16),
        step=model.step,
        bias=model.bias,
        threshold=model.threshold,
        pieces=np.frombuffer("\n".join(model.place).encode(), np.uint8),
        labels=np.frombuffer("\n".join(model.labels).encode(), np.uint8),
    )
