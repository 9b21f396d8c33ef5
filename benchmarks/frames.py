"""What a frame of the whole page costs its main thread while she speaks, and how many are drawn in a second.

Thread CPU time by Chromium's own trace, in headless Chromium, which draws by software on the other threads.
"""

from bisect import bisect_right
from typing import Any

import numpy as np

from benchmarks.row import Row
from benchmarks.served import serving
from benchmarks.visitor import chromium, visit

SIZES = ((1080, 1920), (1920, 1080))
SECONDS = 8.0


def measure() -> list[Row]:
    """Half a minute."""
    return [row for size in SIZES for row in speaking(size)]


def speaking(size: tuple[int, int]) -> list[Row]:
    """The page in a window of that size, while a long answer sounds."""
    with serving() as server, chromium() as browser:
        window = visit(browser, server.url, size=size, permissions=[])
        window.until("s.link.state === 'open' && s.face.shown")
        window.ask("青铜厅有什么？")
        window.until("s.playing")
        events: list[dict[str, Any]] = []
        ended: list[object] = []
        devtools = window.page.context.new_cdp_session(window.page)
        devtools.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
        devtools.on("Tracing.tracingComplete", lambda told: ended.append(told))  # noqa: PLW0108  it marks what it is given
        devtools.send("Tracing.start", {"traceConfig": {"includedCategories": ["toplevel", "devtools.timeline"]}})
        window.page.wait_for_timeout(SECONDS * 1000)
        devtools.send("Tracing.end")
        window.until_told(lambda: ended)
    costs = costs_of(events)
    where = f"{size[0]} x {size[1]} (software rendering)"
    return [
        Row(f"main thread a frame while she speaks, p50, {where}", float(np.percentile(costs, 50)), "ms", ""),
        Row("the same, p95", float(np.percentile(costs, 95)), "ms", "<= 8"),
        Row("frames a second", len(costs) / SECONDS, "", ""),
    ]


def costs_of(events: list[dict[str, Any]]) -> list[float]:
    """Milliseconds that the page's main thread worked from each frame to the next: time of its own, not of others."""
    frames = [event for event in events if event["name"] == "FireAnimationFrame"]
    main = (frames[-1]["pid"], frames[-1]["tid"])
    starts = sorted(event["ts"] for event in frames if (event["pid"], event["tid"]) == main)
    costs = [0.0] * len(starts)
    for event in events:
        if (event["pid"], event["tid"], event["ph"], event["name"]) != (*main, "X", "ThreadControllerImpl::RunTask"):
            continue
        frame = bisect_right(starts, event["ts"] + event["dur"]) - 1
        if frame >= 0:
            costs[frame] += event.get("tdur", event["dur"]) / 1000
    return costs[2:]
