"""Renders the training speech: log-mel frames in one array, what was said and when beside it."""

import argparse
import json
import logging
import os
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from stages.speech._espeak_lib import Voice
from training.demo_model import sentences, sound, voices

_LOGGER = logging.getLogger(__name__)
LONGEST = 790
"""Log-mel frames: the model's encoder is to hear 8 seconds."""
NOBODY_SHARE, MIXED_SHARE, RESIZED_SHARE = 0.04, 0.12, 0.6
_Mel = NDArray[np.float16]


def _voice(language: str, chance: np.random.Generator) -> Voice:
    accent = str(chance.choice(voices.ACCENTS[language]))
    kind = chance.random()
    if kind < voices.PLAIN_SHARE:
        name = accent
    elif kind < voices.PLAIN_SHARE + voices.GUIDE_SHARE:
        name = f"{accent}+{voices.GUIDE}"
    else:
        name = f"{accent}+{chance.choice(voices.seen())}"
    return Voice(name, int(chance.choice(voices.RATES)), int(chance.integers(30, 71)), int(chance.integers(25, 76)))


def _mixed(language: str, parts: list[str], chance: np.random.Generator) -> str:
    chosen = [str(part) for part in chance.choice(parts, chance.integers(2, 6), replace=False)]
    return " ".join(chosen) + "." if language == "en" else "".join(chosen[:4]) + "。"


def _words(index: int, chance: np.random.Generator) -> sentences.Text:
    texts = sentences.all_texts()
    if chance.random() < MIXED_SHARE:
        language = str(chance.choice(sentences.LANGUAGES))
        return sentences.Text(language, _mixed(language, sentences.pieces()[language], chance))
    return texts[index % len(texts)]


def render(job: tuple[int, int]) -> tuple[dict[str, Any], _Mel]:
    """One utterance of the seed and index in `job`: its description, and its log-mel `[frames, 80]`."""
    chance = np.random.default_rng(job)
    if chance.random() < NOBODY_SHARE:
        facts: dict[str, Any] = {"language": "", "text": "", "start": 0.0, "end": 0.0, "phonemes": [], "words": []}
        heard = sound.nobody(chance)
    else:
        text = _words(job[1], chance)
        size = float(np.exp(chance.uniform(-0.16, 0.2))) if chance.random() < RESIZED_SHARE else 1.0
        spoken = sound.say(text.text, _voice(text.language, chance), size)
        heard, start = sound.in_room(spoken, chance)
        facts = {
            "language": text.language,
            "text": text.text,
            "start": start,
            "end": start + len(spoken.sound) / sound.RATE,
            "phonemes": [(at + start, name) for at, name in spoken.phonemes],
            "words": [(at + start, character) for at, character in spoken.words],
        }
    return facts, FeatureExtractor()(heard).T.astype(np.float16)


def rendered(seed: int, count: int) -> Iterator[tuple[dict[str, Any], _Mel]]:
    """`count` utterances, in order, made by all processors."""
    with Pool(os.cpu_count()) as pool:
        for facts, mel in pool.imap(render, [(seed, index) for index in range(count)], chunksize=16):
            if len(mel) <= LONGEST:
                yield facts, mel


def main() -> None:
    """Write `mel.npy` and `utterances.json` into the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments.data.mkdir(parents=True, exist_ok=True)
    utterances, frames, total = [], [], 0
    for facts, mel in rendered(arguments.seed, arguments.count):
        utterances.append({**facts, "first": total, "frames": len(mel)})
        frames.append(mel)
        total += len(mel)
        if len(utterances) % 2000 == 0:
            _LOGGER.info("%d utterances, %.1f h", len(utterances), total / 360_000)
    np.save(arguments.data / "mel.npy", np.concatenate(frames))
    (arguments.data / "utterances.json").write_text(json.dumps(utterances, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
