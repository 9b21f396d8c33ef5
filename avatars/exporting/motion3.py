"""A take as a Live2D motion: `.motion3.json`, version 3, with linear segments."""

import json

import numpy as np

from avatars.exporting.keys import kept
from avatars.exporting.tracks import FPS
from avatars.rig import RigFrame, live2d

_LINEAR = 0


def motion3(frames: list[RigFrame]) -> bytes:
    """Standard parameters; one that a frame does not name is 0 there. Each curve begins at 0 and lasts to the end.

    A player would fade a motion in over a second, and lips with it: this one says that it needs none.
    """
    values = [live2d(frame) for frame in frames]
    names = sorted({name for frame in values for name in frame})
    curves = [_curve(name, [frame.get(name, 0.0) for frame in values]) for name in names]
    segments = sum((len(curve["Segments"]) - 2) // 3 for curve in curves)
    meta = {
        "Duration": _time(len(frames) - 1), "Fps": float(FPS), "Loop": False, "AreBeziersRestricted": True,
        "CurveCount": len(curves), "TotalSegmentCount": segments, "TotalPointCount": segments + len(curves),
        "UserDataCount": 0, "TotalUserDataSize": 0, "FadeInTime": 0.0, "FadeOutTime": 0.0,
    }  # fmt: skip
    return json.dumps({"Version": 3, "Meta": meta, "Curves": curves}, separators=(",", ":")).encode()


def _curve(name: str, values: list[float]) -> dict[str, "str | list[float]"]:
    """First a point (time, value), then for each segment its kind and the point where it ends."""
    rounded = np.round(np.array(values), 4) + 0.0  # no minus zero
    segments: list[float] = []
    for number in kept(rounded):
        segments += [_LINEAR] if segments else []
        segments += [_time(int(number)), float(rounded[number])]
    return {"Target": "Parameter", "Id": name, "Segments": segments}


def _time(number: int) -> float:
    return round(number / FPS, 6)
