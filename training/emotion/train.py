"""Train the three classifiers, write their weights, and print what they measure as the tables of docs/emotion.md."""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.emotion import _voice
from stages.emotion._grams import Linear
from stages.emotion._lexicon import FEELINGS, Lexicon
from training.emotion import grams, voice, words_en, words_zh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Found = dict[tuple[int, int, int], tuple[Floats, Ints]]
"""By speaker, view and number of earlier utterances: probabilities and true labels."""
AWAKE, CALM = ("anger", "fear", "happiness"), ("boredom", "neutral", "sadness")
WEIGHTS = Path(__file__).parents[2] / "stages" / "emotion" / "weights"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds voice-emotion/ and text-emotion/")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="where the weights go")
    options = parser.parse_args()
    _voices(options.data / "voice-emotion", options.to / "voice.npz")
    _english(options.data / "text-emotion", options.to / "words.en.npz")
    _chinese(options.data / "text-emotion", options.to)


def _say(*cells: object) -> None:
    texts = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
    sys.stdout.write("| " + " | ".join(texts) + " |\n")


def _head(title: str, *cells: object) -> None:
    sys.stdout.write(f"\n{title}\n\n")
    _say(*cells)
    _say(*["---"] * len(cells))


def _voices(folder: Path, target: Path) -> None:
    data = voice.read(folder)
    every = np.arange(len(data.label))
    found: Found = {}
    for speaker in range(len(data.speakers)):
        _, model = voice.choose(data, every[data.speaker != speaker])
        for view in range(len(data.views)):
            for known in voice.KNOWN:
                test = every[data.speaker == speaker]
                found[speaker, view, known] = voice.held_out(model, data, test, known, view)
    _curve(found)
    _speakers(found, data)
    for known in (0, 5):
        _confusion(found, known)
    chosen, model = voice.choose(data, every)
    voice.save(model, target)
    sys.stdout.write(f"\nShipped: shrinkage {chosen}, {model.basis.shape[1]} features, familiar {model.usual}.\n")


def _pooled(found: Found, view: int, known: int) -> tuple[Floats, Ints]:
    parts = [value for key, value in sorted(found.items()) if key[1:] == (view, known)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _curve(found: Found) -> None:
    _head("Recall and arousal", "sound", "measure", *(f"{known} earlier" for known in voice.KNOWN))
    for view, name in enumerate(["clean", *(f"another microphone, noise at {noise:.0f} dB" for noise in voice.NOISES)]):
        pooled = [_pooled(found, view, known) for known in voice.KNOWN]
        _say(name, "UAR, 7 classes", *(voice.recall(*part) for part in pooled))
        _say(name, "arousal AUC", *(_arousal(*part)[0] for part in pooled))
        _say(name, "arousal UAR", *(_arousal(*part)[1] for part in pooled))


def _arousal(probabilities: Floats, label: Ints) -> tuple[float, float]:
    """Area under the curve and unweighted average recall of anger, fear, joy against boredom, neutral, sadness."""
    high = [_voice.CLASSES.index(name) for name in AWAKE]
    low = [_voice.CLASSES.index(name) for name in CALM]
    kept = np.isin(label, high + low)
    awake, calm = probabilities[kept][:, high].sum(axis=1), probabilities[kept][:, low].sum(axis=1)
    score, real = np.log(awake + 1e-12) - np.log(calm + 1e-12), np.isin(label[kept], high)
    above = score[real][:, None] - score[~real][None, :]
    area = float((above > 0).mean() + 0.5 * (above == 0).mean())
    return area, float(((score[real] > 0).mean() + (score[~real] <= 0).mean()) / 2)


def _speakers(found: Found, data: voice.Set) -> None:
    _head("UAR of each speaker, clean", "speaker", *(f"{known} earlier" for known in voice.KNOWN))
    for number, name in enumerate(data.speakers):
        _say(name, *(voice.recall(*found[number, 0, known]) for known in voice.KNOWN))


def _confusion(found: Found, known: int) -> None:
    probabilities, label = _pooled(found, 0, known)
    table = np.zeros((len(_voice.CLASSES), len(_voice.CLASSES)))
    np.add.at(table, (label, probabilities.argmax(axis=1)), 1)
    table /= table.sum(axis=1, keepdims=True)
    _head(f"Share of each class (row) heard as, clean, {known} earlier", "", *_voice.CLASSES)
    for name, row in zip(_voice.CLASSES, table, strict=True):
        _say(name, *(f"{share:.2f}" for share in row))


def _english(folder: Path, target: Path) -> None:
    trained, cost = words_en.train(folder)
    grams.save(trained, target)
    model = Linear.load(target)
    said, truth = words_en.measure(model, folder / "goemotions-ekman-dev.tsv")
    _head("English words, F1", *model.labels, "mean")
    f1 = grams.f1(said, truth)
    _say(*f1.tolist(), float(f1.mean()))
    sys.stdout.write(f"\nCost {cost}, {len(model.place)} pieces.\n")


def _chinese(folder: Path, to: Path) -> None:
    grams.save(words_zh.train(folder), to / "words.zh.npz")
    model, lexicon = Linear.load(to / "words.zh.npz"), Lexicon.load(WEIGHTS / "lexicon.zh.tsv")
    texts, label = words_zh.read(folder / "clue-emotion-valid.tsv", words_zh.POSTS)
    table = words_zh.measure(texts, label, lexicon, model, neutral=False)
    f1, mean = words_zh.macro(table)
    _head("Chinese words, F1 of six feelings", *FEELINGS, "mean", "accuracy")
    _say(*f1[1:].tolist(), mean, float(np.diag(table).sum() / table.sum()))
    _head("Posts of each feeling (row) read as", "", *FEELINGS)
    for name, row in zip(FEELINGS, table[1:, 1:].tolist(), strict=True):
        _say(name, *row)


if __name__ == "__main__":
    main()
