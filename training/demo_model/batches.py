"""Batches of the training speech: padded log-mel, prompts and targets, phonemes, and where each token is to look."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.demo_model.tokens import Tokens

SHORT, FULL = 800, 3000
"""Log-mel frames: the 8 s that the demo gives the encoder, and the 30 s that faster-whisper gives it else."""
_PER_SECOND = 50
"""Encoder positions."""
_IGNORED = -100
_BEFORE, _AFTER = 6, 8
"""Encoder positions around a word in which its tokens may look."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from; b utterances, t tokens, s encoder positions."""

    mel: Tensor
    """`[b, 80, 2 s]`."""
    tokens: Tensor
    """`[b, t]`: what the decoder is given."""
    targets: Tensor
    """`[b, t]`: what it is to say next; -100 where that does not matter."""
    phonemes: Tensor
    """`[b, s]`."""
    looks: Tensor
    """`[b, t, s]`: 1 where a text token may look."""


class Speech:
    """The rendered utterances, sorted by length."""

    def __init__(self, folder: Path, tokens: Tokens) -> None:
        self._mel: NDArray[np.float16] = np.load(folder / "mel.npy", mmap_mode="r")
        utterances = json.loads((folder / "utterances.json").read_text("utf-8"))
        self._utterances: list[dict[str, Any]] = sorted(utterances, key=lambda utterance: utterance["frames"])
        self._tokens = tokens
        names = sorted({name for utterance in utterances for _, name in utterance["phonemes"] if name})
        self._classes = {name: index for index, name in enumerate(names, start=1)}

    def __len__(self) -> int:
        return len(self._utterances)

    def batch(self, size: int, chance: np.random.Generator, *, full: bool) -> Batch:
        """`size` utterances of about one length, padded with zeros as faster-whisper pads."""
        first = int(chance.integers(0, len(self) - 4 * size))
        chosen = [self._utterances[first + int(at)] for at in chance.choice(4 * size, size, replace=False)]
        longest = max(utterance["frames"] for utterance in chosen)
        padding = (0, 2, int(chance.integers(0, 300)), SHORT)[chance.integers(0, 4)]
        frames = FULL if full else min(SHORT, longest + padding)
        frames += frames % 2
        mel = np.zeros((size, 80, frames), np.float32)
        phonemes = np.zeros((size, frames // 2), np.int64)
        lines = []
        for row, utterance in enumerate(chosen):
            mel[row, :, : utterance["frames"]] = self._masked(utterance, chance)
            phonemes[row] = self._phonemes(utterance, frames // 2)
            lines.append(_line(utterance, self._tokens, chance))
        tokens, targets, looks = _stacked(lines, frames // 2, self._tokens.end)
        return Batch(torch.from_numpy(mel), tokens, targets, torch.from_numpy(phonemes), looks)

    def _masked(self, utterance: dict[str, Any], chance: np.random.Generator) -> NDArray[np.float32]:
        """SpecAugment (Park et al. 2019): two bands and two moments at the mean."""
        first, frames = utterance["first"], utterance["frames"]
        mel = self._mel[first : first + frames].T.astype(np.float32)
        mean = mel.mean()
        for _ in range(2):
            band, moment = int(chance.integers(0, 80)), int(chance.integers(0, frames))
            mel[band : band + int(chance.integers(0, 12))] = mean
            mel[:, moment : moment + int(chance.integers(0, 10))] = mean
        return mel

    def _phonemes(self, utterance: dict[str, Any], positions: int) -> NDArray[np.int64]:
        labels = np.zeros(positions, np.int64)
        events = utterance["phonemes"]
        for (at, name), (until, _) in zip(events, [*events[1:], (utterance["end"], "")], strict=False):
            labels[max(0, round(at * _PER_SECOND)) : max(0, round(until * _PER_SECOND))] = self._classes.get(name, 0)
        return labels


@dataclass(frozen=True, slots=True)
class _Line:
    prompt: list[int]
    target: list[int]
    language: int | None
    """What the model is to say after `<|startoftranscript|>`."""
    looks: list[tuple[int, float, float]]
    """(index in prompt + target, first and last second of its sound)."""


def _line(utterance: dict[str, Any], tokens: Tokens, chance: np.random.Generator) -> _Line:
    language = utterance["language"]
    if not language:
        spoken = [tokens.id("<|en|>" if chance.random() < 0.5 else "<|zh|>"), tokens.id("<|transcribe|>")]
        return _Line([tokens.start, *spoken, tokens.no_times], [tokens.end], tokens.no_speech, [])
    prompt = [tokens.start, tokens.id(f"<|{language}|>"), tokens.id("<|transcribe|>")]
    text = tokens.encode(language, utterance["text"])
    ids = [token for token, _, _ in text]
    if chance.random() < 0.85:
        prompt = [*prompt, tokens.no_times]
        target, skipped = [*ids, tokens.end], 0
    else:
        start = tokens.time(utterance["start"]) if utterance["start"] > 0.1 else tokens.first_time
        target, skipped = [start, *ids, tokens.time(utterance["end"]), tokens.end], 1
    times = _character_times(utterance)
    looks = [(len(prompt) + skipped + at, times[a], times[b]) for at, (_, a, b) in enumerate(text)]
    return _Line(prompt, target, prompt[1], looks)


def _character_times(utterance: dict[str, Any]) -> NDArray[np.float64]:
    """`[characters + 1]`: seconds at which each character begins, evenly between espeak's word events."""
    length = len(utterance["text"])
    words = [(at, character) for at, character in utterance["words"] if 0 <= character < length]
    characters = [character for _, character in words] + [length]
    times = [at for at, _ in words] + [utterance["end"]]
    return np.asarray(np.interp(np.arange(length + 1), characters, times))


def _stacked(lines: list[_Line], positions: int, padding: int) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(line.prompt) + len(line.target) for line in lines) - 1
    tokens = np.full((len(lines), width), padding)
    targets = np.full((len(lines), width), _IGNORED)
    looks = np.zeros((len(lines), width, positions), np.float32)
    for row, line in enumerate(lines):
        whole = line.prompt + line.target
        tokens[row, : len(whole) - 1] = whole[:-1]
        targets[row, len(line.prompt) - 1 : len(whole) - 1] = line.target
        targets[row, 0] = line.language
        for index, start, end in line.looks:
            first = max(0, int(start * _PER_SECOND) - _BEFORE)
            looks[row, index - 1, first : int(end * _PER_SECOND) + _AFTER] = 1
    return torch.from_numpy(tokens), torch.from_numpy(targets), torch.from_numpy(looks)
