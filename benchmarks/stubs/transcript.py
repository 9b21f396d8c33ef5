"""Hears the same words always, or who it was: `{session}` and `{turn}` stand for that."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import Transcript, Utterance
from pipeline.settings import FROZEN


class Settings(BaseModel):
    model_config = FROZEN
    seconds: float = 0.0
    """Time that it takes, on the clock."""
    text: str = "Where is the toilet?"


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        if self._settings.seconds:
            await self._clock.sleep(self._settings.seconds)
        assert isinstance(message, Utterance)
        yield message.answer(
            Transcript,
            text=self._settings.text.format(session=message.session, turn=message.turn),
            language="en",
            confidence=1.0,
            partial=message.partial,
            index=message.index,
        )
