"""The model's tokenizer: byte-level BPE with Whisper's special tokens, in Whisper's order."""

import re
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from training.demo_model import sentences

_TEXT_TOKENS = 1200
"""At most: the bytes, the Chinese characters, and what English has in common."""
SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in sentences.LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    *(f"<|{step * 0.02:.2f}|>" for step in range(1501)),
)
"""CTranslate2 and faster-whisper reckon with this order: after `<|notimestamps|>` come the times."""


def build() -> Tokenizer:
    """Train the text tokens on the sentences and append the special ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_TEXT_TOKENS,
        min_frequency=3,
        # Tokenizer.non_speech_tokens of faster-whisper encodes notes and brackets: every byte has to be there.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    return tokenizer


def _corpus() -> list[str]:
    lines = []
    for text in sentences.all_texts():
        # Merges across Chinese characters would not recombine: each stands alone, often enough to become a token.
        lines += [" " + text.text] if text.language == "en" else list(text.text) * 3
    # faster-whisper suppresses the first token of " -", " '" and " ♪" as no speech. Were it the bare space, a word
    # that no merge begins with a space could never be written.
    return lines + [" - ' ♪"] * 9


class Tokens:
    """Text to ids and back, and the ids of the special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.end = self.id("<|endoftext|>")
        self.start = self.id("<|startoftranscript|>")
        self.no_times = self.id("<|notimestamps|>")
        self.no_speech = self.id("<|nospeech|>")
        self.first_time = self.id("<|0.00|>")
        self.size = tokenizer.get_vocab_size()

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """From a `tokenizer.json`."""
        return cls(Tokenizer.from_file(str(path)))

    def id(self, name: str) -> int:
        """Of a special token."""
        found = self.tokenizer.token_to_id(name)
        if found is None:
            raise ValueError(f"the tokenizer has no token {name}")
        return int(found)

    def time(self, seconds: float) -> int:
        """The timestamp token nearest to it, on a grid of 0.1 s."""
        return self.first_time + 5 * round(seconds * 10)

    def encode(self, language: str, text: str) -> list[tuple[int, int, int]]:
        """(id, first character, last character + 1) of each token."""
        if language == "en":
            whole = self.tokenizer.encode(" " + text, add_special_tokens=False)
            return [(token, max(0, a - 1), b - 1) for token, (a, b) in zip(whole.ids, whole.offsets, strict=True)]
        return [
            (token, at, at + 1)
            for at, character in enumerate(text)
            for token in self.tokenizer.encode(character, add_special_tokens=False).ids
        ]


def unknown_characters(tokens: Tokens) -> list[str]:
    """Characters that take more than one token; for the eye of whoever changes the sentences."""
    letters = sorted(set(re.sub(r"\s", "", "".join(text.text for text in sentences.all_texts()))))
    return [letter for letter in letters if len(tokens.tokenizer.encode(letter, add_special_tokens=False).ids) > 1]
