"""Which turn of one visit is which of the other: an alignment that keeps the order of both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.recording.comparing.words import tokens

GAP = 0.4
"""What a turn costs that has no partner: two of them cost a little more than a pair that only its place makes one."""
TEXT, PLACE, HAND = 0.75, 0.2, 0.25
"""What a pair costs at most for other words, for another place, and for being typed on one side only."""
FAR = 10.0
"""Seconds apart at which the time says nothing more."""
LENGTH = 0.5
"""Seconds by which two utterances differ in length that are surely not the same sound."""
BAND = 100
"""Turns that one side may be ahead of the other, beyond what it has more."""
ORDER = 0.01
"""What a turn costs that is first on one side and last on the other: it decides between equals."""
Match = tuple[int | None, int | None]


@dataclass(frozen=True)
class Spot:
    """A turn as the alignment sees it."""

    text: str
    at: float | None = None
    """Seconds; None: not known."""
    seconds: float = 0.0
    """Length of the utterance; 0: typed, or not known."""
    typed: bool = False
    key: tuple[str, ...] = field(init=False)
    grams: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", tokens(self.text))
        whole = f" {' '.join(self.key)} " if self.key else ""
        object.__setattr__(self, "grams", Counter(whole[at : at + 2] for at in range(len(whole) - 1)))


def alike(a: Spot, b: Spot) -> float:
    """0 to 1: how much of their words is the same (Dice's coefficient of pairs of letters); 1 only for equal words."""
    if a.key == b.key:
        return 1.0
    whole = a.grams.total() + b.grams.total()
    return min(0.99, 2 * (a.grams & b.grams).total() / whole)


def _apart(a: Spot, b: Spot) -> float:
    """0 to 1. Sound that is played again later is as long as it was: either of the two will do."""
    if a.at is None or b.at is None:
        return 0.0
    time = abs(a.at - b.at) / FAR
    return min(1.0, time, abs(a.seconds - b.seconds) / LENGTH if a.seconds and b.seconds else time)


def _cost(a: Spot, b: Spot) -> float:
    return TEXT * (1 - alike(a, b)) + PLACE * _apart(a, b) + HAND * (a.typed != b.typed)


def align(a: Sequence[Spot], b: Sequence[Spot]) -> list[Match]:
    """Indices of both sides in pairs, None where a side has no such turn. Each turn stands in exactly one pair, and
    no two pairs cross. Equal sides are paired one to one.
    """
    width, far = BAND + abs(len(a) - len(b)), float("inf")
    longest = max(len(a), len(b), 1)
    above = [GAP * at if at <= width else far for at in range(len(b) + 1)]
    steps: list[bytearray] = [bytearray(len(b) + 1)]
    for i, one in enumerate(a, 1):
        row, taken = [far] * (len(b) + 1), bytearray(len(b) + 1)
        if i <= width:
            row[0], taken[0] = GAP * i, 2
        for j in range(max(1, i - width), min(len(b), i + width) + 1):
            pair = above[j - 1] + _cost(one, b[j - 1]) + ORDER * abs(i - j) / longest
            options = (pair, row[j - 1] + GAP, above[j] + GAP)
            row[j] = min(options)
            taken[j] = options.index(row[j])
        above = row
        steps.append(taken)
    return _back(steps, len(a), len(b))


def _back(steps: list[bytearray], i: int, j: int) -> list[Match]:
    """The way that led to the end: 0 is a pair, 1 a turn of B alone, 2 one of A alone."""
    found: list[Match] = []
    while i or j:
        step = 1 if not i else 2 if not j else steps[i][j]
        i, j = i - (step != 1), j - (step != 2)
        found.append((None if step == 1 else i, None if step == 2 else j))
    return found[::-1]
