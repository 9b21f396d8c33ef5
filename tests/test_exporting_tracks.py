"""The exported face is the rig's: the same weights at the same times, and at rest where nothing sounded."""

import math
from pathlib import Path

import pytest

from avatars.exporting.tracks import FPS, frames
from avatars.rig import RigFrame, sample
from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Gaze, Pose
from pipeline.messages import Cues
from pipeline.recording.exporting.take import Acted, Take, take
from pipeline.recording.reading import read
from tests.recordings import write_visit

SECOND = SPEAK_RATE


def cues(*visemes: Pose, **fields: tuple[Pose, ...] | tuple[Gaze, ...]) -> Cues:
    return Cues.model_validate({"index": 0, "part": 0, "start": 0, "samples": SECOND, "visemes": visemes, **fields})


def pose(name: str, start: float, end: float, weight: float = 1.0) -> Pose:
    """Up in a tenth of a second, down in another."""
    tenth = SECOND // 10
    first, last = round(start * SECOND), round(end * SECOND)
    return Pose(name=name, start=first, attack=first + tenth, release=last - tenth, end=last, weight=weight)


def acted(*parts: Cues, begun: float = 0.0, seconds: float = 1.0, cut: bool = False) -> Acted:
    return Acted(begun, round(seconds * SECOND), cut, parts)


def played(*sentences: Acted, start: float = 0.0, seconds: float = 3.0) -> list[RigFrame]:
    return frames(Take(start, seconds, (), sentences))


def same(one: RigFrame, other: RigFrame) -> None:
    assert one.visemes == pytest.approx(other.visemes)
    assert one.expressions == pytest.approx(other.expressions)
    assert one.gestures == pytest.approx(other.gestures)
    assert one.ages == pytest.approx(other.ages, abs=1e-4)
    assert one.gaze == pytest.approx(other.gaze, abs=1e-4)


def test_every_frame_is_what_the_rig_samples(tmp_path: Path) -> None:
    taken = take(read(write_visit(tmp_path)), None)
    found = frames(taken)
    lone = next(one for one in taken.acted if one.begun > 3)
    parts, span = lone.cues, lone.samples / SPEAK_RATE
    for number in range(math.ceil(lone.begun * FPS) + 1, math.floor((lone.begun + span) * FPS) - 5):
        same(found[number], sample(parts, round((number / FPS - lone.begun) * SPEAK_RATE)))


def test_frames_go_from_the_first_to_the_last_moment() -> None:
    assert len(played(seconds=3.0)) == 3 * FPS + 1
    assert len(played(seconds=0.0)) == 1


def test_nothing_moves_where_nothing_sounds() -> None:
    found = played(acted(cues(pose("aa", 0.0, 0.5)), begun=1.0))
    assert all(frame == RigFrame() for frame in found[: FPS + 1] + found[FPS + 31 :])
    assert found[FPS + 15].visemes == {"aa": 1.0}


def test_a_turns_frames_begin_with_the_turn() -> None:
    found = played(acted(cues(pose("aa", 0.0, 0.5)), begun=11.0), start=10.5)
    assert found[45].visemes == {"aa": 1.0}


def test_poses_of_one_name_add_up_to_one_at_most() -> None:
    found = played(acted(cues(pose("aa", 0.0, 0.5, 0.7), pose("aa", 0.0, 0.5, 0.7), pose("E", 0.0, 0.5, 0.4))))
    assert found[15].visemes == {"aa": 1.0, "E": 0.4}


def test_one_sentences_feeling_fades_into_the_nexts() -> None:
    first = acted(cues(expressions=(pose("happy", 0.0, 1.1),)))
    second = acted(cues(expressions=(pose("happy", 0.0, 1.1),)), begun=1.0)
    found = played(first, second)
    assert all(frame.expressions["happy"] == pytest.approx(1.0) for frame in found[6:60])
    assert min(frame.expressions["happy"] for frame in found[60:70]) > 0.9


def test_a_cut_closes_the_mouth_and_relaxes_the_face() -> None:
    part = cues(pose("aa", 0.0, 1.0), pose("oh", 0.6, 1.0), expressions=(pose("sad", 0.0, 3.0),))
    found = played(acted(part, seconds=0.5, cut=True))
    assert found[29].visemes == {"aa": 1.0}
    assert 0 < found[32].visemes["aa"] < 1
    assert all(not frame.visemes for frame in found[35:])
    assert found[33].expressions["sad"] > 0.8
    assert all(not frame.expressions for frame in found[55:])


def test_a_cut_in_the_middle_of_an_attack_goes_down_from_there() -> None:
    found = played(acted(cues(pose("aa", 0.45, 1.0)), seconds=0.5, cut=True))
    assert max(frame.visemes.get("aa", 0.0) for frame in found) == pytest.approx(0.5, abs=0.01)


def test_the_eyes_go_where_they_are_sent_and_come_back_when_all_is_said() -> None:
    part = cues(gaze=(Gaze(at=SECOND // 2, x=0.5, y=-0.2),))
    found = played(acted(part), seconds=3.0)
    assert found[30].gaze == (0.0, 0.0)
    assert found[34].gaze == pytest.approx((0.5, -0.2))
    assert found[89].gaze == pytest.approx((0.5, -0.2))
    assert found[95].gaze == pytest.approx((0.0, 0.0))


def test_a_swinging_gesture_has_an_age() -> None:
    found = played(acted(cues(gestures=(pose("shake", 0.2, 1.0),))))
    assert found[30].ages == {"shake": pytest.approx(0.3, abs=1e-4)}
    assert found[6].ages == {}
