"""How fast a recorded visit is run again: seconds of visit for a second of work."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.row import Row
from pipeline.clock import run_virtual
from pipeline.config import read_config
from pipeline.recording.again.rerun import Rerun, rerun
from pipeline.recording.reading import read
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.recording.visit import read_visit
from pipeline.sound import read_sound

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
RUNS = 3


def measure() -> list[Row]:
    """The demo's visit of 85 s, recorded once by its own engines."""
    with tempfile.TemporaryDirectory() as beside:
        folder = Path(beside)
        config = read_config(CONFIGS / "demo.yaml")
        sound = read_sound(read_visit(CONFIGS / "visits" / "museum" / "visit.yaml").sound)
        began = time.perf_counter()
        job = Replay(config, sound, folder / "visit", begin_at=64.0)
        run_virtual(lambda clock: replay(job, clock, Watcher()))
        live = len(sound) / 16_000 / (time.perf_counter() - began)
        return [
            Row("a recorded visit again, everything recorded", _speed(folder, ()), "x real time", "≥ 200"),
            Row("… with the reply live (knowledge)", _speed(folder, ("reply",)), "x real time", "-"),
            Row("… with the transcript live (demo model)", _speed(folder, ("transcript",)), "x real time", "-"),
            Row("its sound through all engines, the first time", live, "x real time", "-"),
        ]


def _speed(folder: Path, live: Sequence[str]) -> float:
    """The best of some runs, reading and writing included."""
    times = []
    config = read_config(CONFIGS / "demo.yaml") if live else None
    for number in range(RUNS):
        began = time.perf_counter()
        recording = read(folder / "visit")
        out = folder / f"again-{'-'.join(live)}-{number}"
        job = Rerun(recording, out, config, live, "follow" if live else "recorded")
        told = run_virtual(lambda clock, job=job: rerun(job, clock, Watcher()))  # type: ignore[misc]
        times.append(told.seconds / (time.perf_counter() - began))
    return max(times)
