"""What the knowledge base knows about a question, for a model that puts it into its own words."""

import asyncio
from typing import Final

from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.messages import Question
from pipeline.settings import FROZEN, LocalPath
from stages.reply._cutter import Cutter
from stages.reply._entries import Entry
from stages.reply._library import Library, problems
from stages.reply._told import Reference
from stages.reply._words import STOP, tokens, weight

_SHORT: Final = 6
"""Tokens of a question that may only be understood with the one before it ("那多少钱？", "and on Mondays?")."""
_USED: Final = 0.3
"""Share of a sentence's words, by weight, that stand in an entry it was made from (measured: `docs/knowledge.md`)."""


class Settings(BaseModel):
    """The key `grounding` of a model's engine."""

    model_config = FROZEN

    folder: LocalPath
    """As the engine `knowledge` has it: of `.yaml` and `.md` files, or of such folders."""
    most: int = Field(3, ge=1, le=10)
    """Entries that the model is told."""
    threshold: float = Field(0.2, gt=0.0, le=1.0)
    """From this score on an entry is told. Lower than for an answer: a model tells what does not belong."""
    entry_chars: int = Field(240, ge=20)
    """Of an entry's answer, cut after a sentence."""
    seconds: float = Field(0.02, ge=0.0)
    """Modelled duration of a look-up."""


def check(settings: Settings) -> list[str]:
    """Everything that is wrong in the folder, each with `file:line`."""
    return problems(settings.folder)


class Grounding:
    """The folder, read once. May be asked by several questions at once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._library: Library | None = None
        self._reading = asyncio.Lock()

    async def warm(self) -> None:
        """Read the folder. ConfigError `knowledge-missing`, `knowledge-invalid` that lists all that is wrong."""
        async with self._reading:
            if self._library is None:
                self._library = await self._clock.thread(Library, self._settings.folder, seconds=self._settings.seconds)

    async def find(self, question: Question) -> tuple[Reference, ...]:
        """The entries that may help, the best first. EngineError `knowledge-unknown`."""
        await self.warm()
        return await self._clock.thread(self._find, question, seconds=self._settings.seconds)

    def _find(self, question: Question) -> tuple[Reference, ...]:
        assert self._library is not None  # noqa: S101  warm() has run
        base, settings = self._library.base(question.knowledge), self._settings
        found: dict[str, Entry] = {}
        for text in _asked(question):
            for entry in base.several(text, question.language, settings.threshold, settings.most):
                found.setdefault(entry.id, entry)
        return tuple(_told(entry, settings.entry_chars) for entry in list(found.values())[: settings.most])


def used(sentence: str, entries: tuple[Reference, ...]) -> tuple[str, ...]:
    """Ids of the entries that a sentence was made from, by the words they share: for `Sentence.sources`."""
    words = {token: weight(token) for token in tokens(sentence) if weight(token) > STOP}
    whole = sum(words.values())
    if not whole:
        return ()
    shares = []
    for entry in entries:
        known = set(tokens(entry.answer))
        shares.append((sum(heavy for token, heavy in words.items() if token in known) / whole, entry.id))
    best = max(shares, default=(0.0, ""))[0]
    return tuple(name for share, name in shares if share >= _USED and share >= best / 2)


def _asked(question: Question) -> list[str]:
    """What to look for: the words, and where they are few, together with the visitor's words before."""
    before = next((line.text for line in reversed(question.history) if line.role == "visitor"), "")
    few = len(tokens(question.text)) <= _SHORT
    return [question.text, f"{before} {question.text}"] if before and few else [question.text]


def _told(entry: Entry, most: int) -> Reference:
    return Reference(entry.id, entry.questions[0], shortened(entry.answer, most))


def shortened(text: str, most: int) -> str:
    """The sentences that fit in `most` characters; of a longer first one, its beginning."""
    if len(text) <= most:
        return text
    cutter, end = Cutter(first=0), 0
    for sentence in (*cutter.feed(text), *cutter.end()):
        after = text.index(sentence, end) + len(sentence)
        if after > most:
            break
        end = after
    return text[:end] if end else text[: most - 1] + "…"
