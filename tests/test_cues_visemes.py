"""Cues of whole sentences, by the real voice."""

import itertools
from functools import cache

import pytest

from avatars.rig import sample, weight
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Language
from pipeline.messages import Cues, Sentence, Speech
from stages.cues.visemes import Engine, Settings
from stages.speech import espeak

LINES: list[tuple[str, Language]] = [
    ("爸爸妈妈跑步，北边的博物馆怕不怕，门票八百。", "zh"),
    ("Mumbo, a big apple: maybe stop by the purple museum before opening.", "en"),
]


@cache
def performed(text: str, language: Language, emotion: str, gesture: str) -> tuple[list[Speech], list[Cues]]:
    asked = {"session": "s", "index": 0, "text": text, "language": language, "emotion": emotion, "gesture": gesture}

    async def main(clock: Clock) -> tuple[list[Speech], list[Cues]]:
        voice, face = espeak.Engine(espeak.Settings(), clock), Engine(Settings(), clock)
        await face.warm()
        parts = [part async for part in voice.work(Sentence.model_validate(asked))]
        return parts, [cues for part in parts async for cues in face.work(part)]

    return run_virtual(main)


@pytest.mark.parametrize(("text", "language"), LINES)
def test_every_b_p_m_that_is_heard_is_seen(text: str, language: Language) -> None:
    """Closed, and nothing else open, within 20 ms of each mark."""
    parts, cues = performed(text, language, "neutral", "")
    marks = [mark for part in parts for mark in part.phonemes if mark.text in {"p", "b", "m", "ph"}]
    assert len(marks) > 8
    for mark in marks:
        for at in range(mark.start - 479, mark.start + 480, 79):
            seen = sample(cues, at).visemes
            assert seen.pop("PP") >= 0.99
            assert sum(seen.values()) <= 0.01


@pytest.mark.parametrize(("text", "language"), LINES)
def test_nothing_jumps_from_frame_to_frame(text: str, language: Language) -> None:
    """At 60 Hz no viseme changes by more than 0.6, no expression by more than 0.1 (a blink is quicker)."""
    _, cues = performed(text, language, "surprised", "")
    end = cues[-1].start + cues[-1].samples + 24_000
    frames = [sample(cues, at) for at in range(-4_800, end, 400)]
    for before, after in itertools.pairwise(frames):
        for name in {*before.visemes, *after.visemes}:
            assert abs(after.visemes.get(name, 0.0) - before.visemes.get(name, 0.0)) <= 0.6
        name = "surprised"
        assert abs(after.expressions.get(name, 0.0) - before.expressions.get(name, 0.0)) <= 0.1


@pytest.mark.parametrize(("text", "language"), LINES)
def test_each_part_has_its_cues_and_says_no_pose_twice(text: str, language: Language) -> None:
    parts, cues = performed(text, language, "happy", "wave")
    assert [(each.part, each.start, each.cause) for each in cues] == [(p.part, p.start, p.id) for p in parts]
    assert [each.samples for each in cues] == [len(part.pcm) // 2 for part in parts]
    poses = [pose for each in cues for pose in each.visemes]
    assert len(poses) == len(set(poses))


def test_an_expression_lasts_for_the_sentence_and_lets_go_after_it() -> None:
    _, cues = performed(*LINES[0], "happy", "")
    end = cues[-1].start + cues[-1].samples
    held = [sample(cues, at).expressions["happy"] for at in range(7_200, end, 400)]
    assert min(held) == pytest.approx(0.5)
    assert max(held) == pytest.approx(0.5)
    assert sample(cues, 0).expressions.get("happy", 0.0) == 0.0
    assert "happy" not in sample(cues, end + 13_000).expressions


def test_a_neutral_face_shows_no_emotion() -> None:
    _, cues = performed(*LINES[0], "neutral", "")
    assert {pose.name for each in cues for pose in each.expressions} <= {"blink"}


def test_a_gesture_falls_on_the_first_stressed_word() -> None:
    parts, cues = performed(*LINES[1], "neutral", "wave")
    stressed = next(mark for part in parts for mark in part.words if mark.stressed)
    strokes = [pose for each in cues for pose in each.gestures if pose.name == "wave"]
    (pose,) = strokes
    assert pose.attack == max(stressed.start, 8_400), "on the word, or as soon after as it can be"
    assert pose.start >= 0, "nobody can wave before it is known that there is something to wave at"
    assert weight(pose, pose.attack) == 1.0


def test_beats_of_the_head_fall_on_stressed_words() -> None:
    parts, cues = performed(*LINES[1], "neutral", "")
    nods = [pose.attack for each in cues for pose in each.gestures if pose.name == "nod"]
    assert nods
    assert set(nods) <= {mark.start for part in parts for mark in part.words if mark.stressed}


def test_eyes_stay_near_the_visitor_and_go_away_only_to_think() -> None:
    _, cues = performed(*LINES[1], "neutral", "")
    assert all(abs(gaze.x) <= 0.12 and abs(gaze.y) <= 0.12 for each in cues for gaze in each.gaze)
    _, thinking = performed(*LINES[1], "neutral", "think")
    assert max(gaze.y for each in thinking for gaze in each.gaze) > 0.3


def test_the_same_speech_moves_the_same_face() -> None:
    parts, cues = performed(*LINES[0], "happy", "wave")

    async def again(clock: Clock) -> list[Cues]:
        return [each for part in parts async for each in Engine(Settings(), clock).work(part)]

    assert run_virtual(again) == cues


def test_a_straight_face_can_be_asked_for() -> None:
    parts, _ = performed(*LINES[0], "happy", "wave")
    settings = Settings(expressiveness=0.0, blink=False, nod=False)

    async def main(clock: Clock) -> list[Cues]:
        return [each for part in parts async for each in Engine(settings, clock).work(part)]

    cues = run_virtual(main)
    assert not any(each.expressions or each.gestures for each in cues)


def test_an_empty_last_part_is_no_trouble() -> None:
    async def main(clock: Clock) -> list[Cues]:
        empty = Speech(session="s", index=0, part=0, start=0, last=True, timed=True, emotion="happy")
        return [each async for each in Engine(Settings(), clock).work(empty)]

    (cues,) = run_virtual(main)
    assert cues.visemes == ()


def test_people_blink_while_they_speak() -> None:
    """12-30 times a minute, shut for a moment each time."""
    speech = Speech(session="s", index=0, part=0, start=0, cause="0123456789abcdef", pcm=bytes(2 * 24_000 * 60))

    async def main(clock: Clock) -> list[Cues]:
        return [each async for each in Engine(Settings(), clock).work(speech)]

    blinks = [pose for pose in run_virtual(main)[0].expressions if pose.name == "blink"]
    assert 12 <= len(blinks) <= 30
    assert all(after.start > before.end for before, after in itertools.pairwise(blinks))
