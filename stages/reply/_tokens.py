"""How many tokens a text takes, estimated without the model's tokenizer, and rather too many than too few."""

import re
from typing import Final

A_MESSAGE: Final = 4
"""Tokens that a chat template puts around a message."""
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_ONE = re.compile(r"[^\sA-Za-z\u00c0-\u024f\U00010000-\U0010ffff]|\n")
_RARE = re.compile(r"[\U00010000-\U0010ffff]")


def estimate(text: str) -> int:
    """Tokens of a text.

    A CJK character, digit or sign counts 1, a Latin word 1.3 but a third of its letters at least, a character beyond
    the basic plane 3. DeepSeek's own rule of thumb is 0.6 a Chinese character and 0.3 an English letter
    (api-docs.deepseek.com, "Token & Token Usage"); Qwen's and Llama's tokenizers take up to 1 a Chinese character.
    """
    words = sum(max(1.3, len(word) / 3) for word in _WORD.findall(text))
    return int(words + len(_ONE.findall(text)) + 3 * len(_RARE.findall(text)) + 0.999)
