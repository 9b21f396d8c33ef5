"""The sample recordings that come with the project, replayed: the demo's last word."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.clock import run_virtual
from pipeline.recording import form
from pipeline.recording.again.command import differing
from pipeline.recording.again.rerun import Rerun, rerun
from pipeline.recording.reading import read
from pipeline.recording.replay import Watcher

SAMPLES = Path(__file__).resolve().parents[3] / "configs" / "recordings"


def replay_samples(say: Callable[[str], None]) -> bool:
    """Run each twice, with nothing live; True where that gives the same bytes, or where none is here."""
    folders = sorted(path.parent for path in SAMPLES.glob(f"*/{form.SESSION}"))
    if not folders:
        return True
    unequal = [folder.name for folder in folders if not _same_again(folder)]
    if unequal:
        say(f"✗ 样例录音重放不一致 · sample recordings that differ when they are replayed: {', '.join(unequal)}")
        return False
    count = len(folders)
    say(f"✓ {count} 份样例录音各重放两次，逐字节相同 · {count} sample recordings, each replayed twice: the same bytes")
    say(f"  再来一次 · once more: visavis replay {folders[-1]} --out out")
    return True


def _same_again(folder: Path) -> bool:
    recording = read(folder)
    with tempfile.TemporaryDirectory() as beside:
        outs = [Path(beside) / name for name in ("first", "second")]
        for out in outs:
            job = Rerun(recording, out)
            run_virtual(lambda clock, job=job: rerun(job, clock, Watcher()))  # type: ignore[misc]
        return not differing(*outs)
