"""A take as the CSV file that Live Link Face (Epic's app for the iPhone) exports.

Units and signs were read off the eyes in a file of the app: angles in radians, yaw to the person's own left, pitch
down; an eye that looks fully in or out (weight 1) is turned by about 40°, up or down by about 35°. That is a turn about
ARKit's axes (x to the person's left, y up, z out of the face), so that the head's angles are given about these too.
"""

import math
from typing import Final

from avatars._rig_tables import ARKIT
from avatars.exporting.tracks import FPS
from avatars.rig import RigFrame, arkit, head

EYES: Final = (40.0, 35.0)
"""Degrees of yaw and pitch at gaze 1."""
_SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
"""The app has right before left in these two pairs."""
SHAPES: Final = tuple(_SWAPPED.get(name, name) for name in ARKIT)
"""The app's order."""
ANGLES: Final = (
    "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip


def arkit_csv(frames: list[RigFrame]) -> bytes:
    """A row for each frame at 60 a second; `Timecode` is HH:MM:SS:FF.sub from the take's beginning."""
    names = [name[0].upper() + name[1:] for name in SHAPES]
    rows = [",".join(["Timecode", "BlendShapeCount", *names, *ANGLES])]
    rows += [_row(number, frame) for number, frame in enumerate(frames)]
    return ("\n".join(rows) + "\n").encode()


def _row(number: int, frame: RigFrame) -> str:
    weights = arkit(frame)
    values = [weights[name] for name in SHAPES] + [math.radians(angle) for angle in _angles(frame)]
    return f"{_timecode(number)},{len(values)}," + ",".join(f"{value:.6f}" for value in values)


def _angles(frame: RigFrame) -> list[float]:
    yaw, pitch, roll = head(frame)
    x, y = frame.gaze
    eye = [x * EYES[0], -y * EYES[1], 0.0]
    return [yaw, -pitch, -roll, *eye, *eye]


def _timecode(number: int) -> str:
    seconds, rest = divmod(number, FPS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}.000"
