"""What a model thinks, told from what it says, in each of the shapes in which servers send the two."""

from typing import Literal, NamedTuple

OPEN, CLOSE = "<think>", "</think>"


class Piece(NamedTuple):
    """Of the model's stream."""

    kind: Literal["thought", "text", "slip"]
    """`slip`: a thought ended that was never opened, so what came before it as text was thought."""
    text: str


class Splitter:
    """Takes a stream's deltas, cut anywhere; gives pieces, none of which holds a tag or a part of one.

    The shapes: a field of its own (`reasoning_content`, `reasoning`); tags in the content (`<think>…</think>`);
    content that begins inside the thought, since the template of DeepSeek-R1 has already opened it. The last can
    only be told from a plain answer by its end. With `expected` (the model was asked to think), content that comes
    first and untagged is therefore a thought until a tag ends it; where none does, the model did not think, and
    all of it is the answer. Otherwise it is text from the first character, and such a tag is a `slip`, unless it is
    known to be `stray`: then it is dropped.
    """

    def __init__(self, *, expected: bool, stray: bool = False) -> None:
        self._stray = stray
        self.tagged = False
        """A tag has come."""
        self._state: Literal["unsure", "thought", "text"] = "unsure" if expected else "text"
        self._rest = ""
        self._unsure = ""  # given as a thought, and perhaps the answer
        self._thought = self._said = False  # a thought was told as such; text that is not blank was given

    def feed(self, content: str = "", reasoning: str = "") -> list[Piece]:
        """The pieces that are sure now."""
        pieces = []
        if reasoning:
            pieces += [self._sure(), Piece("thought", reasoning)]
            self._thought = True
        if content and not self._rest and "<" not in content:  # nearly always: no tag begins, and none is held
            return [piece for piece in (*pieces, self._plain(content)) if piece.text]
        self._rest += content
        while piece := self._next():
            pieces.append(piece)
        return [piece for piece in pieces if piece.text or piece.kind == "slip"]

    def end(self) -> list[Piece]:
        """What was held back: half a tag, or an answer that had been taken for a thought."""
        pieces = [self._sure(), Piece("thought" if self._state == "thought" else "text", self._rest)]
        self._rest = ""
        return [piece for piece in pieces if piece.text]

    def _sure(self) -> Piece:
        """Content that was not known to be text turns out to be."""
        text, self._unsure = self._unsure, ""
        if self._state == "unsure":
            self._state = "text"
        return self._text(text)

    def _next(self) -> Piece | None:
        if not self._rest:
            return None
        tags = (CLOSE,) if self._state == "thought" else (OPEN, CLOSE)
        found = [(at, tag) for tag in tags if (at := self._rest.find(tag)) >= 0]
        if found:
            at, tag = min(found)
            self.tagged = True
            text, self._rest = self._rest[:at], self._rest[at + len(tag) :]
            return self._opened(text) if tag == OPEN else self._closed(text)
        size = len(self._rest) - max(_overlap(self._rest, tag) for tag in tags)
        text, self._rest = self._rest[:size], self._rest[size:]
        return self._plain(text) if text else None

    def _opened(self, text: str) -> Piece:
        before = self._sure().text
        self._state, self._thought = "thought", True
        return self._text(before + text)

    def _closed(self, text: str) -> Piece:
        before, self._state = self._state, "text"
        if before != "text":
            self._unsure, self._thought = "", True
            return Piece("thought", text)
        piece = self._text(text)
        slips = self._said and not self._thought and not self._stray
        return Piece("slip", text) if slips else piece

    def _plain(self, text: str) -> Piece:
        if self._state == "unsure":
            self._unsure += text
        return self._text(text) if self._state == "text" else Piece("thought", text)

    def _text(self, text: str) -> Piece:
        self._said = self._said or (not text.isspace() and bool(text))
        return Piece("text", text)


def _overlap(text: str, tag: str) -> int:
    """Length of the longest end of `text` that begins `tag`."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
