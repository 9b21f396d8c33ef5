"""A visitor before the real page, the real server and the real engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.served import ROOT, Served, serving
from benchmarks.visitor import TAP, Window, chromium, place_of, visit, wav
from pipeline.audio import HEAR_RATE, Samples
from tests.proxy import Proxy
from tests.system.test_serve import variant

pytestmark = pytest.mark.system

TOILET, BRONZE, CLOSE = (10.869, 12.024), (18.024, 19.885), (22.885, 24.592)
"""Seconds of the recorded visit in which these are asked."""
NEAR = 480
"""20 ms at 24 kHz."""


def said(span: tuple[float, float]) -> Samples:
    """A sentence of the recorded visit, 16 kHz."""
    sound, _ = soundfile.read(ROOT / "configs" / "visits" / "museum" / "visitor.flac", dtype="int16")
    return np.asarray(sound[round((span[0] - 0.1) * HEAR_RATE) : round((span[1] + 0.1) * HEAR_RATE)], np.int16)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as server:
        yield server


def heard(window: Window) -> list[str]:
    """What the visitor said, as it was understood."""
    return [one["text"] for one in window.of("transcript") if not one["partial"]]


def test_a_spoken_question_is_heard_answered_and_shown(served: Served, tmp_path: Path) -> None:
    with chromium(wav(tmp_path / "asks.wav", 2.5, said(BRONZE), 12.0)) as browser:
        window = visit(browser, f"{served.url}/?trace", script=TAP)
        window.until("s.played.ended > 0", 25)
        window.until("!s.playing")
        assert heard(window) == ["Tell me about the bronze hall."]
        replies = [one for one in window.of("sentence") if one["origin"] == "reply"]
        assert replies[0]["sources"] == ["bronze-hall"]
        assert replies[0]["text"] in window.page.inner_text("body")
        assert "Tell me about the bronze hall." in window.page.inner_text("body")
        assert window.page.get_attribute("html", "lang") == "en"
        assert not window.errors
        _lips_and_sound_are_together(window)


def _lips_and_sound_are_together(window: Window) -> None:
    """What leaves the loudspeaker, what the page says is heard, and what the mouth does are within 20 ms."""
    tapped = window.page.evaluate("window.tapped")
    assert len(tapped) > 20
    off = []
    for one in tapped:
        sound = window.sentence(one["now"]["cause"])
        claimed = one["now"]["sample"]
        ahead = (one["currentTime"] - one["audible"]) * 24_000  # handed over, and not yet heard
        off.append(place_of(one["block"], sound, round(claimed + ahead)) - ahead - claimed)
    assert abs(float(np.median(off))) < NEAR, off
    opened = [row for row in window.page.evaluate("window.visavis.trace()") if row[2] > 0]
    assert len(opened) > 20
    assert abs(_lag(window, opened)) <= 0.02


def _lag(window: Window, rows: list[list[Any]]) -> float:
    """Seconds by which the mouth that was drawn follows (positive) what its viseme track asks for."""
    cause = max({str(row[1]) for row in rows}, key=lambda one: sum(row[1] == one for row in rows))
    poses = [pose for part in window.of("play") if part["cause"] == cause for pose in part["cues"]["visemes"]]
    times = np.array([row[0] for row in rows if row[1] == cause])
    drawn = np.array([row[2] for row in rows if row[1] == cause])
    lags = np.arange(-0.1, 0.1001, 0.005)
    fits = [np.corrcoef(drawn, _asked(poses, times - lag * 24_000))[0, 1] for lag in lags]
    return float(lags[int(np.argmax(fits))])


OPEN = {"aa": 1.0, "E": 0.6, "oh": 0.65, "ih": 0.3, "ou": 0.25, "kk": 0.25, "RR": 0.2, "DD": 0.2, "nn": 0.2, "TH": 0.2}
"""How far each viseme opens the mouth, roughly: as in the rigs' tables."""


def _asked(poses: list[dict[str, float | str]], at: np.ndarray) -> np.ndarray:
    total = np.zeros(len(at))
    for pose in poses:
        places = [float(pose[name]) for name in ("start", "attack", "release", "end")]
        total += OPEN.get(str(pose["name"]), 0.0) * float(pose["weight"]) * np.interp(at, places, [0, 1, 1, 0])
    return total


def test_who_speaks_into_an_answer_ends_it_and_is_answered(served: Served, tmp_path: Path) -> None:
    with chromium(wav(tmp_path / "interrupts.wav", 2.5, said(BRONZE), 2.6, said(CLOSE), 14.0)) as browser:
        window = visit(browser, served.url)
        window.until("s.played.cut > 0", 25)
        window.until_told(lambda: len(heard(window)) == 2)
        window.until("s.visit.phase === 'speaking'")
        assert heard(window) == ["Tell me about the bronze hall.", "What time do you close?"]
        cut = window.played("cut")[0]
        part = next(one for one in window.of("play") if one["handle"] == cut["handle"])
        assert 0 < cut["sample"] < part["samples"] or not part["last"]
        assert next(one["on"] for one in window.of("duck")) is True
        sentences = [one for one in window.of("sentence") if one["origin"] == "reply"]
        assert sentences[-1]["sources"] == ["opening-hours"]


def test_who_goes_on_before_the_first_sound_hears_one_answer(tmp_path: Path) -> None:
    slow = variant(tmp_path, "", "engine: knowledge\n  folder: knowledge/museum\n  seconds: 0.002",
                   "engine: benchmarks.stubs.reply\n  seconds: 2.5")  # fmt: skip
    sound = wav(tmp_path / "goes-on.wav", 2.5, said(TOILET), 1.6, said(CLOSE), 14.0)
    with serving(slow) as server, chromium(sound) as browser:
        window = visit(browser, server.url)
        window.until_told(lambda: len(heard(window)) == 2, 25)
        window.until_told(lambda: any(one["origin"] == "reply" for one in window.of("play")))
        window.until("s.played.started > 0 && !s.playing")
        begun = {one["handle"] for one in window.played("started")}
        turns = {one["handle"]: one["origin"] for one in window.of("play")}
        replies = [one["turn"] for one in window.of("sentence") if one["origin"] == "reply"]
        assert set(replies) == {2}
        assert all(turns[handle] in {"reply", "filler"} for handle in begun)


def test_two_screens_are_two_visitors(tmp_path: Path) -> None:
    config = variant(tmp_path, "screens: [{name: hall}, {name: cafe, language: en, greeting_language: en}]\n")
    with serving(config) as server, chromium() as browser:
        hall, cafe = (
            visit(browser, f"{server.url}/?screen={name}", size=(640, 900), permissions=[]) for name in ("hall", "cafe")
        )
        for window in (hall, cafe):
            window.until("s.link.state === 'open'")
        hall.ask("门票多少钱？")
        cafe.ask("Where is the toilet?")
        for window in (hall, cafe):
            window.until("s.played.ended > 0", 25)
        assert next(one["sources"] for one in hall.of("sentence")) == ["tickets"]
        assert next(one["sources"] for one in cafe.of("sentence")) == ["toilet"]
        assert len({hall.state()["visit"]["session"], cafe.state()["visit"]["session"]}) == 2
        assert [window.page.get_attribute("html", "lang") for window in (hall, cafe)] == ["zh-CN", "en"]


def test_a_connection_lost_in_mid_answer_comes_back_to_the_same_conversation(served: Served) -> None:
    with Proxy() as proxy, chromium() as browser:
        proxy.target = served.port
        window = visit(browser, f"http://127.0.0.1:{proxy.port}/", permissions=[])
        window.until("s.link.state === 'open'")
        window.page.mouse.click(300, 300)
        window.ask("Tell me about the bronze hall.")
        window.until("s.playing")
        before = window.state()["visit"]["session"]
        proxy.lose()
        window.until_told(lambda: len(window.of("welcome")) == 2)
        assert window.of("welcome")[1]["resumed"] is True
        window.ask("Where is the toilet?")
        window.until_told(lambda: [one for one in window.of("sentence") if one["sources"] == ["toilet"]])
        assert window.state()["visit"]["session"] == before


def test_a_server_that_restarts_is_waited_for_and_said_to_be_away() -> None:
    with chromium() as browser:
        with serving() as first:
            window = visit(browser, first.url, permissions=[])
            window.until("s.link.state === 'open' && s.face.shown")
            port = first.port
        window.until("s.notices.some((one) => one.startsWith('link'))")
        assert "马上回来" in window.page.inner_text("body") or "暂时连不上" in window.page.inner_text("body")
        moved = window.state()["frames"]["count"]
        window.until(f"s.frames.count > {moved} + 10")  # her face goes on moving
        with serving(port=port):
            window.until("s.link.state === 'open'", 20)
            window.until("!s.notices.some((one) => one.startsWith('link'))")
            window.ask("门票多少钱？")
            window.until("s.played.ended > 0", 25)


def test_a_new_conversation_clears_the_glass(served: Served) -> None:
    with chromium() as browser:
        window = visit(browser, served.url, permissions=[])
        window.until("s.link.state === 'open'")
        window.ask("门票多少钱？")
        window.until("s.played.started > 0")
        first = window.state()["visit"]["session"]
        window.page.get_by_text("重新开始").click()
        window.until(f"s.visit.session !== '{first}'")
        assert "门票多少钱？" not in window.page.inner_text("#chat")
