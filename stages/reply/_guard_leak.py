"""Whether an answer recites its own instructions: what of them stands in it word for word, plain or encoded."""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from stages.reply._rules import NOTES, RULES, rules

_CJK_GRAM, _GRAM = 5, 12
"""Characters that must follow each other as in the prompt to count: CJK, and any."""
_UNIT: Final = 3
"""Units of a CJK character; a Latin letter has one."""
_RUN: Final = 30
"""Units of the rules, or of a sentence from its "You …" on, that make a recital: ten CJK characters, six words."""
_MOST: Final = 0.8
"""Share of any other instruction."""
_LEAST: Final = 24
"""Units of the shortest instruction that is looked for."""
_TOGETHER: Final = 150
"""Units of three or more instructions together."""
_FACTS = re.compile(r"知道|资料|信息|事实|介绍|概况|\b(?:know|facts?|about|information)\b", re.IGNORECASE)
"""A heading of what may be said word for word."""
_ORDER = re.compile(
    r"你|对方|不要|不得|禁止|切勿|必须|务必|严禁|绝不|拒绝|编造|假装|扮演"
    r"|\b(?:you|your|never|must|do not|don't|decline|refuse|pretend)\b",
    re.IGNORECASE,
)
"""What makes a sentence under no heading an instruction."""
_ADDRESS = re.compile(r"你|you\b|your\b", re.IGNORECASE)
_IDENTITY = re.compile(r"你(?:是|叫)|you are\b|your name\b", re.IGNORECASE)
"""Who the avatar is may be told, if not as it was told to the avatar."""
_HEADING = re.compile(r"[^\n]{1,40}[:：]$|#+ .*")
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)、])\s*")
_ENDS = re.compile(r"(?<=[。！？；;])|(?<=[.!?:])\s+")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{16,}")


class Instruction(NamedTuple):
    """A sentence of the prompt that is not for visitors."""

    stream: str
    cjk: int
    """Which of its characters are CJK, as bits."""
    ours: bool
    """Of the rules: no answer has a reason to say them."""
    address: bool
    identity: bool

    def units(self, covered: int) -> int:
        """How much of it is covered by those bits."""
        return covered.bit_count() + (_UNIT - 1) * (covered & self.cjk).bit_count()


class Instructions:
    """All of a prompt's, indexed."""

    def __init__(self, persona: str) -> None:
        told = [_instruction(text, ours=False) for text in orders(persona)]
        own = [text for language in RULES for text in (rules(language), *NOTES[language].values())]
        told += [_instruction(text, ours=True) for whole in own for text in _sentences(whole)]
        self.all = [one for one in told if one.units((1 << len(one.stream)) - 1) >= _LEAST]
        self._grams: dict[str, list[tuple[int, int]]] = {}
        for number, one in enumerate(self.all):
            for at, gram in _grams(one.stream):
                self._grams.setdefault(gram, []).append((number, at))

    def covered(self, stream: str) -> dict[int, int]:
        """Which instructions, and which of their characters, stand in a stream."""
        found: dict[int, int] = {}
        for _, gram in _grams(stream):
            for number, at in self._grams.get(gram, ()):
                found[number] = found.get(number, 0) | ((1 << len(gram)) - 1) << at
        return found


@lru_cache(maxsize=32)
def instructions(persona: str) -> Instructions:
    """Of a persona and of the rules in both languages."""
    return Instructions(persona)


class Recital:
    """Follows one answer. Pure: sentences in, a verdict out."""

    def __init__(self, persona: str) -> None:
        self._known = instructions(persona)
        self._covered: dict[int, int] = {}
        self._tail = ""

    def hears(self, text: str) -> bool:
        """Whether the answer has become a recital with this sentence."""
        stream = letters(text)
        whole = self._tail + stream
        self._tail = whole[1 - _GRAM :]
        touched: set[int] = set()
        for variant in _variants(whole, stream, text):
            for number, bits in self._known.covered(variant).items():
                self._covered[number] = self._covered.get(number, 0) | bits
                touched.add(number)
        return any(self._recited(number) for number in touched) or self._together()

    def _recited(self, number: int) -> bool:
        one, covered = self._known.all[number], self._covered[number]
        units, whole = one.units(covered), one.units((1 << len(one.stream)) - 1)
        if one.ours and units >= _RUN:
            return True
        if one.address and covered & 1 and units >= _RUN:
            return True
        return not one.identity and units >= _MOST * whole

    def _together(self) -> bool:
        units = [self._known.all[number].units(covered) for number, covered in self._covered.items()]
        return len(units) >= 3 and sum(units) >= _TOGETHER


def orders(persona: str) -> Iterator[str]:
    """The sentences of a persona that are instructions: what stands under a heading of facts may be said."""
    section = ""
    for item in _items(persona):
        if _HEADING.fullmatch(item):
            section = "facts" if _FACTS.search(item) else "orders"
        elif not item:
            section = ""
        elif section != "facts":
            yield from (text for text in _sentences(item) if section or _ORDER.search(text))


def letters(text: str) -> str:
    """What is compared: letters only, folded. Spaces, signs and digits between them are no way around."""
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKC", text).casefold()))


def _items(text: str) -> Iterator[str]:
    """Headings, list items and paragraphs, each on one line; an empty one between blocks."""
    held: list[str] = []
    for line in (*map(str.strip, text.splitlines()), ""):
        marker = _ITEM.match(line)
        if held and (not line or marker or _HEADING.fullmatch(line)):
            yield " ".join(held)
            held = []
        if not line:
            yield ""
        elif _HEADING.fullmatch(line):
            yield line
        else:
            held.append(line[marker.end() :] if marker else line)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _ENDS.split(text) if part.strip()]


def _instruction(text: str, *, ours: bool) -> Instruction:
    stream = letters(text)
    cjk = sum(1 << at for at, letter in enumerate(stream) if letter >= "\u2e80")
    text = text.lstrip("“\"'-*• ")
    return Instruction(
        stream, cjk, ours, _ADDRESS.match(text) is not None, _IDENTITY.match(text) is not None and not ours
    )


def _grams(stream: str) -> Iterator[tuple[int, str]]:
    for at in range(len(stream) - _CJK_GRAM + 1):
        gram = stream[at : at + _CJK_GRAM]
        if min(gram) >= "\u2e80":
            yield at, gram
        elif at + _GRAM <= len(stream):
            yield at, stream[at : at + _GRAM]


def _variants(whole: str, stream: str, text: str) -> Iterator[str]:
    """A sentence in the ways in which a visitor may have wanted it."""
    yield whole
    yield stream[::-1]
    if any(map(str.isascii, stream)):
        yield codecs.encode(stream, "rot13")
        yield from map(letters, _decoded(text))


def _decoded(text: str) -> Iterator[str]:
    """What runs of letters and digits say in hex, or in base64 from each place where its groups may begin."""
    for blob in _BLOB.findall("".join(text.split())):
        if len(blob) % 2 == 0 and all(sign in "0123456789abcdefABCDEF" for sign in blob):
            yield bytes.fromhex(blob).decode(errors="ignore")
        for begin in range(4):
            run = blob[begin:].rstrip("=").replace("-", "+").replace("_", "/")
            try:
                yield base64.b64decode(run[: len(run) // 4 * 4]).decode(errors="ignore")
            except (binascii.Error, ValueError):
                continue
