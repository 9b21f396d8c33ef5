"""Streaming Silero VAD: the same numbers as the batch form that its packager runs, for each visitor alone."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from pipeline.audio import Samples
from pipeline.errors import EngineError
from stages.turn import _vad
from stages.turn._vad import CHUNK, Vad


def voice_like(seconds: float, pitch: float = 140.0) -> Samples:
    """A buzz through two resonances, rising and falling four times a second, in a little noise."""
    time = np.arange(int(seconds * 16_000) // CHUNK * CHUNK) / 16_000
    harmonics = np.arange(1, 30)[:, None] * pitch
    loud = sum(1 / (1 + ((harmonics - formant) / 150) ** 2) for formant in (600, 1300))
    buzz = (loud * np.sin(2 * np.pi * harmonics * time)).sum(0) * np.clip(np.sin(2 * np.pi * 4 * time), 0, 1)
    noise = np.random.default_rng(7).normal(size=time.size) * 0.01
    sound: Samples = (8000 * (buzz / np.abs(buzz).max() + noise)).astype(np.int16)
    return sound


def streamed(sound: Samples, vad: Vad | None = None) -> list[float]:
    vad = vad or Vad()
    return [vad.probability(chunk) for chunk in sound.reshape(-1, CHUNK)]


def test_a_stream_gives_what_the_batch_gives() -> None:
    from faster_whisper.vad import get_vad_model

    sound = voice_like(4.0)
    batch = get_vad_model()(sound.astype(np.float32) / 32768).ravel()
    # The batch form zeroes the last chunk's context: the one place where it is not the stream.
    assert streamed(sound)[:-1] == pytest.approx(batch[:-1].tolist(), abs=1e-4)
    assert batch.max() > 0.5, "the comparison must hold a voice"


def test_visitors_do_not_hear_each_other() -> None:
    one, other = voice_like(2.0), voice_like(2.0, pitch=210.0)
    vads = Vad(), Vad()
    mixed = [(vads[0].probability(a), vads[1].probability(b))
             for a, b in zip(one.reshape(-1, CHUNK), other.reshape(-1, CHUNK), strict=True)]  # fmt: skip
    assert [a for a, _ in mixed] == streamed(one)
    assert [b for _, b in mixed] == streamed(other)


def test_what_was_heard_is_forgotten_by_a_reset() -> None:
    vad = Vad()
    first = streamed(voice_like(2.0), vad)
    vad.reset()
    assert streamed(voice_like(2.0), vad) == first


@pytest.mark.parametrize("level", [0, 1, 330])
def test_silence_and_quiet_noise_are_no_voice(level: int) -> None:
    noise = np.random.default_rng(3).normal(scale=level or 1e-9, size=100 * CHUNK).astype(np.int16)
    assert max(streamed(noise)) < 0.35


def test_a_missing_network_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str, package: str | None = None) -> Any:  # noqa: ARG001  find_spec's own signature
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(EngineError, match="pip install 'faster-whisper") as caught:
        _vad._packaged()
    assert caught.value.code == "vad-missing"
