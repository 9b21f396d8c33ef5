"""Everything around a model's answer: what it is told, what it may have done for it, and what of it may be said."""

import asyncio
import dataclasses
import datetime as dt
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Language
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence, Thought
from pipeline.settings import FROZEN
from stages.reply import _grounding, _guard
from stages.reply._grounding import Grounding, used
from stages.reply._guard import Guard, Watch
from stages.reply._told import Round, Told, in_words
from stages.reply._tools import settings as tool_settings
from stages.reply._tools.box import Toolbox
from stages.reply._tools.calls import ToolResult, Wanted
from stages.reply._tools.settings import Tools
from stages.reply._usage import NOTHING, Usage

_LOGGER = logging.getLogger(__name__)
Ask = Callable[[Question, Told], AsyncGenerator[Thought | Sentence | Wanted]]
"""Puts a question to a model. It ends with a last `Sentence`, or with what the model wants called."""


class Surroundings(BaseModel):
    """Keys of a model's engine."""

    model_config = FROZEN

    venue: dict[Language, str] = {}
    """Facts of the place that every answer may need, told with each question; a folder of many is for `grounding`."""
    tell_time: bool = True
    """The local date and time go with each question."""
    history_tokens: int = Field(1500, ge=0)
    """Of the conversation so far that is told, estimated."""
    grounding: _grounding.Settings | None = None
    """The knowledge that the model is told of."""
    safety: _guard.Settings = _guard.Settings()
    tools: Tools = ()
    """What the model may have called."""
    tool_rounds: int = Field(2, ge=1, le=5)
    """How often in one answer."""


def check(settings: Surroundings) -> list[str]:
    """What is wrong with the files and functions that the settings name."""
    known = _grounding.check(settings.grounding) if settings.grounding else []
    return [*known, *_guard.check(settings.safety), *tool_settings.check(settings.tools)]


@dataclasses.dataclass(slots=True)
class _Progress:
    """How far one answer has come."""

    question: Question
    watch: Watch
    told: Told
    said: list[str] = dataclasses.field(default_factory=list)
    """Since the last round, or the beginning."""
    usage: Usage = NOTHING
    """Of the rounds that are over."""
    cost: float = 0.0

    def take(self, sentence: Sentence) -> Sentence:
        """The sentence as it may be said, with the entries that it was made from."""
        named = sentence.changed(sources=used(sentence.text, self.told.entries)) if self.told.entries else sentence
        taken = self.watch.take(named)
        if taken.text:
            self.said.append(taken.text)
        return self._whole(taken) if taken.last else taken

    def _whole(self, last: Sentence) -> Sentence:
        """With what all rounds together took."""
        usage = self.usage.plus(Usage(last.tokens_in, last.tokens_cached, last.tokens_out))
        return last.changed(cost=round(self.cost + last.cost, 8), **usage.told())

    def next(self, wanted: Wanted, results: list[ToolResult], rounds: int) -> None:
        """The model is asked again, with what its functions gave."""
        done = Round(tuple(self.said), wanted.calls, tuple(results))
        self.usage, self.cost = self.usage.plus(wanted.usage), self.cost + wanted.cost
        all_done = (*self.told.rounds, done)
        self.told = dataclasses.replace(self.told, rounds=all_done, last_round=len(all_done) >= rounds)
        self.question = self.question.changed(said=(*self.question.said, *self.said))
        self.said = []


class Around:
    """Shared by all answers of an engine; it keeps nothing of a visitor."""

    def __init__(self, settings: Surroundings, clock: Clock, local: Callable[[], dt.datetime] | None = None) -> None:
        """`local` gives the local time that the model is told. ConfigError `function-unknown`, `mcp-not-installed`."""
        self._settings, self._local = settings, local if settings.tell_time else None
        self._grounding = Grounding(settings.grounding, clock) if settings.grounding else None
        self._guard = Guard(settings.safety, clock)
        self._tools = Toolbox(settings.tools, clock)

    async def warm(self) -> None:
        """Read the knowledge and the word list, ask the MCP servers. ConfigError for files that cannot be read."""
        await self._guard.refresh()
        if self._grounding is not None:
            await self._grounding.warm()
        await self._tools.warm()

    async def close(self) -> None:
        """Leave the MCP servers."""
        await self._tools.close()

    async def answer(self, question: Question, ask: Ask) -> AsyncGenerator[Thought | Sentence]:
        """What may be shown and said of the answer.

        EngineError `tool-tentative` (again when the turn is over) where the model wants something done that may not be
        done yet, `answer-empty` where it wants functions called for ever, and whatever `ask` raises.
        """
        await self._guard.refresh()
        self._tools.refresh()
        refusal = self._guard.visitor(question)
        if refusal is not None:
            yield refusal
            return
        question = self._guard.cleared(question)
        progress = _Progress(question, self._guard.watch(question), await self._told(question))
        while True:
            wanted: Wanted | None = None
            async with aclosing(ask(progress.question, progress.told)) as items:
                async for item in items:
                    if isinstance(item, Wanted):
                        wanted = item
                    elif isinstance(item, Sentence):
                        yield progress.take(item)
                    elif progress.watch.shows(item):
                        yield item
                    if progress.watch.over:
                        return
            if wanted is None:
                return
            self._check(progress, wanted)
            line = self._line(progress, wanted)
            if line is not None:
                yield line
            progress.next(wanted, await self._called(progress, wanted), self._settings.tool_rounds)

    async def _told(self, question: Question) -> Told:
        settings, language = self._settings, question.language
        venue = settings.venue.get(language) or next(iter(settings.venue.values()), "")
        told = Told(
            venue=venue, history_tokens=settings.history_tokens, before=len(question.said),
            time=in_words(self._local(), language) if self._local else "", tools=tuple(self._tools.specs(language)),
        )  # fmt: skip
        if self._grounding is None:
            return told
        try:
            return dataclasses.replace(told, entries=await self._grounding.find(question))
        except EngineError as error:  # a model answers without it, too
            _LOGGER.warning("grounding.missing session=%s: %s", question.session, error)
            return told

    def _check(self, progress: _Progress, wanted: Wanted) -> None:
        if progress.told.last_round:
            text = "the model wants functions called again and again: raise tool_rounds, or mend their descriptions"
            raise EngineError("answer-empty", text, retry=True)
        if progress.question.tentative and self._tools.waits(call.name for call in wanted.calls):
            text = "the model wants a function called that is not marked safe, and the visitor may still be speaking"
            raise EngineError("tool-tentative", f"{text}: ask again when the turn is over", retry=True)

    def _line(self, progress: _Progress, wanted: Wanted) -> Sentence | None:
        """Something to hear while a tool works, where nothing has been said."""
        question = progress.question
        text = next((line for call in wanted.calls if (line := self._tools.line(call.name, question.language))), "")
        if not text or progress.said or question.said:
            return None
        sentence = question.answer(
            Sentence, index=0, text=text, language=question.language, gesture="think", by="tools",
            voices=question.voices,
        )  # fmt: skip
        return progress.take(sentence)

    async def _called(self, progress: _Progress, wanted: Wanted) -> list[ToolResult]:
        """All at once; each has its own deadline."""
        tentative = progress.question.tentative
        calls = [self._tools.call(call.name, call.arguments, tentative=tentative) for call in wanted.calls]
        return list(await asyncio.gather(*calls))
