"""The report of a visit of an hour, 520 turns: how long it is made, how large it is, how it opens and scrolls.

In headless Chromium, which draws by software. The visit is made up; its voices are noise,
which takes about as much room as speech.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.row import Row
from benchmarks.visitor import CHROMIUM, FLAGS
from pipeline.recording.report import write_report
from tests.report_scene import write_hour

_TIMES = 5
_WATCH = """
window.long = [];
new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
"""
_OPENED = """(() => {
    const [opened] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return { loaded: opened.loadEventEnd, painted: paint.startTime, longest: Math.max(0, ...window.long) };
})()"""
_SCROLL = """new Promise((done) => {
    window.long.length = 0;
    const frames = [];
    let before = null;
    const step = (now) => {
        if (before !== null) frames.push(now - before);
        before = now;
        scrollBy(0, 120);
        if (frames.length < 600) requestAnimationFrame(step);
        else done({ frames, long: [...window.long] });
    };
    requestAnimationFrame(step);
})"""
_FILTER = """(() => {
    const { elements } = filter.form;
    const taken = [];
    for (const [show, words] of [["slow", ""], ["all", "photos"], ["failed", ""], ["all", ""]]) {
        [elements.show.value, elements.q.value] = [show, words];
        const began = performance.now();
        filter.apply();
        document.body.offsetHeight;
        taken.push(performance.now() - began);
    }
    return Math.max(...taken);
})()"""


def measure() -> list[Row]:
    """Two minutes."""
    with tempfile.TemporaryDirectory() as folder:
        write_hour(Path(folder))
        began = time.perf_counter()
        page = write_report(Path(folder))
        built = time.perf_counter() - began
        size = page.stat().st_size / 1e6
        return [
            Row("report of an hour, 520 turns: made in", built, "s", ""),
            Row("its size, sound included", size, "MB", ""),
            *_seen(page),
        ]


def _seen(path: Path) -> list[Row]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened: list[dict[str, float]] = []
        for _ in range(_TIMES):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(_WATCH)
            page.goto(f"file://{path}")
            opened.append(page.evaluate(_OPENED))
            if len(opened) < _TIMES:
                page.close()
        rows = [_median(opened, name, what, budget) for name, what, budget in (
            ("painted", "the same: first paint", ""), ("loaded", "the same: open, to the end of loading", "<= 2000"),
            ("longest", "the same: longest task while it opens", ""),
        )]  # fmt: skip
        rows += _moved(page)
        browser.close()
    return rows


def _median(opened: list[dict[str, float]], name: str, what: str, budget: str) -> Row:
    return Row(f"{what}, median of {_TIMES}", float(np.median([one[name] for one in opened])), "ms", budget)


def _moved(page: Page) -> list[Row]:
    page.wait_for_timeout(2000)
    moved: dict[str, Any] = page.evaluate(_SCROLL)
    frames = moved["frames"]
    return [
        Row("scrolling through it, a frame, p50", float(np.percentile(frames, 50)), "ms", ""),
        Row("the same, p95", float(np.percentile(frames, 95)), "ms", ""),
        Row("the same, longest", max(frames), "ms", ""),
        Row("tasks over 50 ms in these 600 frames", len(moved["long"]), "", ""),
        Row("filtering it, slowest of four", page.evaluate(_FILTER), "ms", ""),
    ]
