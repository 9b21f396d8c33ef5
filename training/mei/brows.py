"""The brows, and the folds that feeling draws: between the brows, beside the nose and mouth, under the eyes."""

from typing import Any

import numpy as np

from training.mei.pen import Point, Svg, along, fade, flat, line, on, smooth, taper, tufts

TOP: list[Point] = [(20, -46.4), (30, -51.0), (48, -54.4), (67, -56.4), (85, -53.6), (100, -44.6)]
BOTTOM: list[Point] = [(20.4, -44.6), (30, -43.8), (48, -47.0), (67, -49.8), (84, -49.2), (99.6, -44.1)]
T = np.linspace(0, 1, 6)
INNER, OUTER, MIDDLE = (1 - T) ** 1.5, T**1.2, np.sin(np.pi * T)


def _track(dy: Any, dx: Any = 0.0) -> list[Point]:
    xs, ys = np.broadcast_to(dx, T.shape), np.broadcast_to(dy, T.shape)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


KEYS: dict[str, list[Point]] = {
    "browDown": _track(12.5 * INNER + 6.0 * MIDDLE + 0.5 * OUTER, -6.5 * INNER - 1.5 * MIDDLE),
    "browOuterUp": _track(-15.0 * OUTER - 8.0 * MIDDLE),
}
INNER_UP = _track(-17.0 * INNER - 5.0 * MIDDLE + 2.0 * OUTER, -3.5 * INNER)
HAIRS = 30


def _hairs() -> tuple[list[Point], list[int]]:
    """Root, bend and tip of each hair, and the nearest point of the outline: it moves with that."""
    rng = np.random.default_rng(5)
    top, bottom = along(TOP, 101), along(BOTTOM, 101)
    points: list[Point] = []
    nearest: list[int] = []
    for share in np.linspace(0.02, 0.9, HAIRS):
        at = int(share * 100)
        up = float(rng.uniform(0.1, 0.45))
        (x0, y0), (x1, y1) = bottom[at], top[min(100, at + 5)]
        root = (x0 + (x1 - x0) * up, y0 + (y1 - y0) * up)
        long = 9 + 5 * float(share)
        rise = (1 - float(share)) * 4.5 - float(share) * 1.5
        tip = (root[0] + long * (0.45 + 0.6 * float(share)), root[1] - rise)
        points += [root, ((root[0] + tip[0]) / 2 + 0.4, (root[1] + tip[1]) / 2 - 1.4), tip]
        nearest += [round(5 * float(share))] * 3
    return points, nearest


def motion() -> dict[str, Any]:
    """Both brows."""
    curves: dict[str, list[float]] = {}
    keys: dict[str, dict[str, list[float]]] = {"browInnerUp": {}}
    paths: dict[str, Any] = {}
    hairs, nearest = _hairs()
    for side, mark, sided in ((1, "r", "Left"), (-1, "l", "Right")):
        both = {f"top-{mark}": TOP, f"bottom-{mark}": BOTTOM, f"hairs-{mark}": hairs}
        curves |= {name: flat(on(side, points)) for name, points in both.items()}
        for key, track in KEYS.items():
            keys[f"{key}{sided}"] = _shifts(mark, on(side, track), nearest)
        keys["browInnerUp"] |= _shifts(mark, on(side, INNER_UP), nearest)
        outline = {"curves": [f"top-{mark}", f"-bottom-{mark}"]}
        paths |= {f"brow-{mark}": outline, f"haze-{mark}": outline}
        paths[f"hair-{mark}"] = {"curves": [f"hairs-{mark}"], "tufts": True}
    fades = {
        "frown": {"rest": 0.0, "browDownLeft": 0.45, "browDownRight": 0.45},
        "worry": {"rest": 0.0, "browInnerUp": 0.4},
    }
    return {"curves": curves, "keys": keys, "paths": paths, "fades": fades}


def _shifts(mark: str, track: list[Point], nearest: list[int]) -> dict[str, list[float]]:
    outline = flat(track)
    return {
        f"top-{mark}": outline,
        f"bottom-{mark}": outline,
        f"hairs-{mark}": flat([track[index] for index in nearest]),
    }


def picture() -> Svg:
    """At rest."""
    svg = Svg((-112, -112, 224, 112))
    for side, mark in ((1, "r"), (-1, "l")):
        top, bottom = on(side, TOP), on(side, BOTTOM)
        shape = smooth([*top, *bottom[::-1]], closed=True)
        tone = [(0.0, "#4a3129", 0.12), (0.22, "#46302a", 0.62), (0.65, "#3d2925", 0.8), (1.0, "#3d2925", 0.5)]
        fill = svg.linear(f"brow-fill-{mark}", (side * 20, 0), (side * 99, 0), tone)
        svg.path(shape, id=f"haze-{mark}", stroke="#5b3a30", stroke_width=2.2, stroke_linejoin="round", opacity=0.09)
        svg.path(shape, id=f"brow-{mark}", fill=fill)
        hairs, _ = _hairs()
        svg.path(tufts(on(side, hairs)), id=f"hair-{mark}", fill="#2a1a17", opacity=0.5)
    _folds(svg)
    return svg


def _folds(svg: Svg) -> None:
    shade = svg.linear("frown-fill", (0, -56), (0, -22), fade("#9a5540", 0, 0.9, 0))
    with svg.group(id="frown", opacity=0):
        svg.path(line((-8, -52), (-6.5, -40), (-9, -26)), stroke=shade, stroke_width=3, soft=1.2)
        svg.path(line((8, -52), (6.5, -40), (9, -26)), stroke=shade, stroke_width=3, soft=1.2)
    with svg.group(id="worry", opacity=0):
        for y, wide in ((-80, 44), (-92, 36)):
            crease: list[Point] = [(-wide, y + 4), (-wide / 2, y - 1), (0, y + 1), (wide / 2, y - 1), (wide, y + 4)]
            svg.path(taper(crease, (0.3, 3.4, 2.2, 3.4, 0.3)), fill="#a9644c", opacity=0.5, soft=1.6)
            svg.path(taper(on(1, [(x, high + 3.4) for x, high in crease]), (0.3, 3, 2, 3, 0.3)), fill="#fff1e6",
                     opacity=0.5,
                     soft=1.8)  # fmt: skip
