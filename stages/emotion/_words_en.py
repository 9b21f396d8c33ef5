"""English words: cut into pieces for the linear classifier, and what it says of plain questions mended."""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.emotion._grams import Linear

_STRETCHED = re.compile(r"(.)\1{2,}")
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?]+|\[[a-z]+\]|\.\.+|[^\x00-\x7f\w\s]|[:;=]-?[()dp/\\]")
_ASKS = re.compile(
    r"(so |and |sorry |excuse me |please |hello |hi )*"
    r"(what|where|when|which|who|how|why|can|could|may|do|does|is|are|will)"
    r"('s|'re)? (?!on earth|the hell|the heck)[a-z ',]+[?.]?"
)
CURIOUS = 2.5
"""Log odds taken from surprise in a plain question: GoEmotions counts curiosity as surprise, a visitor who asks
where something is is not surprised."""
LONGEST = 1000
"""Characters that are read: nobody says more in a turn, and the time taken stays bounded."""


def tokens(text: str) -> list[str]:
    """Words in lower case with their apostrophes, runs of ! and ?, emoticons, and other signs one by one."""
    plain = _STRETCHED.sub(r"\1\1\1", text[:LONGEST].lower().replace("\u2019", "'"))
    return _TOKEN.findall(plain)


def pieces(text: str) -> Iterator[str]:
    """Words, pairs and triples of words, and pieces of 3 to 5 letters within words."""
    words = ["<", *tokens(text), ">"]
    yield from ("_" + word for word in words[1:-1])
    yield from (f"{one} {two}" for one, two in pairwise(words))
    yield from (f"{one} {two} {three}" for one, two, three in zip(words, words[1:], words[2:], strict=False))
    for word in words[1:-1]:
        spaced = f" {word} "
        for size in (3, 4, 5):
            yield from ("~" + spaced[start : start + size] for start in range(len(spaced) - size + 1))


def odds(text: str, learnt: Linear) -> NDArray[np.float64]:
    """Log odds of each of the classifier's labels."""
    result = learnt.odds(pieces(text)).copy()
    if _ASKS.fullmatch(text[:LONGEST].strip().lower().replace("\u2019", "'")):
        result[learnt.labels.index("surprised")] -= CURIOUS
    return result
