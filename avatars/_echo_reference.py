"""What a screen's loudspeaker played while its microphone heard: the echo reference."""

import numpy as np

from pipeline.audio import FRAME, SILENCE, SPEAK_RATE, Samples
from pipeline.clock import Clock

BLOCK = SPEAK_RATE // 50
"""24 kHz samples that sound during one microphone frame."""
DUCKED = 0.25
"""Gain while the visitor may be speaking: -12 dB."""
KEEP = 4.0
"""Seconds that a part stays known after it is over, or twice that: microphone frames are late on a slow line."""
MOST = 120 * SPEAK_RATE
"""Samples that are kept at most, whatever a screen reports."""


class EchoReference:
    """The sound of the parts that a screen was given lately, by their handles."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: dict[int, Samples] = {}
        self._over: dict[int, float] = {}
        """When each of the parts that are over was so, in that order."""
        self._samples = 0
        self._tidying = False
        self.ducked = False

    def add(self, handle: int, pcm: bytes) -> None:
        """A part was ordered; handles count up."""
        sound: Samples = np.frombuffer(pcm, "<i2")
        self._parts[handle] = sound
        self._samples += len(sound)
        while self._samples > MOST:
            self._forget(next(iter(self._parts)))

    def over(self, handle: int) -> None:
        """It has sounded, or will not."""
        if handle in self._parts:
            self._over.setdefault(handle, self._clock.now())
            self._tidy_later()

    def sounding(self, handle: int, place: int) -> Samples:
        """20 ms at 16 kHz from sample `place` (24 kHz) of a part on, and on into the parts after it."""
        if handle not in self._parts:
            return SILENCE
        found: list[Samples] = []
        missing = BLOCK
        at: int | None = handle
        while at is not None and missing:
            piece = self._parts[at][place : place + missing]
            found.append(piece)
            missing -= len(piece)
            at, place = next((later for later in self._parts if later > at), None), 0
        block = np.concatenate([*found, np.zeros(missing, np.int16)])
        return to_hear(block, DUCKED if self.ducked else 1.0)

    def _tidy_later(self) -> None:
        if not self._tidying:
            self._tidying = True
            self._clock.call_at(self._clock.now() + KEEP, self._tidy)

    def _tidy(self) -> None:
        self._tidying = False
        old = self._clock.now() - KEEP + 0.001
        for handle in [handle for handle, at in self._over.items() if at < old]:
            self._forget(handle)
        if self._over:
            self._tidy_later()

    def _forget(self, handle: int) -> None:
        self._samples -= len(self._parts.pop(handle))
        self._over.pop(handle, None)


def to_hear(block: Samples, gain: float = 1.0) -> Samples:
    """24 to 16 kHz by linear interpolation: a reference for comparing energies and delays, not for listening."""
    sound = block.astype(np.float32) * gain
    heard: Samples = np.empty(FRAME, np.int16)
    heard[0::2] = sound[0::3]
    heard[1::2] = (sound[1::3] + sound[2::3]) / 2
    return heard
