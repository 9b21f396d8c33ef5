"""Transcripts by Whisper on this machine, with faster-whisper."""

import math
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo

from pipeline.audio import HEAR_RATE
from pipeline.clock import Clock
from pipeline.envelope import Language, Word
from pipeline.errors import ConfigError
from pipeline.messages import Transcript, Utterance
from pipeline.settings import FROZEN
from stages.transcript._encoder import Encoder
from stages.transcript._load import check_folder, is_folder, load

LANGUAGES: dict[str, Language] = {"en": "en", "zh": "zh", "yue": "zh"}
"""Whisper's languages that may be detected, and what they are here. Large models know Cantonese by itself."""

_WINDOW = 30 * HEAR_RATE
"""Samples that Whisper hears at once."""


def _beside_config(value: object, info: ValidationInfo) -> object:
    base = (info.context or {}).get("base")
    if isinstance(value, str) and base is not None and is_folder(value):
        return str(Path(base) / Path(value).expanduser())
    return value


class Settings(BaseModel):
    """Which Whisper, and where it runs."""

    model_config = FROZEN

    model: Annotated[str, BeforeValidator(_beside_config)] = "small"
    """A name such as `small`, downloaded on first use, or a folder (with a `/`, or beginning with a dot)."""
    language: Literal["auto", "zh", "en"] = "auto"
    """`auto` detects one of the two in every utterance; what the session fixes goes first."""
    device: str = "cpu"
    """`cpu`, `cuda` or `auto`."""
    compute_type: str = "int8"
    """CTranslate2's number type: `int8`, `float16`, `int8_float16`, `float32` ..."""
    beam: int = Field(default=1, ge=1, le=10)
    """1 is greedy: twice as fast as 5, and for short utterances as good."""
    encoder_seconds: float = Field(default=30.0, ge=1.0, le=30.0)
    """Length of the encoder's input. 30 for every published model; less only for a model trained for it."""
    threads: int = Field(default=2, ge=0)
    """Processors for one utterance; 0: what OMP_NUM_THREADS says."""
    word_times: bool = True
    """When each word was spoken: one more pass of the decoder."""
    seconds: float = Field(default=0.12, gt=0.0)
    """Modelled time to transcribe, for replay: the constant part ..."""
    real_time_factor: float = Field(default=0.05, ge=0.0)
    """... and the part for each second of sound."""


def check(settings: Settings) -> list[str]:
    """What is wrong with the model's folder; a name to download is looked for when it is loaded."""
    try:
        if is_folder(settings.model):
            check_folder(Path(settings.model))
    except ConfigError as error:
        return [error.text]
    return []


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the model made of one utterance."""

    text: str
    language: Language
    confidence: float = 0.0
    words: tuple[Word, ...] = ()


class Engine:
    """One model, loaded once; one utterance at a time on it, since a second would only slow down the first."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._model: Any = None

    async def warm(self) -> None:
        """Load the model and let it hear a second of silence. ConfigError, EngineError."""
        await self._clock.thread(self._hear, np.zeros(HEAR_RATE, np.float32), None, seconds=self._settings.seconds)

    async def work(self, message: Utterance) -> AsyncIterator[Transcript]:
        """One transcript; its text is empty where nobody spoke."""
        sound = np.frombuffer(message.pcm, "<i2").astype(np.float32) / 32768
        settings = self._settings
        modelled = settings.seconds + settings.real_time_factor * len(sound) / HEAR_RATE
        heard = await self._clock.thread(self._hear, sound, self._fixed(message), seconds=modelled)
        yield message.answer(
            Transcript,
            text=heard.text,
            language=heard.language,
            confidence=heard.confidence,
            words=heard.words,
            partial=message.partial,
            index=message.index,
        )

    async def close(self) -> None:
        """Give the model's memory back."""
        self._model = None

    def _fixed(self, message: Utterance) -> Language | None:
        chosen = self._settings.language
        return message.language or (None if chosen == "auto" else chosen)

    def _hear(self, sound: NDArray[np.float32], language: Language | None) -> _Heard:
        with self._lock:
            if self._model is None:
                self._model = self._load()
            try:
                return self._transcribe(sound, language)
            finally:
                self._model.encode.forget()

    def _load(self) -> Any:
        settings = self._settings
        model = load(settings.model, settings.device, settings.compute_type, settings.threads)
        model.encode = Encoder(model.encode, settings.encoder_seconds)
        return model

    def _transcribe(self, sound: NDArray[np.float32], language: Language | None) -> _Heard:
        if len(sound) == 0:
            return _Heard("", language or "zh")
        language = language or self._detect(sound)
        one_window = len(sound) <= _WINDOW
        segments, _ = self._model.transcribe(
            sound,
            # An English-only model refuses to be told any other language.
            language=language if self._model.model.is_multilingual else "en",
            beam_size=self._settings.beam,
            # The usual ladder of temperatures draws random numbers: the same sound must give the same text.
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            word_timestamps=self._settings.word_times and one_window,
        )
        # A window is one segment, as no timestamps part it. Asked for more, faster-whisper would listen once more
        # from the last word's end on, and find words in the silence there.
        return summed_up(list(islice(segments, 1) if one_window else segments), language)

    def _detect(self, sound: NDArray[np.float32]) -> Language:
        """The more probable of the languages that we speak; Whisper itself would consider a hundred."""
        from faster_whisper.audio import pad_or_trim

        if not self._model.model.is_multilingual:
            return "en"
        # As transcribe() cuts and pads, so that the encoder's answer serves both.
        features = pad_or_trim(self._model.feature_extractor(sound)[..., :-1])
        found: list[tuple[str, float]] = self._model.model.detect_language(self._model.encode(features))[0]
        return likelier(found)


def likelier(found: list[tuple[str, float]]) -> Language:
    """Of `(<|xx|>, probability)` for every language of the model: the one of ours with the highest."""
    ours = {name: probability for token, probability in found if (name := token[2:-2]) in LANGUAGES}
    return LANGUAGES[max(sorted(ours), key=lambda name: ours[name])]


def summed_up(segments: list[Any], language: Language) -> _Heard:
    """faster-whisper's segments as one text.

    Its confidence is the geometric mean of the tokens' probabilities times the probability that someone spoke.
    """
    text = "".join(segment.text for segment in segments).strip()
    if not text:
        return _Heard("", language)
    tokens = sum(len(segment.tokens) for segment in segments)
    certainty = math.exp(sum(segment.avg_logprob * len(segment.tokens) for segment in segments) / max(1, tokens))
    spoken = 1 - min(cast("float", segment.no_speech_prob) for segment in segments)
    words = tuple(
        Word(text=word.word.strip(), start=word.start, end=max(word.start, word.end))
        for segment in segments
        for word in segment.words or ()
    )
    return _Heard(text, language, min(1.0, certainty * spoken), words)
