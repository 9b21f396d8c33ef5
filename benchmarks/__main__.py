"""`python -m benchmarks`: every measurement, as a table; `--only flow` for one file of them."""

import argparse
import os
import platform

from benchmarks import cluster, echo, flow, gap, recording, replaying, reply, screens, soak, startup
from benchmarks.row import Row


def kiosk() -> list[Row]:
    """It needs Chromium and Playwright."""
    from benchmarks import kiosk as page

    return page.measure()


def frames() -> list[Row]:
    """So does this."""
    from benchmarks import frames as page

    return page.measure()


def report() -> list[Row]:
    """And this."""
    from benchmarks import report as page

    return page.measure()


PARTS = {"flow": flow.measure, "startup": startup.measure, "gap": gap.measure, "cluster": cluster.measure,
         "reply": reply.measure, "recording": recording.measure, "replaying": replaying.measure}  # fmt: skip
LONG = {"soak": soak.measure, "screens": screens.measure, "echo": echo.measure, "kiosk": kiosk, "frames": frames,
        "report": report}  # fmt: skip
"""Minutes to a quarter of an hour: only when they are asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=[*PARTS, *LONG], action="append", help="default: all but the long ones")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")
    print("| what | measured | budget |")
    print("|---|---|---|")
    for name in options.only or PARTS:
        for row in (PARTS | LONG)[name]():
            print(f"| {row.what} | {row.value:.3g} {row.unit} | {row.budget} |", flush=True)


if __name__ == "__main__":
    main()
