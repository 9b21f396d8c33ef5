"""What a visitor feels at the page: from the end of a turn to sound, from speech to silence, frames, bytes, memory.

In headless Chromium, which draws by software here: a kiosk's graphics chip has less to wait for.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.row import Row
from benchmarks.served import DEMO, ROOT, Served, serving
from benchmarks.visitor import FLAGS, Window, chromium, visit, wav
from pipeline.audio import HEAR_RATE, Samples

Floats = NDArray[np.float64]
PAIRS = 50
"""Each a question that is answered, and one that interrupts."""
QUESTION, INTERRUPTION = (18.024, 19.885), (22.885, 24.592)
"""Seconds of the recorded visit."""
APART = 2100
"""Milliseconds: a server takes one question in two seconds from a screen."""
WATCH = """
(() => {
  const log = (window.measured = { heard: [], told: [], sound: [], clock: [] });
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string') {
      const pcm = new Int16Array((data.buffer ?? data).slice((data.byteOffset ?? 0) + 20));
      let energy = 0;
      for (const sample of pcm) energy += sample * sample;
      log.heard.push([performance.now(), Math.sqrt(energy / pcm.length) / 32768]);
    }
    return send.call(this, data);
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') return;
        const { type, on, origin } = JSON.parse(data);
        log.told.push([performance.now(), type, on ?? origin ?? '']);
      });
    }
  };
  const Node = window.AudioWorkletNode;
  window.AudioWorkletNode = class extends Node {
    constructor(context, name, options) {
      super(context, name, options);
      if (name !== 'loudspeaker') return;
      const ear = new AnalyserNode(context, { fftSize: 256 });
      this.connect(ear);
      const block = new Float32Array(256);
      setInterval(() => {
        ear.getFloatTimeDomainData(block);
        let energy = 0;
        for (const sample of block) energy += sample * sample;
        log.sound.push([context.currentTime * context.sampleRate, Math.sqrt(energy / 256)]);
      }, 10);
      setInterval(() => {
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        if (contextTime > 0) log.clock.push([contextTime * context.sampleRate, performanceTime]);
      }, 200);
    }
  };
})();
"""
"""Notes what the microphone gives, what the server says and what leaves the loudspeaker, each with its time."""


def measure() -> list[Row]:
    """A quarter of an hour: the conversation is held at its own pace."""
    return [*first_load(), *conversation(), *growth()]


@contextmanager
def _page(server: Served, sound: Path | None, **options: Any) -> Iterator[Window]:
    flags = [*FLAGS, "--enable-precise-memory-info", "--js-flags=--expose-gc"]
    with chromium(sound, flags) as browser:
        yield visit(browser, server.url, **options)


# --- the first load


def first_load() -> list[Row]:
    """Bytes over the network, requests, and the time until a visitor can ask."""
    with serving() as server, chromium() as browser:
        context = browser.new_context(viewport={"width": 1080, "height": 1920})
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        ended: list[float] = []
        network.on("Network.loadingFinished", lambda event: ended.append(event["encodedDataLength"]))
        began = time.perf_counter()
        page.goto(server.url)
        while not page.evaluate("window.visavis?.state().link.state === 'open' && window.visavis.state().face.shown"):
            page.wait_for_timeout(20)
        usable = time.perf_counter() - began
        page.wait_for_timeout(1000)
    return [
        Row("first load of the page, over the network", sum(ended) / 1000, "kB", "<= 500"),
        Row("requests of the first load", len(ended), "", ""),
        Row("until she is seen and a question can be asked (software rendering)", usable, "s", "<= 1"),
    ]


# --- a conversation


def conversation(pairs: int = PAIRS) -> list[Row]:
    """Questions, and questions into the answers, from the microphone's WAV to the loudspeaker's last sample."""
    with tempfile.TemporaryDirectory() as folder:
        sound = wav(Path(folder) / "talk.wav", 4.0, *_talk(pairs))
        with serving() as server, _opened(server, sound) as window:
            window.page.wait_for_timeout(soundfile.info(sound).duration * 1000 + 2000)
            log = window.page.evaluate("window.measured")
    found = Found(log)
    waits, ducks, cuts, silences, closes = found.answers(), *found.interruptions()
    return [
        Row("turns with an answer, of those asked", len(waits), f"of {2 * pairs}", ""),
        *_spread("from the visitor's last sound to the first sound at the loudspeaker", waits, ""),
        Row("times that the visitor spoke into sound", len(cuts), "", ""),
        *_spread("from the onset of speech to ducking", ducks, "p95 <= 200", 95),
        *_spread("from the onset of speech to silence at the loudspeaker", silences, "p95 <= 450", 95),
        *_spread("from the order to be silent to silence at the loudspeaker", closes, "p95 <= 100", 95),
    ]  # fmt: skip


def _talk(pairs: int) -> list[Samples | float]:
    sound, _ = soundfile.read(ROOT / "configs" / "visits" / "museum" / "visitor.flac", dtype="int16")
    asked, interrupts = (
        np.asarray(sound[round(a * HEAR_RATE) : round(b * HEAR_RATE)], np.int16) for a, b in (QUESTION, INTERRUPTION)
    )
    shifts = np.random.default_rng(7).uniform(0, 1.0, pairs)
    pieces: list[Samples | float] = []
    for shift in shifts:
        pieces += [asked, 2.2 + float(shift), interrupts, 5.0]
    return pieces


@contextmanager
def _opened(server: Served, sound: Path) -> Iterator[Window]:
    with chromium(sound) as browser:
        yield visit(browser, server.url, script=WATCH)


class Found:
    """What was noted, on the page's clock, milliseconds."""

    def __init__(self, log: dict[str, list[list[Any]]]) -> None:
        self._told = log["told"]
        heard = np.array(log["heard"], float)
        self._voiced = spans(heard[:, 0], heard[:, 1] > 0.01, 350.0)
        frames, levels = np.array(log["sound"], float).T
        clock = np.array(log["clock"], float)
        times = np.interp(frames, clock[:, 0], clock[:, 1])  # when it is heard, by the browser's account
        self._sounds = spans(times, levels > 0.002, 400.0)

    def answers(self) -> list[float]:
        """From the end of each spoken span to the next sound that begins after it."""
        begun = np.array([begin for begin, _ in self._sounds])
        waits = []
        for (_, end), following in zip(self._voiced, [*(span[0] for span in self._voiced[1:]), np.inf], strict=True):
            after = begun[(begun > end) & (begun < following)]
            if len(after):
                waits.append(float(after[0] - end))
        return waits

    def interruptions(self) -> tuple[list[float], list[float], list[float], list[float]]:
        """For each time that the visitor spoke into sound: onset to duck, to the order, to silence; order to it."""
        ducks, cuts, silences, closes = [], [], [], []
        for onset, _ in self._voiced:
            sound = next((span for span in self._sounds if span[0] < onset - 100 and span[1] > onset), None)
            order = self._next("cut", onset)
            if sound is None or order is None or order > onset + 2000:
                continue
            duck = self._next("duck", onset)
            ducks.append((duck if duck is not None and duck < order else order) - onset)
            cuts.append(order - onset)
            silences.append(sound[1] - onset)
            closes.append(sound[1] - order)
        return ducks, cuts, silences, closes

    def _next(self, kind: str, after: float) -> float | None:
        return next((at for at, one, on in self._told if one == kind and at > after and on is not False), None)


def spans(times: Floats, on: NDArray[np.bool_], gap: float) -> list[tuple[float, float]]:
    """Begin and end of what is on, joined over gaps of up to `gap`."""
    found: list[tuple[float, float]] = []
    for at in times[on]:
        if found and at - found[-1][1] <= gap:
            found[-1] = (found[-1][0], float(at))
        else:
            found.append((float(at), float(at)))
    return found


def _spread(what: str, values: list[float], budget: str, upper: int = 99) -> list[Row]:
    if not values:
        return [Row(f"{what}: none", 0.0, "ms", budget)]
    return [
        Row(f"{what}, p50", float(np.percentile(values, 50)), "ms", ""),
        Row(f"the same, p{upper}", float(np.percentile(values, upper)), "ms", budget),
        Row("the same, longest", max(values), "ms", ""),
    ]


# --- many turns


def growth(turns: int = 500, early: int = 50) -> list[Row]:
    """The page's memory after so many turns: each is asked, begins to be answered, and is ended by the next one."""
    sizes: dict[int, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(DEMO) as server,
        _page(server, wav(Path(folder) / "silence.wav", 5.0), size=(1080, 1920)) as window,
    ):
        window.until("s.link.state === 'open'")
        window.page.mouse.click(300, 300)
        for turn in range(1, turns + 1):
            begun = window.state()["played"]["started"]
            window.ask(("门票多少钱？", "Where is the toilet?")[turn % 2])
            window.until(f"s.played.started > {begun}", 30)
            window.page.wait_for_timeout(APART)
            if turn in {early, turns}:
                sizes[turn] = _heap(window)
    return [
        Row(f"the page's heap after {early} turns", sizes[early], "MB", ""),
        Row(f"the page's heap after {turns} turns", sizes[turns], "MB", "flat"),
    ]


def _heap(window: Window) -> float:
    megabytes = window.page.evaluate("(gc(), gc(), performance.memory.usedJSHeapSize / 1e6)")
    return float(megabytes)
