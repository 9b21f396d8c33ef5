"""Hands and sleeves for gestures, each drawn where the gesture holds it."""

from collections.abc import Sequence

import numpy as np

from training.mei.pen import Point, Svg, blob, line, oval, smooth, stops, taper

LIT, SKIN, SHADE, LINE = "#fbe0cd", "#f2c9ae", "#cf9379", "#9c5743"
REACH = (-140.0, -240.0, 280.0, 800.0)
"""Around a hand whose wrist is at 0 0."""
Finger = tuple[Point, float, float, float, float]
"""Root, direction in degrees from straight up (clockwise), length, width at the root, and how much it bends."""
SPREAD: list[Finger] = [
    ((29, -92), 17, 63, 16, 4), ((13, -102), 6, 82, 18.5, 3), ((-8, -105), -3, 89, 19.5, 0), ((-29, -98), -12, 78,
                                                                                                19, -3),
]  # fmt: skip
"""A waving hand, from the little finger to the forefinger; the thumb is at the left."""
CLOSE: list[Finger] = [
    ((29, -92), 4, 61, 16, -10), ((12, -102), 0, 80, 18, -8), ((-8, -105), -3, 87, 19, -6), ((-28, -98), -6, 77,
                                                                                             18.5, -3),
]  # fmt: skip
"""An offering hand: fingers together, a little bent."""


def _joints(finger: Finger) -> list[Point]:
    (x, y), turn, long, _, bend = finger
    points = [(x, y)]
    for part, share in enumerate((0.44, 0.32, 0.24)):
        angle = np.radians(turn + bend * part)
        x, y = x + float(np.sin(angle)) * long * share, y - float(np.cos(angle)) * long * share
        points.append((x, y))
    return points


def _finger(svg: Svg, points: Sequence[Point], wide: float, *, creases: bool = True) -> None:
    widths = (wide * 1.04, wide, wide * 0.97, wide * 0.9, wide * 0.84, wide * 0.74, wide * 0.34)
    shape = taper(points, widths)
    svg.path(shape, fill=SKIN)
    with svg.group(clip=svg.clip(f"finger{len(svg.defs)}", shape)):
        right = [(x + wide * 0.34, y) for x, y in points]
        left = [(x - wide * 0.16, y) for x, y in points]
        svg.path(taper(right, (wide * 0.5, wide * 0.4, wide * 0.2)), fill=SHADE, opacity=0.6, soft=2.2)
        svg.path(taper(left, (wide * 0.36, wide * 0.3, wide * 0.16)), fill=LIT, opacity=0.8, soft=2.2)
        tip = points[-1]
        svg.path(oval(tip[0], tip[1] + wide * 0.3, wide * 0.36, wide * 0.46), fill="#e79a8b", opacity=0.42, soft=2.2)
        for x, y in points[1:-1] if creases else ():
            fold = [(x - wide * 0.4, y), (x, y + 1.4), (x + wide * 0.4, y)]
            svg.path(taper(fold, (0.3, 1.5, 0.3)), fill="#b06a54", opacity=0.55)
    svg.path(shape, stroke=LINE, stroke_width=0.9, opacity=0.5)


def _palm(svg: Svg, fingers: list[Finger], thumb: list[Point]) -> None:
    """Seen from inside; the wrist is at 0 0, the fingers go up, the thumb is at the left."""
    for finger in fingers:
        _finger(svg, _joints(finger), finger[3])
    shape = blob((-20, 14), (-23, 0), (-30, -16), (-40, -40), (-42, -68), (-39, -94), (-28, -106), (-8, -110), (13,
                                                                                                                -107),
                 (32, -98), (40, -84), (40, -58), (34, -30), (25, -8), (20, 14))  # fmt: skip
    tone = svg.linear("palm", (-40, -80), (40, -20), stops("#f9dcc8", "#f2c8ae", "#dca388"))
    svg.path(shape, fill=tone, stroke=LINE, stroke_width=1.1, stroke_opacity=0.32)
    with svg.group(clip=svg.clip("palm-clip", shape)):
        svg.path(oval(24, -44, 16, 34), fill="#e7a18e", opacity=0.4, soft=8)
        svg.path(oval(-4, -62, 18, 20), fill=SHADE, opacity=0.5, soft=9)
        svg.path(oval(0, -98, 40, 8), fill="#eeb09a", opacity=0.5, soft=5)
        svg.path("M-44 -112H44V-101H-44Z", fill=SKIN, opacity=0.9, soft=3)
    _finger(svg, thumb, 25)
    svg.path(blob((-36, -58), (-24, -56), (-8, -34), (-6, -10), (-18, 2), (-30, -14), (-38, -36)), fill="#f7d3bd",
             opacity=0.95,
             soft=3)  # fmt: skip
    svg.path(oval(-22, -26, 10, 16), fill=LIT, opacity=0.6, soft=5)
    creases: list[list[Point]] = [
        [(-30, -64), (-14, -52), (-5, -32), (-8, -8)], [(-34, -76), (-10, -74), (14, -64), (30, -48)],
        [(36, -78), (18, -84), (-2, -88), (-14, -98)],
    ]  # fmt: skip
    for crease in creases:
        svg.path(taper(crease, (0.4, 1.7, 1.7, 0.4)), fill="#b2664f", opacity=0.5, soft=0.5)
    for finger in fingers:
        x, y = finger[0]
        svg.path(line((x - 8, y - 2), (x, y), (x + 8, y - 2)), stroke="#b2664f", stroke_width=1, opacity=0.35)


def _sleeve(svg: Svg, long: float, wide: float) -> None:
    """From the wrist down the forearm; drawn over the hand, which comes out of it."""
    shape = blob((-28, 15), (0, 20), (28, 15), (37, 70), (wide, long * 0.6), (wide, long + 60), (-wide, long + 60),
                 (-wide, long * 0.6), (-38, 70))  # fmt: skip
    svg.path(shape, fill=svg.linear("sleeve", (-wide, 0), (wide, 40), stops("#2c727a", "#174f57", "#0a2c32")))
    with svg.group(clip=svg.clip("sleeve-clip", shape)):
        svg.path(
            taper([(-14, 24), (-22, long * 0.5), (-wide * 0.5, long)], (10, 22, 30)),
            fill="#86c5c3",
            opacity=0.34,
            soft=8,
        )
        for y, lean in ((long * 0.3, 10), (long * 0.5, -12), (long * 0.72, 12)):
            fold = [(-wide, y - lean), (-6, y + 6), (wide, y + lean)]
            svg.path(taper(fold, (0, 8, 0)), fill="#011013", opacity=0.45, soft=3.4)
            svg.path(taper([(x, py + 8) for x, py in fold], (0, 7, 0)), fill="#86c5c3", opacity=0.2, soft=3.4)
    hem: list[Point] = [(-29, 16), (-12, 20.5), (12, 20.5), (29, 16)]
    svg.path(smooth([(x * 1.02, y + 5) for x, y in hem]), stroke="#021519", stroke_width=6, opacity=0.5, soft=2)
    svg.path(smooth(hem), stroke="#8d7a4e", stroke_width=4.4)
    svg.path(smooth([(x, y - 0.6) for x, y in hem]), stroke="#e6d3a6", stroke_width=2.5)
    svg.path(smooth([(x * 1.05, y + 9) for x, y in hem]), stroke="#e6d3a6", stroke_width=0.9, opacity=0.8)


def _wrist(svg: Svg) -> None:
    """Under the hand, into the cuff, which shades it."""
    shape = blob((-22, -16), (22, -16), (24, 30), (0, 38), (-24, 30))
    svg.path(shape, fill=svg.linear("wrist", (-22, 0), (24, 0), stops("#f1c8ad", "#edbfa3", "#c98d72")))


def _cuff_shade(svg: Svg) -> None:
    svg.path(oval(0, 20, 26, 9), fill="#5f2f23", opacity=0.5, soft=4)


def wave() -> Svg:
    """The hand at the visitor's left, raised; it swings about the elbow."""
    svg = Svg((-300, 150, 230, 760), REACH)
    with svg.group(transform="translate(-186 414) scale(-1.04 1.04)"):
        _wrist(svg)
        with svg.group(transform="rotate(4)"):
            _palm(svg, SPREAD, [(-26, -26), (-48, -52), (-62, -76), (-70, -100)])
        _cuff_shade(svg)
        _sleeve(svg, 400, 48)
    return svg


def offer(side: int) -> Svg:
    """An open hand that shows the way; side 1 is at the visitor's right; the elbow lies further out than the hand."""
    svg = Svg((100 if side > 0 else -390, 330, 290, 760), REACH)
    with svg.group(transform=f"translate({side * 168} 566) scale({side} 1) rotate(-18)"):
        _wrist(svg)
        with svg.group(transform="translate(4 2) rotate(66)"):
            _palm(svg, CLOSE, [(-26, -26), (-46, -50), (-57, -74), (-59, -98)])
        _cuff_shade(svg)
        _sleeve(svg, 420, 52)
    return svg


def think() -> Svg:
    """Seen from behind: the forefinger at the jaw, the others bent under the chin."""
    svg = Svg((-260, 110, 310, 800), REACH)
    with svg.group(transform="translate(-78 352) rotate(14)"):
        _wrist(svg)
        _bent(svg)
        _cuff_shade(svg)
        _sleeve(svg, 440, 46)
    return svg


def _bent(svg: Svg) -> None:
    back = blob((-20, 16), (-24, 0), (-36, -30), (-42, -66), (-36, -98), (-12, -112), (16, -108), (32, -88), (36,
                                                                                                              -54),
                                                                                                              (28, -18),
                (20, 16))  # fmt: skip
    _finger(svg, [(-28, -92), (-24, -132), (-12, -164), (-4, -186)], 19.5, creases=False)
    _nail(svg, -6, -180, 18)
    tone = svg.linear("back", (-40, -80), (40, -20), stops("#fae0ce", "#f0c6ab", "#d2977c"))
    svg.path(back, fill=tone, stroke=LINE, stroke_width=1.1, stroke_opacity=0.45)
    svg.path(oval(-16, -60, 14, 30), fill=LIT, opacity=0.55, soft=8)
    for x, y, long in ((-8, -104, 56), (12, -100, 50), (28, -86, 42)):
        bent = [(x, y), (x + 15, y - 12), (x + 27, y + 6), (x + 24, y + long * 0.62)]
        _finger(svg, bent, 19, creases=False)
        svg.path(oval(x + 13, y - 9, 7, 5), fill="#e9a08e", opacity=0.45, soft=3)
    for x in (-18, -2, 14):
        svg.path(taper([(x, -84), (x * 0.8, -50), (x * 0.5, -16)], (2, 3, 0.5)), fill=SHADE, opacity=0.3, soft=2)


def _nail(svg: Svg, x: float, y: float, turn: float) -> None:
    with svg.group(transform=f"translate({x} {y}) rotate({turn})"):
        nail = blob((-4.2, 5), (-4.6, -2), (-2.6, -7), (2.6, -7), (4.6, -2), (4.2, 5), (0, 6.4))
        svg.path(
            nail,
            fill=svg.linear("nail", (-4, -6), (5, 6), stops("#f9cfc4", "#e7a196")),
            stroke="#b2664f",
            stroke_width=0.6,
        )
        svg.path(line((-1.8, -3.4), (-2, 2)), stroke="#ffffff", stroke_width=1.2, opacity=0.7)
