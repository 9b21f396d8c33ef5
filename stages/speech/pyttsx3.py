"""Speech by the system's own voices (Windows, macOS, Linux) through the package pyttsx3; no phoneme or word times."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from pipeline.clock import Clock
from pipeline.envelope import Language
from pipeline.errors import ConfigError, EngineError
from pipeline.messages import Sentence, Speech
from pipeline.settings import FROZEN
from stages.speech._loudness import CALIBRATION, Leveller, to_float, to_pcm
from stages.speech._parts import Parts, to_speak_rate, trimmed
from stages.speech._spoken import pieces

Child = subprocess.Popen[bytes]


class Settings(BaseModel):
    """Which voice of the system, and how fast."""

    model_config = FROZEN

    voices: dict[Language, str] = {}
    """The voice's id, such as `cmn` or `en-us+f4` on Linux; a language that is not named gets the system's own."""
    rate: int = Field(default=180, ge=60, le=450)
    """Words a minute."""
    gain: float = Field(default=0.0, ge=-20.0, le=12.0)
    """dB on top of the target loudness."""
    pause_ms: int = Field(default=180, ge=0, le=1000)
    """Silence after the sentence."""
    deadline: float = Field(default=5.0, gt=0)
    """Seconds for a sentence; a driver that hangs is then killed."""
    seconds: float = Field(default=0.1, gt=0)
    """Modelled time to speak a sentence, for replay."""


class Engine:
    """Each sentence has a process of its own, started while the one before it was spoken (`_pyttsx3_child`).

    In one process pyttsx3 and `speech/espeak` would share libespeak-ng and its global state: its driver keeps its
    own callback set, and the library could no longer be loaded afresh for each sentence. So it never gets in here.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._spare: list[Child] = []
        self._levellers: dict[tuple[Language, str], Leveller] = {}

    async def warm(self) -> None:
        """Check that the voices speak and measure how loud they are; ConfigError, EngineError."""
        if importlib.util.find_spec("pyttsx3") is None:
            text = "engine 'pyttsx3' of stage 'speech' needs the package 'pyttsx3': pip install 'visavis[pyttsx3]'"
            raise ConfigError("engine-not-installed", text)
        for language in sorted(self._settings.voices):
            await self._leveller(language, self._settings.voices[language])
        self._spare = self._spare or [_start()]

    async def close(self) -> None:
        """End the process that waits for the next sentence."""
        while self._spare:
            _end(self._spare.pop())

    async def work(self, message: Sentence) -> AsyncIterator[Speech]:
        """Speak a sentence: `Speech` parts, the last one marked; a single empty one where nothing can be said."""
        parts = Parts(message, timed=False)
        for piece in pieces(message.text, message.language):
            language = piece.language
            voice = message.voices.get(language) or self._settings.voices.get(language, "")
            rate, pcm = await self._speak(piece.text, language, voice)
            sound = to_float(trimmed(pcm, rate, self._settings.pause_ms))
            leveller = await self._leveller(language, voice)
            levelled = leveller.apply(to_speak_rate(rate).feed(sound, last=True))
            for speech in parts.feed(to_pcm(levelled)):
                yield speech
        for speech in parts.finish():
            yield speech

    async def _leveller(self, language: Language, voice: str) -> Leveller:
        if (language, voice) not in self._levellers:
            rate, pcm = await self._speak(CALIBRATION[language], language, voice)
            self._levellers[language, voice] = Leveller.measured(to_float(pcm), rate, self._settings.gain)
        return self._levellers[language, voice]

    async def _speak(self, text: str, language: Language, voice: str) -> tuple[int, NDArray[np.int16]]:
        request = {"text": text, "voice": voice, "language": language, "rate": self._settings.rate}
        child = self._spare.pop() if self._spare else _start()
        try:
            return await self._clock.thread(self._ask, child, request, seconds=self._settings.seconds)
        finally:
            child.kill()  # cancelled: the thread hears the end and cleans up; otherwise it is over already

    def _ask(self, child: Child, request: dict[str, str | int]) -> tuple[int, NDArray[np.int16]]:
        try:
            out, err = child.communicate(json.dumps(request).encode() + b"\n", timeout=self._settings.deadline)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            text = f"the system's voice was silent for {self._settings.deadline} s (speech.pyttsx3.deadline)"
            raise EngineError("voice-silent", text, retry=True) from error
        if child.returncode != 0:
            why = (err.decode("utf-8", "replace").strip().splitlines() or ["it ended without a word"])[-1]
            raise EngineError("voice-failed", f"the system's voice cannot speak: {why} (speech.pyttsx3.voices)")
        if not self._spare:
            self._spare.append(_start())
        header, _, pcm = out.partition(b"\n")
        return int(json.loads(header)["rate"]), np.frombuffer(pcm, "<i2")


def _start() -> Child:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-m", "stages.speech._pyttsx3_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def _end(child: Child) -> None:
    child.kill()
    child.communicate()
