"""Speech to measure with, spoken by espeak."""

import numpy as np
import soxr

from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples
from pipeline.clock import Clock, run_virtual
from pipeline.messages import Sentence, Speech


def spoken(text: str, voice: str) -> Samples:
    """`text` as a microphone would hear it: 16 kHz mono PCM16."""
    from stages.speech.espeak import Engine, Settings

    language = "zh" if voice.startswith("cmn") else "en"

    async def main(clock: Clock) -> bytes:
        engine = Engine(Settings(voices={language: voice}), clock)
        await engine.warm()
        sentence = Sentence(index=0, text=text, language=language)
        return b"".join([part.pcm async for part in engine.work(sentence) if isinstance(part, Speech)])

    pcm = np.frombuffer(run_virtual(main), "<i2")
    heard: Samples = soxr.resample(pcm, SPEAK_RATE, HEAR_RATE).astype(np.int16)
    return heard
