"""The report in a real browser: it is seen, heard from any moment, filtered, printed, and an hour of it opens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Page

from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.report import write_report
from pipeline.recording.report_comparison import write_comparison
from tests.browser import SOUNDING, chromium
from tests.report_scene import write_hour, write_rich

pytestmark = pytest.mark.system

HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script></script><b id=harm>lift</b>'
WIDE, NARROW = {"width": 1600, "height": 1000}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser"), SOUNDING) as opened:
        yield opened


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A visit in which everything happens, said by somebody who wishes no good."""
    return write_report(write_rich(tmp_path_factory.mktemp("rich"), words=HOSTILE, thought=HOSTILE))


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """520 turns in more than an hour."""
    return write_report(write_hour(tmp_path_factory.mktemp("hour")))


@contextmanager
def opened(browser: Browser, path: Path, address: str = "#en", **options: Any) -> Iterator[Page]:
    """The page; nothing may go wrong in it, and it may ask for nothing."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page, wrong = context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    try:
        page.goto(f"file://{path}{address}")
        yield page
    finally:
        context.close()
    assert not wrong, json.dumps(wrong)


def until(page: Page, condition: str) -> Any:
    """Wait for a condition in the page, frame by frame; its value."""
    return page.evaluate(f"""new Promise((done, fail) => {{
        const late = performance.now() + 15000;
        const look = () => {{
            const found = {condition};
            if (found) done(found);
            else if (performance.now() > late) fail(new Error("never"));
            else requestAnimationFrame(look);
        }};
        look();
    }})""")


def timeline(page: Page, number: int) -> FloatRect:
    """Where a turn's picture is, drawn and in sight."""
    page.locator("article").nth(number).scroll_into_view_if_needed()
    until(page, f"document.querySelectorAll('article')[{number}].querySelector('.timeline .track')")
    track = page.locator("article").nth(number).locator(".timeline .track").first
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box
    return box


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_fits_and_no_label_lies_on_another(browser: Browser, rich: Path, size: Any, scheme: Any) -> None:
    with opened(browser, rich, "#both", viewport=size, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        for number in range(3):
            timeline(page, number)
            assert page.evaluate("""(number) => {
                const over = document.querySelectorAll('article')[number].querySelector('.over');
                const labels = [...over.querySelectorAll('.mark b:not([hidden])')];
                const boxes = labels.map((label) => label.getBoundingClientRect());
                boxes.sort((one, other) => one.left - other.left);
                return boxes.every((box, at) => !at || box.left >= boxes[at - 1].right);
            }""", number)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_breaks_no_rule_of_accessibility(browser: Browser, rich: Path, scheme: Any) -> None:
    with opened(browser, rich, "#both", color_scheme=scheme, bypass_csp=True) as page:
        timeline(page, 0)
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(page, options={"runOnly": rules})
        assert found.violations_count == 0, found.generate_report()


def test_what_was_said_stays_text(browser: Browser, rich: Path) -> None:
    with opened(browser, rich) as page:
        timeline(page, 0)
        timeline(page, 2)
        assert page.locator("article q").first.inner_text() == HOSTILE
        assert page.evaluate("window.harmed === undefined && !document.querySelector('#harm, article img')")


def test_a_click_is_heard_from_there_and_the_face_moves_with_it(browser: Browser, rich: Path) -> None:
    with opened(browser, rich) as page:
        box = timeline(page, 0)
        start, end = page.evaluate("sides[0].turns[0].span")
        still = page.evaluate("document.querySelector('.player .lips').getAttribute('d')")
        wanted = 4.7
        page.mouse.click(box["x"] + box["width"] * (wanted * 1000 - start) / (end - start), box["y"] + 5)
        until(page, "!sides[0].audio.paused && sides[0].audio.currentTime > 0")
        assert wanted - 0.05 <= page.evaluate("sides[0].audio.currentTime") < wanted + 1
        for face in (".player", "article"):
            until(page, f"document.querySelector('{face} .lips').getAttribute('d') !== '{still}'")
        until(page, "document.querySelector('.timeline.playing .head')?.offsetHeight > 100")
        page.keyboard.press(" ")
        until(page, "sides[0].audio.paused")
        at = page.evaluate("sides[0].audio.currentTime")
        page.keyboard.press(" ")
        until(page, f"!sides[0].audio.paused && sides[0].audio.currentTime > {at}")


@pytest.mark.parametrize("place", ["article .play", ".visit", ".switch button", "summary", ".player input"])
def test_the_keys_steer_wherever_the_focus_is(browser: Browser, rich: Path, place: str) -> None:
    with opened(browser, rich) as page:
        page.locator(place).first.click()
        page.evaluate("player.from(0, 8_000)")
        until(page, "!sides[0].audio.paused && player.now > 8_100")
        page.keyboard.press(" ")
        until(page, "sides[0].audio.paused")
        at = page.evaluate("player.now")
        assert 8_100 <= at < 20_000
        page.keyboard.press("ArrowRight")
        assert page.evaluate("player.now") == pytest.approx(at + 5000, abs=1)
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("player.now") == pytest.approx(at, abs=1)
        page.keyboard.press(" ")
        until(page, f"!sides[0].audio.paused && player.now > {at}")


def test_enter_still_presses_a_button_and_a_field_keeps_its_keys(browser: Browser, rich: Path) -> None:
    with opened(browser, rich) as page:
        page.locator("article .play").first.focus()
        page.keyboard.press("Enter")
        until(page, "!sides[0].audio.paused && player.until !== null")
        page.keyboard.press(" ")
        until(page, "sides[0].audio.paused")
        at = page.evaluate("player.now")
        page.locator("input[name=q]").focus()
        page.keyboard.type("a b")
        page.keyboard.press("ArrowLeft")
        assert page.locator("input[name=q]").input_value() == "a b"
        assert page.evaluate("sides[0].audio.paused && player.now") == at


def test_it_plays_on_over_turns_and_a_button_stops_at_its_end(browser: Browser, rich: Path) -> None:
    with opened(browser, rich) as page:
        page.evaluate("player.from(0, 15_000)")
        until(page, "sides[0].audio.currentTime > 15.2 && player.shown.length === 0 || player.shown.length > 0")
        page.evaluate("player.from(0, 19_700)")
        until(page, "player.shown.includes(sides[0].turns[2])")
        page.locator("article").nth(2).locator(".play").click()
        until(page, "!sides[0].audio.paused")
        page.evaluate("player.audio.currentTime = player.until / 1000 - 0.1")
        until(page, "sides[0].audio.paused")
        assert page.evaluate("player.now") < 23_500


def test_the_face_shows_what_the_cues_say_at_that_moment(browser: Browser, rich: Path) -> None:
    with opened(browser, rich) as page:
        heights = page.evaluate("""() => {
            const turn = sides[0].turns[0];
            const open = turn.mouth.find(([shape]) => mouths[shape]?.[0] === "aa");
            const height = (at) => {
                player.face.at(at, turn.mouth);
                return Number(player.face.lips.getAttribute("d").match(/Q50 \\S+ \\S+ \\S+Q50 (\\S+)/)[1]);
            };
            return [height(null), height(open[2])];
        }""")
        assert heights[1] > heights[0] + 5


@pytest.mark.parametrize(
    ("show", "shown"), [("slow", "1 / 3"), ("failed", "1 / 3"), ("interrupted", "1 / 3"), ("all", "3 / 3")]
)
def test_turns_are_filtered_by_key_and_the_address_keeps_it(
    browser: Browser, rich: Path, show: str, shown: str
) -> None:
    with opened(browser, rich) as page:
        page.locator("input[value=all]").focus()
        for _ in range(["all", "slow", "failed", "interrupted"].index(show)):
            page.keyboard.press("ArrowRight")
        assert page.locator("output").inner_text() == shown
        assert page.locator("article:visible").count() == int(shown[0])
        address = page.evaluate("location.hash")
    with opened(browser, rich, address) as page:
        assert page.locator("output").inner_text() == shown


def test_a_typed_threshold_and_words_narrow_it_down(browser: Browser, rich: Path) -> None:
    with opened(browser, rich, "#show=slow") as page:
        page.locator("input[name=over]").fill("0.05")
        assert page.locator("output").inner_text() == "2 / 3"
        page.locator("input[name=q]").fill("LIFT?")
        assert page.locator("output").inner_text() == "1 / 3"
        assert page.evaluate("location.hash") == "#show=slow&over=0.05&q=LIFT%3F"
        page.locator("input[name=q]").fill("nobody said this")
        assert page.locator(".none").is_visible()


def test_it_prints_whole_in_light_without_controls(browser: Browser, rich: Path) -> None:
    with opened(browser, rich, color_scheme="dark") as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.evaluate("[...document.querySelectorAll('.timeline')].every((box) => box.querySelector('.wave'))")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('article')).breakInside") == "avoid"
        for control in (".player", ".filter", ".switch"):
            assert not page.locator(control).is_visible()
        assert page.pdf().startswith(b"%PDF")


def test_both_languages_and_each_alone(browser: Browser, rich: Path) -> None:
    with opened(browser, rich, "#show=failed") as page:
        for language, text in (("zh", "第 2 轮"), ("en", "Turn 2"), ("both", "第 2 轮 Turn 2")):
            page.locator(f"[data-to={language}]").click()
            assert page.locator("article:visible h2").inner_text().replace("\u00a0", " ") in {
                text,
                text.replace(" T", "T"),
            }
        assert "show=failed" in page.evaluate("location.hash")


def test_an_hour_opens_and_draws_only_what_is_near(browser: Browser, hour: Path) -> None:
    with opened(browser, hour) as page:
        until(page, "document.querySelector('.timeline .track')")
        assert page.locator("output").inner_text() == "520 / 520"
        assert page.evaluate("document.querySelectorAll('.timeline > .over').length") < 12
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        until(page, "document.querySelectorAll('article')[519].querySelector('.timeline .track')")
        until(page, "!document.querySelector('.timeline').firstChild")
        page.evaluate("player.from(0, 3_600_000)")
        until(page, "!sides[0].audio.paused && sides[0].audio.currentTime > 3600.2")
        assert page.evaluate("sides[0].audio.duration") > 3600
        page.locator("input[value=failed]").focus()
        page.keyboard.press(" ")
        assert page.locator("output").inner_text() == "20 / 520"


def test_a_comparison_is_heard_on_either_side(browser: Browser, tmp_path: Path) -> None:
    a, b = write_rich(tmp_path / "a"), write_rich(tmp_path / "b", words="Where is the gift?")
    write_comparison(compare_folders(a, b), tmp_path / "comparison.html")
    with opened(browser, tmp_path / "comparison.html") as page:
        assert page.locator("mark").all_inner_texts() == ["lift", "gift"]
        for number in (1, 0):
            page.locator(f".side[data-side='{number}'] .play").first.click()
            until(page, f"!sides[{number}].audio.paused && sides[{number}].audio.currentTime > 1")
            assert page.evaluate(f"sides[{1 - number}].audio.paused")
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator(".tiles summary").click()
        assert page.evaluate("(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) => "
                             "scrollWidth <= clientWidth && scrollHeight <= clientHeight)"
                             "(document.querySelector('.tiles pre'))")  # fmt: skip
        page.locator("input[value=changed]").focus()
        page.keyboard.press(" ")
        assert page.locator("output").inner_text() == "1 / 3"
