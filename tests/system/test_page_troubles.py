"""What the kiosk page does, and says in plain words, when something is wrong: devices, permissions, the server."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser import Tab, chromium, tab
from tests.fake_server import FakeServer, fake_server, tone

pytestmark = pytest.mark.system

UNPLUGGED = """
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.plug = { streams: [], out: false };
    navigator.mediaDevices.getUserMedia = async (wishes) => {
        if (window.plug.out) throw new DOMException('unplugged', 'NotFoundError');
        const stream = await ask(wishes);
        window.plug.streams.push(stream);
        return stream;
    };
    window.unplug = () => {
        window.plug.out = true;
        const [track] = window.plug.streams.at(-1).getTracks();
        track.stop();
        track.dispatchEvent(new Event('ended'));
    };
    window.plugIn = () => {
        window.plug.out = false;
        navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    };
"""

WAITING = """
    let touched = false;
    window.addEventListener('pointerdown', () => { touched = true; }, true);
    window.AudioContext = class extends AudioContext {
        constructor(wishes) {
            super(wishes);
            if (!touched) this.suspend();
        }
        resume() {
            return touched ? super.resume() : new Promise(() => {});
        }
    };
"""
"""As a browser with a window is; one that is driven takes every look into a page for a touch."""
NO_OUTPUT = """
    let [count, media] = [1, navigator.mediaDevices];
    media.enumerateDevices = async () => Array(count).fill({ kind: 'audiooutput' });
    window.outputs = (now) => {
        count = now;
        media.dispatchEvent(new Event('devicechange'));
    };
"""
HURRIED = """
    const [now, every] = [performance.now.bind(performance), window.setInterval.bind(window)];
    performance.now = () => 8 * now();
    window.setInterval = (work, milliseconds) => every(work, milliseconds / 8);
"""
"""A clock that runs eight times as fast."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("troubles")) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as running:
        yield running


def notice(opened: Tab, key: str) -> str:
    """The words of a notice, once it is shown; and everybody can read it."""
    opened.until(f"state().notices.includes('{key}')")
    opened.accessible()
    assert opened.seen("#label"), "the label is always in view"
    return opened.text(f"[data-key={key}]")


def touch(opened: Tab) -> None:
    """A finger somewhere on the glass."""
    opened.page.mouse.click(300, 300)


def test_where_sound_waits_for_a_touch_it_is_said_and_the_touch_mends_it(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url, script=WAITING) as opened:
        assert "点一下屏幕，打开声音" in notice(opened, "sound-blocked")
        server.wait(lambda: any(said.get("loudspeaker") == "blocked" for said in server.of("device")))
        one = server.play(tone(0.3))
        server.wait(lambda: server.played("ended") == [(one, 7_200)])
        touch(opened)
        opened.until("state().loudspeaker.state === 'ok' && state().microphone.state === 'ok'")
        assert opened.state()["notices"] == []
        two = server.play(tone(0.3), cause="c2")
        server.wait(lambda: server.played("ended")[1:] == [(two, 7_200)])


def test_a_microphone_that_is_not_allowed_is_said_and_typing_goes_on(browser: Browser, server: FakeServer) -> None:
    with tab(browser, f"{server.url}?lang=en", microphone=False) as opened:
        said = notice(opened, "mic-denied")
        assert "The microphone is not allowed" in said
        assert "type or touch" in said
        server.wait(lambda: any(said.get("microphone") == "denied" for said in server.of("device")))
        touch(opened)
        assert opened.page.locator("#talk").is_disabled()
        opened.page.get_by_role("textbox").fill("Hello")
        opened.page.keyboard.press("Enter")
        server.wait(lambda: server.of("typed"))
        opened.page.context.grant_permissions(["microphone"])
        opened.until("state().microphone.state === 'ok'")


def test_a_page_that_is_not_secure_says_why_nothing_is_heard(browser: Browser, server: FakeServer) -> None:
    with tab(browser, f"http://kiosk.test:{server.port}/") as opened:
        assert "https:// 或 localhost" in notice(opened, "mic-insecure")
        server.wait(lambda: any(said.get("microphone") == "insecure" for said in server.of("device")))
        touch(opened)
        one = server.play(tone(0.3))
        server.wait(lambda: server.played("ended") == [(one, 7_200)])
        assert opened.state()["notices"] == ["mic-insecure"]


def test_an_unplugged_microphone_is_noticed_and_mended_when_it_is_back(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url, script=UNPLUGGED) as opened:
        touch(opened)
        opened.until("state().microphone.state === 'ok'")
        server.wait(lambda: len(server.sound) > 5)
        opened.page.evaluate("unplug()")
        assert "麦克风" in notice(opened, "mic-none")
        before = len(server.sound)
        opened.page.evaluate("plugIn()")
        opened.until("state().microphone.state === 'ok' && state().notices.length === 0")
        server.wait(lambda: len(server.sound) > before + 5)
        numbers = [int.from_bytes(frame[12:20], "little") for frame in server.sound]
        steps = np.diff(numbers)
        gaps = [frame[1] for frame, step in zip(server.sound[1:], steps, strict=False) if step != 320]
        assert steps.min() > 0
        assert gaps
        assert set(gaps) == {1}, "time went on, and the frame after the gap says so"
        assert [said["microphone"] for said in server.of("device") if "microphone" in said][-2:] == ["none", "ok"]


def loudspeakers(server: FakeServer) -> list[str]:
    """What the page said of it, in its order."""
    return [said["loudspeaker"] for said in server.of("device") if "loudspeaker" in said]


def test_a_loudspeaker_that_is_gone_is_noticed_and_what_was_said_goes_on(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url, script=NO_OUTPUT) as opened:
        touch(opened)
        opened.until("state().loudspeaker.state === 'ok'")
        one = server.play(tone(1.5))
        opened.until("state().playing?.sample > 4000")
        opened.page.evaluate("outputs(0)")
        assert "扬声器断开了" in notice(opened, "sound-lost")
        server.wait(lambda: server.played("ended") == [(one, 36_000)])
        opened.page.evaluate("outputs(1)")
        opened.until("state().loudspeaker.state === 'ok' && state().notices.length === 0")
        server.wait(lambda: loudspeakers(server)[-2:] == ["lost", "ok"])


def test_a_server_that_went_away_is_found_again_and_the_visit_goes_on(browser: Browser) -> None:
    with fake_server() as server, tab(browser, server.url) as opened:
        port = server.port
        touch(opened)
        server.wait(lambda: server.of("presence"))
        server.say("session_started", session="s1", language="zh", mode="hands-free")
        server.say("transcript", turn=1, text="几点开门？", language="zh", confidence=1, partial=False)
        server.play(tone(9))
        opened.until("state().playing")
        server.stop()
        assert "正在自动重新连接" in notice(opened, "link-away")
        opened.until("state().playing === null")
        frames = opened.state()["frames"]["count"]
        opened.until(f"state().frames.count > {frames + 3}")
        opened.wrong.clear()  # the browser itself reports that nobody answers
        with fake_server(port) as back:
            back.welcome |= {"resumed": True, "session": "s1"}
            back.wait(lambda: back.of("hello"))
            assert (back.of("hello")[0]["resume"], back.of("hello")[0]["visitor"]) == ("r1", True)
            opened.until("state().link.state === 'open' && state().notices.length === 0")
            assert opened.text(".visitor p") == "几点开门？"
            opened.wrong.clear()


def test_a_visit_that_is_not_taken_up_again_leaves_nothing_on_the_glass(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url) as opened:
        server.say("session_started", session="s1", language="zh", mode="hands-free")
        server.say("transcript", turn=1, text="几点开门？", language="zh", confidence=1, partial=False)
        opened.page.wait_for_selector("#chat p")
        server.close(1012, "screen-restart: a new version")
        server.wait(lambda: len(server.of("hello")) == 2)
        opened.until("state().link.state === 'open' && state().visit.session === ''")
        assert opened.page.locator("#chat > *").count() == 0


def test_a_window_that_was_taken_over_says_so_and_comes_back_by_hand(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url) as opened:
        server.close(4409, "screen-taken: another window has this screen")
        assert "另一个窗口" in notice(opened, "link-taken")
        assert opened.page.locator("[data-key=link-taken]").get_attribute("data-code") == "4409"
        assert "4409" not in opened.text("body")
        opened.page.get_by_role("button", name="在这里继续").click()
        server.wait(lambda: len(server.of("hello")) == 2)
        opened.until("state().link.state === 'open' && !state().notices.includes('link-taken')")
        server.wait(lambda: [said["text"] for said in server.of("log")] == ["link was lost: taken 4409"])


def test_a_server_that_restarts_is_back_in_a_moment_also_while_nobody_answers(browser: Browser) -> None:
    with fake_server() as server, tab(browser, server.url) as opened:
        server.close(1012, "screen-restart: stopping")
        server.stop()
        opened.until("state().notices.includes('link-restart') && state().link.code === 1006")
        assert "马上回来" in opened.text("[data-key=link-restart]")
        opened.wrong.clear()  # the browser itself reports that nobody answers


def test_a_page_that_is_closed_does_not_report_its_devices_as_lost(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url, script=UNPLUGGED) as opened:
        opened.until("state().microphone.state === 'ok'")
        server.forget()
        opened.page.evaluate("window.dispatchEvent(new Event('pagehide')); unplug()")
        opened.until("state().microphone.state === 'none'")
        touch(opened)
        server.wait(lambda: server.of("presence"))
        assert server.of("device") == []


@pytest.mark.parametrize(("code", "key"), [(4401, "token"), (4404, "unknown"), (4426, "protocol")])
def test_who_is_not_let_in_does_not_try_again(browser: Browser, server: FakeServer, code: int, key: str) -> None:
    server.turn_away = (code, f"screen-{key}: no")
    with tab(browser, server.url) as opened:
        opened.until(f"state().notices.includes('link-{key}') && state().link.state === 'ended'")
        assert len(server.of("hello")) == 1


def test_a_page_with_a_new_version_loads_itself_when_nobody_is_there(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url) as opened:
        touch(opened)
        server.wait(lambda: server.of("presence"))
        server.say("reload")
        server.say("session_ended", why="idle")
        server.wait(lambda: len(server.of("hello")) == 2)
        opened.until("state().visit.attract")


def test_a_server_that_says_nothing_for_10_s_counts_as_gone(browser: Browser, server: FakeServer) -> None:
    with tab(browser, server.url, script=HURRIED) as opened:
        server.deaf = True
        server.wait(lambda: len(server.of("hello")) == 2, seconds=20)
        server.deaf = False
        opened.until("state().link.state === 'open'")


def test_a_lost_connection_is_said_before_lesser_troubles(browser: Browser) -> None:
    script = "window.AudioContext = class { constructor() { throw new Error('no loudspeaker'); } };"
    with fake_server() as server, tab(browser, server.url, microphone=False, script=script) as opened:
        opened.until("state().notices.length >= 2")  # no microphone, no loudspeaker
        server.close(1012, "screen-restart: stopping")
        server.stop()
        opened.until("state().notices.includes('link-restart')")
        shown = opened.page.locator("#notices [data-key]").evaluate_all(
            "cards => cards.map((card) => card.dataset.key)"
        )
        assert "link-restart" in shown
        opened.wrong.clear()
