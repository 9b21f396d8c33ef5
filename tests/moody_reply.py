"""A reply engine that does in each turn what a test says: how many sentences, when, with thoughts, or a failure."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence, Thought
from pipeline.settings import FROZEN


class Mood(BaseModel):
    """Of one turn."""

    model_config = FROZEN
    first: float = 0.1
    """Seconds to the first sentence ..."""
    each: float = 0.05
    """... and to each of the others."""
    sentences: int = 2
    thoughts: int = 0
    fails: bool = False
    """After what it has said."""


class Settings(BaseModel):
    model_config = FROZEN
    moods: tuple[Mood, ...] = (Mood(),)


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._moods, self._clock = settings.moods, clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, Question)
        mood = self._moods[(message.turn - 1) % len(self._moods)]
        for index in range(mood.thoughts):
            yield message.answer(Thought, index=index, text=f"thought {index}")
            await self._clock.sleep(0.2)
        for index in range(len(message.said), mood.sentences):
            await self._clock.sleep(mood.first if index == 0 else mood.each)
            yield message.answer(
                Sentence, index=index, text=f"Sentence {index} of turn {message.turn}.", language=message.language,
                last=index == mood.sentences - 1 and not mood.fails, by="moody",
            )  # fmt: skip
        if mood.fails:
            raise EngineError("moody", "it is in a mood: wait")
