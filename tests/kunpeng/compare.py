"""Compares what the stages answered in two recordings of the same sound, such as one by x86 and one by aarch64.

`python -m tests.kunpeng.compare A B` prints every difference and what each kind of value may differ by; 0 when all are
within that. Sound, emotions and confidences come out of floating-point sums that every processor orders in its own
way: they are listed.
"""

import argparse
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from tests.kunpeng.again import SAYS
from tests.kunpeng.answers import SPOKEN, STAGES, Fields, Recording, Samples, read

SAMPLES = 24
"""1 ms at 24 kHz: what the times of phonemes and poses may differ by."""
VALUE = 0.01
"""What the weight of a pose and the place of a gaze may differ by."""
LISTED = None
"""No limit: a difference is only listed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values that are not the same."""

    what: str
    where: str
    ours: object
    theirs: object
    size: float
    """Of the difference between two numbers; infinite for all else."""

    def told(self) -> str:
        """A line of the list."""
        size = f" ({self.size:.4g})" if self.size < float("inf") else ""
        return f"{self.where} · {self.what}: {self.ours} → {self.theirs}{size}"


@dataclass(slots=True)
class Findings:
    """What was compared, what it may differ by, and how it differs."""

    allowed: dict[str, float | None] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def same(self, what: str, where: str, ours: object, theirs: object, *, listed: bool = False) -> bool:
        """Take two values that must be equal."""
        return self._take(Difference(what, where, ours, theirs, float("inf")), LISTED if listed else 0.0)

    def near(self, what: str, where: str, ours: float, theirs: float, allowed: float | None) -> None:
        """Take two numbers that may differ by `allowed`."""
        self._take(Difference(what, where, ours, theirs, round(abs(ours - theirs), 6)), allowed)

    def _take(self, pair: Difference, allowed: float | None) -> bool:
        self.compared[pair.what] += 1
        self.allowed[pair.what] = allowed
        if pair.ours == pair.theirs:
            return True
        self.differences.append(pair)
        return False

    def beyond(self, difference: Difference) -> bool:
        """True when it is more than allowed."""
        allowed = self.allowed[difference.what]
        return allowed is not None and difference.size > allowed


def compare(ours: Recording, theirs: Recording) -> Findings:
    """Every value of every answer."""
    findings = Findings()
    for place in dict.fromkeys(key[:3] for key in (*ours.messages, *theirs.messages)):
        kind, turn, index = place
        where = f"turn {turn} {STAGES.get(kind, 'sound')}" + (f" {index}" if index is not None else "")
        mine, other = ours.parts(place), theirs.parts(place)
        if (
            kind in SPOKEN
            and turn in ours.interrupted | theirs.interrupted
            and not (ours.whole(turn, index) and theirs.whole(turn, index))
        ):
            findings.same("parts before the visitor interrupted", where, len(mine), len(other), listed=True)
        elif findings.same("answers", where, bool(mine), bool(other)):
            _OF_KIND[kind](findings, where, ours.joined(mine), theirs.joined(other))
    return findings


def _heard(findings: Findings, where: str, ours: Fields, theirs: Fields) -> None:
    for what in ("start", "samples"):
        findings.near("sound heard, samples", f"{where} {what}", ours["sound"][what], theirs["sound"][what], 0)
    # The edge's doing, and emotions hang on it: a voice that is judged after the transcript has come is not remembered.
    known = [[row[0] for row in side["baseline"]] for side in (ours, theirs)]
    findings.same("voices remembered", where, *known, listed=True)


def _transcript(findings: Findings, where: str, ours: Fields, theirs: Fields) -> None:
    findings.same("transcript text", where, ours["text"], theirs["text"])
    findings.same("transcript language", where, ours["language"], theirs["language"])
    findings.near("transcript confidence", where, ours["confidence"], theirs["confidence"], LISTED)
    for mine, other in zip(ours["words"], theirs["words"], strict=False):
        for edge in ("start", "end"):
            findings.near("word times heard, s", f"{where} '{mine['text']}'", mine[edge], other[edge], LISTED)


def _emotion(findings: Findings, where: str, ours: Fields, theirs: Fields) -> None:
    findings.same("emotion label", where, ours["feeling"]["label"], theirs["feeling"]["label"], listed=True)
    for name in ("valence", "arousal", "confidence"):
        findings.near(f"emotion {name}", where, ours["feeling"][name], theirs["feeling"][name], LISTED)
    for label in sorted(ours["scores"].keys() | theirs["scores"].keys()):
        mine, other = (float(side["scores"].get(label, 0.0)) for side in (ours, theirs))
        findings.near("emotion scores", f"{where} {label}", mine, other, LISTED)
    for number, (mine, other) in enumerate(zip(ours["features"], theirs["features"], strict=False)):
        findings.near("emotion features", f"{where} {number}", mine, other, LISTED)


def _speech(findings: Findings, where: str, ours: Fields, theirs: Fields) -> None:
    for what in ("phonemes", "words"):
        names = [[mark["text"] for mark in side[what]] for side in (ours, theirs)]
        if not findings.same(f"spoken {what}", where, *(" ".join(side) for side in names)):
            continue
        for mine, other in zip(ours[what], theirs[what], strict=True):
            for edge in ("start", "end"):
                place = f"{where} '{mine['text']}' {edge}"
                findings.near(f"spoken {what}, times in samples", place, mine[edge], other[edge], SAMPLES)
    _sound(findings, where, ours["pcm"], theirs["pcm"])


def _sound(findings: Findings, where: str, ours: Samples, theirs: Samples) -> None:
    findings.near("length of the speech, samples", where, len(ours), len(theirs), SAMPLES)
    shared = min(len(ours), len(theirs))
    largest = int(np.abs(ours[:shared] - theirs[:shared]).max(initial=0))
    findings.near("sound of the speech, of 32768", where, 0, largest, LISTED)


def _cues(findings: Findings, where: str, ours: Fields, theirs: Fields) -> None:
    for track in ("visemes", "expressions", "gestures"):
        names = [" ".join(pose["name"] for pose in side[track]) for side in (ours, theirs)]
        if not findings.same("cues, names of poses", f"{where} {track}", *names):
            continue
        for mine, other in zip(ours[track], theirs[track], strict=True):
            place = f"{where} {track} {mine['name']} at {mine['start']}"
            findings.near("cues, weights", place, mine["weight"], other["weight"], VALUE)
            for edge in ("start", "attack", "release", "end"):
                findings.near("cues, times in samples", f"{place} {edge}", mine[edge], other[edge], SAMPLES)
    for mine, other in zip_longest(ours["gaze"], theirs["gaze"]):
        if mine is None or other is None:
            findings.same("cues, looks", where, mine, other)
            continue
        findings.near("cues, times in samples", f"{where} gaze", mine["at"], other["at"], SAMPLES)
        for axis in ("x", "y"):
            findings.near("cues, gaze", f"{where} gaze at {mine['at']} {axis}", mine[axis], other[axis], VALUE)


_OF_KIND = {"Utterance": _heard, "Transcript": _transcript, "Emotion": _emotion, "Speech": _speech, "Cues": _cues}


def report(ours: Recording, theirs: Recording, findings: Findings) -> Iterator[str]:
    """Markdown: how long the stages took, what was compared, and every difference."""
    yield f"| stage | jobs | {ours.name}, median ms | {theirs.name}, median ms | times |\n|---|---|---|---|---|"
    for stage in STAGES.values():
        if ours.ms.get(stage) and theirs.ms.get(stage):
            mine, other = (statistics.median(side.ms[stage]) for side in (ours, theirs))
            times = f"{other / mine:.1f}" if mine > 0 else ""
            yield f"| {stage} | {len(theirs.ms[stage])} | {mine:.1f} | {other:.1f} | {times} |"
    yield "\n| what | compared | differ | by at most | allowed | |\n|---|---|---|---|---|---|"
    for what, count in findings.compared.items():
        found = [difference for difference in findings.differences if difference.what == what]
        sizes = [difference.size for difference in found if difference.size < float("inf")]
        largest = f"{max(sizes):.4g}" if sizes else ""
        limit = findings.allowed[what]
        allowed = "listed" if limit is None else f"{limit:g}" if limit else "equal"
        mark = "✗" if any(map(findings.beyond, found)) else "✓"
        yield f"| {what} | {count} | {len(found)} | {largest} | {allowed} | {mark} |"
    yield f"\n{len(findings.differences)} differences, {ours.name} → {theirs.name}:"
    for difference in findings.differences:
        yield f"{'✗' if findings.beyond(difference) else '·'} {difference.told()}"


def main() -> int:
    """The command; 0: within tolerance, 1: not, or nothing was compared."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("ours", type=Path, metavar="A")
    parser.add_argument("theirs", type=Path, metavar="B")
    options = parser.parse_args()
    ours, theirs = read(options.ours), read(options.theirs)
    if ours.session != theirs.session:
        ours.answer_cues_of(theirs)
        print(SAYS, end="\n\n")  # noqa: T201
    findings = compare(ours, theirs)
    print(*report(ours, theirs, findings), sep="\n")  # noqa: T201
    if missing := sorted(STAGES[kind] for kind in STAGES.keys() - {key[0] for key in ours.messages}):
        print(f"✗ nothing of {', '.join(missing)} in {options.ours}")  # noqa: T201
    return int(bool(missing) or any(map(findings.beyond, findings.differences)))


if __name__ == "__main__":
    raise SystemExit(main())
