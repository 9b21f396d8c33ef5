"""The face in a real browser: no shape breaks, sounds look different, and nothing repeats."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Route

from avatars._assets import KIOSK, asset, assets
from avatars._headers import security
from avatars._rig_tables import VISEMES
from pipeline.envelope import Pose
from pipeline.messages import Cues
from tests.browser import chromium

pytestmark = pytest.mark.system

MEI = Path(__file__).parents[2] / "avatars" / "mei"
HOST = "face.test"
ALIKE = [{"TH", "DD", "kk", "nn"}, {"kk", "ih"}, {"CH", "RR"}]
"""Sounds whose lips look alike on a living face too: they differ by the tongue."""
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("face")) as opened:
        yield opened


class FacePage:
    """A page of the avatar's own files under the server's own policy; nothing listens."""

    def __init__(self, browser: Browser, size: tuple[int, int]) -> None:
        self.files = assets(KIOSK, MEI)
        self.files["/checks.js"] = asset("checks.js", Path(__file__).with_name("face_checks.js").read_bytes())
        self.files["/empty"] = asset("empty.html", b"<!doctype html><title>face</title><body></body>")
        self.wrong: list[str] = []
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        path = route.request.url.split(HOST, 1)[1]
        place, _, query = path.partition("?")
        found = self.files.get(f"{place}?{query.partition('&')[0]}") or self.files.get(place)
        if found is None:
            route.fulfill(status=404 if "favicon" not in path else 204)
            return
        route.fulfill(body=found.plain, headers={**security(HOST), "Content-Type": found.kind})

    def ask(self, name: str, *arguments: Any) -> Any:
        """Calls a function of face_checks.js."""
        call = "([name, asked]) => import('/checks.js').then((checks) => checks[name](...asked))"
        return self.page.evaluate(call, [name, list(arguments)])

    def shot(self) -> str:
        """The box of the face as a data URL."""
        clip: Any = {"x": 0, "y": 0, "width": 640, "height": 560}
        return "data:image/png;base64," + base64.b64encode(self.page.screenshot(clip=clip)).decode()


@pytest.fixture
def face(browser: Browser) -> Iterator[FacePage]:
    opened = FacePage(browser, (700, 600))
    opened.page.goto(f"https://{HOST}/empty")
    opened.ask("stand")
    yield opened
    opened.page.close()
    assert opened.wrong == []


def test_no_mixture_breaks_a_shape(face: FacePage) -> None:
    """No gap, overlap or clipping: every viseme x expression x strength, open and shut eyes, and 2,000 blends."""
    said = face.ask("sweep", 2000)
    assert said["drawn"] == 15 * 7 * 3 * 2 + 2000
    assert said["faults"][:5] == []


def test_closed_lips_show_neither_skin_nor_teeth(face: FacePage) -> None:
    for expression in EXPRESSIONS:
        face.ask("show", {"visemes": {"PP": 1}, "expressions": {expression: 1}})
        assert face.ask("strange", face.shot(), face.ask("lips")) < 0.01, expression


def differences(face: FacePage) -> np.ndarray[Any, np.dtype[np.float64]]:
    pictures = []
    for viseme in VISEMES:
        face.ask("show", {"visemes": {viseme: 1}})
        pictures.append({"url": face.shot(), "lips": face.ask("lips")})
    return np.array(face.ask("differences", pictures))


def test_sounds_that_differ_look_different(face: FacePage) -> None:
    """By at least three tenths of the mouth's pixels; sounds that look alike on anybody, by a tenth."""
    found = differences(face)
    for row, one in enumerate(VISEMES):
        for column, other in enumerate(VISEMES[:row]):
            least = 0.1 if any({one, other} <= group for group in ALIKE) else 0.3
            assert found[row, column] >= least, (one, other, found[row, column])


@pytest.mark.parametrize("mood", ["idle", "listening", "thinking"])
def test_ten_minutes_show_no_period(face: FacePage, mood: str) -> None:
    """No lag from 5 s to 5 min at which lids, eyes or head look like themselves."""
    tracks = np.array(face.ask("life", mood, 600)).T
    for track in tracks:
        assert track.std() > 0
        level = (track - track.mean()) / track.std()
        spectrum = np.abs(np.fft.rfft(level, 2 * len(level))) ** 2
        likeness = np.fft.irfft(spectrum)[: len(level)] / np.arange(len(level), 0, -1)
        assert likeness[50:3000].max() < 0.4


def spoken() -> list[dict[str, Any]]:
    """Two seconds of talk with everything in it."""
    visemes = tuple(
        Pose(name=name, start=3000 * at, attack=3000 * at + 1200, release=3000 * at + 2200, end=3000 * at + 3600)
        for at, name in enumerate(("PP", "aa", "nn", "ou", "SS", "E", "FF", "oh", "DD", "ih", "CH", "aa", "PP", "RR"))
    )
    happy = Pose(name="happy", start=0, attack=7200, release=40000, end=48000, weight=0.8)
    nod = Pose(name="nod", start=9000, attack=13000, release=15000, end=22000)
    wave = Pose(name="wave", start=12000, attack=20000, release=40000, end=48000)
    blink = Pose(name="blink", start=20000, attack=21900, release=22900, end=26700)
    cues = Cues(
        index=0, part=0, start=0, samples=48000, visemes=visemes, expressions=(happy, blink), gestures=(nod, wave)
    )
    return [cues.model_dump(mode="json")]


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080)])
def test_a_sentence_opens_and_closes_the_mouth(browser: Browser, size: tuple[int, int]) -> None:
    opened = FacePage(browser, size)
    opened.page.goto(f"https://{HOST}/empty")
    openings = opened.ask("play", spoken(), 60)
    opened.page.close()
    assert opened.wrong == []
    assert max(openings) > 0.5
    assert min(openings) < 0.03


def test_the_sheet_shows_everything(browser: Browser) -> None:
    opened = FacePage(browser, (1560, 1000))
    opened.page.goto(f"https://{HOST}/avatars/mei?sheet")
    done = "() => document.documentElement.dataset.done || ''"
    for _ in range(600):
        if opened.page.evaluate(done):
            break
        opened.page.wait_for_timeout(100)
    assert opened.wrong == []
    cells = opened.page.evaluate("() => [...document.querySelectorAll('figcaption')].map((one) => one.textContent)")
    assert len(cells) == 15 + 21 + 5 + 7 + 8 + 6 + 7 + 315
    json.dumps(cells)
    opened.page.close()


def test_one_face_of_the_sheet_fills_the_window(browser: Browser) -> None:
    opened = FacePage(browser, (680, 880))
    opened.page.goto(f"https://{HOST}/avatars/mei?sheet&only=viseme:aa,expression:happy,strength:1")
    for _ in range(100):
        if opened.page.evaluate("() => document.documentElement.dataset.done || ''"):
            break
        opened.page.wait_for_timeout(50)
    assert opened.wrong == []
    assert opened.page.locator(".one svg").count() == 4
    opened.page.close()
