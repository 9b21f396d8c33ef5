"""Captions: ordered, apart, long enough; and read back by webvtt-py and srt, which nobody here wrote."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from pipeline.recording.exporting.captions import LEAST, Caption, arranged, captions, srt, vtt
from pipeline.recording.exporting.take import Spoken, Take, take
from pipeline.recording.reading import read
from tests.recordings import write_visit

subrip: Any = pytest.importorskip("srt")
TIMES = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 2000)), max_size=20)


def caption(start: int, length: int, number: int = 0) -> Caption:
    return Caption(start, start + length, "avatar", "en", (str(number),))


def spoken(text: str, start: float = 0.0, end: float = 4.0) -> Take:
    return Take(0.0, end, (Spoken("avatar", "en", text, start, end, ((0, start), (len(text), end))),), ())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[Caption]:
    return captions(take(read(write_visit(tmp_path_factory.mktemp("visit"))), None))


@given(TIMES)
def test_captions_of_one_speaker_never_overlap_and_none_is_empty(times: list[tuple[int, int]]) -> None:
    done = arranged([caption(*time) for time in times], "avatar")
    assert len(done) == len(times)
    assert all(one.start < one.end for one in done)
    assert all(before.end <= after.start for before, after in pairwise(done))


@given(TIMES)
def test_a_caption_lasts_three_tenths_of_a_second_where_the_next_leaves_room(times: list[tuple[int, int]]) -> None:
    done = arranged([caption(*time) for time in times], "avatar")
    for before, after in pairwise(done):
        assert before.end - before.start >= LEAST or before.end == after.start
    assert not done or done[-1].end - done[-1].start >= LEAST


def test_a_barge_in_may_overlap_what_it_interrupts() -> None:
    avatar = Spoken("avatar", "en", "I will tell you—", 0.0, 3.0, ((0, 0.0), (16, 3.0)))
    visitor = Spoken("visitor", "en", "Stop!", 2.5, 3.5, ((0, 2.5), (5, 3.5)))
    first, second = captions(Take(0.0, 4.0, (avatar, visitor), ()))
    assert (first.end, second.start) == (3000, 2500)


def test_a_long_sentence_becomes_captions_of_two_lines_that_change_with_the_words() -> None:
    text = "word " * 40
    found = captions(spoken(text.strip(), 0.0, 20.0))
    assert all(len(one.lines) <= 2 and all(len(line) <= 42 for line in one.lines) for one in found)
    assert " ".join(line for one in found for line in one.lines) == text.strip()
    assert [one.start for one in found[1:]] == pytest.approx([8_000, 16_000], abs=700)


def test_the_turns_own_clock_begins_with_the_turn() -> None:
    text = "Hello."
    one = Spoken("avatar", "en", text, 12.0, 13.0, ((0, 12.0), (6, 13.0)))
    (found,) = captions(Take(11.5, 2.0, (one,), ()))
    assert (found.start, found.end) == (500, 1500)


def test_webvtt_reads_the_same_times_texts_and_voices(shown: list[Caption], tmp_path: Path) -> None:
    path = tmp_path / "visit.vtt"
    path.write_text(vtt(shown), encoding="utf-8")
    found = webvtt.read(str(path)).captions
    assert [one.text for one in found] == ["\n".join(one.lines) for one in shown]
    assert [one.voice for one in found] == [one.speaker.capitalize() for one in shown]
    assert [round(one.start_in_seconds * 1000 + one.start_time.milliseconds) for one in found] == [
        one.start for one in shown
    ]


def test_subrip_reads_the_same_times_and_texts(shown: list[Caption]) -> None:
    found = list(subrip.parse(srt(shown)))
    assert [round(one.start.total_seconds() * 1000) for one in found] == [one.start for one in shown]
    assert [round(one.end.total_seconds() * 1000) for one in found] == [one.end for one in shown]
    assert [one.content.removeprefix("<i>").removesuffix("</i>") for one in found] == [
        "\n".join(one.lines) for one in shown
    ]
    assert [one.content.startswith("<i>") for one in found] == [one.speaker == "visitor" for one in shown]


@given(st.text(st.sampled_from("ab<>&-/ \n\r\t{\\}\0;\u2028你"), min_size=1, max_size=60))
def test_no_text_breaks_a_file_open(text: str) -> None:
    shown = [*captions(spoken(text)), Caption(9000, 9500, "visitor", "zh", ("完",))]
    page = vtt(shown)
    assert page.count("-->") == len(shown)
    assert len(webvtt.from_buffer(io.StringIO(page)).captions) == len(shown)
    assert len(list(subrip.parse(srt(shown)))) == len(shown)


def test_signs_of_markup_are_escaped_in_webvtt_and_replaced_in_subrip() -> None:
    shown = captions(spoken("1 < 2 & <b>3</b> --> 4"))
    assert "1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt; --&gt; 4" in vtt(shown)
    assert "1 ‹ 2 & ‹b›3‹/b› → 4" in srt(shown)


def test_webvtt_says_the_language(shown: list[Caption]) -> None:
    page = vtt(shown)
    assert "<v Visitor><lang zh>太过分了" in page
    assert "<v Avatar><lang en>Welcome!" in page


def test_hours_are_written() -> None:
    late = [Caption(3_723_004, 3_724_000, "avatar", "en", ("x",))]
    assert "01:02:03.004 --> 01:02:04.000" in vtt(late)
    assert "01:02:03,004 --> 01:02:04,000" in srt(late)
