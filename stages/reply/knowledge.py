"""The reply from a folder of questions and answers: no model, no network, and honest when it does not know."""

import hashlib
from collections.abc import AsyncIterator

from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Label, Language, Message
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence
from pipeline.settings import FROZEN, LocalPath
from stages.reply import _guard
from stages.reply._cutter import Cutter
from stages.reply._entries import Entry
from stages.reply._library import Library, problems, suggested

Lines = dict[Language, tuple[str, ...]]
_UNKNOWN: Lines = {
    "zh": (
        "这个我还不知道。请到服务台问问我的同事。",
        "抱歉，这个问题我答不上来。服务台的同事也许知道。",
        "这个我不清楚，不想随便说。请问问服务台吧。",
    ),
    "en": (
        "I do not know that yet. Please ask my colleagues at the information desk.",
        "Sorry, I have no answer to that. Someone at the information desk may know.",
        "I am not sure about that, and I would rather not guess. Please ask at the information desk.",
    ),
}
_OPENERS: dict[Label, dict[Language, str]] = {
    "angry": {"zh": "很抱歉让您不愉快。", "en": "I am sorry about that."},
    "sad": {"zh": "别难过，我来帮您。", "en": "I am sorry to hear that."},
}
_SORRY = ("sorry", "apolog", "抱歉", "对不起", "道歉", "遗憾")


class Settings(BaseModel):
    """What a config may say about this engine."""

    model_config = FROZEN

    folder: LocalPath
    """The folder of `.yaml` and `.md` files, or a folder of such folders (`Question.knowledge` names one)."""
    threshold: float = Field(0.38, gt=0.0, le=1.0)
    """From this score on an entry answers. Higher: more often "I do not know". `docs/knowledge.md` has the curve."""
    empathy: float = Field(0.5, ge=0.0, le=1.0)
    """From this confidence on an angry or sad visitor hears a kind word first; 1.0 nearly never."""
    kind_words: bool = True
    unknown: Lines = _UNKNOWN
    """What is said when nothing is known, by language; the question decides which line."""
    safety: _guard.Settings = _guard.Settings()
    """The operator's word list; there is no prompt here that could be recited."""
    seconds: float = Field(0.02, ge=0.0)
    """Modelled duration of a look-up."""


def check(settings: Settings) -> list[str]:
    """Everything that is wrong in the folder and in the word list, each with `file:line`."""
    return [*problems(settings.folder), *_guard.check(settings.safety)]


def suggestions(settings: Settings, folder: str) -> dict[Language, tuple[str, ...]]:
    """Questions to touch on a screen, of the knowledge folder of that name."""
    return suggested(settings.folder, folder)


class Engine:
    """Answers a `Question` by the best entry's sentences."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._library: Library | None = None
        self._guard = _guard.Guard(settings.safety.model_copy(update={"secret": False}), clock)

    async def warm(self) -> None:
        """Read the folder and the word list. ConfigError, as `knowledge-invalid`, that lists all that is wrong."""
        await self._guard.refresh()
        if self._library is None:
            self._library = await self._clock.thread(Library, self._settings.folder, seconds=self._settings.seconds)

    async def work(self, message: Message) -> AsyncIterator[Message]:
        """`Sentence`s; with `said`, those after it."""
        if not isinstance(message, Question):
            raise EngineError("message-unexpected", f"reply answers a Question, not a {type(message).__name__}")
        await self.warm()
        if refusal := self._guard.visitor(message):
            yield refusal
            return
        answers = await self._clock.thread(self._answers, message, seconds=self._settings.seconds)
        watch = self._guard.watch(message)
        for answer in answers:
            yield watch.take(answer)
            if watch.over:
                return

    def _answers(self, question: Question) -> list[Sentence]:
        assert self._library is not None  # noqa: S101  warm() has run
        base = self._library.base(question.knowledge)
        found = base.find(question.text, question.language, self._settings.threshold)
        if found is None:
            return self._unknown(question)
        entry, language = found
        opener = self._opener(question, entry, language)
        texts = [*opener, *sentences(entry.answer)]
        emotion: Label = "neutral" if opener and entry.emotion == "happy" else entry.emotion
        feelings: list[Label] = ["sad" if at < len(opener) else emotion for at in range(len(texts))]
        gestures = ["" if at != len(opener) else entry.gesture for at in range(len(texts))]
        begin = _after(texts, question.said, len(opener))
        told = list(zip(texts, feelings, gestures, strict=True))[begin:] or [("", "neutral", "")]
        return [
            question.answer(
                Sentence, index=len(question.said) + at, text=text, language=language, emotion=feeling,
                gesture=gesture, last=at == len(told) - 1, sources=(entry.id,), by="knowledge",
                voices=question.voices,
            )
            for at, (text, feeling, gesture) in enumerate(told)
        ]  # fmt: skip

    def _opener(self, question: Question, entry: Entry, language: Language) -> list[str]:
        """A kind word for a visitor who is angry or sad, unless the answer begins with one itself."""
        feeling, settings = question.feeling, self._settings
        if not settings.kind_words or feeling.confidence < settings.empathy or feeling.label not in _OPENERS:
            return []
        first = "".join(sentences(entry.answer)[:1]).lower()
        return [] if any(word in first for word in _SORRY) else [_OPENERS[feeling.label][language]]

    def _unknown(self, question: Question) -> list[Sentence]:
        """Nothing is invented. After half an answer of someone else's there is nothing to add."""
        lines = self._settings.unknown.get(question.language) or _UNKNOWN[question.language]
        digest = hashlib.blake2b(question.text.encode(), digest_size=4).digest()
        line = lines[int.from_bytes(digest, "big") % len(lines)]
        texts, said = sentences(line), question.said
        texts = texts[len(said) :] if tuple(texts[: len(said)]) == said else []
        texts = texts or [""]
        return [
            question.answer(
                Sentence, index=len(question.said) + at, text=text, language=question.language,
                gesture="shrug" if at == 0 and text else "", last=at == len(texts) - 1, by="knowledge",
                voices=question.voices,
            )
            for at, text in enumerate(texts)
        ]  # fmt: skip


def sentences(text: str) -> list[str]:
    """A written answer, cut as a voice needs it; never at a comma, since nothing has to be waited for."""
    cutter = Cutter(first=0)
    return [*cutter.feed(text), *cutter.end()]


def _after(texts: list[str], said: tuple[str, ...], opener: int) -> int:
    """Where to go on: after what was said of this answer; past the kind word when someone else had begun."""
    if tuple(texts[: len(said)]) == said:
        return len(said)
    return opener
