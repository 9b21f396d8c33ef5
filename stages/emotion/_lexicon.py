"""Reading Chinese text with a lexicon: longest words first, negation and degree before a word counted in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pipeline.errors import EngineError

HEAD = "word\tlabel\tweight"
FEELINGS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised")
REACH = 3
"""Characters that may stand between a negation or degree and the word that it changes."""
BREAKS = "，。！？；、,.!?;…~ \n"
"""A modifier reaches over none of these."""
TURNED = {"happy": {"disgusted": 0.45, "sad": 0.45, "angry": 0.3}, "sad": {"happy": 0.3}, "fearful": {"happy": 0.25},
          "angry": {"happy": 0.2}, "disgusted": {"happy": 0.3}, "surprised": {}}  # fmt: skip
"""What a denied feeling leaves: "not happy" is displeased or sad, "not afraid" a little glad."""
CONTRAST = ("但是", "可是", "然而", "不过", "但", "却", "偏偏")
AFTER = 1.3
"""What stands after the last contrast weighs more: "it is beautiful, but ..."."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words and what they say. `script/train-emotion` learns nothing of it: it is written by hand."""

    words: dict[str, dict[str, float]]
    """Word to label to weight. Labels: the feelings, `not`, `degree` (a factor), `none` (swallows what lies in it)."""
    longest: dict[str, int] = field(default_factory=dict)
    """First character to the length of the longest word that begins so."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read lines of word, label, weight, parted by tabs. EngineError names the line that is not that."""
        words: dict[str, dict[str, float]] = {}
        longest: dict[str, int] = {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise EngineError("emotion-lexicon", f"the lexicon {path} cannot be read: {error}") from error
        if lines[:1] != [HEAD]:
            raise EngineError("emotion-lexicon", f"{path}, line 1: expected {HEAD!r}; it is no lexicon")
        for number, line in enumerate(lines[1:], 2):
            try:
                word, label, weight = line.split("\t")
                words.setdefault(word, {})[_known(label)] = float(weight)
                longest[word[0]] = max(longest.get(word[0], 0), len(word))
            except (ValueError, IndexError) as error:
                text = f"{path}, line {number}: expected word, label, weight parted by tabs, found {line!r}"
                raise EngineError("emotion-lexicon", text) from error
        return cls(words, longest)

    def weigh(self, text: str) -> dict[str, float]:
        """Sum of weights for each of `FEELINGS`."""
        total = dict.fromkeys(FEELINGS, 0.0)
        turn = max((text.rfind(word) for word in CONTRAST), default=-1)
        changes: list[tuple[int, dict[str, float]]] = []
        for start, word in self._found(text):
            meaning = self.words[word]
            said = {label: weight for label, weight in meaning.items() if label in total}
            if said:
                near = [change for end, change in changes if _reaches(text, end, start)]
                for label, weight in _changed(said, near).items():
                    total[label] += weight * (AFTER if 0 <= turn < start else 1.0)
                changes = []
            if "not" in meaning or "degree" in meaning:
                changes.append((start + len(word), meaning))
        return total

    def _found(self, text: str) -> Iterator[tuple[int, str]]:
        """Words from left to right, at each place the longest."""
        place = 0
        while place < len(text):
            for size in range(min(self.longest.get(text[place], 0), len(text) - place), 0, -1):
                if (word := text[place : place + size]) in self.words:
                    yield place, word
                    place += size
                    break
            else:
                place += 1


def _known(label: str) -> str:
    if label not in (*FEELINGS, "not", "degree", "none"):
        raise ValueError(label)
    return label


def _reaches(text: str, end: int, start: int) -> bool:
    between = text[end:start]
    return len(between) <= REACH + 2 and not any(sign in BREAKS for sign in between)


def _changed(said: dict[str, float], changes: list[dict[str, float]]) -> dict[str, float]:
    """A word's weights after the negations and degrees before it. Two negations are none."""
    factor = 1.0
    denied = False
    for change in changes:
        factor *= change.get("degree", 1.0)
        denied ^= "not" in change
    factor = min(factor, 2.0)
    if not denied:
        return {label: weight * factor for label, weight in said.items()}
    left: dict[str, float] = {}
    for label, weight in said.items():
        for other, share in TURNED[label].items():
            left[other] = left.get(other, 0.0) + weight * share
    return left
