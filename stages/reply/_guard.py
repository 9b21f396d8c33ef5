"""Safety: what may be heard, and what may be said. Every sentence passes here before a voice gets it."""

import logging
import re
from typing import Final

from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Language
from pipeline.errors import ConfigError
from pipeline.messages import Question, Sentence, Thought
from pipeline.settings import FROZEN, LocalPath
from stages.reply._guard_hints import suspicious
from stages.reply._guard_leak import Recital
from stages.reply._guard_role import names_its_maker, other_part
from stages.reply._guard_words import WordList, read_words

_LOGGER = logging.getLogger(__name__)
BY: Final = "guard"
"""`Sentence.by` begins with it where the guard spoke; after a colon: why."""
_RAW = re.compile(r'"[\w .-]{1,40}"\s*:\s*["{\[\dtfn-]|[{\[]\s*[{"]|</\w+>|Traceback \(most|<[|｜][^|｜]*[|｜]>')
"""JSON, markup, a trace, a control token: what a tool or a template had, read aloud."""


class Refusals(BaseModel):
    """What is said instead, in one language."""

    model_config = FROZEN

    visitor: str = Field(min_length=1)
    """To a visitor who used a word of the list."""
    answer: str = Field(min_length=1)
    """In place of a sentence with such a word; the rest of the answer is dropped."""
    recital: str = Field(min_length=1)
    """In place of a sentence that recites the persona or the rules, or speaks as someone else."""


REFUSALS: Final[dict[Language, Refusals]] = {
    "zh": Refusals(
        visitor="这个话题我不方便聊，我们说点别的吧。",
        answer="抱歉，这个我不方便说，我们换个话题吧。",
        recital="我怎么工作的就不细说了，您想了解什么，尽管问我。",
    ),
    "en": Refusals(
        visitor="I would rather not talk about that. Let us talk about something else.",
        answer="Sorry, I would rather not say that. Let us change the subject.",
        recital="How I am set up is not for me to recite, but do ask me anything else.",
    ),
}


class Settings(BaseModel):
    """The key `safety` of a model's engine."""

    model_config = FROZEN

    words: LocalPath | None = None
    """The operator's word list (`docs/safety.md`); none: no words are refused."""
    between: bool = True
    """Find a word also with spaces and signs between its characters."""
    secret: bool = True
    """Refuse sentences that recite the persona or the rules, or in which the avatar says that it is someone else."""
    refusals: dict[Language, Refusals] = {}
    """Instead of the defaults."""


def check(settings: Settings) -> list[str]:
    """What is wrong with the word list; empty when it can be used."""
    try:
        if settings.words is not None:
            read_words(settings.words)
    except ConfigError as error:
        return [error.text]
    return []


class Guard:
    """What the operator does not want heard or said. Shared by all answers of an engine."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self._words = WordList(settings.words, clock, between=settings.between) if settings.words else None

    async def refresh(self) -> None:
        """Before each answer: the word list as it is now. ConfigError only when it never could be read."""
        if self._words is not None:
            await self._words.refresh()

    def hit(self, text: str, begin: int = 0) -> str:
        """The category of the first listed word that ends at or behind `begin`; '' for none."""
        found = self._words.check(text, begin) if self._words is not None else None
        return found.category if found else ""

    def visitor(self, question: Question) -> Sentence | None:
        """The whole answer to a visitor who used a listed word; None where the model may be asked."""
        category = self.hit(question.text)
        if not category:
            return None
        _noted(question, "visitor", category)
        return question.answer(
            Sentence, index=len(question.said), text=self.refusals(question.language).visitor,
            language=question.language, last=True, by=f"{BY}:{category}", voices=question.voices,
        )  # fmt: skip

    def cleared(self, question: Question) -> Question:
        """The question without the lines of its history that were refused, or would be now."""
        kept = tuple(line for line in question.history if not self.hit(line.text))
        return question if len(kept) == len(question.history) else question.changed(history=kept)

    def watch(self, question: Question) -> "Watch":
        """For one answer."""
        return Watch(self, question)

    def refusals(self, language: Language) -> Refusals:
        """The sentences in a language."""
        return self.settings.refusals.get(language) or REFUSALS[language]

    @property
    def reach(self) -> int:
        """Characters before a sentence in which a listed word may begin that ends in it."""
        return 2 * self._words.longest if self._words is not None else 0


class Watch:
    """Follows one answer, sentence by sentence."""

    def __init__(self, guard: Guard, question: Question) -> None:
        self._guard, self._question = guard, question
        self._recital = Recital(question.persona) if guard.settings.secret else None
        self._tried = guard.settings.secret and suspicious(question.text)
        self._tail = ""
        self.over = False
        """A sentence was refused: nothing of this answer may follow it."""
        for text in question.said:
            self._why(text)

    def take(self, sentence: Sentence) -> Sentence:
        """The sentence, or the one that is said in its place, which is the answer's last."""
        why = self._why(sentence.text)
        if not why:
            return sentence
        self.over = True
        _noted(self._question, "answer", why)
        refusals = self._guard.refusals(sentence.language)
        text = refusals.recital if why in {"secret", "role"} else refusals.answer
        return sentence.changed(
            text=text, emotion="neutral", strength=0.5, gesture="", last=True, sources=(), by=f"{BY}:{why}"
        )

    def shows(self, thought: Thought) -> bool:
        """Whether a thought may be shown on a screen. Thoughts quote the prompt: what recites it is kept back."""
        recital = Recital(self._question.persona) if self._recital is not None else None
        return not self._guard.hit(thought.text) and not (recital and recital.hears(thought.text))

    def _why(self, text: str) -> str:
        before = self._tail + (" " if self._question.language == "en" and self._tail else "")
        self._tail = (before + text)[-self._guard.reach :] if self._guard.reach else ""
        if category := self._guard.hit(before + text, len(before)):
            return category
        if _RAW.search(text):
            return "raw"
        if self._recital is not None and self._recital.hears(text):
            return "secret"
        question, told = self._question, self._guard.settings.secret
        if told and names_its_maker(text, question.persona):
            return "role"
        return "role" if self._tried and other_part(text, question.persona, question.language) else ""


def _noted(question: Question, where: str, why: str) -> None:
    """Who, where and of which category; never the words."""
    _LOGGER.warning("guard.refused where=%s why=%s session=%s turn=%d", where, why, question.session, question.turn)
