"""Answers in the same sentences always; `{text}` stands for the question."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import Question, Sentence, Thought
from pipeline.settings import FROZEN


class Settings(BaseModel):
    model_config = FROZEN
    seconds: float = 0.0
    """Time until the first sentence, on the clock."""
    each: bool = False
    """So long for every sentence."""
    thoughts: int = 0
    """Pieces of a thought before that, one every half second."""
    sentences: tuple[str, ...] = ("It is next to the cloakroom.", "You are welcome.")


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, Question)
        texts = self._settings.sentences
        for index in range(self._settings.thoughts):
            yield message.answer(Thought, index=index, text=f"thought {index}")
            await self._clock.sleep(0.5)
        for index in range(len(message.said), len(texts)):
            if self._settings.seconds and (index == len(message.said) or self._settings.each):
                await self._clock.sleep(self._settings.seconds)
            last = index == len(texts) - 1
            yield message.answer(
                Sentence,
                index=index,
                text=texts[index].format(text=message.text),
                language=message.language,
                last=last,
                sources=("stub",),
                by="stub",
            )
