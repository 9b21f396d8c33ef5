"""What a screen gets of a model's thoughts, and whether they go round in circles."""

import re
from collections.abc import Iterator
from typing import Final, Literal

from pipeline.messages import Thought

LINE: Final = 60
"""Characters of a summary's line."""
LINES: Final = 8
"""Of a summary, at most."""
_GRAM, _WINDOW, _TIMES = 40, 4000, 5
"""Characters of a piece, of what is looked at, and how often it then counts as a circle."""
_HEADING = re.compile(r"(#{1,6}\s+|\*\*)(?P<text>[^*\n]+?)(\*\*)?[:：]?\s*")


class Circle:
    """Notices a thought that never ends: its last characters stand in it again and again."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> bool:
        """True: it goes round."""
        self._text = (self._text + text)[-_WINDOW:]
        gram = self._text[-_GRAM:]
        return len(gram) == _GRAM and self._text.count(gram) >= _TIMES


class Shown:
    """Takes the model's thoughts, gives those for the screen.

    `whole` gives them as they are; `summary` the first line and later headings, at most `LINES` of them; `hidden` none
    of the words. What has no words left is given all the same: whoever waits has to know that it still thinks.
    """

    def __init__(self, how: Literal["whole", "summary", "hidden"]) -> None:
        self._how = how
        self.given = 0
        """Thoughts that were shown."""
        self._lines = 0
        self._line = ""

    def take(self, thought: Thought) -> Iterator[Thought]:
        """What is shown of it now, numbered anew."""
        texts = [thought.text] if self._how == "whole" else self._summed(thought.text) or [""]
        for text in texts:
            yield thought.changed(text=text, index=self.given)
            self.given += 1
            self._lines += bool(text)

    def _summed(self, text: str) -> list[str]:
        if self._how == "hidden":
            return []
        *lines, self._line = (self._line + text).split("\n")
        if not self._lines and len(self._line) >= LINE:  # a first line that long is not waited for
            lines.append(self._line)
        told: list[str] = []
        for line in lines:
            heading = _HEADING.fullmatch(line.strip())
            words = heading["text"].strip() if heading else line.strip()
            many = self._lines + len(told)
            if words and many < LINES and (heading or not many):
                told.append(words[: LINE - 1] + "…" if len(words) > LINE else words)
        return told
