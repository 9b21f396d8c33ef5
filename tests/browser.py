"""Chromium, the kiosk page in it, and everything that page must never do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from pipeline.audio import Samples

QUIET = (
    "--no-sandbox", "--use-fake-device-for-media-stream", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run", "--host-resolver-rules=MAP kiosk.test 127.0.0.1",
)  # fmt: skip
SOUNDING = "--autoplay-policy=no-user-gesture-required"
HERTZ = 600.0
"""Of what the microphone hears: bursts, since a steady tone is taken for noise and removed."""
WELL = "state().link.state === 'open' && state().microphone.state === 'ok' && state().loudspeaker.state === 'ok'"


def bursts(seconds: float = 6.0, rate: int = 16_000) -> Samples:
    """A tone that comes and goes five times in two seconds."""
    times = np.arange(round(seconds * rate)) / rate
    on = (times * 2.5) % 1.0 < 0.5
    return np.asarray(np.sin(2 * np.pi * HERTZ * times) * 12_000 * on).astype(np.int16)


@contextmanager
def chromium(folder: Path, *flags: str) -> Iterator[Browser]:
    """A browser whose microphone hears `bursts`."""
    sound = folder / "microphone.wav"
    soundfile.write(sound, bursts(), 16_000, subtype="PCM_16")
    args = [*QUIET, *flags, f"--use-file-for-fake-audio-capture={sound}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=args)
        yield browser
        browser.close()


@dataclass
class Tab:
    """The kiosk page in a window."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    """Errors of the console, of scripts and of the content policy, and requests to other hosts."""

    def until(self, condition: str) -> Any:
        """Wait for a condition on `state()`; not by Playwright's own waiting, which the page's policy forbids."""
        script = """([condition, seconds]) => new Promise((done, fail) => {
            const late = performance.now() + 1000 * seconds;
            const look = () => {
                if (HOLDS()) done(window.visavis.state());
                else if (performance.now() > late) fail(new Error(condition + JSON.stringify(window.visavis?.state())));
                else setTimeout(look, 5);
            };
            look();
        })""".replace("HOLDS()", f"window.visavis && ((state) => ({condition}))(window.visavis.state)")
        return self.page.evaluate(script, [condition, 10])

    def state(self) -> Any:
        """What the page says of itself."""
        return self.page.evaluate("window.visavis.state()")

    def text(self, selector: str) -> str:
        """What is read there."""
        return self.page.locator(selector).inner_text()

    def seen(self, selector: str) -> bool:
        """Whether it is in sight, within the window."""
        box = self.page.locator(selector).bounding_box()
        size = self.page.viewport_size
        assert size
        return bool(box and box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= size["width"]
                    and box["y"] + box["height"] <= size["height"])  # fmt: skip

    def accessible(self) -> None:
        """No violation of WCAG 2.2 AA that axe-core knows."""
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(self.page, options={"runOnly": rules})
        assert found.violations_count == 0, found.generate_report()


@contextmanager
def tab(browser: Browser, url: str, *, microphone: bool = True, script: str = "", **options: Any) -> Iterator[Tab]:
    """The page, opened; at the end nothing must have gone wrong in it."""
    permissions = ["microphone"] if microphone else []
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, "permissions": permissions, **options})
    page = context.new_page()
    opened = Tab(page)
    page.on("pageerror", lambda error: opened.wrong.append(str(error)))
    page.on("console", lambda line: _heed(opened, line))
    page.on("request", lambda request: _note(opened, request.url, url))
    if script:
        page.add_init_script(script)
    try:
        page.goto(url)
        opened.until("state().link.state !== 'connecting' && (state().face.shown || state().link.state !== 'open')")
        yield opened
    finally:
        context.close()
    assert not opened.wrong, json.dumps(opened.wrong)


def _heed(opened: Tab, line: ConsoleMessage) -> None:
    # A header that means nothing where a page is not secure is reported as an error.
    if line.type == "error" and "Cross-Origin-Opener-Policy header has been ignored" not in line.text:
        opened.wrong.append(line.text)


def _note(opened: Tab, asked: str, url: str) -> None:
    parts = urlsplit(asked)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != urlsplit(url).netloc:
        opened.wrong.append(f"asked {asked}")
