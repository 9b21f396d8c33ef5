"""Parts of the page with a clock of the test's own: what they promise of time holds whatever the machine is doing."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.fake_server import fake_server

pytestmark = pytest.mark.system

CLOCK = """
async (run) => {
  const now = performance.now.bind(performance);
  const every = globalThis.setInterval;
  const ticks = [];
  const clock = { at: 1000, tick: () => ticks.forEach((one) => one()) };
  const modules = {};
  for (const name of ['playback', 'presence', 'watchdog', 'attract', 'words']) {
    modules[name] = await import(`/kiosk/${name}.js`);
  }
  performance.now = () => clock.at;
  globalThis.setInterval = (what) => ticks.push(what);
  try {
    return new Function('clock', 'modules', run)(clock, modules);
  } finally {
    performance.now = now;
    globalThis.setInterval = every;
  }
}
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("modules")) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with fake_server() as server:
        context = browser.new_context(bypass_csp=True)  # the test's own scripts are none of the page's
        opened = context.new_page()
        opened.goto(server.url)
        yield opened
        context.close()


def run(page: Page, script: str) -> Any:
    """Run a script that has `clock` (milliseconds in `at`) and the page's `modules`."""
    return page.evaluate(CLOCK, script)


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_progress_is_reported_at_least_five_times_a_second(page: Page, fps: int) -> None:
    script = f"""
      const told = [];
      const playback = new modules.playback.Playback((report) => told.push(report));
      const header = {{ handle: 1, cause: 'c', part: 0, start: 0, last: true, text: '', language: 'zh', origin: '' }};
      playback.order(header, new Int16Array(72000));
      playback.began({{ handle: 1, frame: 0, sample: 0 }});
      for (let frame = 0; frame <= 3 * {fps} + 1; frame += 1) {{
        clock.at = 1000 + (frame * 1000) / {fps};
        playback.update((frame * 24000) / {fps});
      }}
      return told;
    """
    told = run(page, script)
    places = [one["sample"] for one in told if one["state"] in {"started", "progress"}]
    assert told[0] == {"handle": 1, "sample": 0, "state": "started"}
    assert told[-1] == {"handle": 1, "sample": 72000, "state": "ended"}
    gaps = [later - earlier for earlier, later in zip(places, [*places[1:], 72000], strict=True)]
    assert max(gaps) <= 24_000 / 5


def test_nobody_counts_as_there_after_a_minute_and_a_half_without_a_sign(page: Page) -> None:
    script = """
      const presence = new modules.presence.Presence();
      presence.seen();
      const found = [presence.present];
      for (const at of [60000, 85000]) { clock.at = 1000 + at; clock.tick(); found.push(presence.present); }
      presence.busy();
      clock.at = 1000 + 120000; clock.tick(); found.push(presence.present);
      clock.at = 1000 + 180000; clock.tick(); found.push(presence.present);
      return found;
    """
    assert run(page, script) == [True, True, True, True, False]


def watched(wear: str, *, calm: str = "true") -> str:
    """What a watchdog says it reloads for, after `wear`."""
    return f"""
      const said = [];
      globalThis.fetch = () => {{ said.push('reload'); return new Promise(() => {{}}); }};
      const dog = new modules.watchdog.Watchdog({{
        calm: () => {calm}, memory: () => clock.memory ?? 0, log: (text) => said.push(text) }});
      dog.linked();
      {wear}
      return said;
    """


STUCK = "for (let t = 0; t < 5; t += 1) { clock.at += 5000; dog.look(); }"


@pytest.mark.parametrize(
    ("wear", "calm", "reloads"),
    [
        (STUCK, "true", 1),
        (STUCK, "false", 0),
        (STUCK.replace("dog.look()", "dog.frame(); dog.look()"), "true", 0),
        ("clock.at += 3600000; dog.look();", "true", 0),
        ("dog.unlinked(); for (let t = 0; t < 130; t += 1) { clock.at += 5000; dog.frame(); dog.look(); }", "true", 1),
        ("clock.memory = 500; dog.look();", "true", 1),
    ],
    ids=["no frames", "no frames, but somebody is there", "frames", "the machine slept", "no server", "memory"],
)
def test_a_page_that_is_stuck_or_fat_is_loaded_anew_when_nobody_is_there(
    page: Page, wear: str, calm: str, reloads: int
) -> None:
    assert run(page, watched(wear, calm=calm)) == ["reload"] * reloads


def test_after_ten_minutes_alone_she_falls_asleep_and_wakes_when_somebody_comes(page: Page) -> None:
    script = """
      const box = document.createElement('div');
      for (const name of ['zh', 'en']) box.append(Object.assign(document.createElement('p'), { className: name }));
      const words = new modules.words.Words();
      words.values = { wake: '小河你好' };
      const attract = new modules.attract.Attract(box, words);
      attract.invite('inviteWake');
      const found = [box.textContent, attract.asleep];
      clock.at += 601000; found.push(attract.asleep);
      attract.show(false); found.push(attract.asleep);
      return found;
    """
    said, *asleep = run(page, script)
    assert "小河你好" in said
    assert "Say" in said
    assert asleep == [False, True, False]
