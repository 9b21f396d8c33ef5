"""A pen for layered vector art: points, smooth curves, gradients, soft shadows; the same text for the same strokes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

Point = tuple[float, float]
HAIR = 0.75
"""Half the width of a hair's root; `Motion` in the page has the same."""
Stop = tuple[float, str, float]
"""Offset 0..1, colour, opacity."""


def num(value: float) -> str:
    """Tenths: finer than a pixel at full HD."""
    text = f"{value:.1f}"
    text = "0" if text in {"-0.0", "0.0"} else text.removesuffix(".0")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def flat(points: Iterable[Point]) -> list[float]:
    """X y x y …, for motion files."""
    return [round(value, 2) + 0.0 for point in points for value in point]


def mirror(points: Iterable[Point]) -> list[Point]:
    """On the other side of the axis x = 0."""
    return [(-x, y) for x, y in points]


def on(side: int, points: Iterable[Point]) -> list[Point]:
    """Of a pair drawn at the visitor's right: as it is (side 1) or mirrored (side -1)."""
    return [(side * x, y) for x, y in points]


def smooth(points: Sequence[Point], *, closed: bool = False) -> str:
    """A path through all points: Catmull and Rom's spline as cubic Béziers."""
    count = len(points)

    def at(index: int) -> Point:
        return points[index % count] if closed else points[max(0, min(count - 1, index))]

    x, y = round(points[0][0], 1), round(points[0][1], 1)
    text = f"M{num(x)} {num(y)}"
    for index in range(count if closed else count - 1):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (at(index + step) for step in (-1, 0, 1, 2))
        handles = (x1 + (x2 - x0) / 6, y1 + (y2 - y0) / 6, x2 - (x3 - x1) / 6, y2 - (y3 - y1) / 6, x2, y2)
        steps = [num(value - (y if odd % 2 else x)) for odd, value in enumerate(handles)]
        text += "c" + steps[0] + "".join(step if step.startswith("-") else f" {step}" for step in steps[1:])
        x, y = round(x + float(steps[4]), 1), round(y + float(steps[5]), 1)
    return text + ("Z" if closed else "")


def blob(*points: Point) -> str:
    """A closed smooth shape."""
    return smooth(points, closed=True)


def line(*points: Point) -> str:
    """An open smooth curve."""
    return smooth(points)


def tufts(points: Sequence[Point]) -> str:
    """Every three points a hair of its own, thin at its tip: root, bend and tip."""
    text = ""
    for (x, y), (u, v), tip in zip(points[::3], points[1::3], points[2::3], strict=True):
        text += f"M{num(x - HAIR)} {num(y)}Q{num(u - HAIR / 2)} {num(v)} {num(tip[0])} {num(tip[1])}"
        text += f"Q{num(u + HAIR / 2)} {num(v)} {num(x + HAIR)} {num(y)}Z"
    return text


def oval(x: float, y: float, wide: float, high: float) -> str:
    """An ellipse by its half axes."""
    return (f"M{num(x - wide)} {num(y)}a{num(wide)} {num(high)} 0 1 0 {num(2 * wide)} 0"
            f"a{num(wide)} {num(high)} 0 1 0 {num(-2 * wide)} 0Z")  # fmt: skip


def along(points: Sequence[Point], count: int) -> list[Point]:
    """`count` points at even steps of the smooth curve's own parameter."""
    knots = np.array([points[0], *points, points[-1]])
    result: list[Point] = []
    for place in np.linspace(0, len(points) - 1, count):
        index = min(int(place), len(points) - 2)
        t = place - index
        p0, p1, p2, p3 = knots[index : index + 4]
        x, y = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                      + (3 * p1 - p0 - 3 * p2 + p3) * t**3)  # fmt: skip
        result.append((float(x), float(y)))
    return result


def taper(points: Sequence[Point], widths: Sequence[float]) -> str:
    """A closed stroke whose width changes along the curve: hair, lashes, folds, fingers."""
    spine = np.array(along(points, max(5, 2 * len(points))))
    ahead = np.gradient(spine, axis=0)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1) / np.maximum(1e-6, np.hypot(*ahead.T))[:, None]
    width = np.interp(np.linspace(0, 1, len(spine)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    ring = [*(spine + normal * width), *(spine - normal * width)[::-1]]
    return smooth([(float(x), float(y)) for x, y in ring], closed=True)


def rays(x: float, y: float, near: float, far: float, angles: Iterable[float]) -> str:
    """Straight lines away from a centre; angles in radians."""
    text = ""
    for angle in angles:
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        text += f"M{num(x + near * cos)} {num(y + near * sin)}L{num(x + far * cos)} {num(y + far * sin)}"
    return text


def stops(*colours: str) -> list[Stop]:
    """Evenly spread, opaque."""
    return [(index / (len(colours) - 1), colour, 1.0) for index, colour in enumerate(colours)]


def fade(colour: str, *levels: float) -> list[Stop]:
    """One colour at evenly spread opacities."""
    return [(index / (len(levels) - 1), colour, level) for index, level in enumerate(levels)]


@dataclass
class Svg:
    """One layer's picture."""

    box: tuple[float, float, float, float]
    reach: tuple[float, float, float, float] | None = None
    """Where blurs are drawn, if not in the box: what is drawn in a moved group has coordinates of its own."""
    defs: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def linear(self, name: str, start: Point, end: Point, marks: Iterable[Stop]) -> str:
        """A gradient between two points, in the art's units."""
        (x1, y1), (x2, y2) = start, end
        self.defs[name] = (
            f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{num(x1)}" y1="{num(y1)}" '
            f'x2="{num(x2)}" y2="{num(y2)}">{_stops(marks)}</linearGradient>'
        )
        return f"url(#{name})"

    def radial(self, name: str, centre: Point, radius: float, marks: Iterable[Stop], stretch: str = "") -> str:
        """A round gradient; `stretch` is a gradientTransform."""
        change = f' gradientTransform="{stretch}"' if stretch else ""
        self.defs[name] = (
            f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="{num(centre[0])}" cy="{num(centre[1])}" '
            f'r="{num(radius)}"{change}>{_stops(marks)}</radialGradient>'
        )
        return f"url(#{name})"

    def _area(self) -> str:
        """The whole box: a region by the shape's own size would cut the blur of an upright line."""
        x, y, wide, high = map(num, self.reach or self.box)
        return f'filterUnits="userSpaceOnUse" x="{x}" y="{y}" width="{wide}" height="{high}"'

    def blur(self, radius: float) -> str:
        """A soft edge."""
        name = f"b{num(radius).replace('.', '_')}"
        self.defs[name] = (
            f'<filter id="{name}" {self._area()} color-interpolation-filters="sRGB">'
            f'<feGaussianBlur stdDeviation="{num(radius)}"/></filter>'
        )
        return f"url(#{name})"

    def clip(self, name: str, d: str, element: str = "") -> str:
        """What is drawn in it ends at the path; `element` is the path's id where it moves."""
        ident = f' id="{element}"' if element else ""
        self.defs[name] = f'<clipPath id="{name}"><path{ident} d="{d}"/></clipPath>'
        return f"url(#{name})"

    def path(self, d: str, **paint: object) -> None:
        """Keywords are presentation attributes, `_` for `-`; `soft=3` blurs by 3; without a fill a stroke has none."""
        self.body.append(f'<path d="{d}"{self._paint(paint)}/>')

    def strokes(self, curves: Iterable[Sequence[Point]], **paint: object) -> None:
        """Many lines of one look as one path."""
        self.path("".join(smooth(curve) for curve in curves), **paint)

    @contextmanager
    def group(self, **paint: object) -> Iterator[None]:
        """What is drawn inside shares clip, blur, opacity or a move."""
        self.body.append(f"<g{self._paint(paint)}>")
        yield
        self.body.append("</g>")

    def text(self) -> str:
        """The file."""
        box = " ".join(map(num, self.box))
        defs = f"<defs>{''.join(self.defs.values())}</defs>" if self.defs else ""
        size = f'width="{num(self.box[2])}" height="{num(self.box[3])}"'
        root = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size} fill="none">'
        return f"{root}{defs}\n" + "\n".join(self.body) + "\n</svg>\n"

    def _paint(self, paint: dict[str, object]) -> str:
        if "soft" in paint:
            paint["filter"] = self.blur(float(str(paint.pop("soft"))))
        if "stroke" in paint:
            paint.setdefault("stroke-linecap", "round")
        if "clip" in paint:
            paint["clip-path"] = paint.pop("clip")
        return "".join(f' {key.replace("_", "-")}="{value}"' for key, value in paint.items())


def _stops(marks: Iterable[Stop]) -> str:
    return "".join(
        f'<stop offset="{round(offset, 3)}" stop-color="{colour}"'
        + ("" if opacity == 1 else f' stop-opacity="{round(opacity, 3)}"')
        + "/>"
        for offset, colour, opacity in marks
    )
