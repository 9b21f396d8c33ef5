"""Hears a turn in every loud stretch of sound: it ends after 200 ms of quiet."""

import numpy as np
from pydantic import BaseModel

from pipeline.audio import Frame, Hint
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import SpeechStarted, TurnEnded, Utterance
from pipeline.settings import FROZEN


class Settings(BaseModel):
    model_config = FROZEN
    quiet_frames: int = 10
    loud: int = 500


class Engine:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        del clock
        self._settings = settings

    def open(self, session: str) -> "Ears":
        return Ears(session, self._settings)


class Ears:
    def __init__(self, session: str, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._turn = self._quiet = self._start = 0
        self._pcm: list[bytes] = []
        self._heard = 0

    def hear(self, frame: Frame) -> list[Message]:
        self._heard = frame.sample + len(frame.pcm)
        loud = int(np.abs(frame.pcm).max()) > self._settings.loud
        if not self._pcm and not loud:
            return []
        self._pcm.append(frame.pcm.tobytes())
        self._quiet = 0 if loud else self._quiet + 1
        if len(self._pcm) == 1:
            return self._begin(frame)
        return self._end() if self._quiet >= self._settings.quiet_frames else []

    def _begin(self, frame: Frame) -> list[Message]:
        self._turn += 1
        self._start = frame.sample
        place = {"session": self._session, "turn": self._turn}
        return [SpeechStarted(**place, at_sample=frame.sample, sure=sure) for sure in (False, True)]

    def _end(self) -> list[Message]:
        place = {"session": self._session, "turn": self._turn, "revision": 1}
        utterance = Utterance(**place, start_sample=self._start, pcm=b"".join(self._pcm))
        self._pcm.clear()
        end = self._heard
        return [utterance, TurnEnded(**place, cause=utterance.id, end_sample=end, decided_sample=end)]

    def hint(self, hint: Hint) -> list[Message]:
        del hint
        return []

    def hold(self, *, on: bool) -> None:
        del on

    def flush(self) -> list[Message]:
        return self._end() if self._pcm else []
