"""What this machine's face does for the speech of a recording that was made elsewhere.

Blinks, glances and nods are drawn by the sentence's id, and so by the session's, which is another at each start with
a broker: the cues of two visits differ by chance. Those for one and the same `Speech` may not.
"""

from typing import Any

import numpy as np

from pipeline.messages import Speech
from pipeline.wire import from_dict, to_dict
from stages.cues.visemes import Settings, cues

SAYS = "cues are compared with those that this machine gives to the same speech: by chance, each visit blinks elsewhere"


def face(speech: dict[str, Any], sound: np.ndarray) -> dict[str, Any]:
    """The `Cues` for one part, as a recording has them."""
    pcm = sound.astype("<i2").tobytes()
    message = from_dict({**speech, "pcm_bytes": len(pcm)}, pcm)
    assert isinstance(message, Speech)
    return to_dict(cues(message, Settings()))
