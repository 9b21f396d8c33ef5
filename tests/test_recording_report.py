"""The report: one page that holds all it needs, whatever the recording says."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.errors import VisavisError
from pipeline.recording.reading import read
from pipeline.recording.report import page, write_report
from pipeline.recording.reporting import ogg, shell
from tests.recordings import write_visit
from tests.report_scene import write_rich

EVIL = "<script>alert('x')</script></script><img src=x onerror=alert(1)><!--\"'&"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with three turns, a greeting and a cough."""
    return write_visit(tmp_path_factory.mktemp("visit"))


@pytest.fixture(scope="module")
def html(visit: Path) -> str:
    """Its report."""
    return write_report(visit).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a visit in which everything happens."""
    return page(read(write_rich(tmp_path_factory.mktemp("rich"))))


class Tags(HTMLParser):
    """All elements of a page, and whether every one is closed."""

    VOID = ("meta", "path", "circle", "ellipse", "br", "link", "img", "input")

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


def numbers(html: str) -> Any:
    """What the page draws."""
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def sound(html: str, side: int = 0) -> bytes:
    """The file that the page plays."""
    pieces = re.findall(rf'<script type="text/plain" class="sound-{side}">(.*?)</script>', html)
    return base64.b64decode("".join(pieces))


def test_every_turn_is_a_card_with_its_picture_and_its_sound(html: str) -> None:
    tags = Tags(html)
    assert tags.open == []
    assert len(tags.of("article", "turn")) == 4
    assert len(tags.of("article", "aside")) == 1
    assert len(tags.of("div", "timeline")) == 3
    assert len(tags.of("button", "play")) == 7
    assert len(tags.of("svg", "portrait")) == 5
    assert len(numbers(html)["sides"][0]["turns"]) == 4


def test_ids_are_unique_and_links_lead_to_them(html: str) -> None:
    found = [attrs["id"] for _, attrs in Tags(html).found if "id" in attrs]
    assert len(found) == len(set(found))
    assert {attrs["href"] for attrs in Tags(html).of("a")} <= {f"#{name}" for name in found}


def test_the_page_asks_nobody_for_anything(html: str) -> None:
    own = html.replace("http://www.w3.org/2000/svg", "")  # a name, never fetched
    assert not re.search(r"https?:|@import|url\(|fetch\(|eval\(", own)
    for _, attrs in Tags(html).found:
        for name in ("src", "href", "data", "action"):
            assert (attrs.get(name) or "#").startswith("#")


def test_only_our_own_script_may_run(html: str) -> None:
    scripts = [
        attrs for attrs in Tags(html).of("script") if attrs.get("type") not in {"text/plain", "application/json"}
    ]
    assert scripts == [{}]
    script = html[html.index("<script>") + 8 :]
    digest = base64.b64encode(hashlib.sha256(script[: script.index("</script>")].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_text_of_a_recording_never_becomes_markup(tmp_path: Path, rich: str) -> None:
    folder = write_rich(tmp_path, words=EVIL, thought=EVIL)
    about = {
        "format": 2,
        "versions": {EVIL: EVIL},
        "config": {EVIL: EVIL},
        "config_name": EVIL,
        "title": EVIL,
        "began": EVIL,
    }
    (folder / "session.json").write_text(json.dumps(about), encoding="utf-8")
    timing = {"stage": EVIL, "engine": EVIL, "queued_ms": 0, "first_ms": 1, "total_ms": 1}
    (folder / "timings.jsonl").write_text(json.dumps(timing), encoding="utf-8")
    with (folder / "events.jsonl").open("a", encoding="utf-8") as events:
        events.write(json.dumps({"at": 5.0, "event": "timer", "session": EVIL, "key": EVIL}) + "\n")
    html = write_report(folder).read_text(encoding="utf-8")
    tags = Tags(html)
    assert tags.open == []
    assert len(tags.of("script")) == len(Tags(rich).of("script"))
    assert tags.of("img") == []
    assert not [attrs for _, attrs in tags.found if any(name.startswith("on") for name in attrs)]
    assert any("<script>" in note[2] for turn in numbers(html)["sides"][0]["turns"] for note in turn["notes"])


def test_what_is_heard_is_what_sounded_on_both_sides_at_its_time(html: str, visit: Path) -> None:
    heard, rate = soundfile.read(io.BytesIO(sound(html)), dtype="int16")
    assert rate == 24_000
    for name, since in (("avatar.flac", 3.71), ("visitor.flac", 10.0)):
        whole, own = soundfile.read(visit / name, dtype="int16")
        said = whole[round(since * own) : round((since + 1) * own)].astype(float)
        page_said = heard[round(since * rate) : round((since + 1) * rate)].astype(float)
        other = np.interp(np.linspace(0, len(said) - 1, len(page_said)), np.arange(len(said)), said)
        assert np.corrcoef(other, page_said)[0, 1] > 0.8


def test_the_sound_keeps_the_label_of_what_ai_made(visit: Path) -> None:
    said = read(visit).avatar
    field = '{"Label":"1","ContentProducer":"河畔博物馆"}'
    labelled = ogg.encoded(said, field)
    assert f"AIGC={field} ".encode() in labelled
    with soundfile.SoundFile(io.BytesIO(labelled)) as file:
        assert file.frames == len(said)
    assert b"AIGC" not in ogg.encoded(said, "")


def test_both_languages_stand_in_the_page_and_ai_is_named(html: str, rich: str) -> None:
    assert "AI 生成" in html
    assert "AI-generated" in html
    assert 'name="AIGC"' in html
    for text in (html, rich):
        chinese, english = (len(re.findall(f'<span lang="{language}">', text)) for language in ("zh", "en"))
        assert chinese == english > 40


def test_the_page_is_small_and_the_same_each_time(html: str, visit: Path) -> None:
    assert len(html) < 600_000
    assert page(read(visit)) == html


def test_a_card_says_what_the_filter_needs(rich: str) -> None:
    cards = Tags(rich).of("article")
    assert [(card.get("data-gap"), card["data-failed"], card["data-interrupted"]) for card in cards] == [
        ("1.500", "0", "1"), (None, "1", "0"), ("0.100", "0", "0"),
    ]  # fmt: skip
    assert numbers(rich)["slow"] == pytest.approx(1.43)  # between 0.1 and 1.5


def test_thoughts_dropped_answers_tokens_and_failures_are_told(rich: str) -> None:
    assert "4 thoughts" in rich
    assert "They ask for the lift. They ask for the lift. " in rich
    assert "Where is what?" in rich
    assert "1200→120" in rich
    assert "930 <span" in rich
    assert "<b>2,250</b>" in rich
    assert "cost 0.0033" in rich
    assert "No first sentence in 4 s." in rich


def test_what_was_cut_is_not_shown_as_heard(html: str) -> None:
    assert "同事马上为你<span" in html
    assert "<s>再开一个窗口。</s>" in html


def test_beyond_its_limit_the_page_names_the_file_instead(visit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "LONGEST", 5)
    text = page(read(visit))
    assert len(Tags(text).of("button", "play")) == 3
    assert "avatar.flac" in text
    assert soundfile.info(io.BytesIO(sound(text))).duration == pytest.approx(5)


def test_a_libsndfile_without_vorbis_gives_a_page_without_sound(visit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ogg, "written", lambda: False)
    text = page(read(visit))
    assert not sound(text)
    assert "avatar.flac" in text


def test_a_visit_without_sound_or_words_is_still_a_page(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("{}", encoding="utf-8")
    (tmp_path / "messages.jsonl").write_text("", encoding="utf-8")
    assert Tags(write_report(tmp_path).read_text(encoding="utf-8")).open == []


def spoil(name: str, content: bytes) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return harm


@pytest.mark.parametrize(
    ("harm", "where"),
    [
        (lambda folder: (folder / "session.json").unlink(), "session.json:1: it cannot be opened"),
        (spoil("messages.jsonl", b'{"at": 1, "mes\n'), "messages.jsonl:1: this is no JSON"),
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


def test_it_can_be_written_elsewhere(visit: Path, tmp_path: Path, html: str) -> None:
    out = tmp_path / "elsewhere.html"
    assert write_report(visit, out) == out
    assert out.read_text(encoding="utf-8") == html


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = write_visit(tmp_path)
    (folder / "report.html").mkdir()
    with pytest.raises(VisavisError) as caught:
        write_report(folder)
    assert caught.value.code == "report-unwritable"
