"""Equally loud whatever the engine: the active speech level, a gain to the target, and a limiter."""

import numpy as np
from numpy.typing import NDArray

from pipeline.envelope import Language

Sound = NDArray[np.float32]
"""`[n]` mono, full scale is 1."""
TARGET_DB = -20.0
"""dBFS of active speech: EBU R 128 would leave a kiosk in a lobby too quiet, and louder clips plosives."""
CEILING = 10 ** (-1 / 20)
"""-1 dBFS: no sample exceeds it."""
CALIBRATION: dict[Language, str] = {
    "zh": "欢迎来到我们的展厅，请问有什么可以帮您？一楼是服务台，二楼是咖啡厅。",
    "en": "Welcome to the museum, how can I help you today? The cafe is on the second floor.",
}
"""Spoken once a voice, to measure how loud it is."""
_KNEE = 0.5
_FRAME_S = 0.01
_HANGOVER = 20  # frames: 200 ms
_MARGIN_DB = 15.9
_GAIN_DB = 30.0


def active_level(sound: Sound, rate: int) -> float:
    """Level of the speech in `sound` without its pauses, in dBFS (a full-scale sine is -3). -120 where nothing sounds.

    ITU-T P.56 method B, with the RMS of 10 ms frames for its envelope: a frame is active when it, or one in the
    200 ms before it, exceeds a threshold; the threshold is the one that lies 15.9 dB below the level it yields.
    """
    size = max(1, round(rate * _FRAME_S))
    count = len(sound) // size
    power = np.square(sound[: count * size].astype(np.float64)).reshape(count, size).mean(axis=1)
    best = -120.0
    for threshold_db in np.arange(-15.0, -75.0, -0.5):
        active = _held(power > 10 ** (threshold_db / 10))
        if not active.any():
            continue
        best = float(10 * np.log10(power.sum() / active.sum()))
        if best - threshold_db >= _MARGIN_DB:
            break
    return best


def _held(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    last = np.maximum.accumulate(np.where(active, np.arange(len(active)), -_HANGOVER - 1))
    held: NDArray[np.bool_] = np.arange(len(active)) - last <= _HANGOVER
    return held


class Leveller:
    """A fixed gain, then a limiter without memory: parts can be levelled one by one and join without a seam."""

    def __init__(self, gain_db: float = 0.0) -> None:
        self.gain_db = gain_db
        self._gain = 10 ** (gain_db / 20)

    @classmethod
    def measured(cls, sound: Sound, rate: int, extra_db: float = 0.0) -> "Leveller":
        """For a voice of which `sound` is a sample (some seconds): brings its active level to the target."""
        level = active_level(sound, rate)
        gain = TARGET_DB - level if level > -100 else 0.0
        return cls(round(float(np.clip(gain, -_GAIN_DB, _GAIN_DB)) + extra_db, 2))

    def apply(self, sound: Sound) -> Sound:
        """Amplified; above half of full scale bent by a tanh (smooth, slope 1 at the knee) that stays below -1 dBFS."""
        louder = sound * np.float32(self._gain)
        size = np.abs(louder)
        over = size > _KNEE
        if over.any():
            room = CEILING - _KNEE
            louder[over] = np.sign(louder[over]) * (_KNEE + room * np.tanh((size[over] - _KNEE) / room))
        return louder


def to_float(pcm: NDArray[np.int16]) -> Sound:
    """PCM16 as float32 in -1..1."""
    return pcm.astype(np.float32) / np.float32(32768)


def to_pcm(sound: Sound) -> NDArray[np.int16]:
    """Float32 as PCM16, little endian; what exceeds full scale is clipped."""
    pcm: NDArray[np.int16] = np.clip(np.rint(sound * np.float32(32767)), -32768, 32767).astype("<i2")
    return pcm
