"""Chinese words: the lexicon's opinion, and what a classifier of character pieces learnt from dialogues."""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stages.emotion._grams import Linear
from stages.emotion._lexicon import FEELINGS, Lexicon

Floats = NDArray[np.float64]
LONGEST = 1000
"""Characters that are read: the time taken stays bounded."""
TRUST = 1.1
"""Log odds that a weight of 1 in the lexicon is worth, for the first few."""
LEARNT = 0.3
"""What the classifier's log odds are worth beside the lexicon's."""
NEUTRAL = 1.6
"""Log odds of neutral before anything is said: a weak word alone ("free", "dark") is no feeling."""
ASKING = 1.2
"""What a plain question adds to neutral: "where may I smoke?" disgusts nobody."""
_ASKS = re.compile(r"请问|哪里|哪儿|在哪|哪个|几点|几楼|多少|怎么走|怎么去|(可以|能|有|是|会|要).{0,12}[吗么][？?]?$")
_NOISE = re.compile(r"https?://\S+|www\.\S+|@[\w\-]+[:：]?|//|回复")
_STRETCHED = re.compile(r"(.)\1{4,}")


def plain(text: str) -> str:
    """Lower case, no addresses, no runs of more than 5 equal signs."""
    return _STRETCHED.sub(r"\1\1\1\1\1", _NOISE.sub(" ", text[:LONGEST].lower())).strip()


def pieces(text: str) -> Iterator[str]:
    """One, two and three neighbouring characters, with both ends marked."""
    marked = f"<{plain(text)}>"
    for size in (1, 2, 3):
        yield from (marked[start : start + size] for start in range(len(marked) - size + 1))


def odds(text: str, lexicon: Lexicon, learnt: Linear) -> Floats:
    """Log odds of neutral and of `FEELINGS`, `[7]`."""
    told = lexicon.weigh(plain(text))
    said = np.array([0.0, *(_bounded(told[name]) for name in FEELINGS)])
    order = [learnt.labels.index(name) for name in ("neutral", *FEELINGS)]
    chance = learnt.odds(pieces(text))[order]
    start = np.array([NEUTRAL + (ASKING if _ASKS.search(text) else 0.0), *[0.0] * len(FEELINGS)])
    result: Floats = start + TRUST * said + LEARNT * (chance - chance.mean())
    return result


def _bounded(weight: float) -> float:
    """The tenth word of a kind adds less than the first: linear up to 3, then by the square root."""
    return weight if weight <= 3 else 3 + 2 * (float(np.sqrt(1 + (weight - 3))) - 1)
