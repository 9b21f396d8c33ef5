"""Speaks a tone: no words, no phonemes."""

from collections.abc import AsyncIterator

from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import Sentence, Speech
from pipeline.settings import FROZEN


class Settings(BaseModel):
    model_config = FROZEN
    seconds: float = 0.0
    """Time that it takes, on the clock."""
    milliseconds: int = 200
    parts: int = 2


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        if self._settings.seconds:
            await self._clock.sleep(self._settings.seconds)
        assert isinstance(message, Sentence)
        samples = self._settings.milliseconds * 24
        for part in range(self._settings.parts):
            yield message.answer(
                Speech, index=message.index, part=part, start=part * samples, last=part == self._settings.parts - 1,
                pcm=b"\x00\x10\x00\xf0" * (samples // 2), text=message.text, language=message.language,
                origin=message.origin,
            )  # fmt: skip
