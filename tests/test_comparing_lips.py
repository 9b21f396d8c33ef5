"""Mouths against each other: correlation at 100 Hz, and lips that close in only one of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import messages as m
from pipeline.audio import SPEAK_RATE
from pipeline.envelope import Mark, Pose
from pipeline.recording.comparing.lips import SHAPES, Closure, closures, correlation, lips, track, unmatched
from pipeline.recording.reporting.lines import Line

MS = SPEAK_RATE // 1000


def pose(name: str, at: float, weight: float = 1.0) -> Pose:
    """60 ms around `at` (ms)."""
    places = {"start": at - 60, "attack": at - 20, "release": at + 20, "end": at + 60}
    return Pose(name=name, weight=weight, **{key: round(ms * MS) for key, ms in places.items()})


def line(
    *poses: Pose, text: str = "Pop", words: tuple[Mark, ...] = (), cut: int | None = None, seconds: float = 2.0
) -> Line:
    speech = m.Speech(session="v", index=0, part=0, start=0, last=True, words=words)
    cues = m.Cues(session="v", index=0, part=0, start=0, samples=2 * SPEAK_RATE, visemes=poses)
    sentence = m.Sentence(session="v", index=0, text=text, language="en")
    return Line(
        sentence, 0.0, [(0.1, speech, round(seconds * SPEAK_RATE))], [(0.1, cues)], begun=0.2, over=2.2, cut=cut
    )


POSES = st.lists(st.builds(pose, st.sampled_from(SHAPES), st.integers(0, 1500), st.floats(0, 1)), max_size=8)
EVENTS = st.lists(st.builds(Closure, st.sampled_from(("PP", "FF")), st.integers(0, 300).map(float)), max_size=6).map(
    lambda found: sorted(found, key=lambda closure: closure.ms)
)


@given(POSES, POSES)
@settings(deadline=None)
def test_correlation_is_symmetric_bounded_and_one_for_the_same(a: list[Pose], b: list[Pose]) -> None:
    assert -1 <= correlation(a, b) <= 1
    assert correlation(a, b) == pytest.approx(correlation(b, a), abs=1e-3)
    assert correlation(a, a) == 1


def test_a_pose_rises_holds_and_is_gone() -> None:
    frames = track([pose("aa", 100, 0.8)], 20)[:, SHAPES.index("aa")]
    assert frames[8:13] == pytest.approx([0.8] * 5)
    assert frames[3] == pytest.approx(0.0, abs=0.01)
    assert 0 < frames[6] < 0.8
    assert frames[17:].max() == 0


def test_poses_add_up_and_never_exceed_one() -> None:
    assert track([pose("aa", 100, 0.7), pose("aa", 100, 0.7)], 20).max() == 1


def test_a_mouth_that_is_late_correlates_less_the_later_it_is() -> None:
    said = [pose("PP", 100), pose("aa", 250), pose("SS", 400)]
    late = [[pose(one.name, one.attack / MS + 20 + ms) for one in said] for ms in (0, 20, 60)]
    values = [correlation(said, moved) for moved in late]
    assert values[0] == 1
    assert values[0] > values[1] > values[2]


def test_a_mouth_that_never_moves_has_nothing_in_common_with_one_that_does() -> None:
    assert correlation([pose("PP", 100)], []) == 0
    assert correlation([], []) == 1


def test_a_closure_that_holds_on_into_the_next_part_is_one() -> None:
    assert closures([pose("PP", 100), pose("PP", 130)]) == [Closure("PP", 115.0)]
    assert len(closures([pose("PP", 100), pose("PP", 300)])) == 2


def test_lips_that_hardly_meet_are_not_closed() -> None:
    assert closures([pose("PP", 100, 0.2), pose("aa", 200)]) == []


@pytest.mark.parametrize(("later", "missing"), [(0, 0), (39, 0), (40, 0), (41, 1), (200, 1)])
def test_a_closure_within_40_ms_is_the_same_one(later: int, missing: int) -> None:
    (found,) = lips([line(pose("PP", 300), pose("aa", 500))], [line(pose("PP", 300 + later), pose("aa", 500))])
    assert (len(found.lost), len(found.added)) == (missing, missing)


def test_closed_lips_are_not_teeth_on_the_lip() -> None:
    (found,) = lips([line(pose("PP", 300))], [line(pose("FF", 300))])
    assert (found.lost, found.added) == ((Closure("PP", 300.0),), (Closure("FF", 300.0),))


@given(EVENTS, EVENTS)
def test_each_closure_is_matched_at_most_once(a: list[Closure], b: list[Closure]) -> None:
    lost, added = unmatched(a, b)
    assert len(a) - len(lost) == len(b) - len(added) >= 0
    assert unmatched(a, a) == ((), ())
    assert {len(one) for one in unmatched(b, a)} == {len(lost), len(added)}


def test_only_sentences_of_the_same_words_that_sounded_are_compared() -> None:
    silent = line(pose("PP", 300))
    silent.begun = None
    assert lips([line(pose("PP", 300), text="Pop")], [line(pose("PP", 300), text="Bob")]) == ()
    assert lips([line(pose("PP", 300))], [silent]) == ()
    assert lips([line()], [line()]) == ()


def test_a_slower_voice_with_the_same_mouth_is_no_difference() -> None:
    def spoken(pace: float) -> Line:
        at = [round(ms * pace * MS) for ms in (0, 400, 900, 1500)]
        words = tuple(
            Mark(text=text, start=first, end=last, offset=offset)
            for text, first, last, offset in zip(("Pop", "the", "map"), at, at[1:], (0, 4, 8), strict=False)
        )
        shapes = [(name, ms * pace) for name, ms in (("PP", 60), ("aa", 200), ("TH", 450), ("PP", 1200), ("aa", 1000))]
        return line(*(pose(name, ms) for name, ms in shapes), text="Pop the map", words=words, seconds=1.5 * pace)

    (found,) = lips([spoken(1.0)], [spoken(1.2)])
    assert (found.lost, found.added) == ((), ())
    assert found.correlation > 0.9


def test_what_was_cut_is_compared_as_far_as_both_sounded() -> None:
    whole = line(pose("PP", 300), pose("PP", 900))
    (found,) = lips([whole], [line(pose("PP", 300), pose("PP", 900), cut=600 * MS)])
    assert (found.lost, found.added, found.closures) == ((), (), (1, 1))
