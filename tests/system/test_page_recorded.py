"""Whoever comes to a screen that records is told so, before and while it happens; and it is in nobody's way."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import SOUNDING, WELL, Tab, chromium, tab
from tests.fake_server import FakeServer, fake_server

pytestmark = pytest.mark.system

SIZES = [(1080, 1920), (1920, 1080), (1280, 720), (390, 844), (844, 390), (768, 1024)]
AROUND = ("#name", "#label", "#model", "#notice", "#language-button", "#invitation", "#captions", "#desk > *")
"""What must stay in sight beside it."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("recorded"), SOUNDING) as opened:
        yield opened


def told(server: FakeServer, **more: Any) -> None:
    """The server records."""
    server.welcome = {**server.welcome, "recorded": True, **more}


def crossing(opened: Tab) -> list[str]:
    """What the sentence lies on, of what can be seen."""
    script = """(selectors) => {
        const box = document.getElementById('recorded').getBoundingClientRect();
        const crosses = (one) => {
            const other = one.getBoundingClientRect();
            return other.width && getComputedStyle(one).visibility === 'visible'
                && other.left < box.right && box.left < other.right && other.top < box.bottom && box.top < other.bottom;
        };
        return selectors.flatMap((name) => [...document.querySelectorAll(name)].filter(crosses).map(() => name));
    }"""
    found: list[str] = opened.page.evaluate(script, list(AROUND))
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("notice", ["", "演示用的识别模型只认识演示里的句子：请点一个问题，或打字提问。"])
def test_it_is_read_in_both_languages_and_covers_nothing(
    browser: Browser, size: tuple[int, int], notice: str
) -> None:  # fmt: skip
    with fake_server() as server:
        told(server, notice={"zh": notice, "en": notice})
        with tab(browser, server.url, viewport={"width": size[0], "height": size[1]}) as opened:
            opened.until(WELL)
            assert opened.text("#recorded") == "本次对话会被录音 · This conversation is recorded"
            for _ in range(2):
                assert opened.seen("#recorded")
                assert crossing(opened) == []
                opened.accessible()
                server.say("session_started", session="s1", language="zh", mode="hands-free")
                opened.until("!state().visit.attract")


def test_a_screen_that_does_not_record_says_nothing_of_it(browser: Browser) -> None:
    with fake_server() as server, tab(browser, server.url) as opened:
        opened.until(WELL)
        assert not opened.page.locator("#recorded").is_visible()
