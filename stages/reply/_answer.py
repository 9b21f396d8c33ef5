"""A model's stream becomes thoughts and sentences: splitter, tags, plain text and cutter in a row."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pipeline.envelope import Label
from pipeline.messages import Question, Sentence, Thought
from stages.reply._cutter import FIRST, Cutter
from stages.reply._notes import Notes
from stages.reply._plain import Plain
from stages.reply._splitter import Piece, Splitter
from stages.reply._tags import Tag, TagReader
from stages.reply._template import Template, without
from stages.reply._tools.calls import CallPart, ToolCalls
from stages.reply._usage import Usage

_THOUGHT = 80
"""Characters of a thought after the first one: a token each would be a message each."""


class Delta(NamedTuple):
    """What one event of the stream adds."""

    content: str = ""
    reasoning: str = ""
    finish: str = ""
    """Why the answer ends here."""
    usage: Usage | None = None
    done: bool = False
    """`[DONE]`: nothing follows."""
    calls: tuple[CallPart, ...] = ()
    """Pieces of what the model wants called."""


class Answer:
    """One answer to one question. Pure: deltas in, messages out."""

    def __init__(
        self, question: Question, by: str, *, thinks: bool, stray: bool = False,
        new: Callable[[str], str] = lambda text: text,
    ) -> None:  # fmt: skip
        """`thinks`, `stray`: the splitter's. `new` gives what of a sentence is to be said: all of it, a part, or ''."""
        self._question = question
        self._by = by
        self._new = new
        self._template = Template()
        self._splitter = Splitter(expected=thinks, stray=stray)
        self._notes = Notes()
        self._tags = TagReader()
        self._plain = Plain(question.language)
        self._cutter = Cutter(first=0 if question.said else FIRST)
        self._index = len(question.said)
        self._thoughts = 0
        self._thought = ""
        self._mood: Label = "neutral"
        self._strength = 0.5
        self._gesture = ""
        self.calls = ToolCalls()
        self.finish = ""
        self.usage = Usage()
        self.letters = 0
        """Characters of text and thought so far: what an answer took that ended before its server told."""
        self.thought = False
        """The model thought something."""
        self.slipped = False
        """What was taken for the answer turned out to be a thought."""
        self.spoke = False
        """Text that is no thought has come."""
        self.repeated = False
        """A sentence was left out, since it had been said."""

    @property
    def said(self) -> bool:
        """At least one sentence has been given."""
        return self._index > len(self._question.said)

    @property
    def tagged(self) -> bool:
        """The tag of a thought stood in the content."""
        return self._splitter.tagged

    def take(self, delta: Delta) -> Iterator[Thought | Sentence]:
        """The messages that are sure now."""
        self.finish = delta.finish or self.finish
        self.usage = delta.usage or self.usage
        self.letters += len(delta.content) + len(delta.reasoning)
        self.calls.feed(delta.calls)
        content, thought = self._template.feed(delta.content), without(delta.reasoning)
        yield from self._pieces(self._splitter.feed(content, thought))

    def whole(self) -> list[Sentence]:
        """After a stream that broke: the sentence that is held, if it is whole."""
        return self._sentences(self._cutter.feed(self._plain.end()) + self._cutter.settle())

    def pause(self) -> list[Thought | Sentence]:
        """What is left before the functions are called: the answer goes on, so no sentence is marked as its last."""
        messages = self._rest()
        messages += self._sentences(self._cutter.feed(self._plain.end()) + self._cutter.end())
        return [*messages, self._think()] if self._thought else messages

    def drop(self) -> None:
        """Forget what is held: it must not be said."""
        self._notes, self._tags = Notes(), TagReader()
        self._plain, self._cutter = Plain(self._question.language), Cutter(first=0)

    def end(self, cost: float) -> list[Thought | Sentence]:
        """What is left; the last sentence is marked and may be empty. Nothing where the answer was empty."""
        messages = self._rest()
        messages += self._sentences(self._cutter.feed(self._plain.end()))
        cut = self.finish == "length" and self.said  # the rest was cut in the middle of a sentence
        messages += self._sentences(self._cutter.settle() if cut else self._cutter.end())
        if self._thought:
            messages.append(self._think())
        return self._marked(messages, cost) if self.said or self.repeated else messages

    def _rest(self) -> list[Thought | Sentence]:
        """What was held back."""
        pieces = [*self._splitter.feed(self._template.end()), *self._splitter.end()]
        messages = list(self._pieces(pieces))
        items = [*self._tags.feed(self._notes.end()), *self._tags.end()]
        return messages + [sentence for item in items for sentence in self._spoken(item)]

    def _marked(self, messages: list[Thought | Sentence], cost: float) -> list[Thought | Sentence]:
        """The last sentence carries what the answer took; where all were given before, an empty one does."""
        told = self.usage.told() | {"last": True, "cost": cost}
        at = max((at for at, message in enumerate(messages) if isinstance(message, Sentence)), default=-1)
        last = messages.pop(at) if at >= 0 else self._sentence("")
        return [*messages, type(last).model_validate(last.model_dump() | told)]

    def _pieces(self, pieces: list[Piece]) -> Iterator[Thought | Sentence]:
        self.slipped = self.slipped or any(piece.kind == "slip" for piece in pieces)
        for piece in () if self.slipped else pieces:
            if piece.kind == "text":
                if self._thought and piece.text.strip():
                    yield self._think()
                self.spoke = self.spoke or bool(piece.text.strip())
                for item in self._tags.feed(self._notes.feed(piece.text)):
                    yield from self._spoken(item)
            else:
                self._thought += piece.text
                self.thought = self.thought or bool(piece.text.strip())
                if len(self._thought) >= _THOUGHT or (not self._thoughts and self._thought.strip()):
                    yield self._think()

    def _think(self) -> Thought:
        thought = self._question.answer(Thought, index=self._thoughts, text=self._thought)
        self._thoughts, self._thought = self._thoughts + 1, ""
        return thought

    def _spoken(self, item: str | Tag) -> Iterator[Sentence]:
        """A tag stands before what it means: a sentence that is whole is given before the mood changes."""
        if isinstance(item, str):
            yield from self._sentences(self._cutter.feed(self._plain.feed(item)))
            return
        yield from self.whole()
        if item.emotion:
            self._mood, self._strength = item.emotion, item.strength
        self._gesture = item.gesture or self._gesture

    def _sentences(self, texts: Iterable[str]) -> list[Sentence]:
        told = []
        for text in texts:
            new = self._new(text)
            self.repeated = self.repeated or not new
            told += [self._sentence(new)] if new else []
        return told

    def _sentence(self, text: str) -> Sentence:
        sentence = self._question.answer(
            Sentence,
            index=self._index,
            text=text,
            language=self._question.language,
            emotion=self._mood,
            strength=self._strength,
            gesture=self._gesture,
            by=self._by,
            voices=self._question.voices,
        )
        self._index, self._gesture = self._index + 1, ""
        return sentence
