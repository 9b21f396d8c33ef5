"""The kiosk page as it is opened: on a phone, by an address with wishes in it, with much or little to show."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import SOUNDING, WELL, chromium, tab
from tests.fake_server import ROOT, fake_server, tone

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("opening"), SOUNDING) as opened:
        yield opened


def test_in_captions_only_mode_nothing_sounds_and_all_is_reported(browser: Browser) -> None:
    with fake_server() as server, tab(browser, f"{server.url}?captions=only&lang=en") as opened:
        opened.until("state().loudspeaker.state === 'muted'")
        handle = server.play(tone(0.5), text="Welcome!", language="en")
        server.wait(lambda: server.played("ended"))
        assert opened.text("#captions") == "Welcome!"
        assert (server.played("started"), server.played("ended")) == ([(handle, 0)], [(handle, 12_000)])
        assert {"type": "control", "language": "en"} in server.heard
        opened.page.mouse.click(300, 300)
        opened.page.wait_for_selector("#captions-button")
        assert not opened.page.locator("#sound-button").is_visible()
        assert opened.page.locator("#captions-button").is_disabled()


def test_a_phone_has_no_space_bar_and_a_demo_says_what_it_is_before_it_listens(browser: Browser) -> None:
    notice = {
        "zh": "演示：声音不离开这台机器，回答来自知识库。",
        "en": "A demo: no sound leaves it, and all answers come from files.",
    }
    with fake_server() as server:
        server.welcome |= {"notice": notice, "mode": "push-to-talk"}
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
        with tab(browser, f"{server.url}?lang=en", **phone) as opened:
            assert opened.text("#invitation .zh") == "点一下屏幕，我们聊聊"
            server.say("session_started", session="s1", language="en", mode="push-to-talk")
            server.say("refused", code="screen-often", text="too many", about="typed")
            opened.until("state().codes.often === 'screen-often: too many'")
            line, card = (opened.page.locator(name).bounding_box() for name in ("#notice", ".notice"))
            assert line
            assert card
            assert line["y"] + line["height"] <= card["y"], "what must be read is not covered"
            assert "screen-often" not in opened.page.locator("body").inner_text()
            assert not opened.page.locator("#talk-hint").is_visible()
            opened.page.keyboard.press("Shift")
            assert opened.page.locator("#talk-hint").is_visible()


def test_the_token_goes_to_the_server_and_out_of_the_address(browser: Browser) -> None:
    with fake_server() as server, tab(browser, f"{server.url}?screen=hall#token=secret") as opened:
        server.wait(lambda: server.of("hello"))
        assert server.of("hello")[0]["token"] == "secret"  # noqa: S105  made up for this test
        assert opened.page.url == f"{server.url}?screen=hall"


def test_all_questions_that_fit_are_shown_while_one_talks(browser: Browser) -> None:
    questions = [f"What is shown in hall {number}?" for number in range(1, 7)]
    with fake_server() as server:
        server.welcome |= {"questions": {"zh": [], "en": questions}}
        with tab(browser, f"{server.url}?lang=en", viewport={"width": 1920, "height": 1080}) as opened:
            server.say("session_started", session="s1", language="en", mode="hands-free")
            opened.page.wait_for_selector("#talk")
            chips = [opened.page.get_by_role("button", name=name).bounding_box() for name in questions]
            below = opened.page.locator("#composer").bounding_box()
            assert below
            assert [bool(chip and chip["y"] + chip["height"] <= below["y"]) for chip in chips] == [True] * 6


def test_the_first_load_is_small(browser: Browser) -> None:
    with fake_server() as server, tab(browser, server.url) as opened:
        opened.until(WELL)
        files = [path for path in server.sizes if "/face/" not in path and not path.startswith("/avatars/")]
        assert sum(server.sizes[path] for path in files) <= 120_000
        assert sum(server.sizes.values()) <= 500_000


def test_the_first_load_asks_for_all_modules_at_once() -> None:
    page = (ROOT / "avatars" / "kiosk" / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'"modulepreload" href="(kiosk/[\w./-]+)"', page)
    files = sorted(file.name for file in (ROOT / "avatars" / "kiosk").glob("*.js"))
    own = [name for name in files if not name.endswith("-worklet.js") and name not in {"main.js", "sheet.js"}]
    assert [name for name in named if not (ROOT / "avatars" / name).is_file()] == []
    assert sorted(name for name in named if "/face/" not in name) == [f"kiosk/{name}" for name in own]
