"""A text in lines that fit under a picture: broken where its language may break, as even as it can be."""

import unicodedata
from collections.abc import Iterator

from pipeline.envelope import Language

WIDTH: dict[Language, int] = {"en": 42, "zh": 40}
"""Of a line: 42 letters; 20 Chinese characters, each as wide as two letters (as film subtitles have them)."""
_CLOSING = frozenset("，。！？、；：）》」』】〉”’…—·～,.!?;:)]}%％")
"""Never begins a line."""
_OPENING = frozenset("（《「『【〈“‘([{")
"""Never ends a line."""
_ENDS, _PAUSES = frozenset("。！？；.!?;…"), frozenset("，、：,:—）)")


def columns(text: str) -> int:
    """How wide it is, in letters."""
    return sum(map(_wide, text))


def _wide(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1


def wrapped(text: str, width: int) -> list[tuple[int, int]]:
    """`[first, end)` of each line's characters, no line wider than `width`; spaces between lines belong to none."""
    pieces = list(_pieces(text, width))
    if not pieces:
        return []
    best: list[tuple[int, int]] = [(0, 0)]  # least cost of the first pieces, and where their last line begins
    for last in range(1, len(pieces) + 1):
        best.append(min(_lines_to(text, pieces, last, width, best)))
    lines, last = [], len(pieces)
    while last:
        first = best[last][1]
        lines.append((pieces[first][0], pieces[last - 1][1]))
        last = first
    return lines[::-1]


def _lines_to(
    text: str, pieces: list[tuple[int, int]], last: int, width: int, best: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Cost and beginning of each line that may end with the piece before `last`."""
    end = pieces[last - 1][1]
    for first in range(last - 1, -1, -1):
        slack = width - columns(text[pieces[first][0] : end])
        if slack < 0 and first < last - 1:
            return
        cost = 100 + max(0, slack) ** 2  # the fewer lines the better
        if last < len(pieces):
            cost -= 200 if text[end - 1] in _ENDS else 100 if text[end - 1] in _PAUSES else 0
        yield best[first][0] + cost, first


def _pieces(text: str, width: int) -> Iterator[tuple[int, int]]:
    """What is not to be broken: words, and single Chinese characters, with their punctuation."""
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and not _breaks(text[end - 1], text[end]):
            continue
        first, last = start, end
        while first < last and text[first].isspace():
            first += 1
        while first < last and text[last - 1].isspace():
            last -= 1
        if first < last:
            yield from _short(text, first, last, width)
        start = end


def _breaks(before: str, after: str) -> bool:
    if after.isspace():
        return False
    if before.isspace():
        return True
    wide = _wide(before) == 2 or _wide(after) == 2
    return wide and before not in _OPENING and after not in _CLOSING and not unicodedata.combining(after)


def _short(text: str, first: int, last: int, width: int) -> Iterator[tuple[int, int]]:
    """A word that is longer than a line is broken anywhere."""
    start = first
    for place in range(first + 1, last):
        if columns(text[start : place + 1]) > width:
            yield start, place
            start = place
    yield start, last
