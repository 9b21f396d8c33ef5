"""A take as a VRM animation: a GLB file with the extension VRMC_vrm_animation 1.0."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatars._rig_tables import VRM
from avatars.exporting.arkit_csv import EYES
from avatars.exporting.body import BONES, MOVED, angles, quaternions
from avatars.exporting.glb import Glb
from avatars.exporting.keys import kept
from avatars.exporting.tracks import FPS
from avatars.rig import RigFrame, vrm

PRESETS: Final = tuple(name for name in VRM if not name.startswith("look"))
"""Where the eyes go is said by `lookAt`, as the extension asks."""
_EYES_ABOVE_HEAD = [0.0, 0.06, 0.0]


def vrma(frames: list[RigFrame]) -> bytes:
    """Expressions (x of a node each), the eyes' direction and the bones that gestures move, at 60 frames a second."""
    glb = Glb("Visavis")
    bones: dict[str, int] = {}
    for bone in BONES:
        bones[bone.name] = glb.node(bone.name, bones.get(bone.parent), bone.place)
    eyes = glb.node("lookAt", bones["head"])
    presets = {name: glb.node(f"expression.{name}") for name in PRESETS}
    _faces(glb, frames, presets)
    gaze = np.array([frame.gaze for frame in frames])
    _turned(glb, eyes, np.stack([-gaze[:, 1] * EYES[1], gaze[:, 0] * EYES[0], np.zeros(len(gaze))], axis=1))
    turned = [angles(frame) for frame in frames]
    for name in MOVED:
        _turned(glb, bones[name], np.array([frame[name] for frame in turned]))
    extension = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": {name: {"node": node} for name, node in bones.items()}},
        "expressions": {"preset": {name: {"node": node} for name, node in presets.items()}},
        "lookAt": {"node": eyes, "offsetFromHeadBone": _EYES_ABOVE_HEAD},
    }
    return glb.packed([bones["hips"], *presets.values()], {"VRMC_vrm_animation": extension})


def _faces(glb: Glb, frames: list[RigFrame], presets: dict[str, int]) -> None:
    weights = [vrm(frame) for frame in frames]
    for name, node in presets.items():
        values = np.round(np.array([frame[name] for frame in weights]), 4)
        keys = kept(values)
        places = np.zeros((keys.size, 3))
        places[:, 0] = values[keys]
        glb.animate(node, "translation", keys / FPS, places)


def _turned(glb: Glb, node: int, degrees: NDArray[np.float64]) -> None:
    keys = kept(degrees)
    glb.animate(node, "rotation", keys / FPS, quaternions(degrees[keys]))
