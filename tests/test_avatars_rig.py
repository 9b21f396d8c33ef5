"""From cues to renderers."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatars._rig_tables import ARKIT, HEAD, VISEMES, VRM
from avatars.rig import RigFrame, arkit, head, live2d, ovr, sample, vrm, weight
from pipeline.envelope import Gaze, Pose
from pipeline.messages import Cues

RIGS: list[Callable[[RigFrame], dict[str, float]]] = [arkit, vrm, live2d, ovr]
EXPRESSIONS = ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "blink"]
UNIT = st.floats(0, 1)
SIGNED = st.floats(-1, 1)
FRAMES = st.builds(
    RigFrame,
    visemes=st.dictionaries(st.sampled_from(VISEMES), UNIT),
    expressions=st.dictionaries(st.sampled_from([*EXPRESSIONS, "neutral"]), UNIT),
    gestures=st.dictionaries(st.sampled_from(sorted(HEAD)), UNIT),
    ages=st.dictionaries(st.sampled_from(sorted(HEAD)), st.floats(0, 5)),
    gaze=st.tuples(SIGNED, SIGNED),
    head=st.tuples(*[st.floats(-40, 40)] * 3),
    breath=UNIT,
)


@given(FRAMES)
def test_every_weight_is_in_its_range(frame: RigFrame) -> None:
    for rig, names in ((arkit, ARKIT), (vrm, VRM), (ovr, VISEMES)):
        weights = rig(frame)
        assert tuple(weights) == names
        assert all(0.0 <= value <= 1.0 for value in weights.values())
    for name, value in live2d(frame).items():
        lowest, highest = (
            (-30, 30) if "Angle" in name and "Brow" not in name
            else (-10, 10) if name.startswith(("ParamArm", "ParamHand", "ParamShoulder"))
            else (0, 1) if name.endswith(("Open", "OpenY", "Breath"))
            else (-1, 1)
        )  # fmt: skip
        assert lowest <= value <= highest, name
    assert all(-30 <= angle <= 30 for angle in head(frame))


@given(st.sampled_from(EXPRESSIONS), UNIT)
def test_lips_that_are_closed_stay_closed_whatever_the_face_feels(expression: str, strength: float) -> None:
    frame = RigFrame(visemes={"PP": 1.0}, expressions={expression: strength})
    shape = arkit(frame)
    assert shape["jawOpen"] == shape["mouthLowerDownLeft"] == shape["mouthUpperUpRight"] == shape["mouthFunnel"] == 0.0
    assert shape["mouthPressLeft"] > 0.4
    assert sum(vrm(frame)[name] for name in ("aa", "ih", "ou", "ee", "oh")) == 0.0
    assert live2d(frame)["ParamMouthOpenY"] == 0.0
    assert ovr(frame)["PP"] == 1.0


@pytest.mark.parametrize("rig", RIGS)
def test_every_viseme_shows(rig: Callable[[RigFrame], dict[str, float]]) -> None:
    """In VRM and Live2D, which have no closed lips, PP takes away what was open."""
    for viseme in VISEMES[1:]:
        base = {"aa": 0.5} if viseme == "PP" else {}
        assert rig(RigFrame(visemes={**base, viseme: 1.0})) != rig(RigFrame(visemes=base)), viseme


@pytest.mark.parametrize("rig", [arkit, vrm, live2d])
def test_every_expression_shows_and_no_two_are_alike(rig: Callable[[RigFrame], dict[str, float]]) -> None:
    faces = [rig(RigFrame()), *(rig(RigFrame(expressions={name: 1.0})) for name in EXPRESSIONS)]
    assert all(faces[one] != faces[two] for one in range(len(faces)) for two in range(one))


def test_every_gesture_moves_the_head_and_live2d() -> None:
    for name in HEAD:
        frame = RigFrame(gestures={name: 1.0}, ages={name: 0.1})
        assert head(frame) != (0.0, 0.0, 0.0), name
        assert live2d(frame) != live2d(RigFrame()), name


def test_a_shake_swings() -> None:
    angles = [head(RigFrame(gestures={"shake": 1.0}, ages={"shake": age}))[0] for age in (0.1, 0.4)]
    assert angles[0] * angles[1] < 0


def test_jaws_open_in_the_order_of_the_vowels() -> None:
    jaws = [arkit(RigFrame(visemes={name: 1.0}))["jawOpen"] for name in ("aa", "oh", "E", "ih", "ou")]
    assert jaws == sorted(jaws, reverse=True)


def test_the_visitors_right_is_the_avatars_left() -> None:
    frame = RigFrame(gaze=(0.5, 0.0))
    assert (arkit(frame)["eyeLookOutLeft"], arkit(frame)["eyeLookInRight"]) == (0.5, 0.5)
    assert (vrm(frame)["lookLeft"], vrm(frame)["lookRight"]) == (0.5, 0.0)


def test_a_blink_closes_even_wide_eyes() -> None:
    frame = RigFrame(expressions={"surprised": 1.0, "blink": 1.0})
    assert (arkit(frame)["eyeBlinkLeft"], arkit(frame)["eyeWideLeft"]) == (1.0, 0.0)
    assert live2d(frame)["ParamEyeLOpen"] == 0.0


def test_a_pose_is_a_trapezoid_and_parts_add_up() -> None:
    rising = Pose(name="aa", start=0, attack=100, release=200, end=300, weight=0.8)
    assert [round(weight(rising, at), 3) for at in (-1, 0, 50, 100, 200, 250, 300)] == [0, 0, 0.4, 0.8, 0.8, 0.4, 0]
    second = rising.model_copy(update={"start": 200, "attack": 300, "release": 400, "end": 500})
    cues = [Cues(index=0, part=part, start=0, samples=1, visemes=(pose,)) for part, pose in enumerate((rising, second))]
    assert sample(cues, 250).visemes == {"aa": pytest.approx(0.8)}


def test_eyes_move_quickly_and_then_rest() -> None:
    cues = [Cues(index=0, part=0, start=0, samples=1, gaze=(Gaze(at=0, x=0, y=0), Gaze(at=1_000, x=0.4, y=-0.2)))]
    assert [sample(cues, at).gaze[0] for at in (0, 999, 1_720, 2_440, 50_000)] == pytest.approx([0, 0, 0.2, 0.4, 0.4])


def test_a_face_without_cues_is_at_rest() -> None:
    assert sample([], 0) == RigFrame()
    assert set(arkit(RigFrame()).values()) == {0.0}
    assert ovr(RigFrame())["sil"] == 1.0
