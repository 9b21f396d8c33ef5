"""The report: one page that holds all it needs, whatever the recording says."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.envelope import Pose
from pipeline.errors import VisavisError
from pipeline.recording import report_parts
from pipeline.recording.reading import read
from pipeline.recording.report import page, write_report
from pipeline.recording.report_card import merged
from pipeline.recording.report_turns import Turn, Visit
from tests.recordings import write_visit

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with three turns, a greeting and a cough."""
    return write_visit(tmp_path_factory.mktemp("visit"))


@pytest.fixture(scope="module")
def html(visit: Path) -> str:
    """Its report."""
    return write_report(visit).read_text(encoding="utf-8")


class Tags(HTMLParser):
    """All elements of a page, and whether every one is closed."""

    VOID = ("meta", "path", "polygon", "circle", "br", "link", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return [
            attrs for name, attrs in self.found if name == tag and kind in ["", *(attrs.get("class") or "").split()]
        ]


def turns(visit: Path) -> list[Turn]:
    return Visit(read(visit).rows).turns


def test_every_turn_is_a_card_with_its_picture_and_its_sound(html: str) -> None:
    tags = Tags(html)
    assert tags.open == []
    assert len(tags.of("article", "turn")) == 4
    assert len(tags.of("article", "aside")) == 1
    assert len(tags.of("div", "timeline")) == 3
    assert len(tags.of("audio")) == 7
    assert len(tags.of("p", "cough")) == 1
    assert len(tags.of("i", "dropped")) >= 1
    assert len(tags.of("polygon", "m-lips")) > 3


def test_ids_are_unique_and_links_lead_to_them(html: str) -> None:
    found = [attrs["id"] for _, attrs in Tags(html).found if "id" in attrs]
    assert len(found) == len(set(found))
    assert {attrs["href"] for attrs in Tags(html).of("a")} <= {f"#{name}" for name in found}


def test_the_page_asks_nobody_for_anything(html: str) -> None:
    assert not re.search(
        r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", html).replace("'use strict'", "")
    )
    for _, attrs in Tags(html).found:
        for name in ("src", "href", "data", "action"):
            assert (attrs.get(name) or "#").startswith(("#", "data:"))


def test_only_our_own_script_may_run(html: str) -> None:
    tags = Tags(html)
    assert len(tags.of("script")) == 1
    script = html[html.index("<script>") + 8 : html.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_text_of_a_recording_never_becomes_markup(tmp_path: Path) -> None:
    folder = write_visit(tmp_path, first_words=EVIL)
    about = {"versions": {EVIL: EVIL}, "config": EVIL}
    (folder / "session.json").write_text(json.dumps(about), encoding="utf-8")
    timing = {"stage": EVIL, "engine": EVIL, "queued_ms": 0, "first_ms": 1, "total_ms": 1}
    (folder / "timings.jsonl").write_text(json.dumps(timing), encoding="utf-8")
    tags = Tags(write_report(folder).read_text(encoding="utf-8"))
    assert tags.open == []
    assert len(tags.of("script")) == 1
    assert tags.of("img") == []
    assert not [attrs for _, attrs in tags.found if any(name.startswith("on") for name in attrs)]


def test_the_answer_to_listen_to_is_what_sounded(html: str, visit: Path) -> None:
    sounds = [attrs for attrs in Tags(html).of("audio") if "avatar" not in (attrs["aria-label"] or "")]
    for attrs in sounds:
        data, rate = soundfile.read(io.BytesIO(base64.b64decode((attrs["src"] or "").split(",")[1])), dtype="int16")
        name = "visitor.flac" if "visitor" in (attrs["aria-label"] or "") else "avatar.flac"
        whole, _ = soundfile.read(visit / name, dtype="int16")
        first = round(float(attrs["data-start"] or 0) * rate)
        assert np.array_equal(data, whole[first : first + len(data)])


def test_both_languages_stand_in_the_page_and_ai_is_named(html: str) -> None:
    assert "AI 生成" in html
    assert "AI-generated" in html
    assert 'name="AIGC"' in html
    chinese, english = (len(re.findall(f'<span lang="{language}">', html)) for language in ("zh", "en"))
    assert chinese == english > 40


def test_the_page_is_small_and_the_same_each_time(html: str, visit: Path) -> None:
    assert len(html) < 1_500_000
    assert page(read(visit)) == html


def test_turns_tell_what_was_felt_and_waited(visit: Path) -> None:
    hello, first, second, third = turns(visit)
    assert (hello.number, hello.answered, hello.ended) == (0, False, None)
    assert [turn.answered for turn in (first, second, third)] == [True] * 3
    assert first.speech_end == pytest.approx(3.1)
    assert first.first_sound == pytest.approx(3.71)
    assert max(first.revisions) == 2
    assert [bar.lane for bar in first.bars() if bar.dropped] == ["transcript"]
    assert {bar.lane for bar in first.bars()} == {"transcript", "emotion", "reply", "speech", "cues"}


def test_what_was_cut_is_not_shown_as_heard(visit: Path, html: str) -> None:
    line = turns(visit)[2].lines[1]
    assert line.cut is not None
    heard = line.sentence.text[: line.heard_characters()]
    assert heard == "同事马上为你"
    assert f"{heard}<span" in html
    assert "<s>再开一个窗口。</s>" in html
    assert all(pose.start < line.cut for pose in line.poses("visemes"))


def test_a_pose_that_goes_on_in_the_next_part_is_one() -> None:
    poses = [Pose(name=name, start=at, attack=at, release=at + 5, end=at + 10) for name, at in
             [("happy", 0), ("blink", 4), ("happy", 9), ("happy", 30)]]  # fmt: skip
    assert merged(poses) == [("happy", 0, 19), ("blink", 4, 14), ("happy", 30, 40)]


def test_each_answer_has_a_face_that_can_move(html: str) -> None:
    faces = Tags(html).of("svg", "portrait")
    assert len(faces) == 4
    shapes = json.loads(faces[1]["data-shapes"] or "")
    assert {shape[5] for shape in shapes} >= {"PP", "aa", "blink"}
    assert all(start <= attack <= release <= end for start, attack, release, end, _, _ in shapes)
    assert shapes[0][0] == pytest.approx(3.71)
    assert float(faces[1]["data-smile"] or 0) > 0 > float(faces[2]["data-smile"] or 0)


def test_a_line_that_never_sounded_was_not_heard(visit: Path) -> None:
    line = turns(visit)[1].lines[0]
    line.begun, line.cut = None, 0
    assert line.heard_characters() == 0


def test_beyond_its_limit_the_page_names_the_file_instead(visit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_parts, "LONGEST", 5)
    text = page(read(visit))
    assert len(Tags(text).of("audio")) == 2
    assert "avatar.flac" in text


def test_a_visit_without_sound_or_words_is_still_a_page(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("{}", encoding="utf-8")
    (tmp_path / "messages.jsonl").write_text("", encoding="utf-8")
    assert Tags(write_report(tmp_path).read_text(encoding="utf-8")).open == []


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return harm


GOOD_LINE = b'{"at": 1, "message": {"kind": "SpeechDropped", "at_sample": 1, "voiced_ms": 2}}\n'


@pytest.mark.parametrize(
    ("harm", "where"),
    [
        (lambda folder: (folder / "session.json").unlink(), "session.json:1: it cannot be opened"),
        (lambda folder: (folder / "messages.jsonl").unlink(), "messages.jsonl:1: it cannot be opened"),
        (spoil("session.json", b"[]"), "session.json:1: it is no JSON object"),
        (spoil("messages.jsonl", b"\xff\n"), "messages.jsonl:1: it is not UTF-8"),
        (spoil("messages.jsonl", GOOD_LINE + b'{"at": 1, "mes\n'), "messages.jsonl:2: this is no JSON"),
        (spoil("messages.jsonl", GOOD_LINE + b"7\n"), "messages.jsonl:2: the line is no JSON object"),
        (spoil("messages.jsonl", GOOD_LINE + b'{"at": 1}'), "messages.jsonl:2: 'at', 'message'"),
        (
            spoil("messages.jsonl", GOOD_LINE + b'{"at": 1, "message": {"kind": "Nonsense"}}'),
            "messages.jsonl:2: a message",
        ),
        (spoil("messages.jsonl", b'{"at": "x", "message": {"kind": "Typed", "text": "a"}}'), "messages.jsonl:1: 'at'"),
        (spoil("timings.jsonl", b'{"stage": "reply"}'), "timings.jsonl:1: a timing needs"),
        (spoil("avatar.flac", b"no sound"), "avatar.flac:1: it is no sound"),
        (lambda folder: soundfile.write(folder / "avatar.flac", np.zeros(9), 8000), "avatar.flac:1: it has 8000 Hz"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_and_line(
    tmp_path: Path, harm: Callable[[Path], None], where: str
) -> None:
    harm(write_visit(tmp_path))
    with pytest.raises(VisavisError) as caught:
        write_report(tmp_path)
    assert caught.value.code == "recording-unreadable"
    assert where in caught.value.text


def test_a_page_that_cannot_be_written_is_told(visit: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    write_visit(folder)
    (folder / "report.html").mkdir()
    with pytest.raises(VisavisError) as caught:
        write_report(folder)
    assert caught.value.code == "report-unwritable"
    assert visit.exists()
