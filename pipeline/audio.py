"""Sound at the edge: frames of microphone, and files read and written."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
HEAR_RATE = 16_000
"""Hz, of everything that is heard."""
SPEAK_RATE = 24_000
"""Hz, of everything that is spoken."""
FRAME = 320
"""Samples of a frame: 20 ms at 16 kHz."""
SILENCE: Samples = np.zeros(FRAME, np.int16)


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of microphone and the same 20 ms of what the loudspeaker played."""

    sample: int
    """Number of the first sample, counted from the first that this edge heard."""
    pcm: Samples
    """`[320]` at 16 kHz."""
    played: Samples = field(default_factory=lambda: SILENCE)
    """`[320]` at 16 kHz: the echo reference; silence when nothing plays."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What the words of a tentative utterance say about its end."""

    turn: int
    """As the turn engine counts them."""
    revision: int
    complete: bool
    """True: it reads as a whole. False: it trails off ("我想问一下……")."""
    at_sample: int
    """The audio time at which this is known; it counts from there on, whenever it arrives."""
