"""Plain text as it streams, cut into sentences for a voice, Chinese and English."""

from collections import deque
from typing import Final

from stages.reply._ends import CLOSERS, goes_on

SPAN: Final = 3
"""Units of a CJK character, which takes about as long to say as three Latin ones (one unit each)."""
FIRST: Final = 6 * SPAN
"""Units that a first piece needs to be cut at a comma: about 1.2 s of speech, in which the next one is made."""
LONGEST: Final = 60 * SPAN
"""Units of the longest piece: about 12 s of speech."""
_JUNK: Final = 10
"""Times the longest piece: signs without a word among them are dropped then."""
_STOPS: Final = "。！？!?."
_ENDS: Final = _STOPS + "；…．｡"
_OPENERS: Final = "“‘「『（([【《〈"
_SOFT: Final = "，、：；,:;…—"
_SPACED: Final = ",:;"
"""Signs that only count before a space: 1,000 and 9:30 are words."""


class Cutter:
    """Takes text cut anywhere, gives sentences, stripped. All that is cut depends on the text, never on its chunks.

    A sentence ends with 。！？； or a line, or with .!? before a space, but not within a number (3.14), an abbreviation
    (Dr., e.g., U.S.), an address of the web or of mail, or short brackets and quotes; an ellipsis only slows down. One
    character after the end must be known. The first piece of an answer may end at a comma. Nothing is lost
    but spaces around pieces and a rest without a letter or digit.
    """

    def __init__(self, *, first: int = FIRST, longest: int = LONGEST) -> None:
        """Units, see `SPAN`; `first` 0 when sound is already playing: no cut at a comma."""
        self._first, self._longest = first, longest
        self._start()

    def _start(self, text: str = "") -> None:
        self._text = text
        self._units = 0
        self._end = 0  # after a candidate's last sign; 0: none
        self._soft = 0  # after the last pause
        self._open = 0
        self._quoted = False

    def feed(self, text: str) -> list[str]:
        """The sentences that are sure now."""
        found = []
        todo = deque(text)
        while todo:
            cut = self._take(todo.popleft())
            if cut:
                piece, rest = self._text[:cut], self._text[cut:]
                todo.extendleft(reversed(rest))
                self._start()
                self._first = 0
                found.append(piece.strip())
        return found

    def settle(self) -> list[str]:
        """What is held, if it could end here: a tag follows, or the stream broke."""
        text = self._text.strip()
        ends = self._end and not self._text[self._end :].strip()
        whole = ends and goes_on(self._text[: self._end], " ，", final=True)  # whatever follows: not "Dr."
        if not _speakable(text) or whole is not False:
            return []
        self._start()
        self._first = 0
        return [text]

    def end(self) -> list[str]:
        """The rest."""
        found = []
        if self._end and goes_on(self._text[: self._end], self._text[self._end :], final=True) is False:
            found = [self._text[: self._end].strip(), self._text[self._end :].strip()]
        else:
            found = [self._text.strip()]
        self._start()
        return [piece for piece in found if _speakable(piece)]

    def _take(self, character: str) -> int:
        """Where to cut, after `character` came; 0: nowhere."""
        at = len(self._text)
        self._text += character
        self._units += SPAN if character >= "\u2e80" else 1
        cut = self._hard(at, character) or self._comma(at, character)
        self._nest(character)
        if not cut and self._units > self._longest:
            cut = self._too_long()
        return cut if _speakable(self._text[:cut]) else 0

    def _hard(self, at: int, character: str) -> int:
        if character == "\n":
            return at + 1
        if self._end == at > 0 and (character in _ENDS or self._closes(character)):
            self._end = at + 1
            return 0
        if self._end:
            on = goes_on(self._text[: self._end], self._text[self._end :], final=False)
            if on is None:
                return 0
            end, self._end = self._end, 0
            if not on and (self._inside() == 0 or self._units > self._longest // 2):
                return end
        if character in _ENDS:
            self._end = at + 1
        return 0

    def _comma(self, at: int, character: str) -> int:
        if at and self._text[at - 1] in _SOFT:
            spaced = self._text[at - 1] in _SPACED
            if character.isspace() if spaced else not self._closes(character) and character not in _SOFT:
                self._soft = at
                pause = sum(SPAN if known >= "\u2e80" else 1 for known in self._text[:at])
                early = 0 < self._first <= pause and not self._inside() and self._text[at - 1] != "、"
                return at if early else 0
        return 0

    def _too_long(self) -> int:
        """At the last pause, else at the last space, unless that is early; else before the last character."""
        places = [self._soft, self._text.rstrip().rfind(" ") + 1, len(self._text) - 1]
        late = [place for place in places if place > len(self._text) // 3 and _speakable(self._text[:place])]
        if not late and self._units > _JUNK * self._longest and not _speakable(self._text):
            self._start()
        return late[0] if late else 0

    def _closes(self, character: str) -> bool:
        return character in CLOSERS or (character == '"' and self._quoted)

    def _nest(self, character: str) -> None:
        if character in _OPENERS:
            self._open += 1
        elif character in CLOSERS:
            self._open = max(0, self._open - 1)
        elif character == '"':
            self._quoted = not self._quoted

    def _inside(self) -> int:
        return self._open + self._quoted


def _speakable(text: str) -> bool:
    return any(character.isalnum() for character in text)
