"""The operator's word list: found however it is written, reloaded while the kiosk runs, and never repeated anywhere."""

import logging
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline.clock import Clock
from pipeline.errors import ConfigError

_LOGGER = logging.getLogger(__name__)
LONGEST: Final = 60
"""Characters of a word; a longer line is a file of another kind."""
GENERAL: Final = "general"
"""The category of words that stand above the first heading."""
_LOOK: Final = 1.0
"""Seconds between two looks at the file."""
_READ_SECONDS: Final = 0.1
"""Modelled duration of reading the file anew."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of the list was found. Which one is not told: this goes into logs and messages."""

    category: str


class _Word(NamedTuple):
    category: str
    size: int
    """Characters that are compared."""
    latin: bool
    """Only as a whole word: "class" holds no "ass"."""
    gaps: frozenset[int]
    """Before which of its characters its own spaces stand."""


class _Squeezed(NamedTuple):
    """A text as it is compared."""

    text: str
    places: list[int]
    """Of each character of `text`: where it stands in `whole`."""
    whole: str


class Words:
    """The words of one reading of the file. Immutable."""

    def __init__(self, words: Iterable[tuple[str, str]], *, between: bool) -> None:
        """`words`: each with its category. `between`: see `WordList`."""
        self._between = between
        known: dict[str, _Word] = {}
        for word, category in words:
            squeezed = _squeeze(word, between=between)
            if not squeezed.text or squeezed.text in known:
                continue
            latin = squeezed.text[0].isascii() and squeezed.text[-1].isascii()
            places = enumerate(squeezed.places)
            gaps = frozenset(at for at, place in places if at and place != squeezed.places[at - 1] + 1)
            known[squeezed.text] = _Word(category, len(squeezed.text), latin, gaps)
        self.count, self.longest = len(known), max(map(len, known), default=0)
        self._automaton = _automaton(known)

    def check(self, text: str, begin: int = 0) -> Hit | None:
        """The first word that ends at or behind `begin`."""
        if not self.count:
            return None
        squeezed = _squeeze(text, between=self._between)
        begin = len(unicodedata.normalize("NFKC", text[:begin])) if begin else 0
        for end, word in self._automaton.iter(squeezed.text):
            if squeezed.places[end] >= begin and (not word.latin or _stands_alone(squeezed, end, word)):
                return Hit(word.category)
        return None


class WordList:
    """The operator's file of words that are neither heard nor said, one a line, in UTF-8.

    `# …` is a comment, `[name]` begins a category (letters, digits, `-`, `_`), which is all that is ever told of a
    hit. Compared after NFKC and case folding, so full-width letters and capitals are no way around it; traditional
    and simplified characters are different words. With `between`, spaces and signs between the characters of a word
    are passed over ("敏 感-词", "b.a.d"). Words in Latin letters are found as whole words only.
    """

    def __init__(self, path: Path, clock: Clock, *, between: bool = True) -> None:
        """Reads nothing yet."""
        self._path, self._clock, self._between = path, clock, between
        self._words = Words((), between=between)
        self._stamp: tuple[int, int] | None = None
        self._looked = -_LOOK
        self._ready = False

    @property
    def longest(self) -> int:
        """Characters of the longest word."""
        return self._words.longest

    def check(self, text: str, begin: int = 0) -> Hit | None:
        """The first hit in a text that ends at or behind its character `begin`; None when it may be heard and said."""
        return self._words.check(text, begin)

    async def refresh(self) -> None:
        """Read the file if it has changed; it is looked at once a second at most.

        ConfigError `words-unreadable`, `words-invalid` for the first reading; later, what cannot be read is logged,
        and the words that were known stand.
        """
        now = self._clock.now()
        if now < self._looked + _LOOK:
            return
        self._looked = now
        try:
            read = await self._clock.thread(self._read, seconds=0.0 if self._ready else _READ_SECONDS)
        except ConfigError as error:
            if not self._ready:
                raise
            _LOGGER.warning("words.kept count=%d: the new file is not used (%s)", self._words.count, error)
            return
        if read is not None:
            self._words, self._stamp, self._ready = *read, True
            _LOGGER.info("words.read count=%d", self._words.count)

    def _read(self) -> tuple[Words, tuple[int, int]] | None:
        try:
            facts = self._path.stat()
        except OSError as error:
            raise _unreadable(self._path, error) from error
        stamp = (facts.st_mtime_ns, facts.st_size)
        if stamp == self._stamp:
            return None
        return Words(read_words(self._path), between=self._between), stamp


def read_words(path: Path) -> list[tuple[str, str]]:
    """Every word with its category. ConfigError `words-unreadable`; `words-invalid` names the line, not the word."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return list(_parsed(path, text))


def _parsed(path: Path, text: str) -> Iterator[tuple[str, str]]:
    category = GENERAL
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if word.startswith("["):
            category = word[1:-1]
            if not word.endswith("]") or not category.replace("-", "").replace("_", "").isalnum():
                raise _invalid(path, number, "a category is written [name], of letters, digits, '-' and '_'")
        elif word and not word.startswith("#"):
            if len(word) > LONGEST or not word.isprintable():
                raise _invalid(path, number, f"a word has at most {LONGEST} characters, all of them printable")
            if not any(map(str.isalnum, word)):
                raise _invalid(path, number, "there is no letter or digit in this word")
            yield word, category


def _unreadable(path: Path, error: Exception) -> ConfigError:
    reason = getattr(error, "strerror", None) or "it is not UTF-8"
    return ConfigError("words-unreadable", f"{path}: the word list cannot be read ({reason}): correct safety.words")


def _invalid(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError("words-invalid", f"{path}:{line}: {what}")


def _automaton(words: dict[str, _Word]) -> Any:
    """One for all: several small ones hold the interpreter less long at a time, and take four times as long to ask."""
    import ahocorasick

    made: Any = ahocorasick.Automaton()
    for text, word in words.items():
        made.add_word(text, word)
    made.make_automaton()
    return made


def _squeeze(text: str, *, between: bool) -> _Squeezed:
    whole = text if text.isascii() else unicodedata.normalize("NFKC", text)
    folded = whole.lower() if whole.isascii() else ""
    signs, places = [], []
    for at, character in enumerate(whole):
        if not (character.isalnum() if between else _counts(character)):
            continue
        for sign in folded[at] if folded else _folded(character):
            signs.append(sign)
            places.append(at)
    return _Squeezed("".join(signs), places, whole)


@lru_cache(maxsize=16384)
def _folded(character: str) -> str:
    return character.casefold()


@lru_cache(maxsize=16384)
def _counts(character: str) -> bool:
    """Invisible characters never count."""
    return unicodedata.category(character) != "Cf"


def _stands_alone(squeezed: _Squeezed, end: int, word: _Word) -> bool:
    """A whole word: no Latin letter joins on, and its letters are together, or all of them are apart."""
    text, places, whole = squeezed
    begin = end - word.size + 1
    if begin and places[begin] == places[begin - 1] + 1 and _joins(text[begin - 1], text[begin]):
        return False
    if end + 1 < len(text) and places[end + 1] == places[end] + 1 and _joins(text[end], text[end + 1]):
        return False
    gaps = {at for at in range(1, word.size) if places[begin + at] > places[begin + at - 1] + 1}
    spaces = {at for at in gaps if whole[places[begin + at - 1] + 1 : places[begin + at]].isspace()}
    return spaces <= word.gaps or len(gaps) == word.size - 1


def _joins(one: str, other: str) -> bool:
    return one.isascii() and other.isascii()
