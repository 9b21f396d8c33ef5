"""What the visitor of the demo feels: from the end of a turn to the first sound, in real time, with real engines."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from pipeline.cli import DEMO, VISIT
from pipeline.clock import run_real
from pipeline.config import read_config
from pipeline.recording.outcome import Outcomes
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.recording.visit import read_visit
from pipeline.sound import read_sound


def measure() -> list[Row]:
    """Replays the demo's visit at its own pace: as long as the visit is."""
    visit, outcomes = read_visit(VISIT), Outcomes()
    with tempfile.TemporaryDirectory() as out:
        job = Replay(read_config(DEMO), read_sound(visit.sound), Path(out))
        run_real(lambda clock: replay(job, clock, Watcher(outcomes.add, outcomes.timing)))
    gaps = np.array([turn.gap for turn in outcomes.turns.values() if turn.gap is not None]) * 1000
    spoken = [said for said in visit.turns if not said.cough]
    voice_to_sound = [
        (turn.first_sound_at - said.ends) * 1000
        for said, turn in zip(spoken, outcomes.turns.values(), strict=False)
        if turn.first_sound_at is not None
    ]
    rows = [
        Row(
            "gap from the end of the turn to the first sound, demo in real time, p50", float(np.median(gaps)), "ms", ""
        ),
        Row("the same, longest of the visit", float(gaps.max()), "ms", ""),
        Row("from the visitor's last sound to the first sound, p50", float(np.median(voice_to_sound)), "ms", ""),
    ]
    for stage in ("transcript", "emotion", "reply", "speech", "cues"):
        spent = [stages[stage] for (_, turn), stages in outcomes.milliseconds.items() if turn and stage in stages]
        rows.append(Row(f"work of {stage} a turn, p50", float(np.median(spent)), "ms", ""))
    return rows
