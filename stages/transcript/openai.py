"""Transcripts by a server with an OpenAI-compatible `/v1/audio/transcriptions`: vLLM, SenseVoice, a cloud."""

import math
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from pipeline.audio import HEAR_RATE
from pipeline.clock import Clock
from pipeline.envelope import Language, Word
from pipeline.errors import EngineError, WireError
from pipeline.http import Answered, BaseUrl, Client, Request, whole
from pipeline.messages import Transcript, Utterance
from pipeline.settings import FROZEN, Secret

PATH = "/audio/transcriptions"
LANGUAGES: Final[dict[str, Language]] = {
    "zh": "zh", "chinese": "zh", "mandarin": "zh", "yue": "zh", "cantonese": "zh", "en": "en", "english": "en",
}  # fmt: skip
"""What servers call the languages that we speak."""
_LARGEST = 4_194_304


class Settings(BaseModel):
    """Where the server is, and what it offers."""

    model_config = FROZEN

    base_url: BaseUrl
    """`/v1` is added where no path is given."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    """Sent besides, for gateways."""
    verbose: bool = True
    """Ask for `verbose_json`: language, word times and confidence. False for a server that only offers `json`."""
    prompt: dict[Language, str] = {}
    """Words that the model should know how to spell, by language; sent where the session fixes the language."""
    connect_seconds: float = Field(default=1.0, gt=0)
    answer_seconds: float = Field(default=5.0, gt=0)
    seconds: float = Field(default=0.15, gt=0)
    """Modelled time to transcribe, for replay: the constant part ..."""
    real_time_factor: float = Field(default=0.02, ge=0)
    """... and the part for each second of sound."""


class _Word(BaseModel):
    word: str = ""
    start: float = 0.0
    end: float = 0.0


class _Segment(BaseModel):
    start: float = 0.0
    end: float = 0.0
    avg_logprob: float | None = None
    no_speech_prob: float = 0.0
    words: list[_Word] | None = None


class _Heard(BaseModel):
    text: str
    language: str | None = None
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None


class Engine:
    """One request for each utterance."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._client = Client(clock, settings.base_url, settings.api_key, settings.headers, settings.connect_seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def work(self, message: Utterance) -> AsyncGenerator[Transcript]:
        """One transcript; its text is empty where nobody spoke. ServerError, ServerSilent."""
        settings = self._settings
        modelled = settings.seconds + settings.real_time_factor * len(message.pcm) / 2 / HEAR_RATE
        heard = _Heard(text="")
        if message.pcm:
            async for answer in self._client.post(self._request(message), self._heard, seconds=modelled):
                heard = answer
        text = heard.text.strip()
        yield message.answer(
            Transcript,
            text=text,
            language=message.language or _language(heard),
            confidence=_confidence(heard) if text else 0.0,
            words=_words(heard) if text else (),
            partial=message.partial,
            index=message.index,
        )

    def _request(self, message: Utterance) -> Request:
        fields = [
            ("model", self._settings.model),
            ("response_format", "verbose_json" if self._settings.verbose else "json"),
        ]
        if self._settings.verbose:
            fields += [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
        if message.language:
            fields.append(("language", message.language))
            if prompt := self._settings.prompt.get(message.language):
                fields.append(("prompt", prompt))
        limit = self._settings.answer_seconds
        return Request(PATH, limit, total_seconds=limit, fields=tuple(fields), files={"file": wav(message.pcm)})

    async def _heard(self, answered: Answered) -> AsyncIterator[_Heard]:
        body = await whole(answered, _LARGEST)
        try:
            heard = _Heard.model_validate_json(body)
        except ValidationError as error:
            raise self._nonsense(body, answered.kind) from error
        yield heard

    def _nonsense(self, body: bytes, kind: str) -> EngineError | WireError:
        if b'"error"' in body:
            return self._client.complaint(body, PATH)
        said = body[:80].decode(errors="replace")
        what = f"answered with no transcript ({kind}): '{said}'" if said else "answered 200 with nothing in it"
        return WireError("transcript-invalid", what)


def wav(pcm: bytes) -> bytes:
    """A WAV file of 16 kHz mono PCM16."""
    form = struct.pack("<HHIIHH", 1, 1, HEAR_RATE, HEAR_RATE * 2, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(pcm))
    return b"RIFF" + struct.pack("<I", len(head) + len(pcm)) + head + pcm


def _language(heard: _Heard) -> Language:
    """As the server says, else by the script of the text."""
    named = LANGUAGES.get((heard.language or "").lower())
    return named or ("zh" if not heard.text or any("\u3400" <= sign <= "\u9fff" for sign in heard.text) else "en")


def _confidence(heard: _Heard) -> float:
    """Mean probability of a token, by the segments' lengths, times that of speech. 1 where the server tells none."""
    told = [(segment, segment.avg_logprob) for segment in heard.segments or () if segment.avg_logprob is not None]
    if not told:
        return 1.0
    length = sum(segment.end - segment.start for segment, _ in told)
    share = [(segment.end - segment.start) / length if length > 0 else 1 / len(told) for segment, _ in told]
    logprob = sum(part * value for part, (_, value) in zip(share, told, strict=True))
    spoken = 1 - min(segment.no_speech_prob for segment, _ in told)
    return max(0.0, min(1.0, math.exp(min(0.0, logprob)) * spoken))


def _words(heard: _Heard) -> tuple[Word, ...]:
    words = heard.words or [word for segment in heard.segments or () for word in segment.words or ()]
    return tuple(
        Word(text=word.word.strip(), start=word.start, end=max(word.start, word.end))
        for word in words
        if word.word.strip()
    )
