"""Less work for Whisper's encoder: no silence that nobody needs, and nothing twice."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mel = NDArray[np.float32]
FRAMES_PER_SECOND = 100
"""Log-mel frames of Whisper: one every 10 ms (Radford et al. 2022, section 2.2)."""


class Encoder:
    """Stands before `WhisperModel.encode`.

    faster-whisper pads every utterance with zeros to 30 s. CTranslate2 takes shorter inputs too: a model that was
    trained for it hears the same in a tenth of the time. What was encoded last is remembered, since to detect the
    language and to write the text need the same.
    """

    def __init__(self, encode: Callable[[Mel], Any], seconds: float) -> None:
        self._encode = encode
        self._frames = round(seconds * FRAMES_PER_SECOND)
        self._heard: Mel | None = None
        self._encoded: Any = None

    def __call__(self, features: Mel) -> Any:
        """Encode `[80, frames]`, or `[1, 80, frames]`, less the zeros after `seconds`; a longer utterance whole."""
        if not features[..., self._frames :].any():
            features = np.ascontiguousarray(features[..., : self._frames])
        if self._heard is None or not np.array_equal(self._heard, features):
            self._encoded = self._encode(features)
            self._heard = features
        return self._encoded

    def forget(self) -> None:
        """Drop the last utterance: nothing of a visitor stays."""
        self._heard = self._encoded = None
