"""Feels nothing."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Feeling, Message
from pipeline.messages import Emotion, Utterance
from pipeline.settings import FROZEN


class Settings(BaseModel):
    model_config = FROZEN
    seconds: float = 0.0
    """Time that it takes, on the clock."""


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        if self._settings.seconds:
            await self._clock.sleep(self._settings.seconds)
        source = "voice" if isinstance(message, Utterance) else "text"
        yield message.answer(Emotion, source=source, feeling=Feeling())
