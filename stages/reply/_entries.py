"""A knowledge folder read and validated: every problem of every file is found before any is reported."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from pipeline.envelope import Label, Language
from pipeline.settings import FROZEN

Gesture = Literal["", "nod", "shake", "wave", "point", "think", "shrug", "bow", "open"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (*YAML_SUFFIXES, ".md")


class Entry(BaseModel):
    """Something that is known: how visitors ask for it, and what is answered."""

    model_config = FROZEN

    id: Text
    """The same in every language's file for the same thing."""
    questions: Annotated[tuple[Text, ...], Field(min_length=1)]
    answer: Text
    """One or more sentences to be spoken."""
    emotion: Label = "neutral"
    gesture: Gesture = ""
    suggest: bool = False
    """Its first question is shown on screens, to be touched."""


class Known(BaseModel):
    """An entry, its language, and where it was read."""

    model_config = FROZEN

    entry: Entry
    language: Language
    file: str
    line: int

    @property
    def where(self) -> str:
        """`file:line`, for a message to the operator."""
        return f"{self.file}:{self.line}"


class Found(BaseModel):
    """What a folder (or one file of it) holds, and what is wrong in it."""

    model_config = FROZEN

    known: tuple[Known, ...] = ()
    problems: tuple[str, ...] = ()
    """One sentence each, beginning with `file:line: `."""


def language_of(text: str) -> Language:
    """`zh` when at least a fifth of the letters are CJK ideographs (a Chinese sentence may hold English names)."""
    letters = [letter for letter in text if letter.isalpha()]
    ideographs = sum("\u3400" <= letter <= "\u9fff" for letter in letters)
    return "zh" if ideographs * 5 >= max(1, len(letters)) else "en"


def files_of(folder: Path) -> list[Path]:
    """The YAML and Markdown files directly in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


def joined(parts: Iterable[Found]) -> Found:
    """What several files hold together. An id that stands twice in a language is a problem."""
    parts = list(parts)
    known = [item for part in parts for item in part.known]
    problems = [problem for part in parts for problem in part.problems]
    first: dict[tuple[str, str], Known] = {}
    for item in known:
        earlier = first.setdefault((item.language, item.entry.id), item)
        if earlier is not item:
            problems.append(
                f"{item.where}: the id '{item.entry.id}' stands already at {earlier.where}; give one of them another id"
            )
    return Found(known=tuple(known), problems=tuple(problems))
