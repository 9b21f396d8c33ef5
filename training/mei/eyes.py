"""Eyes, lids and lashes, and how they open, close and look. Local units: an eye's middle is (56, 0) and mirrored."""

from typing import Any

import numpy as np

from training.mei.pen import Point, Svg, along, fade, flat, line, mirror, oval, rays, smooth, stops, tufts

AT = 58.0
UPPER: list[Point] = [(-30, 5.6), (-23, -2.8), (-13, -9.6), (-1, -12.6), (12, -11.8), (23, -7.2), (32, -1.4)]
LOWER: list[Point] = [(-30, 5.6), (-20, 9.2), (-9.5, 11.8), (1, 12.6), (13, 11.2), (23.5, 6.6), (32, -1.4)]
"""Lids of the visitor's right eye, from the inner to the outer corner."""
T = np.linspace(0, 1, 7)
ARCH = np.sin(np.pi * T)
IRIS = 15.2
SHADES = (5, 8, 11, 14)
"""Widths of the strokes that together are the soft shade of the lid on the ball."""
Deltas = dict[str, list[float]]


def _track(dy: Any, dx: Any = 0.0) -> list[Point]:
    xs, ys = np.broadcast_to(dx, T.shape), np.broadcast_to(dy, T.shape)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def _shut() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([low[1] - up[1] for low, up in zip(LOWER, UPPER, strict=True)])


FALL = _shut()
"""How far the upper lid is from the lower."""
CREASE = [(x * 1.02 + 0.5, y - 6.2 * a - 1.2) for (x, y), a in zip(UPPER, ARCH**0.6, strict=True)]
LASH = [(x + 2.2 * t**3, y - 1.2 - 2.9 * t**0.7 * (1 - 0.35 * t)) for (x, y), t in zip(UPPER, T, strict=True)]
LASH[-1] = (38.5, -6.6)
TUFTS = 11


def _lashes() -> tuple[list[Point], list[tuple[float, bool]]]:
    """Root, bend and tip of each lash; of each point, where along the lid it is and whether it is a tip."""
    rng = np.random.default_rng(7)
    points: list[Point] = []
    marks: list[tuple[float, bool]] = []
    spine = along(LASH, 101)
    for share in np.linspace(0.5, 0.98, TUFTS):
        x, y = spine[int(share * 100)]
        long = 1.2 + 5.2 * float(share) ** 2 + float(rng.normal(0, 0.4))
        lean = 0.35 + (float(share) - 0.46) * 1.9
        tip = (x + long * lean * 0.9, y - long * (0.86 - 0.25 * float(share)))
        points += [(x - 0.4, y + 1.4), ((x + tip[0]) / 2 + 0.5 * lean, (y + tip[1]) / 2 + 1.2), tip]
        marks += [(float(share), False), (float(share), False), (float(share), True)]
    return points, marks


HAIRS, MARKS = _lashes()


def _keys() -> dict[str, dict[str, list[Point]]]:
    """Of one eye: deltas of the curves by the ARKit name without its side."""
    down = FALL * 0.80
    return {
        "eyeBlink": {
            "upper": _track(down), "lower": _track(-FALL * 0.20),
            "lash": _track(down + 0.8 * ARCH), "crease": _track(down * 0.26),
        },
        "eyeWide": {
            "upper": _track(-6.4 * ARCH), "lower": _track(2.2 * ARCH), "lash": _track(-6.4 * ARCH),
            "crease": _track(-5.0 * ARCH),
        },
        "eyeSquint": {
            "upper": _track(2.6 * ARCH), "lower": _track(-5.2 * ARCH), "lash": _track(2.6 * ARCH),
            "crease": _track(2.0 * ARCH),
        },
        "cheekSquint": {"lower": _track(-3.6 * ARCH)},
        "eyeLookDown": {
            "upper": _track(6.5 * ARCH), "lower": _track(1.6 * ARCH), "lash": _track(6.5 * ARCH),
            "crease": _track(3.2 * ARCH),
        },
        "eyeLookUp": {
            "upper": _track(-2.6 * ARCH), "lower": _track(-0.8 * ARCH), "lash": _track(-2.6 * ARCH),
            "crease": _track(-2.0 * ARCH),
        },
        "browDown": {"crease": _track(1.4 * ARCH)},
    }  # fmt: skip


def _with_hairs(key: str, deltas: dict[str, list[Point]]) -> dict[str, list[Point]]:
    """Lashes go with the lid's edge; their tips turn over when it closes."""
    if "lash" not in deltas:
        return deltas
    dy = [y for _, y in deltas["lash"]]
    turn = {"eyeBlink": 9.0, "eyeLookDown": 4.0}.get(key, 0.0)
    hairs = [(0.0, float(np.interp(share, T, dy)) + turn * tip * (0.55 + 0.45 * share)) for share, tip in MARKS]
    return deltas | {"hairs": hairs}


def _placed(points: list[Point], side: int) -> list[Point]:
    """Side 1 is the visitor's right."""
    moved = [(AT + x, y) for x, y in points]
    return moved if side > 0 else mirror(moved)


def _delta(points: list[Point], side: int) -> list[Point]:
    return points if side > 0 else mirror(points)


CURVES: dict[str, list[Point]] = {"upper": UPPER, "lower": LOWER, "lash": LASH, "crease": CREASE, "hairs": HAIRS}


def motion() -> dict[str, Any]:
    """Of both eyes."""
    curves: Deltas = {}
    keys: dict[str, Deltas] = {}
    paths: dict[str, Any] = {}
    order: list[Any] = []
    moves: dict[str, Any] = {}
    fades: dict[str, Any] = {}
    for side, mark, sided in ((1, "r", "Left"), (-1, "l", "Right")):
        curves |= {f"{name}-{mark}": flat(_placed(points, side)) for name, points in CURVES.items()}
        for key, deltas in _keys().items():
            moved = _with_hairs(key, deltas)
            keys[f"{key}{sided}"] = {f"{name}-{mark}": flat(_delta(track, side)) for name, track in moved.items()}
        order += [[f"upper-{mark}", f"lower-{mark}", 0.0, "both"]]
        paths |= _paths(mark)
        moves |= _moves(mark, side, sided)
        fades[f"fold-{mark}"] = {"rest": 0.62, f"eyeBlink{sided}": -0.3, f"eyeWide{sided}": 0.2}
    return {"curves": curves, "keys": keys, "order": order, "paths": paths, "moves": moves, "fades": fades}


def _paths(mark: str) -> dict[str, Any]:
    ball = {"curves": [f"upper-{mark}", f"-lower-{mark}"]}
    return {
        f"white-{mark}": ball, f"ball-clip-{mark}": ball,
        **{f"shade{wide}-{mark}": {"curves": [f"upper-{mark}"], "open": True} for wide in SHADES},
        f"lashes-{mark}": {"curves": [f"upper-{mark}", f"-lash-{mark}"]},
        f"hair-{mark}": {"curves": [f"hairs-{mark}"], "tufts": True},
        f"rim-{mark}": {"curves": [f"lower-{mark}"], "open": True},
        f"wet-{mark}": {"curves": [f"lower-{mark}"], "open": True},
        f"fold-{mark}": {"curves": [f"crease-{mark}"], "open": True},
        f"lid-{mark}": {"curves": [f"crease-{mark}", f"-upper-{mark}"]},
    }  # fmt: skip


def _moves(mark: str, side: int, sided: str) -> dict[str, Any]:
    outwards = {f"eyeLookOut{sided}": 9.5 * side, f"eyeLookIn{sided}": -9.5 * side}
    height = {f"eyeLookUp{sided}": -6.0, f"eyeLookDown{sided}": 6.5}
    return {
        f"iris-{mark}": {"x": outwards, "y": height},
        f"glint-{mark}": {"x": {key: 0.45 * value for key, value in outwards.items()},
                          "y": {key: 0.45 * value for key, value in height.items()}},
    }  # fmt: skip


def picture() -> Svg:
    """Both eyes, open and looking ahead."""
    svg = Svg((-112, -42, 224, 76))
    svg.defs["lid-fill"] = (
        '<linearGradient id="lid-fill" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#b06c5c"/>'
        '<stop offset=".5" stop-color="#e3b09a"/><stop offset="1" stop-color="#8f4a44"/></linearGradient>'
    )
    for side, mark in ((1, "r"), (-1, "l")):
        _eye(svg, side, mark)
    return svg


def _eye(svg: Svg, side: int, mark: str) -> None:
    curve = {name: _placed(points, side) for name, points in CURVES.items()}
    ball = smooth([*curve["upper"], *curve["lower"][::-1]], closed=True)
    svg.clip(f"ball-{mark}", ball, f"ball-clip-{mark}")
    x = AT * side
    white = svg.radial(f"white-fill-{mark}", (x - 2, -1), 33, stops("#fdfaf7", "#f3ece8", "#d5c6c2", "#b49c98"))
    svg.path(ball, id=f"white-{mark}", fill=white)
    with svg.group(clip=f"url(#ball-{mark})"):
        svg.path(oval(x - side * 28.5, 5.6, 4.8, 3.6), fill="#d98f86", opacity=0.75)
        with svg.group(id=f"iris-{mark}"):
            _iris(svg, x, mark)
        for wide in SHADES:
            svg.path(line(*curve["upper"]), id=f"shade{wide}-{mark}", stroke="#3a2024", stroke_width=wide, opacity=0.11)
        with svg.group(id=f"glint-{mark}"):
            svg.path(oval(x - 5.2, -6.4, 3.8, 3.4), fill="#ffffff", opacity=0.95)
            svg.path(oval(x + 5.4, 4.6, 2, 1.7), fill="#fff4e6", opacity=0.6)
        svg.path(line(*curve["lower"]), id=f"wet-{mark}", stroke="#f6cfc4", stroke_width=2.4, opacity=0.8)
    lid = smooth([*curve["crease"], *curve["upper"][::-1]], closed=True)
    svg.path(lid, id=f"lid-{mark}", fill="url(#lid-fill)", opacity=0.5)
    svg.path(line(*curve["lower"]), id=f"rim-{mark}", stroke="#8d5446", stroke_width=0.9, opacity=0.7)
    svg.path(line(*curve["crease"]), id=f"fold-{mark}", stroke="#8a4f40", stroke_width=1.3, opacity=0.62)
    svg.path(smooth([*curve["upper"], *curve["lash"][::-1]], closed=True), id=f"lashes-{mark}", fill="#1d1214",
             stroke="#1d1214", stroke_width=0.9, stroke_linejoin="round")  # fmt: skip
    svg.path(tufts(curve["hairs"]), id=f"hair-{mark}", fill="#1d1214", opacity=0.9)


def _iris(svg: Svg, x: float, mark: str) -> None:
    y = -0.6
    ring = [
        (0.0, "#5a341f", 1.0),
        (0.34, "#6f4428", 1.0),
        (0.6, "#53301d", 1.0),
        (0.84, "#2f1a12", 1.0),
        (1.0, "#170d0b", 1.0),
    ]
    svg.path(oval(x, y, IRIS, IRIS), fill=svg.radial(f"iris-fill-{mark}", (x, y), IRIS, ring))
    spokes = rays(x, y, 6.6, 11.4, np.linspace(0, 2 * np.pi, 26, endpoint=False))
    svg.path(spokes, stroke="#9a6a40", stroke_width=0.7, opacity=0.4)
    glow = svg.radial(f"glow-{mark}", (x + 2, y + 7.5), 9, fade("#c48a52", 0.75, 0.0))
    svg.path(oval(x + 1, y + 6.5, 9, 5.6), fill=glow)
    svg.path(oval(x, y, 6.4, 6.4), fill="#0d0708")
