"""Files that move a face: laid out as their formats say, and true to the rig."""

import csv
import io
import json
import math
import struct
from typing import Any

import numpy as np
import pytest

from avatars._rig_tables import ARKIT, VRM
from avatars.exporting.arkit_csv import arkit_csv
from avatars.exporting.body import BONES, HELD, angles, quaternions
from avatars.exporting.motion3 import motion3
from avatars.exporting.vrma import vrma
from avatars.rig import RigFrame, arkit, live2d, vrm

QUIET = RigFrame()
BUSY = RigFrame({"aa": 0.8}, {"happy": 0.5, "blink": 1.0}, {"wave": 1.0, "nod": 0.5}, {"wave": 0.3}, (0.4, -0.2))
FRAMES = [QUIET, QUIET, QUIET, BUSY, BUSY, RigFrame({"PP": 1.0}), QUIET, QUIET]
REQUIRED = {
    "hips", "spine", "head", "leftUpperLeg", "leftLowerLeg", "leftFoot", "rightUpperLeg", "rightLowerLeg", "rightFoot",
    "leftUpperArm", "leftLowerArm", "leftHand", "rightUpperArm", "rightLowerArm", "rightHand",
}  # fmt: skip
"""The bones that VRM 1.0 asks for."""


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(arkit_csv(FRAMES).decode())))


def test_the_csv_has_live_link_faces_columns() -> None:
    header = list(rows()[0])
    assert len(header) == 63
    assert header[:4] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[-10:-6] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"]
    assert {name[0].lower() + name[1:] for name in header[2:54]} == set(ARKIT)


def test_every_row_has_the_rigs_weights_and_counts_sixty_frames_a_second() -> None:
    row = rows()[3]
    assert (row["Timecode"], row["BlendShapeCount"]) == ("00:00:00:03.000", "61")
    assert {name: float(row[name[0].upper() + name[1:]]) for name in ARKIT} == pytest.approx(arkit(BUSY), abs=1e-6)
    later = arkit_csv([QUIET] * 3662).decode().splitlines()[-1]
    assert later.startswith("00:01:01:01.000,61,")


def test_the_csv_turns_eyes_and_head_in_radians_to_the_avatars_own_left_and_down() -> None:
    row = {name: float(value) for name, value in rows()[3].items() if name not in {"Timecode", "BlendShapeCount"}}
    assert row["LeftEyeYaw"] == row["RightEyeYaw"] == pytest.approx(math.radians(0.4 * 40), abs=1e-6)
    assert row["LeftEyePitch"] == pytest.approx(math.radians(0.2 * 35), abs=1e-6)
    assert row["EyeLookOutLeft"] > row["EyeLookInLeft"]  # as ARKit's own weights have it
    assert row["HeadPitch"] > 0  # a nod goes down


def motion() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(motion3(FRAMES))
    return found


def points(segments: list[float]) -> list[tuple[float, float]]:
    """The documented layout: a point, then (0 for linear, a point) again and again."""
    found = [(segments[0], segments[1])]
    for place in range(2, len(segments), 3):
        assert segments[place] == 0
        found.append((segments[place + 1], segments[place + 2]))
    return found


def test_the_motions_counts_are_those_of_its_curves() -> None:
    meta, curves = motion()["Meta"], motion()["Curves"]
    lengths = [len(points(curve["Segments"])) for curve in curves]
    assert motion()["Version"] == 3
    assert (meta["CurveCount"], meta["TotalPointCount"]) == (len(curves), sum(lengths))
    assert meta["TotalSegmentCount"] == sum(lengths) - len(curves)
    assert (meta["Duration"], meta["Fps"]) == (pytest.approx(7 / 60, abs=1e-4), 60.0)


def test_every_frame_of_the_motion_is_the_rigs() -> None:
    for curve in motion()["Curves"]:
        times, values = zip(*points(curve["Segments"]), strict=True)
        assert (times[0], times[-1]) == (0.0, motion()["Meta"]["Duration"])
        found = np.interp([number / 60 for number in range(len(FRAMES))], times, values)
        wanted = [live2d(frame).get(curve["Id"], 0.0) for frame in FRAMES]
        assert list(found) == pytest.approx(wanted, abs=2e-3)


def test_the_motion_has_mouth_eyes_and_head() -> None:
    names = {curve["Id"] for curve in motion()["Curves"]}
    assert names >= {"ParamMouthOpenY", "ParamMouthForm", "ParamEyeLOpen", "ParamEyeROpen", "ParamAngleX"}


class Animation:
    """A GLB file taken apart by its specification."""

    def __init__(self, data: bytes) -> None:
        magic, version, length, size, kind = struct.unpack_from("<4sIIII", data)
        assert (magic, version, length, kind) == (b"glTF", 2, len(data), 0x4E4F534A)
        self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
        binary, kind = struct.unpack_from("<II", data, 20 + size)
        assert kind == 0x004E4942
        self.bytes = data[28 + size : 28 + size + binary]
        self.extension: dict[str, Any] = self.json["extensions"]["VRMC_vrm_animation"]

    def values(self, accessor: int) -> Any:
        found = self.json["accessors"][accessor]
        view = self.json["bufferViews"][found["bufferView"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[found["type"]]
        raw = np.frombuffer(self.bytes, "<f4", found["count"] * width, view["byteOffset"])
        return raw.reshape(-1, width)

    def track(self, node: int, path: str) -> tuple[Any, Any]:
        animation = self.json["animations"][0]
        wanted = {"node": node, "path": path}
        channel = next(channel for channel in animation["channels"] if channel["target"] == wanted)
        sampler = animation["samplers"][channel["sampler"]]
        return self.values(sampler["input"])[:, 0], self.values(sampler["output"])


@pytest.fixture(scope="module")
def animation() -> Animation:
    return Animation(vrma(FRAMES))


def test_the_animation_has_every_preset_and_no_look_expression(animation: Animation) -> None:
    presets = set(animation.extension["expressions"]["preset"])
    assert presets == {name for name in VRM if not name.startswith("look")}
    assert animation.extension["specVersion"] == "1.0"


@pytest.mark.parametrize("name", ["aa", "happy", "blink", "sad"])
def test_an_expressions_weight_is_x_of_its_node(animation: Animation, name: str) -> None:
    times, places = animation.track(animation.extension["expressions"]["preset"][name]["node"], "translation")
    found = np.interp(np.arange(len(FRAMES)) / 60, times, places[:, 0])
    assert list(found) == pytest.approx([vrm(frame)[name] for frame in FRAMES], abs=1e-4)
    assert times[-1] == pytest.approx(7 / 60)


def test_runs_of_the_same_value_have_only_their_ends(animation: Animation) -> None:
    times, _ = animation.track(animation.extension["expressions"]["preset"]["sad"]["node"], "translation")
    assert list(times) == pytest.approx([0.0, 7 / 60])


def test_the_animation_has_the_bones_that_vrm_asks_for_in_their_order(animation: Animation) -> None:
    bones = animation.extension["humanoid"]["humanBones"]
    assert set(bones) >= REQUIRED
    nodes = animation.json["nodes"]
    assert bones["head"]["node"] in nodes[bones["neck"]["node"]]["children"]
    assert animation.extension["lookAt"]["node"] in nodes[bones["head"]["node"]]["children"]


def test_the_eyes_turn_to_the_avatars_left_for_the_visitors_right(animation: Animation) -> None:
    _, turns = animation.track(animation.extension["lookAt"]["node"], "rotation")
    (x, y, _, w) = max(turns, key=lambda turn: turn[1])
    assert 2 * math.degrees(math.atan2(y, w)) == pytest.approx(16, abs=0.5)
    assert x > 0  # and down


def hand(gesture: str) -> tuple[float, float, float]:
    """Where the right hand is, in metres, while a gesture is held."""
    turned = angles(RigFrame(gestures={gesture: 1.0}))
    places = {"": np.zeros(3)}
    rotations = {"": np.eye(3)}
    for bone in BONES:
        parent = bone.parent
        places[bone.name] = places[parent] + rotations[parent] @ np.array(bone.place)
        (turn,) = quaternions(np.array([turned.get(bone.name, (0.0, 0.0, 0.0))]))
        rotations[bone.name] = rotations[parent] @ matrix(*map(float, turn))
    x, y, z = map(float, places["rightHand"])
    return x, y, z


def matrix(x: float, y: float, z: float, w: float) -> Any:
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def test_arms_hang_down_at_rest() -> None:
    x, y, _ = hand("nod")
    assert -0.4 < x < -0.2
    assert y < 1.0


def test_a_waving_hand_is_as_high_as_the_head_and_a_thinking_one_at_the_chin() -> None:
    assert hand("wave")[1] > 1.5
    x, y, z = hand("think")
    assert abs(x) < 0.1
    assert 1.35 < y < 1.55
    assert z > 0.1


def test_a_pointing_hand_is_before_the_body_and_open_arms_beside_it() -> None:
    assert hand("point")[2] > 0.3
    assert hand("open")[0] < -0.4


def test_every_gesture_is_known_to_the_cues() -> None:
    assert set(HELD) <= {"nod", "shake", "wave", "point", "think", "shrug", "bow", "open"}
