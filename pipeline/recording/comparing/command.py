"""`visavis compare`: reads what is asked for, compares it, and says what came of it."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.comparing.comparison import Comparison
from pipeline.recording.comparing.details import details
from pipeline.recording.comparing.limits import from_words
from pipeline.recording.comparing.reference import read_reference
from pipeline.recording.comparing.table import WIDTH, summary, verdict
from pipeline.recording.comparing.verdict import judged


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told."""

    a: Path
    b: Path
    reference: Path | None = None
    thresholds: Mapping[str, str | bool] = field(default_factory=dict)
    """As `flags.thresholds` gives them."""
    turns: bool = False
    json: bool = False
    html: Path | None = None


def compare(
    asked: Asked, say: Callable[[str], None], page: Callable[[Comparison, Path], None] | None = None
) -> int:  # fmt: skip
    """0: all thresholds hold, or none were given; 1: one is violated. `page` writes `asked.html`.

    VisavisError: what cannot be read, `threshold-invalid`, `compare-empty`; then nothing was compared.
    """
    wanted = from_words(asked.thresholds)
    said = read_reference(asked.reference) if asked.reference else None
    found = judged(compare_folders(asked.a, asked.b, said), wanted)
    if asked.html is not None and page is not None:
        page(found, asked.html)
    for line in _told(asked, found):
        say(line)
    return 1 if found.verdict.violated else 0


def _told(asked: Asked, found: Comparison) -> Sequence[str]:
    if asked.json:
        return [json.dumps(found.to_json(), ensure_ascii=False, indent=2)]
    columns = WIDTH if sys.stdout.isatty() else None  # what a program reads is whole
    return [*summary(found, columns), *(details(found) if asked.turns else ()), "", *verdict(found)]
