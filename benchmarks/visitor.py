"""A visitor before the real page: Debian's Chromium, whose microphone hears what the test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from playwright.sync_api import Browser, Error, Page, WebSocket, sync_playwright

from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
TAP = """
(() => {
  const Node = window.AudioWorkletNode;
  const heard = [];
  window.tapped = heard;
  window.AudioWorkletNode = class extends Node {
    constructor(context, name, options) {
      super(context, name, options);
      if (name !== 'loudspeaker') return;
      const ear = new AnalyserNode(context, { fftSize: 2048 });
      this.connect(ear);
      const block = new Float32Array(2048);
      const listen = () => {
        const now = window.visavis?.state().playing;
        ear.getFloatTimeDomainData(block);
        const { currentTime } = context;
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        const audible = contextTime + (performance.now() - performanceTime) / 1000;
        let top = 0;
        for (const sample of block) top = Math.max(top, Math.abs(sample));
        if (now && top > 0.02 && heard.length < 400) {
          heard.push({ now, currentTime, audible, block: Array.from(block) });
        }
        requestAnimationFrame(listen);
      };
      requestAnimationFrame(listen);
    }
  };
})();
"""
"""Listens to what really leaves the loudspeaker, beside what the page says is heard."""


@dataclass
class Window:
    """The page, and what went over its connection."""

    page: Page
    told: list[dict[str, Any]] = field(default_factory=list)
    """What the server said; `play` with `pcm`."""
    said: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """What the page says of itself; of one that is being loaded anew, what it says then."""
        said: list[dict[str, Any]] = []

        def asked() -> bool:
            try:
                said.append(self.page.evaluate("window.visavis.state()"))
            except Error:
                return False
            return True

        self.until_told(asked)
        return said[-1]

    def until(self, true: str, seconds: float = 15.0) -> None:
        """Wait for something that the page says of itself: an expression of `s`."""
        asked = f"(() => {{ const s = window.visavis?.state(); return Boolean(s && ({true})); }})()"
        try:
            self.until_told(lambda: self._evaluated(asked), seconds)
        except AssertionError as error:
            raise AssertionError(f"not in {seconds} s: {true}; {self.state()}") from error

    def _evaluated(self, asked: str) -> bool:
        try:
            return bool(self.page.evaluate(asked))
        except Error:
            return False  # it is being loaded anew

    def until_told(self, true: Callable[[], object], seconds: float = 15.0) -> None:
        """Wait for something that the server says."""
        for _ in range(round(seconds * 20)):
            if true():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not in {seconds} s; told {[one['type'] for one in self.told]}; {self.errors}")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What the server said of one type."""
        return [one for one in self.told if one["type"] == kind]

    def played(self, state: str) -> list[dict[str, Any]]:
        """The page's reports of that state."""
        return [one for one in self.said if one["type"] == "played" and one["state"] == state]

    def ask(self, text: str) -> None:
        """Touch the glass, and type a question."""
        if self.state()["visit"]["attract"]:
            self.page.mouse.click(300, 300)
        self.page.fill("#composer input, #composer textarea", text)
        self.page.press("#composer input, #composer textarea", "Enter")

    def sentence(self, cause: str) -> Samples:
        """The whole sound of a sentence, 24 kHz."""
        parts = sorted((one for one in self.of("play") if one["cause"] == cause), key=lambda one: one["part"])
        return np.concatenate([np.frombuffer(one["pcm"], "<i2") for one in parts])


def wav(path: Path, *pieces: Samples | float) -> Path:
    """A file for the microphone: sounds, and seconds of silence."""
    sounds = [np.zeros(round(piece * HEAR_RATE), np.int16) if isinstance(piece, (int, float)) else piece
              for piece in pieces]  # fmt: skip
    soundfile.write(path, np.concatenate(sounds), HEAR_RATE, subtype="PCM_16")
    return path


@contextmanager
def chromium(sound: Path | None = None, flags: list[str] | None = None) -> Iterator[Browser]:
    """A browser whose microphone hears `sound` once, from when a page opens it; else it beeps, as Chromium's does."""
    heard = [] if sound is None else [f"--use-file-for-fake-audio-capture={sound}%noloop"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*(flags or FLAGS), *heard])
        try:
            yield browser
        finally:
            browser.close()


def visit(
    browser: Browser, url: str, *, size: tuple[int, int] = (1080, 1920), script: str = "", **options: Any
) -> Window:
    """Open the page."""
    options.setdefault("permissions", ["microphone"])
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    page = context.new_page()
    window = Window(page)
    page.on("pageerror", lambda error: window.errors.append(str(error)))
    page.on("console", lambda said: window.errors.append(said.text) if said.type == "error" else None)
    page.on("websocket", lambda socket: _listen(socket, window))
    if script:
        page.add_init_script(script)
    page.goto(url)
    return window


def _listen(socket: WebSocket, window: Window) -> None:
    socket.on("framereceived", lambda frame: window.told.append(_read(frame)))
    socket.on("framesent", lambda frame: window.said.append(json.loads(frame)) if isinstance(frame, str) else None)


def _read(frame: str | bytes) -> dict[str, Any]:
    if isinstance(frame, str):
        told: dict[str, Any] = json.loads(frame)
        return told
    line, _, pcm = frame.partition(b"\n")
    return {**json.loads(line), "pcm": pcm}


def place_of(block: list[float], sound: Samples, near: int) -> int:
    """Where in `sound` (24 kHz) a block that was tapped ends, by correlation, within a second around `near`."""
    from_, to = max(0, near - SPEAK_RATE), min(len(sound), near + SPEAK_RATE)
    window, wanted = sound[from_:to].astype(np.float64), np.asarray(block)
    found = np.correlate(window, wanted, "valid")
    power = np.convolve(window**2, np.ones(len(wanted)), "valid")
    best = int(np.argmax(found / np.sqrt(power + 1e4)))
    return from_ + best + len(wanted)
