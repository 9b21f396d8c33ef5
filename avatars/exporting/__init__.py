"""What the avatar's face did in a recording, in the formats of other programs; `docs/exporting.md`."""

from collections.abc import Callable

from avatars.exporting.arkit_csv import arkit_csv
from avatars.exporting.motion3 import motion3
from avatars.exporting.tracks import frames
from avatars.exporting.vrma import vrma
from avatars.rig import RigFrame
from pipeline.recording.exporting.take import Take

_WRITERS: dict[str, Callable[[list[RigFrame]], bytes]] = {
    "arkit-csv": arkit_csv, "vrma": vrma, "live2d-motion3": motion3,
}  # fmt: skip


def render(form: str, take: Take) -> tuple[bytes, int]:
    """A file of `arkit-csv`, `vrma` or `live2d-motion3`, and how many frames it holds (60 a second)."""
    found = frames(take)
    return _WRITERS[form](found), len(found)
