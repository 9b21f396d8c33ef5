"""Emotion by small linear classifiers: from the voice, from English words, from Chinese words; numpy only."""

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pipeline.clock import Clock
from pipeline.envelope import Feeling, Label, Language, Message
from pipeline.messages import Emotion, Transcript, Utterance
from pipeline.settings import FROZEN, LocalPath
from stages.emotion import _words_en, _words_zh
from stages.emotion._features import features
from stages.emotion._grams import Linear
from stages.emotion._lexicon import FEELINGS, Lexicon
from stages.emotion._voice import CLASSES, Voice

Floats = NDArray[np.float64]
_WEIGHTS = Path(__file__).parent / "weights"
AFFECT: dict[Label, tuple[float, float]] = {
    "neutral": (0.0, 0.0), "happy": (0.8, 0.5), "sad": (-0.7, -0.5), "angry": (-0.7, 0.7),
    "fearful": (-0.7, 0.6), "disgusted": (-0.7, 0.2), "surprised": (0.1, 0.8),
}  # fmt: skip
"""Valence and arousal of each label: places on the circumplex of Russell (1980), rounded."""
VOICES: dict[str, tuple[Label, float, float]] = {
    "anger": ("angry", -0.7, 0.7), "boredom": ("neutral", -0.3, -0.6), "disgust": ("disgusted", -0.7, 0.2),
    "fear": ("fearful", -0.7, 0.6), "happiness": ("happy", 0.8, 0.6), "neutral": ("neutral", 0.0, -0.1),
    "sadness": ("sad", -0.7, -0.5),
}  # fmt: skip
"""Label, valence and arousal of each class of the training data: boredom is neutral, low and a little unpleasant."""


class Settings(BaseModel):
    """The weights that come with Visavis, unless others are named."""

    model_config = FROZEN

    voice: LocalPath = _WEIGHTS / "voice.npz"
    words_en: LocalPath = _WEIGHTS / "words.en.npz"
    words_zh: LocalPath = _WEIGHTS / "words.zh.npz"
    lexicon_zh: LocalPath = _WEIGHTS / "lexicon.zh.tsv"
    max_seconds: float = 6.0
    """Of an utterance, how much is heard for its emotion: the last so many seconds."""
    seconds: float = 0.02
    """Modelled duration of judging a voice, on a virtual clock."""
    seconds_words: float = 0.001
    """Modelled duration of judging words."""


def check(settings: Settings) -> list[str]:
    """Weights that are not there."""
    files = (settings.voice, settings.words_en, settings.words_zh, settings.lexicon_zh)
    return [
        f"there is no file {path}: leave its key out for the one that comes with Visavis"
        for path in files
        if not path.is_file()
    ]


class Engine:
    """Answers each `Utterance` and each whole `Transcript` with one `Emotion`."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._models: _Models | None = None

    async def warm(self) -> None:
        """Load the weights. EngineError when a file is missing or is something else."""
        await self._clock.thread(self._load, seconds=self._settings.seconds)

    def _load(self) -> "_Models":
        if self._models is None:
            self._models = _Models(self._settings)
        return self._models

    async def work(self, message: Message) -> AsyncIterator[Message]:
        """One `Emotion` by voice for an `Utterance`, by words for a `Transcript`; none for a partial one."""
        settings = self._settings
        if isinstance(message, Utterance):
            heard = await self._clock.thread(self._voice, message.pcm, message.baseline, seconds=settings.seconds)
            yield message.answer(Emotion, source="voice", **heard)
        elif isinstance(message, Transcript) and not message.partial:
            read = await self._clock.thread(self._words, message.text, message.language, seconds=settings.seconds_words)
            yield message.answer(Emotion, source="text", **read)

    def _voice(self, pcm: bytes, baseline: tuple[tuple[float, ...], ...]) -> dict[str, object]:
        models = self._load()
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
        vector = features(samples[-int(self._settings.max_seconds * 16_000) :])
        return {"feeling": Feeling()} if vector is None else models.hear(vector, baseline)

    def _words(self, text: str, language: Language) -> dict[str, object]:
        return self._load().read(text, language)


class _Models:
    """Everything that was trained or written, loaded once; nothing of a visitor."""

    def __init__(self, settings: Settings) -> None:
        self._voice = Voice.load(settings.voice)
        self._english = Linear.load(settings.words_en)
        self._chinese = Linear.load(settings.words_zh)
        self._lexicon = Lexicon.load(settings.lexicon_zh)

    def hear(self, vector: Floats, baseline: tuple[tuple[float, ...], ...]) -> dict[str, object]:
        """Feeling, scores and features. Baseline vectors of another length come from other weights: left out."""
        width = self._voice.basis.shape[1]
        known = [row for row in baseline if len(row) == width]
        judged = self._voice.judge(vector, np.array(known, np.float64).reshape(len(known), width))
        scores: dict[Label, float] = {}
        valence = arousal = 0.0
        for name, chance in zip(CLASSES, judged.probabilities.tolist(), strict=True):
            label, pleasant, awake = VOICES[name]
            scores[label] = scores.get(label, 0.0) + chance
            valence += chance * pleasant
            arousal += chance * awake
        best = max(scores, key=lambda label: scores[label])
        trust = judged.familiar
        if trust == 0.0:
            best = "neutral"
        feeling = Feeling(label=best, valence=trust * valence, arousal=trust * arousal, confidence=trust * scores[best])
        return {"feeling": feeling, "scores": scores, "features": tuple(judged.features.tolist())}

    def read(self, text: str, language: Language) -> dict[str, object]:
        """Feeling and scores of words."""
        if all(unicodedata.category(sign)[0] in "PZC" for sign in text):
            return {"feeling": Feeling()}
        if language == "zh":
            odds = _words_zh.odds(text, self._lexicon, self._chinese)
            return _felt(("neutral", *FEELINGS), odds)
        return _felt(self._english.labels, _words_en.odds(text, self._english))


def _felt(labels: tuple[str, ...], odds: Floats) -> dict[str, object]:
    raised = np.exp(odds - odds.max())
    shares = (raised / raised.sum()).tolist()
    scores = {cast("Label", label): share for label, share in zip(labels, shares, strict=True)}
    best = max(scores, key=lambda label: scores[label])
    valence = sum(share * AFFECT[label][0] for label, share in scores.items())
    arousal = sum(share * AFFECT[label][1] for label, share in scores.items())
    return {"feeling": Feeling(label=best, valence=valence, arousal=arousal, confidence=scores[best]), "scores": scores}
