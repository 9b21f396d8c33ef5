"""Speech by espeak-ng, from the wheel `espeakng-loader`: Chinese and English, with phoneme and word times."""

import threading
from collections.abc import AsyncIterator
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from pipeline.audio import SPEAK_RATE
from pipeline.clock import Clock
from pipeline.envelope import Label, Language, Mark
from pipeline.errors import ConfigError
from pipeline.messages import Sentence, Speech
from pipeline.settings import FROZEN
from stages.speech._espeak_lib import RATE, Spoken, Voice, check_voice, speak
from stages.speech._loudness import CALIBRATION, Leveller, to_float, to_pcm
from stages.speech._parts import Parts, to_speak_rate, trimmed
from stages.speech._spoken import Piece, pieces

PROSODY: dict[Label, tuple[float, float, float]] = {
    "neutral": (0.0, 0.0, 0.0),
    "happy": (0.07, 7.0, 14.0),
    "sad": (-0.12, -6.0, -14.0),
    "angry": (0.06, -2.0, 8.0),
    "fearful": (0.08, 6.0, -6.0),
    "disgusted": (-0.06, -4.0, -4.0),
    "surprised": (0.03, 9.0, 18.0),
}
"""What strength 1 adds: to the rate (as a fraction), to pitch (50 is an octave) and to its range.

The directions are those of Murray and Arnott, "Toward the simulation of emotion in synthetic speech" (JASA 1993);
the amounts are about a third of theirs: a guide at a desk, not an actor.
"""


class Settings(BaseModel):
    """How espeak speaks."""

    model_config = FROZEN

    voices: dict[Language, str] = {"zh": "cmn+Annie", "en": "en-us+Annie"}
    """A voice of espeak for each language; the same variant after the plus is the same person."""
    rate: dict[Language, Annotated[int, Field(ge=80, le=450)]] = {"zh": 195, "en": 165}
    """espeak's words a minute, 80-450."""
    pitch: int = Field(default=50, ge=0, le=99)
    """50 units are an octave."""
    range: int = Field(default=50, ge=0, le=99)
    """How much the pitch moves: 0 is monotone."""
    gain: float = Field(default=0.0, ge=-20.0, le=12.0)
    """dB on top of the target loudness."""
    pause_ms: int = Field(default=180, ge=0, le=1000)
    """Silence after the sentence."""
    seconds: float = Field(default=0.02, gt=0)
    """Modelled time to speak a piece, for replay."""


def check(settings: Settings) -> list[str]:
    """Voices that espeak does not have."""
    found = []
    for name in settings.voices.values():
        try:
            check_voice(name)
        except ConfigError as error:
            found.append(error.text)
    return found


class Engine:
    """One piece of text (at most a sentence) is one call in a thread, and its parts follow at once.

    Measured, a sentence of 5 s takes 8 ms of CPU, 3-5 of which load the library; its first 60 ms of sound are there
    after 5. Parts streamed out of the running library would sound 4 ms earlier and would hold the process's one library
    while the consumer takes its time. A long text is cut in pieces instead: its first sound never waits for its last.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._levellers: dict[str, Leveller] = {}

    async def warm(self) -> None:
        """Check the voices and measure how loud they are."""
        for language in sorted(self._settings.voices):
            await self._clock.thread(check_voice, self._settings.voices[language], seconds=self._settings.seconds)
            await self._leveller(language, "")

    async def work(self, message: Sentence) -> AsyncIterator[Speech]:
        """Speak a sentence: `Speech` parts, the last one marked; a single empty one where nothing can be said."""
        parts, resampler = Parts(message, timed=True), to_speak_rate(RATE)
        todo = pieces(message.text, message.language)
        done = 0  # samples at 22,050 Hz
        for index, piece in enumerate(todo):
            last = index + 1 == len(todo)
            spoken = await self._speak(piece.text, self._voice(message, piece.language))
            sound = trimmed(spoken.samples, RATE, piece.pause_ms if not last else self._settings.pause_ms)
            resampled = resampler.feed(to_float(sound), last=last)
            leveller = await self._leveller(piece.language, message.voices.get(piece.language, ""))
            levelled = to_pcm(leveller.apply(resampled))
            for speech in parts.feed(levelled, _phonemes(spoken, done), _words(spoken, done, piece, message.text)):
                yield speech
            done += len(sound)
        for speech in parts.finish():
            yield speech

    async def _speak(self, text: str, voice: Voice) -> Spoken:
        stop = threading.Event()
        try:
            return await self._clock.thread(speak, text, voice, stop, seconds=self._settings.seconds)
        finally:
            stop.set()  # cancelled: the thread ends at its next 60 ms of sound

    async def _leveller(self, language: Language, name: str) -> Leveller:
        voice = self._base(language, name)
        if voice.name not in self._levellers:
            spoken = await self._speak(CALIBRATION[language], voice)
            self._levellers[voice.name] = Leveller.measured(to_float(spoken.samples), RATE, self._settings.gain)
        return self._levellers[voice.name]

    def _base(self, language: Language, name: str) -> Voice:
        """Of the screen, else of the config, else ours."""
        settings = self._settings
        name = name or settings.voices.get(language) or Settings().voices[language]
        return Voice(name, settings.rate.get(language) or Settings().rate[language], settings.pitch, settings.range)

    def _voice(self, sentence: Sentence, language: Language) -> Voice:
        base = self._base(language, sentence.voices.get(language, ""))
        rate, pitch, extent = PROSODY[sentence.emotion]
        return Voice(
            base.name,
            round(base.rate * (1 + rate * sentence.strength)),
            int(np.clip(round(base.pitch + pitch * sentence.strength), 0, 99)),
            int(np.clip(round(base.range + extent * sentence.strength), 0, 99)),
        )


def _phonemes(spoken: Spoken, done: int) -> list[Mark]:
    """A phoneme ends where the next event (phoneme, tone or pause) begins. `(en)` names a change of language."""
    marks = []
    for (start, text), (end, _) in zip(spoken.phonemes, [*spoken.phonemes[1:], (len(spoken.samples), "")], strict=True):
        ipa = text.strip("ˈˌ")
        if ipa and not ipa.startswith("("):
            marks.append(Mark(text=ipa, start=_at(done + start), end=_at(done + end), offset=0, stressed="ˈ" in text))
    return marks


def _words(spoken: Spoken, done: int, piece: Piece, text: str) -> list[Mark]:
    """A word lasts until its last phoneme ends. espeak names only the first character of a Chinese word and speaks a
    number as several words: a mark reaches to the next one that begins after it, less spaces and punctuation.
    """
    ends = [end for (_, name), (end, _) in zip(spoken.phonemes, spoken.phonemes[1:], strict=False) if name]
    following = [*(start for start, _, _ in spoken.words[1:]), len(spoken.samples)]
    found: list[tuple[int, int, int, int]] = []  # first and last + 1 character, sample at begin and end
    for (start, position, length), until in zip(spoken.words, following, strict=True):
        first, after = piece.span(position, length)
        end = max((end for end in ends if start < end <= until), default=until)
        if found and first < found[-1][1]:
            found[-1] = (*found[-1][:3], end)
        elif first < after:
            found.append((first, after, start, end))
    reaches = [*(first for first, *_ in found[1:]), piece.span(len(piece.text) - 1, 1)[1]]
    stresses = [start for start, name in spoken.phonemes if "ˈ" in name]
    return [
        Mark(
            text=_word(text[first : max(reach, after)]),
            start=_at(done + start),
            end=_at(done + end),
            offset=first,
            stressed=any(start <= stress < end for stress in stresses),
        )
        for (first, after, start, end), reach in zip(found, reaches, strict=True)
    ]


def _word(text: str) -> str:
    return text.rstrip("".join(character for character in text if not character.isalnum() and character not in "%℃℉°"))


def _at(sample: int) -> int:
    return round(sample * SPEAK_RATE / RATE)
