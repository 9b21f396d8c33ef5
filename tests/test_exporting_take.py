"""What is exported is what sounded, when it sounded."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import messages as m
from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Word
from pipeline.errors import VisavisError
from pipeline.recording.exporting.take import Spoken, Take, take
from pipeline.recording.reading import Recording, read
from tests.recordings import Sample, write_visit


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read(write_visit(tmp_path_factory.mktemp("visit")))


@pytest.fixture(scope="module")
def whole(visit: Recording) -> Take:
    return take(visit, None)


def said(taken: Take, words: str) -> Spoken:
    return next(one for one in taken.spoken if words in one.text)


def test_both_speakers_stand_in_the_order_of_time(whole: Take) -> None:
    assert [one.speaker for one in whole.spoken[:4]] == ["avatar", "visitor", "avatar", "avatar"]
    assert [one.start for one in whole.spoken] == sorted(one.start for one in whole.spoken)


def test_only_the_revision_that_stood_was_said(whole: Take) -> None:
    assert [one.text for one in whole.spoken if one.speaker == "visitor"] == [
        "Where is the lift?",
        "太过分了，我已经等了一个小时！",
        "What is the capital of France?",
    ]


def test_a_sentence_begins_when_its_first_sample_sounded_and_lasts_as_long_as_its_sound(whole: Take) -> None:
    first = said(whole, "staircase")
    assert first.start == pytest.approx(3.71, abs=1e-4)
    assert first.end == pytest.approx(3.71 + 0.065 * len(first.text), abs=1e-3)


def test_the_visitors_words_end_where_the_turn_did(whole: Take) -> None:
    assert [said(whole, "lift?").start, said(whole, "lift?").end] == pytest.approx([1.0, 3.1])


def test_what_was_cut_ends_with_its_last_heard_word_and_a_dash(whole: Take) -> None:
    cut = said(whole, "—")
    assert cut.text == "同事马上为你—"
    assert cut.end - cut.start == pytest.approx(1.4, abs=1e-3)


def test_marks_grow_in_both_place_and_time(whole: Take) -> None:
    for one in whole.spoken:
        assert list(one.marks) == sorted(one.marks)
        assert one.marks[0] == (0, one.start)
        assert one.marks[-1] == (len(one.text), one.end)


def test_word_times_of_the_transcript_are_believed(tmp_path: Path) -> None:
    sample = Sample(tmp_path, 5.0)
    heard = sample.utterance(1, 1, 1.0, 3.0, 3.2)
    words = (Word(text="Good", start=0.4, end=0.7), Word(text="morning!", start=0.9, end=1.6))
    sample.say(3.3, heard.answer(m.Transcript, text="Good morning!", language="en", confidence=0.9, words=words))
    sample.say(3.4, heard.answer(m.TurnEnded, end_sample=3 * HEAR_RATE, decided_sample=54_000))
    (one,) = take(read(sample.write()), None).spoken
    assert [one.start, one.end] == pytest.approx([1.4, 2.6])
    assert [place for place, _ in one.marks[2:4]] == [4, 5]
    assert [at for _, at in one.marks[2:4]] == pytest.approx([1.7, 1.9])


def test_a_visit_that_began_late_on_the_microphones_clock_still_begins_at_second_0(visit: Recording) -> None:
    origin = 1_000_000
    rows = tuple(
        replace(row, message=row.message.model_copy(update={"start_sample": row.message.start_sample + origin}))
        if isinstance(row.message, m.Utterance)
        else replace(row, message=row.message.model_copy(update={"end_sample": row.message.end_sample + origin}))
        if isinstance(row.message, m.TurnEnded)
        else row
        for row in visit.rows
    )
    late = Recording(visit.folder, {**visit.session, "microphone": {"start": origin}}, rows, visit.events, ())
    assert take(late, None).spoken == take(visit, None).spoken


def test_a_sentence_that_never_sounded_is_not_there(tmp_path: Path) -> None:
    sample = Sample(tmp_path, 3.0)
    asked = m.Question(session=sample.session, turn=1, text="?", language="en")
    sample.line(asked, 0, "Nobody hears this.", 0.5)
    taken = take(read(sample.write()), None)
    assert taken.spoken == ()
    assert taken.acted == ()


def test_a_turn_is_a_piece_with_a_little_room_around(visit: Recording) -> None:
    turn = take(visit, 2)
    assert turn.start == pytest.approx(10.0 - 0.15)
    assert turn.start + turn.seconds == pytest.approx(turn.spoken[-1].end + 0.6, abs=1e-3)
    assert {one.speaker for one in turn.spoken} == {"visitor", "avatar"}
    assert len(turn.acted) == 2


def test_what_the_avatar_says_before_the_first_turn_is_turn_0(visit: Recording) -> None:
    assert [one.text for one in take(visit, 0).spoken] == ["Welcome!"]


def test_a_turn_that_is_not_there_is_refused_with_those_that_are(visit: Recording) -> None:
    with pytest.raises(VisavisError, match=r"no turn 9: it has 0, 1, 2, 3") as caught:
        take(visit, 9)
    assert caught.value.code == "export-turn"


def test_the_face_acts_as_far_as_it_sounded(whole: Take) -> None:
    cut = next(acted for acted in whole.acted if acted.cut)
    assert cut.samples == round(1.4 * SPEAK_RATE)
    assert not whole.acted[0].cut


def test_cues_that_came_twice_count_once(visit: Recording) -> None:
    rows = tuple(row for row in visit.rows for _ in range(2 if isinstance(row.message, m.Cues) else 1))
    twice = Recording(visit.folder, visit.session, rows, visit.events, ())
    assert take(twice, None).acted == take(visit, None).acted
