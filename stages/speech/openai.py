"""Speech by a server with an OpenAI-compatible `/v1/audio/speech`: CosyVoice, Kokoro, a cloud. It gives no phonemes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Label, Language
from pipeline.errors import WireError
from pipeline.http import Answered, BaseUrl, Client, Request, whole
from pipeline.messages import Sentence, Speech
from pipeline.settings import FROZEN, Secret
from stages.speech._loudness import CALIBRATION, Leveller, Sound, to_float, to_pcm
from stages.speech._parts import Parts, Resampler, to_speak_rate
from stages.speech._wav import Block, SoundReader

PATH = "/audio/speech"
_SILENT: Final = 0.004
"""Of full scale (-48 dB): the noise of a neural voice's pauses lies below it."""
_LEAD_SECONDS: Final = 0.02


class Settings(BaseModel):
    """Where the server is, and how it speaks."""

    model_config = FROZEN

    base_url: BaseUrl
    """`/v1` is added where no path is given."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    """Sent besides, for gateways."""
    voices: dict[Language, str] = Field(min_length=1)
    """As the server calls them; a language without a voice is spoken by the other's."""
    format: Literal["pcm", "wav"] = "pcm"
    sample_rate: int = Field(default=24_000, ge=8_000, le=192_000)
    """Hz of `pcm`; a WAV file tells its own."""
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: dict[Label, str] = {}
    """How to speak for an emotion, where the model takes `instructions`."""
    extra: dict[str, Any] = {}
    """Further fields of the request, such as `stream`."""
    gain: float = Field(default=0.0, ge=-20.0, le=12.0)
    """dB on top of the target loudness."""
    pause_ms: int = Field(default=180, ge=0, le=1000)
    """Silence after the sentence, instead of the voice's own."""
    connect_seconds: float = Field(default=1.0, gt=0)
    first_sound_seconds: float = Field(default=3.0, gt=0)
    between_seconds: float = Field(default=3.0, gt=0)
    total_seconds: float = Field(default=60.0, gt=0)
    seconds: float = Field(default=0.05, gt=0)
    """Modelled time of 0.2 s of sound, for replay."""


class Engine:
    """One request for each sentence; its sound is passed on as it comes."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._client = Client(clock, settings.base_url, settings.api_key, settings.headers, settings.connect_seconds)
        self._levellers: dict[str, Leveller] = {}

    async def warm(self) -> None:
        """Let each voice speak a sentence, to measure how loud it is. ServerError, ServerSilent."""
        for language in sorted(self._settings.voices):
            await self._leveller(language, self._voice(language))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def work(self, message: Sentence) -> AsyncGenerator[Speech]:
        """Speak a sentence: `Speech` parts, the last one marked; a single empty one where nothing can be said."""
        parts = Parts(message, timed=False)
        if any(character.isalnum() for character in message.text):
            voice = message.voices.get(message.language) or self._voice(message.language)
            leveller = await self._leveller(message.language, voice)
            blocks = self._spoken(message.text, voice, message.emotion)
            async with aclosing(blocks), aclosing(self._at_speak_rate(blocks)) as sounds:
                async for sound in sounds:
                    for speech in parts.feed(to_pcm(leveller.apply(sound))):
                        yield speech
        for speech in parts.finish():
            yield speech

    async def _at_speak_rate(self, blocks: AsyncIterator[Block]) -> AsyncGenerator[Sound]:
        """Resampled, without the voice's silence at begin and end, and with ours."""
        resampler: Resampler | None = None
        edges, rate = Edges(), 0
        async for block in blocks:
            rate, resampler = block.rate, resampler or to_speak_rate(block.rate)
            yield resampler.feed(edges.feed(to_float(block.samples), rate))
        if resampler is None or not edges.sounded:
            raise self._client.fault("server-broken", "answered 200 with no sound in it", PATH)
        pause = np.zeros(rate * self._settings.pause_ms // 1000, np.float32)
        yield resampler.feed(pause, last=True)

    async def _leveller(self, language: Language, voice: str) -> Leveller:
        if voice not in self._levellers:
            blocks = [block async for block in self._spoken(CALIBRATION[language], voice, "neutral")]
            if not blocks:
                raise self._client.fault("server-broken", "answered 200 with no sound in it", PATH)
            sound = to_float(np.concatenate([block.samples for block in blocks]))
            self._levellers[voice] = Leveller.measured(sound, blocks[0].rate, self._settings.gain)
        return self._levellers[voice]

    def _voice(self, language: Language) -> str:
        voices = self._settings.voices
        return voices.get(language) or voices[min(voices)]

    def _spoken(self, text: str, voice: str, emotion: Label) -> AsyncGenerator[Block]:
        settings = self._settings
        body: dict[str, Any] = {
            "model": settings.model,
            "input": text,
            "voice": voice,
            "response_format": settings.format,
        }
        if settings.speed != 1:
            body["speed"] = settings.speed
        if emotion in settings.instructions:
            body["instructions"] = settings.instructions[emotion]
        request = Request(
            PATH,
            first_seconds=settings.first_sound_seconds,
            between_seconds=settings.between_seconds,
            total_seconds=settings.total_seconds,
            json=body | settings.extra,
        )
        return self._client.post(request, self._blocks, seconds=settings.seconds)

    async def _blocks(self, answered: Answered) -> AsyncIterator[Block]:
        if answered.kind == "application/json":
            raise self._client.complaint(await whole(answered, 65_536), PATH)
        if answered.kind.startswith("text/"):
            raise WireError("sound-unknown", f"answered with {answered.kind} instead of sound")
        reader = SoundReader(self._settings.sample_rate, answered.kind)
        async for chunk in answered.chunks:
            for block in reader.feed(chunk):
                yield block
        for block in reader.end():
            yield block


class Edges:
    """Takes the silence off a sound's begin and end: what follows the last loud sample is held until more comes."""

    def __init__(self) -> None:
        self.sounded = False
        """Something loud has come."""
        self._held = np.zeros(0, np.float32)

    def feed(self, sound: Sound, rate: int) -> Sound:
        """What certainly is no silence at an edge."""
        sound = np.concatenate([self._held, sound])
        loud = np.flatnonzero(np.abs(sound) > _SILENT)
        if len(loud) == 0:
            self._held = sound if self.sounded else sound[-round(rate * _LEAD_SECONDS) :]
            return sound[:0]
        begin = 0 if self.sounded else max(0, int(loud[0]) - round(rate * _LEAD_SECONDS))
        self.sounded = True
        self._held = sound[int(loud[-1]) + 1 :]
        return sound[begin : int(loud[-1]) + 1]
