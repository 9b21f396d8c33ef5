"""What a continuation says again is not said twice: asked to go on, models like to begin anew."""

import unicodedata
from difflib import SequenceMatcher
from typing import Final

_SHORT: Final = 4
"""Characters below which only an equal sentence counts as said."""
_ALIKE: Final = 0.8
_MEANS: Final = frozenset(
    "0123456789零一二三四五六七八九十百千万两几半不没未无非勿别上下左右前后东西南北内外早晚男女大小多少"
)
"""Signs that are never added or left out without another meaning."""
_NOT: Final = ("not", "no", "never", "n't", "un", "without", "except")


class Repeats:
    """Knows what was said by others; takes the sentences of a continuation, and gives what is new of each."""

    def __init__(self, said: tuple[str, ...]) -> None:
        self._sentences = [plain for text in said if (plain := _plain(text))]
        self._all = "".join(self._sentences)

    def new(self, text: str) -> str:
        """`text`, the part of it that was not said, or ''."""
        plain = _plain(text)
        if not self._sentences or not plain:
            return text
        if plain in self._sentences or (len(plain) >= _SHORT and plain in self._all):
            return ""
        if any(_alike(plain, said) for said in self._sentences):
            return ""
        return self._rest(text, plain)

    def _rest(self, text: str, plain: str) -> str:
        """Without a beginning that was said: a first sentence was cut at a comma, and now comes in one piece."""
        ends = (said for said in [self._all, *self._tails()] if len(said) >= _SHORT and plain.startswith(said))
        size = max(map(len, ends), default=0)
        return _after(text, size) if size else text

    def _tails(self) -> list[str]:
        """What was said, from each sentence on."""
        return ["".join(self._sentences[at:]) for at in range(len(self._sentences))] + self._sentences


def _plain(text: str) -> str:
    """Letters and digits alone, in one form."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _after(text: str, size: int) -> str:
    """What follows the first `size` letters and digits."""
    for at in range(1, len(text) + 1):
        if len(_plain(text[:at])) >= size:
            return text[at:].lstrip(" ，,、。.；;：:！!？?")
    return ""


def _alike(text: str, said: str) -> bool:
    """One is the other with a few signs more, none of which changes what it means: '就在二楼' and '在二楼'."""
    if min(len(text), len(said)) < _SHORT:
        return False
    short, long = sorted((text, said), key=len)
    if len(short) < _ALIKE * len(long):
        return False
    added = []
    for kind, a, b, begin, end in SequenceMatcher(None, short, long, autojunk=False).get_opcodes():
        if kind == "insert":
            added.append(long[begin:end])
        elif kind != "equal" or a > b:
            return False
    more = "".join(added)
    return not (_MEANS & set(more) or any(word in part for part in added for word in _NOT))
