"""The report's drawings as SVG: sound, mouth shapes, and where a feeling lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.audio import Samples
from pipeline.envelope import Feeling, Pose

WIDTH = 1000
"""Units across every drawing; the page stretches it."""
MOUTHS = {
    "sil": ("rest", "闭合"), "PP": ("lips", "p b m"), "FF": ("lips", "f v"), "TH": ("tongue", "th"),
    "DD": ("tongue", "t d"), "kk": ("back", "k g"), "CH": ("teeth", "ch j"), "SS": ("teeth", "s z"),
    "nn": ("tongue", "n l"), "RR": ("back", "r"), "aa": ("open", "a"), "E": ("mid", "e"), "ih": ("narrow", "i"),
    "oh": ("round", "o"), "ou": ("round", "u"),
}  # fmt: skip
"""OVR-15: the colour class of each shape, and sounds that have it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the visit, in seconds, and its place on the page."""

    start: float
    end: float

    def x(self, seconds: float) -> float:
        """Units from the left, 0..WIDTH."""
        return round(WIDTH * (seconds - self.start) / max(self.end - self.start, 1e-3), 1)

    def percent(self, seconds: float) -> float:
        """The same in percent, kept within the picture."""
        return min(100.0, max(0.0, round(self.x(seconds) / WIDTH * 100, 2)))


def envelope(sound: Samples, rate: int, window: Window, buckets: int = 360) -> str:
    """A mirrored outline of the loudest sample of each bucket, on a square-root scale so that soft speech shows."""
    edges = np.linspace(window.start * rate, window.end * rate, buckets + 1).astype(int)
    peaks = [_peak(sound[max(0, first) : max(0, last, first + 1)]) for first, last in pairwise(edges)]
    step = WIDTH / buckets
    top = [f"{at * step:.1f},{20 - 19 * peak:.1f}" for at, peak in enumerate(peaks)]
    bottom = [f"{at * step:.1f},{20 + 19 * peak:.1f}" for at, peak in reversed(list(enumerate(peaks)))]
    return f'<polygon points="{" ".join(top + bottom)}"/>'


def drawing(content: str, kind: str, height: int = 40) -> str:
    """An SVG that fills its box."""
    box = f'viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg class="{kind}" {box}>{content}</svg>'


def mouth(poses: Iterable[Pose], seconds_of: "Clocked", window: Window) -> str:
    """Each mouth shape as a hill: it rises to `attack`, holds to `release`, and is gone at `end`."""
    hills = []
    for pose in poses:
        group, sounds = MOUTHS.get(pose.name, ("rest", ""))
        xs = [window.x(seconds_of(sample)) for sample in (pose.start, pose.attack, pose.release, pose.end)]
        height = round(38 - 34 * pose.weight, 1)
        if group != "rest" and xs[3] > xs[0]:
            title = f"{pose.name} ({sounds}) {seconds_of(pose.attack):.2f}-{seconds_of(pose.release):.2f} s"
            points = f"{xs[0]},39 {xs[1]},{height} {xs[2]},{height} {xs[3]},39"
            hills.append(f'<polygon class="m-{group}" data-m="{title}" points="{points}"/>')
    return "".join(hills)


@dataclass(frozen=True, slots=True)
class Clocked:
    """Samples of a sentence's own clock as seconds of the visit."""

    begun: float
    rate: int

    def __call__(self, sample: int) -> float:
        return self.begun + sample / self.rate


def circumplex(feelings: Iterable[tuple[str, Feeling]]) -> str:
    """Russell's plane: valence to the right, arousal upwards; each feeling a dot as large as its confidence."""
    dots = [
        f'<circle class="f-{source}" cx="{50 + 42 * feeling.valence:.1f}" cy="{50 - 42 * feeling.arousal:.1f}" '
        f'r="{3 + 5 * feeling.confidence:.1f}"/>'
        for source, feeling in feelings
    ]
    frame = '<circle class="ring" cx="50" cy="50" r="46"/><path class="ring" d="M4 50H96M50 4V96"/>'
    return f'<svg class="plane" viewBox="0 0 100 100" aria-hidden="true">{frame}{"".join(dots)}</svg>'


def _peak(samples: Samples) -> float:
    return float(np.sqrt(np.abs(samples.astype(np.int32)).max() / 32768)) if len(samples) else 0.0
