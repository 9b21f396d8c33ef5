"""Texts against each other: what counts as a word, word and character error rates, and where two texts differ."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, each a token of its own; of the rest a run of letters and digits is one."""
_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_HAN = re.compile(rf"[{HAN}]")
_PIECE = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’][^\W_{HAN}]+)*|\s+|.", re.DOTALL)
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ](?=\w)")


def tokens(text: str) -> tuple[str, ...]:
    """What is compared of a text: Chinese characters and words of others, in their order.

    Case, punctuation and full width are no difference (NFKC, case folding); apostrophes inside a word fall away.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_TOKEN.findall(_APOSTROPHE.sub("", plain)))


def is_character(token: str) -> bool:
    """A Chinese character, and not a word of letters or digits."""
    return bool(_HAN.match(token))


@dataclass(frozen=True, slots=True)
class Errors:
    """Substitutions, insertions and deletions of a text against a reference: words and Chinese characters apart."""

    words: int = 0
    """Of the reference."""
    word_errors: int = 0
    characters: int = 0
    """Of the reference."""
    character_errors: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.words + other.words,
            self.word_errors + other.word_errors,
            self.characters + other.characters,
            self.character_errors + other.character_errors,
        )

    @property
    def total(self) -> int:
        """The Levenshtein distance."""
        return self.word_errors + self.character_errors

    @property
    def wer(self) -> float | None:
        """Word error rate, 0 and up; None where there were no words at all."""
        return _rate(self.word_errors, self.words)

    @property
    def cer(self) -> float | None:
        """Character error rate of Chinese, 0 and up; None where there was no Chinese."""
        return _rate(self.character_errors, self.characters)


def _rate(errors: int, count: int) -> float | None:
    return round(errors / max(count, 1), 4) if errors or count else None


def errors(reference: str, heard: str) -> Errors:
    """`heard` against `reference`. What was put in counts as the reference's kind, where that has only one kind."""
    truth, found = tokens(reference), tokens(heard)
    characters = sum(map(is_character, truth))
    words = len(truth) - characters
    wrong = [is_character(token) for token in _wrong(truth, found, only=_kind(words, characters))]
    return Errors(words, len(wrong) - sum(wrong), characters, sum(wrong))


def _kind(words: int, characters: int) -> str | None:
    """A token of the only kind that the reference has."""
    if words and not characters:
        return "a"
    return "一" if characters and not words else None


def distance(truth: Sequence[str], found: Sequence[str]) -> int:
    """Levenshtein: the least number of tokens to be replaced, put in or left out."""
    return _table(truth, found)[-1][-1]


def _table(truth: Sequence[str], found: Sequence[str]) -> list[list[int]]:
    rows = [list(range(len(found) + 1))]
    for number, token in enumerate(truth, 1):
        above, row = rows[-1], [number]
        for at, other in enumerate(found, 1):
            row.append(min(above[at - 1] + (token != other), above[at] + 1, row[-1] + 1))
        rows.append(row)
    return rows


def _wrong(truth: Sequence[str], found: Sequence[str], only: str | None) -> list[str]:
    """For each error a token of its kind: the reference's where one was replaced or left out."""
    rows, wrong = _table(truth, found), list[str]()
    at, other = len(truth), len(found)
    while at or other:
        here = rows[at][other]
        if at and other and here == rows[at - 1][other - 1] + (truth[at - 1] != found[other - 1]):
            at, other = at - 1, other - 1
            if truth[at] != found[other]:
                wrong.append(truth[at])
        elif at and here == rows[at - 1][other] + 1:
            at -= 1
            wrong.append(truth[at])
        else:
            other -= 1
            wrong.append(only or found[other])
    return wrong


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of two texts; put together they give both texts whole."""

    same: bool
    a: str
    b: str


def difference(a: str, b: str) -> tuple[Piece, ...]:
    """Where two texts differ, in words, characters and signs."""
    one, other = _PIECE.findall(a), _PIECE.findall(b)
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return tuple(
        Piece(what == "equal", "".join(one[first:last]), "".join(other[begin:end]))
        for what, first, last, begin, end in steps
    )


def similarity(pieces: Sequence[Piece]) -> float:
    """0 to 1: the share of both texts that is the same."""
    whole = sum(len(piece.a) + len(piece.b) for piece in pieces)
    return round(sum(2 * len(piece.a) for piece in pieces if piece.same) / whole, 4) if whole else 1.0
