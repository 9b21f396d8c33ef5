"""Cues from phoneme times, or from the sound where a voice gives none."""

from collections.abc import AsyncIterator

import numpy as np
from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Pose
from pipeline.messages import Cues, Speech
from pipeline.settings import FROZEN
from stages.cues import _face, _lips, _sound


class Settings(BaseModel):
    """What the face does while it speaks."""

    model_config = FROZEN

    expressiveness: float = Field(default=1.0, ge=0.0, le=1.5)
    """Factor of the reply's strength of emotion; 0 is a straight face."""
    blink: bool = True
    nod: bool = True
    """Gestures and beats of the head."""
    seconds: float = Field(default=0.002, ge=0.0)
    """Modelled time of a part, for replay."""


class Engine:
    """Pure computation of about a millisecond: done in place, no thread."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def warm(self) -> None:
        """Load numpy's generators: 5-12 ms that the first part would pay."""
        cues(Speech(index=0, part=0, start=0, pcm=bytes(2 * _sound.STEP)), self._settings)

    async def work(self, message: Speech) -> AsyncIterator[Cues]:
        """One `Cues` for one `Speech`, with poses for the phonemes that begin in it."""
        yield cues(message, self._settings)


def cues(speech: Speech, settings: Settings) -> Cues:
    """Everything the face does during `speech`."""
    samples = len(speech.pcm) // 2
    felt = speech.model_copy(update={"strength": min(1.0, speech.strength * settings.expressiveness)})
    return speech.answer(
        Cues,
        index=speech.index,
        part=speech.part,
        start=speech.start,
        samples=samples,
        visemes=_visemes(speech),
        expressions=(*_face.expressions(felt, samples), *(_face.blinks(felt, samples) if settings.blink else ())),
        gestures=tuple(_face.gestures(felt)) if settings.nod else (),
        gaze=tuple(sorted(_face.gaze(felt, samples), key=lambda gaze: gaze.at)),
        origin=speech.origin,
    )


def _visemes(speech: Speech) -> tuple[Pose, ...]:
    if not speech.timed:
        return _sound.poses(np.frombuffer(speech.pcm, "<i2"), speech.start)
    before = [mark for mark in speech.context if mark.start < speech.start]
    after = [mark for mark in speech.context if mark.start >= speech.start]
    return _lips.poses(before, speech.phonemes, after)
