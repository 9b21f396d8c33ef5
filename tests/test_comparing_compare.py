"""Two recordings side by side: what is the same, what differs, and where."""

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline import messages as m
from pipeline.errors import VisavisError
from pipeline.recording.comparing.compare import compare_folders, compare_recordings
from pipeline.recording.comparing.details import details
from pipeline.recording.comparing.table import summary
from pipeline.recording.comparing.turns import adopted
from pipeline.recording.reading import read
from pipeline.recording.report_comparison import page
from pipeline.recording.reporting.lines import Line
from tests.comparing_scene import THREE, Talk, compared, record
from tests.recordings import Sample, write_visit


def test_a_recording_against_itself_differs_in_nothing(tmp_path: Path) -> None:
    folder = write_visit(tmp_path / "a")
    found = compare_folders(folder, folder)
    assert found.same
    assert [pair.label for pair in found.both] == ["1", "2", "3"]
    assert len(found.greetings) == 1
    assert all(one.correlation == 1 and not one.lost and not one.added for _, one in found.lips)
    assert found.errors_b.total == 0
    assert found.to_json()["a"]["latency"] == found.to_json()["b"]["latency"]


def test_each_difference_is_found_where_it_is(tmp_path: Path) -> None:
    other = (
        Talk("Where is the lift?", "The lift is upstairs.", by="knowledge", label="happy", thought="Hm."),
        Talk("门票多少钱？", "", "zh", apology="真抱歉。", failure="endpoint-down", filler="嗯……"),
        Talk("Can I take photos?", "Please do, without flash.", cut=0.4),
    )
    found = compared(tmp_path, THREE, other)
    assert [set(pair.changes) for pair in found.pairs] == [
        {"reply", "by", "emotion", "thoughts"},
        {"reply", "by", "apologies", "failures", "fillers"},
        {"interruption"},
    ]
    assert found.pairs[1].new_failures == ("reply endpoint-down",)
    assert (found.a.apologies, found.b.apologies, found.b.fillers, found.b.interruptions) == (0, 1, 1, 1)
    assert found.pairs[2].b is not None
    assert found.pairs[2].b.reply_heard != found.pairs[2].b.reply


def test_latencies_are_read_off_the_recordings_own_clock(tmp_path: Path) -> None:
    slow = tuple(Talk(talk.heard, talk.reply, talk.language, wait=0.5) for talk in THREE)
    found = compared(tmp_path, THREE, slow)
    assert found.a.latency["gap"].p50 == pytest.approx(600, abs=1)
    assert found.b.latency["gap"].p50 == pytest.approx(900, abs=1)
    pair = found.pairs[0]
    assert pair.a is not None
    assert pair.a.latency == pytest.approx(
        {"turn": 400, "transcript": 50, "question": 50, "reply": 120, "speech": 30, "cues": 10, "answer": 200,
         "gap": 600}, abs=1,
    )  # fmt: skip


def test_the_first_microphone_sample_need_not_be_number_zero(tmp_path: Path) -> None:
    recording = read(record(tmp_path / "a", *THREE))
    later = dataclasses.replace(recording, session={**recording.session, "microphone": {"start": 16_000}})
    found = compare_recordings(recording, later)
    assert found.a.latency["gap"].p50 == pytest.approx(600, abs=1)
    assert found.b.latency["gap"].p50 == pytest.approx(1600, abs=1)


@pytest.mark.parametrize("gone", range(3))
def test_a_missing_turn_is_shown_as_missing(tmp_path: Path, gone: int) -> None:
    found = compared(tmp_path, THREE, THREE[:gone] + THREE[gone + 1 :])
    assert [pair.label for pair in found.only_a] == [str(gone + 1)]
    assert [pair.label for pair in found.changed("missing")] == [str(gone + 1)]
    assert not found.changed("words")
    assert not found.changed("reply")
    back = compared(tmp_path / "back", THREE[:gone] + THREE[gone + 1 :], THREE)
    assert [pair.label for pair in back.only_b] == [f"B{gone + 1}"]


def test_typed_turns_are_aligned_but_their_words_are_not_counted_as_heard(tmp_path: Path) -> None:
    talks = (THREE[0], Talk("What about dogs?", "No dogs.", typed=True), THREE[2])
    found = compared(tmp_path, talks, talks, ["Where is the lift?", "Can I take a photo?"])
    typed = found.pairs[1]
    assert typed.a is not None
    assert typed.a.typed
    assert (typed.reference, typed.errors_a, typed.errors_b) == (None, None, None)
    assert found.pairs[2].reference == "Can I take a photo?"
    assert typed.a.latency["gap"] == pytest.approx(200, abs=1)


def test_with_a_reference_both_sides_have_error_rates(tmp_path: Path) -> None:
    misheard = (Talk("Where is the list?"), Talk("门票多少前？", language="zh"), THREE[2])
    found = compared(tmp_path, THREE, misheard, [talk.heard for talk in THREE])
    assert found.referenced
    assert (found.errors_a.wer, found.errors_a.cer) == (0.0, 0.0)
    assert (found.errors_b.wer, found.errors_b.cer) == (0.125, 0.2)


def test_without_a_reference_the_words_of_a_are_it(tmp_path: Path) -> None:
    found = compared(tmp_path, THREE, (Talk("Where is the list?"), *THREE[1:]))
    assert (found.errors_b.wer, found.errors_b.cer) == (0.125, 0.0)
    assert found.pairs[0].errors_a is None


def test_what_was_said_and_heard_by_nobody_counts_against_both(tmp_path: Path) -> None:
    found = compared(tmp_path, THREE[:1], THREE[:1], ["Where is the lift?", "Thank you very much!"])
    assert [(pair.label, pair.reference) for pair in found.pairs] == [
        ("1", "Where is the lift?"),
        ("?", "Thank you very much!"),
    ]
    assert found.errors_a.word_errors == found.errors_b.word_errors == 4


def test_what_was_heard_and_never_said_counts_against_who_heard_it(tmp_path: Path) -> None:
    found = compared(tmp_path, THREE[:1], (THREE[0], Talk("bless you")), [THREE[0].heard])
    assert (found.errors_a.word_errors, found.errors_b.word_errors) == (0, 2)


def test_an_interrupted_answer_is_the_same_as_far_as_it_came(tmp_path: Path) -> None:
    whole, half = Talk("Hello?", "One. Two. Three."), Talk("Hello?", "One. Two.", cut=0.2)
    assert compared(tmp_path / "1", (whole,), (half,)).pairs[0].same_reply
    assert not compared(tmp_path / "2", (whole,), (Talk("Hello?", "One. Two."),)).pairs[0].same_reply
    assert not compared(tmp_path / "3", (whole,), (Talk("Hello?", "One. Four.", cut=0.2),)).pairs[0].same_reply


def test_an_answer_of_which_only_the_filler_was_heard_is_counted_and_named(tmp_path: Path) -> None:
    early = dataclasses.replace(THREE[0], filler="Well …", reply="", cut=0.1)
    found = compared(tmp_path, THREE, (early, THREE[1], dataclasses.replace(THREE[2], filler="Hm …", cut=0.4)))
    assert (found.a.cut_before_answer, found.b.cut_before_answer, found.b.interruptions) == (0, 1, 2)
    assert any("打断在回答出声之前 · interrupted before its first sound 0 → 1" in line for line in summary(found, None))
    assert any("→ 打断在回答出声之前 interrupted before its first sound" in line for line in details(found))
    assert "interrupted before its first sound</span>" in page(found)


def test_two_visits_in_one_recording_are_told_apart(tmp_path: Path) -> None:
    visit = Sample(tmp_path / "both", 60.0)
    for session, pause in (("v1", 0.0), ("v2", 30.0)):
        first = dataclasses.replace(THREE[0], pause=pause)
        one = record(tmp_path / session, first, THREE[1], session=session)
        for line in (one / "messages.jsonl").read_text().splitlines():
            fields = json.loads(line)
            visit.rows.append((fields["at"], fields["message"]))
    folder = visit.write()
    found = compare_folders(folder, folder)
    assert [pair.label for pair in found.pairs] == ["1.1", "1.2", "2.1", "2.2"]
    assert found.same


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    empty = Sample(tmp_path / "empty", 1.0).write()
    with pytest.raises(VisavisError) as caught:
        compare_folders(empty, empty)
    assert caught.value.code == "compare-empty"
    assert len(compare_folders(empty, record(tmp_path / "a", *THREE)).only_b) == 3


def test_the_json_is_complete_plain_and_stable(tmp_path: Path) -> None:
    a, b = read(record(tmp_path / "a", *THREE, greeting="Welcome!")), read(record(tmp_path / "b", *THREE[:2]))
    texts = [json.dumps(compare_recordings(a, b).to_json(), allow_nan=False) for _ in range(2)]
    assert texts[0] == texts[1]
    told = json.loads(texts[0])
    assert set(told) == {"format", "summary", "a", "b", "pairs", "greetings", "referenced", "verdict"}
    assert told["summary"]["only_a"] == ["3"]
    assert told["pairs"][0]["a"]["heard"] == THREE[0].heard
    assert told["pairs"][0]["errors_b"]["wer"] == 0.0
    assert "turn" not in told["pairs"][0]["a"]
    assert "line" not in told["pairs"][0]["a"]["lines"][0]
    assert told["greetings"][0]["b"] is None


def sentence(index: int, attempt: int, at: float, *, sounded: bool) -> Line:
    said = m.Sentence(session="v", index=index, text=f"{attempt}.{index}", language="en", attempt=attempt)
    return Line(said, at, begun=at + 1 if sounded else None)


def test_an_answer_is_that_of_the_attempt_that_was_adopted() -> None:
    lost = [sentence(0, 1, 1.0, sounded=False), sentence(1, 1, 1.1, sounded=False)]
    won = [sentence(0, 2, 1.2, sounded=True)]
    assert [line.sentence.text for line in adopted([*lost, *won])] == ["2.0"]


def test_an_answer_that_another_attempt_went_on_with_is_whole() -> None:
    died = [sentence(0, 1, 1.0, sounded=True)]
    went_on = [sentence(1, 2, 2.0, sounded=True), sentence(2, 2, 2.1, sounded=False)]
    assert [line.sentence.text for line in adopted([*went_on, *died])] == ["1.0", "2.1", "2.2"]
