"""Train the Chinese character classifier on CPED's dialogues, and measure it together with the lexicon."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from stages.emotion import _words_zh
from stages.emotion._grams import Linear
from stages.emotion._lexicon import FEELINGS, Lexicon
from training.emotion.grams import matrix, packed, vocabulary

Ints = NDArray[np.int64]
LABELS = ("neutral", *FEELINGS)
DIALOGUE = {"happy": "happy", "grateful": "happy", "relaxed": "happy", "positive-other": "happy", "anger": "angry",
            "sadness": "sad", "depress": "sad", "fear": "fearful", "worried": "fearful", "disgust": "disgusted",
            "astonished": "surprised", "neutral": "neutral"}  # fmt: skip
"""CPED's emotions and ours; `negative-other` says too little and is left out."""
POSTS = {"like": "happy", "happiness": "happy", "sadness": "sad", "anger": "angry", "disgust": "disgusted",
         "fear": "fearful", "surprise": "surprised"}  # fmt: skip
OWN = Path(__file__).parent / "words_zh.tsv"
LEAST, COST = 3, 3.0


def read(path: Path, names: dict[str, str]) -> tuple[list[str], Ints]:
    """Texts and the number of each one's label in `LABELS`; the label stands first, the text last in a line."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [(line[-1], names[line[0]]) for line in lines if line[0] in names]
    return [text for text, _ in kept], np.array([LABELS.index(label) for _, label in kept])


def train(folder: Path) -> Linear:
    """A class-balanced multinomial logistic regression over pieces of 1 to 3 characters."""
    texts, label = read(folder / "cped-valid.tsv", DIALOGUE)
    known, rarity = vocabulary(texts, _words_zh.pieces, LEAST)
    table = matrix(texts, _words_zh.pieces, known, rarity)
    model = LogisticRegression(C=COST, class_weight="balanced", max_iter=300).fit(table, label)
    return packed(known, rarity, model.coef_.T, model.intercept_, np.zeros(len(LABELS)), LABELS)


def measure(texts: list[str], label: Ints, lexicon: Lexicon, learnt: Linear, *, neutral: bool) -> Ints:
    """Confusion `[7, 7]`, true label by row; without `neutral` the best of the six feelings is said."""
    table = np.zeros((len(LABELS), len(LABELS)), np.int64)
    for text, real in zip(texts, label, strict=True):
        odds = _words_zh.odds(text, lexicon, learnt)
        table[real, int(np.argmax(odds)) if neutral else 1 + int(np.argmax(odds[1:]))] += 1
    return table


def macro(table: Ints) -> tuple[NDArray[np.float64], float]:
    """F1 of each label that occurs, and their mean."""
    there = table.sum(axis=1) > 0
    f1 = 2 * np.diag(table) / np.maximum(1, table.sum(axis=0) + table.sum(axis=1))
    return f1, float(f1[there].mean())
