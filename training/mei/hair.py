"""Hair: combed from a side parting over the ears into a low bun, strand by strand between guide curves."""

from collections.abc import Sequence

import numpy as np

from training.mei.pen import Point, Svg, along, blob, fade, line, oval, smooth, stops, taper

INK, DARK, BROWN = "#0f090b", "#1f1517", "#4a332e"
PART: Point = (36, -145)
"""Where the parting meets the forehead."""
LEFT_OUTER: list[Point] = [(44, -206), (-34, -209), (-100, -176), (-138, -112), (-147, -46), (-143, 0), (-135, 22)]
LEFT_INNER: list[Point] = [PART, (8, -133), (-36, -112), (-74, -84), (-101, -52), (-118, -26), (-130, -4)]
RIGHT_OUTER: list[Point] = [(22, -207), (80, -194), (124, -152), (145, -94), (148, -38), (143, 4), (135, 24)]
RIGHT_INNER: list[Point] = [PART, (62, -126), (88, -97), (104, -67), (114, -41), (122, -20), (131, -2)]
Look = tuple[int, str, float, float]
"""How many strands, their paint, width and opacity."""


def _between(one: Sequence[Point], other: Sequence[Point], share: float) -> list[Point]:
    return [(x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in zip(one, other, strict=True)]


def combed(svg: Svg, one: list[Point], other: list[Point], seed: int, looks: list[Look]) -> None:
    """Long strands that flow from guide to guide, each a little off its neighbours' way; none begin or end together."""
    rng = np.random.default_rng(seed)
    steps = np.linspace(0, 1, len(one))
    for count, paint, wide, opaque in looks:
        strands = []
        for _ in range(count):
            shares = np.clip(rng.uniform(0.02, 0.98) + rng.normal(0, 0.035, 2), 0.01, 0.99)
            start, end = (_between(one, other, float(share)) for share in shares)
            whole = [(x + (u - x) * t, y + (v - y) * t) for (x, y), (u, v), t in zip(start, end, steps, strict=True)]
            first, last = float(rng.uniform(0, 0.42)), float(rng.uniform(0.62, 1.0))
            strands.append([along(whole, 61)[round(60 * place)] for place in np.linspace(first, last, 5)])
        svg.strokes(strands, stroke=paint, stroke_width=wide, opacity=opaque)


def front() -> Svg:
    """What frames the face."""
    svg = Svg((-156, -216, 312, 250))
    halo = svg.linear("halo", (-70, -196), (-28, -60), fade("#d7ab92", 0.0, 0.1, 0.9, 0.2, 0.0))
    cool = svg.linear("cool", (84, -190), (132, -40), fade("#93a3ad", 0.0, 0.5, 0.4, 0.0))
    for mark, outer, inner, seed in (("r", RIGHT_OUTER, RIGHT_INNER, 4), ("l", LEFT_OUTER, LEFT_INNER, 3)):
        shape = smooth([*outer, *inner[::-1]], closed=True)
        sheen = halo if mark == "l" else cool
        tone = svg.linear(f"tone-{mark}", (-60, -200), (60, 30), stops("#322425", "#281b1c", "#170e10"))
        svg.path(shape, fill=tone)
        with svg.group(clip=svg.clip(f"side-{mark}", shape)):
            _body(svg, mark, inner, outer)
            combed(svg, outer, inner, seed, [(44, INK, 1.3, 0.42), (34, BROWN, 1.0, 0.5), (44, sheen, 0.9, 0.45),
                                             (26, sheen, 0.6, 0.8), (14, INK, 0.8, 0.6)])  # fmt: skip
    parting = taper([(44, -186), (42, -172), (39, -158), PART], (0.2, 1.2, 1.8, 1.4))
    svg.path(parting, fill="#a87561", opacity=0.4, soft=1)
    svg.path(taper(RIGHT_OUTER, (0, 0, 2, 2.6, 2.6, 2, 1)), fill="#a9bcc6", opacity=0.45, soft=1.2)
    _edge_wisps(svg)
    return svg


def _body(svg: Svg, mark: str, inner: list[Point], outer: list[Point]) -> None:
    """The round form under the strands: a soft light, and dark where the hair turns away."""
    if mark == "l":
        svg.path(blob((-6, -186), (-58, -172), (-100, -132), (-112, -92), (-86, -104), (-50, -136), (0, -160)),
                 fill="#b98d78",
                 opacity=0.42, soft=13)  # fmt: skip
    else:
        svg.path(
            blob((64, -176), (98, -150), (118, -112), (104, -104), (84, -130)), fill="#6f7f8a", opacity=0.34, soft=10
        )
    svg.path(smooth(inner), stroke=INK, stroke_width=15, opacity=0.62, soft=5)
    svg.path(smooth(outer), stroke=INK, stroke_width=16, opacity=0.5, soft=7)
    svg.path(oval(inner[-1][0] * 1.03, 8, 22, 26), fill=INK, opacity=0.7, soft=8)


def _edge_wisps(svg: Svg) -> None:
    """Fine hairs that no comb has caught, along the outline."""
    rng = np.random.default_rng(8)
    strands = []
    for side in (LEFT_OUTER, RIGHT_OUTER):
        spine = along(side, 60)
        for at in rng.integers(8, 46, 9):
            (x, y), (u, v) = spine[at], spine[at + 12]
            out = 1.0 + float(rng.uniform(0.006, 0.022))
            strands.append([(x, y), ((x + u) / 2 * out, (y + v) / 2 * out), (u * 1.005, v * 1.005)])
    svg.strokes(strands, stroke=DARK, stroke_width=0.7, opacity=0.6)


def back() -> Svg:
    """Behind the neck: the nape, the bun and its pin."""
    svg = Svg((-142, -80, 324, 250))
    nape = blob((-112, -60), (-138, 8), (-126, 70), (-98, 118), (-62, 152), (0, 164), (62, 152), (98, 118), (126, 70),
                (138, 8), (112, -60), (0, -120))  # fmt: skip
    svg.path(nape, fill=svg.linear("nape", (0, 0), (0, 170), stops("#20161a", "#0c0708")))
    strands = [[(side * x, -10.0), (side * (x - 4), 50.0), (side * (x - 30), 110.0), (side * (x - 66), 150.0)]
               for side in (-1, 1) for x in np.linspace(100, 130, 8)]  # fmt: skip
    svg.strokes(strands, stroke="#4d3833", stroke_width=1, opacity=0.5)
    _bun(svg)
    return svg


def _bun(svg: Svg) -> None:
    """Turned once and pinned: strands sweep around from the nape."""
    svg.path(line((86, 50), (166, 122)), stroke="#8a6a35", stroke_width=3.2)
    ball = blob((86, 84), (114, 70), (146, 80), (162, 108), (154, 140), (124, 158), (88, 150), (70, 116))
    svg.path(ball, fill=svg.radial("bun", (112, 92), 70, stops("#4d3732", "#2c1d1e", "#0f090b")))
    first: list[Point] = [(66, 142), (76, 96), (112, 74), (150, 86), (160, 116), (140, 142)]
    last: list[Point] = [(92, 150), (100, 124), (114, 108), (128, 108), (134, 120), (126, 132)]
    low_first: list[Point] = [(72, 146), (100, 158), (132, 154), (154, 136), (162, 112)]
    low_last: list[Point] = [(86, 130), (104, 136), (122, 134), (136, 124), (142, 108)]
    with svg.group(clip=svg.clip("bun-clip", ball)):
        svg.path(blob((92, 92), (116, 80), (142, 90), (128, 98), (108, 100)), fill="#a17c69", opacity=0.42, soft=6)
        looks = [(14, INK, 1.8, 0.55), (14, "#6d5047", 1.0, 0.6), (12, "#c79d86", 0.7, 0.5)]
        for radius in (7.0, 13.0, 19.0):
            coil = [
                (120 + radius * float(np.cos(a)), 121 + radius * float(np.sin(a))) for a in np.linspace(2.4, 6.6, 6)
            ]
            svg.path(line(*coil), stroke="#8d6a5c", stroke_width=1.1, opacity=0.55)
        combed(svg, low_first, low_last, 12, looks)
        combed(svg, first, last, 13, looks)
        svg.path(ball, stroke=INK, stroke_width=12, opacity=0.5, soft=5)
    svg.path(line((140, 98), (166, 122)), stroke="#8a6a35", stroke_width=3.2)
    svg.path(line((140, 97.4), (166, 121.4)), stroke="#f1d99a", stroke_width=1.1)
    svg.path(oval(168, 124, 6.5, 6.5), fill=svg.radial("jade", (166, 121), 10, stops("#d8f3df", "#6fb592", "#2f7257")))
    svg.path(oval(166, 121.6, 1.8, 1.5), fill="#ffffff", opacity=0.8)


def lock(side: int) -> Svg:
    """A loose strand before the ear; side 1 is the visitor's right."""
    box = (88.0, -62.0, 46.0, 200.0) if side > 0 else (-134.0, -62.0, 46.0, 200.0)
    svg = Svg(box)
    curls: list[list[Point]] = [
        [(106, -54), (115, -20), (116, 24), (111, 66), (102, 98), (104, 122), (111, 132)],
        [(108, -52), (119, -14), (121, 30), (116, 68), (107, 96), (100, 112)],
        [(107, -50), (113, -10), (112, 40), (106, 74)],
    ]
    for index, curl in enumerate(curls):
        points = [(side * x, y) for x, y in curl]
        svg.path(taper(points, (2.4, 3.4, 3.0, 2.2, 1.2, 0.4)), fill=("#1d1315", "#2a1d1d", "#150d0f")[index])
        svg.path(smooth(points), stroke="#8a675a", stroke_width=0.6, opacity=0.5)
    return svg


def earring(side: int) -> Svg:
    """Jade and gold; swings from the ear lobe."""
    x = side * 123.0
    svg = Svg((x - 12, 36, 24, 50))
    svg.path(line((x, 44), (x, 54)), stroke="#d9b777", stroke_width=1.4)
    svg.path(oval(x, 43, 2.8, 2.8), fill="#f1d99a")
    drop = blob((x, 52), (x + 6, 64), (x + 4.6, 74), (x, 77), (x - 4.6, 74), (x - 6, 64))
    svg.path(drop, fill=svg.radial(f"jade{side + 1}", (x - 2, 62), 15, stops("#dff6e4", "#7cc19c", "#2c6d52")))
    svg.path(oval(x - 2, 64, 1.5, 3), fill="#ffffff", opacity=0.75)
    return svg
