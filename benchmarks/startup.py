"""How long the command and the pipeline take to start."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.row import Row

ROOT = Path(__file__).resolve().parent.parent
_HELP = "import sys; from pipeline.cli import main; sys.argv = ['visavis', '--help']; main()"
_CHECK = "import sys; from pipeline.cli import main; sys.exit(main(['check', 'configs/demo.yaml']))"
_READY = """
import asyncio, time
from pathlib import Path
began = time.perf_counter()
from pipeline.bus.memory import MemoryBus
from pipeline.clock import run_real
from pipeline.config import read_config
from pipeline.node import turn_engine, workers
from pipeline.house import fixed_lines
async def main(clock):
    config, bus = read_config(Path("configs/demo.yaml")), MemoryBus()
    async with workers(config, bus, clock):
        await turn_engine(config, clock)
        await fixed_lines(config, bus, clock)
        print(time.perf_counter() - began)
run_real(main)
"""


def _taken(code: str, times: int = 7) -> float:
    """Median seconds of a fresh process that runs `code`."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _ready(times: int = 5) -> float:
    """Median seconds until every engine of the demo is warm and the fixed lines are there (kept from earlier)."""
    done = [
        subprocess.run([sys.executable, "-c", _READY], check=True, cwd=ROOT, capture_output=True, text=True)
        for _ in range(times)
    ]
    return statistics.median(float(run.stdout) for run in done)


def measure() -> list[Row]:
    """Everything in this file."""
    return [
        Row("`visavis --help`", _taken(_HELP), "s", "≤ 0.3"),
        Row("`visavis check configs/demo.yaml`", _taken(_CHECK), "s", "≤ 0.5"),
        Row("pipeline ready, demo model", _ready(), "s", "≤ 2"),
    ]
