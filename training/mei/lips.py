"""The mouth: lips, teeth, tongue, and how each of ARKit's shapes bends them. A face is 236 units wide."""

from collections.abc import Callable
from typing import Any

import numpy as np

from training.mei.pen import Point, Svg, fade, flat, line, oval, smooth, stops

AT = 108.0
"""The line between the lips lies so far below that between the eyes."""
HALF = 38.0
"""Half the mouth's width."""
U = np.array([-1.0, -0.88, -0.7, -0.45, -0.2, 0.0, 0.2, 0.45, 0.7, 0.88, 1.0])
"""Where the curves' points are, from corner to corner."""
BOW = 1 - U**2
"""1 in the middle, 0 at the corners."""
WIDE_BOW = 1 - np.abs(U) ** 3
ELLIPSE = np.sqrt(1 - U**2)
BESIDE = np.array([0.4, 1.0, 0.9, 0.35, 0.0, 0.0, 0.0, 0.35, 0.9, 1.0, 0.4])
"""Near the corners: what makes a pointed mouth round."""
RIGHT, LEFT = np.clip(0.5 + U, 0, 1), np.clip(0.5 - U, 0, 1)
"""ARKit's Left is the avatar's, and so the visitor's right: positive x."""
Track = np.ndarray[Any, np.dtype[np.float64]]
CURVES = ("lip-top", "mouth-top", "mouth-bottom", "lip-bottom")

REST: dict[str, Track] = {
    "lip-top": np.array([-2.6, -4.2, -7.0, -10.6, -13.2, -11.2, -13.2, -10.6, -7.0, -4.2, -2.6]),
    "mouth-top": np.array([-2.2, -1.2, 0.0, 0.7, 1.0, 1.5, 1.0, 0.7, 0.0, -1.2, -2.2]),
    "mouth-bottom": np.array([-2.2, -1.2, 0.0, 0.7, 1.0, 1.5, 1.0, 0.7, 0.0, -1.2, -2.2]),
    "lip-bottom": np.array([-1.8, 2.6, 7.8, 13.2, 15.8, 16.2, 15.8, 13.2, 7.8, 2.6, -1.8]),
}
"""y of each curve at rest, from the line between the lips."""


def _move(x: Any = 0.0, *ys: Any, every: Any = 0.0, hole: Any = None) -> dict[str, list[float]]:
    """Deltas of the four curves at the points `U`: x, and y of lip's top, mouth's top, mouth's bottom, lip's bottom.

    `every` moves all four up or down; `hole` is the inner two's own x.
    """
    result = {}
    inside = x if hole is None else hole
    for name, across, y in zip(CURVES, (x, inside, inside, x), ys or (0.0,) * 4, strict=True):
        dx, dy = np.broadcast_to(across, U.shape), np.broadcast_to(y + every, U.shape)
        result[name] = flat(zip(dx.tolist(), dy.tolist(), strict=True))
    return result


def _sides(name: str, move: Callable[[Track], dict[str, list[float]]]) -> dict[str, dict[str, list[float]]]:
    return {f"{name}Left": move(RIGHT), f"{name}Right": move(LEFT)}


CORNER = np.abs(U) ** 2.2
ROUND = U * HALF
OPEN = (1 - np.abs(U) ** 2.6) ** 0.8


def keys() -> dict[str, dict[str, list[float]]]:
    """By ARKit name."""
    single = {
        "jawOpen": _move(-U * 6.0, -1.5 * BOW, -2.0 * BOW, 39 * OPEN + 2, 38 * OPEN + 3, every=5.0 * CORNER),
        "mouthFunnel": _move(-ROUND * 0.36, -5.0 * ELLIPSE - 1.5 - 4 * BESIDE, -8.5 * ELLIPSE, 9.0 * ELLIPSE,
                             8.0 * ELLIPSE + 2.5 + 7 * BESIDE,
                             hole=-ROUND * 0.54),
        "mouthPucker": _move(-ROUND * 0.46, -1.5 * ELLIPSE - 1.0 - 3.5 * BESIDE, -3.6 * ELLIPSE, 4.6 * ELLIPSE,
                             4.0 * ELLIPSE + 1.5 + 6.5 * BESIDE,
                             hole=-ROUND * 0.66),
        "mouthClose": _move(0.0, 0.0, 1.5 * BOW, -36 * OPEN, -30 * OPEN),
        "mouthRollLower": _move(0.0, 0.0, 0.0, -1.0 * BOW, -10.0 * WIDE_BOW, every=0.5 * BOW),
        "mouthRollUpper": _move(0.0, 8.0 * WIDE_BOW, 1.2 * BOW, 0.0, 0.0),
        "mouthShrugLower": _move(0.0, -0.5 * BOW, -1.5 * BOW, -2.5 * BOW, -3.5 * BOW),
        "mouthShrugUpper": _move(0.0, -3.0 * BOW, -2.5 * BOW, -2.0 * BOW, -1.5 * BOW),
        "mouthLeft": _move(9.0, every=-1.5 * U),
        "mouthRight": _move(-9.0, every=1.5 * U),
        "jawLeft": _move(5.0 * BOW + 2),
        "jawRight": _move(-5.0 * BOW - 2),
        "jawForward": _move(0.0, 0.0, 0.0, -0.8 * BOW, 1.2 * BOW),
        "cheekPuff": _move(-U * 3.0, 1.5 * BOW, 0.0, 0.0, -1.5 * BOW),
    }  # fmt: skip
    return single | _paired()


def _paired() -> dict[str, dict[str, list[float]]]:
    result: dict[str, dict[str, list[float]]] = {}
    pairs: dict[str, Callable[[Track], dict[str, list[float]]]] = {
        "mouthSmile": lambda side: _move(side * U * 11.0, side * 1.2 * BOW, 0.0, 0.6 * side * BOW, -1.6 * side * BOW,
                                         every=side * (-12.5 * np.abs(U) ** 1.4 + 2.0 * BOW)),
        "mouthFrown": lambda side: _move(side * U * -1.0, 0.0, 0.0, 0.0, -1.0 * side * BOW,
                                         every=side * (11.5 * np.abs(U) ** 1.8 - 3.0 * BOW)),
        "mouthStretch": lambda side: _move(side * U * 9.0, 1.8 * side * BOW, 0.0, 1.5 * side * BOW, -2.0 * side * BOW,
                                           every=side * 3.0 * np.abs(U) ** 2),
        "mouthDimple": lambda side: _move(side * U * 4.0, 0.8 * side * BOW, 0.0, 0.0, -1.0 * side * BOW,
                                          every=side * -1.0 * CORNER),
        "mouthPress": lambda side: _move(side * U * 1.5, 3.6 * side * WIDE_BOW, 0.0, 0.0, -4.6 * side * WIDE_BOW),
        "mouthLowerDown": lambda side: _move(0.0, 0.0, 0.0, 9.5 * side * OPEN, 7.5 * side * OPEN),
        "mouthUpperUp": lambda side: _move(0.0, -6.5 * side * OPEN, -8.0 * side * OPEN, 0.0, 0.0),
    }  # fmt: skip
    for name, move in pairs.items():
        result |= _sides(name, move)
    result |= _sides("noseSneer", lambda side: _move(0.0, -3.2 * side * BOW, -3.0 * side * BOW, 0.0, 0.0))
    result |= _sides("cheekSquint", lambda side: _move(0.0, every=-0.8 * side * CORNER))
    return result


def fixes() -> list[dict[str, Any]]:
    """Where two shapes together are not their sum: a round mouth that opens stays narrow, a wide one flattens."""
    narrow = _move(U * 6.0, 0.0, 0.0, -7 * OPEN, -5 * OPEN)
    round_open = _move(U * 3.0, 0.0, -3.0 * ELLIPSE, 5 * (ELLIPSE - OPEN), 5 * (ELLIPSE - OPEN))
    smiling = _move(0.0, 0.0, 0.5 * BOW, -3.0 * OPEN, -3.0 * OPEN)
    return [
        {"of": ["jawOpen", "mouthPucker"], "curves": narrow},
        {"of": ["mouthFunnel", "mouthPucker"], "curves": _move(ROUND * 0.16, hole=ROUND * 0.3)},
        {"of": ["jawOpen", "mouthFunnel"], "curves": round_open},
        {"of": ["jawOpen", "mouthSmileLeft", "mouthSmileRight"], "curves": smiling},
        *_round_smiles(),
    ]


def _round_smiles() -> list[dict[str, Any]]:
    """Round lips can hardly smile: their corners neither spread nor rise."""
    result = []
    for shape, amount in (("mouthFunnel", 1.5), ("mouthPucker", 1.1)):
        for sided, side in (("Left", RIGHT), ("Right", LEFT)):
            back = _move(-amount * side * U * 11.0, every=amount * side * (12.0 * np.abs(U) ** 1.4 - 2.0 * BOW))
            result.append({"of": [shape, f"mouthSmile{sided}"], "curves": back})
    return result


def rest(name: str) -> list[Point]:
    """A curve of the closed mouth."""
    return [(float(u * HALF), float(AT + y)) for u, y in zip(U, REST[name], strict=True)]


def motion() -> dict[str, Any]:
    """The motion file."""
    return {
        "curves": {name: flat(rest(name)) for name in CURVES},
        "keys": keys(),
        "fixes": fixes(),
        "order": [
            ["mouth-top", "mouth-bottom", 0.0, "both"], ["lip-top", "mouth-top", 3.2, "upper"],
            ["mouth-bottom", "lip-bottom", 4.0, "lower"],
        ],
        "sharp": [],
        "paths": _paths(),
        "fades": _fades(),
        "moves": {
            "teeth-bottom": {"y": {"jawOpen": 37.0, "mouthClose": -34.0}, "x": {"jawLeft": 6.0, "jawRight": -6.0}},
            "teeth-top": {"y": {"rest": 0.0, "mouthFunnel": -8.0, "mouthPucker": -9.0},
                          "wide": {"mouthFunnel": -0.2, "mouthPucker": -0.25}},
            "tongue": {"y": {"jawOpen": 29.0, "tongueOut": -14.0, "mouthClose": -26.0}, "high": {"tongueOut": 0.5},
                       "wide": {"tongueOut": -0.12, "mouthPucker": -0.3}},
            "tip": {"y": {"jawOpen": 14.0, "tongueOut": -4.0}},
        },
    }  # fmt: skip


def _paths() -> dict[str, dict[str, Any]]:
    inside = {"curves": ["mouth-top", "-mouth-bottom"]}
    upper, lower = {"curves": ["lip-top", "-mouth-top"]}, {"curves": ["mouth-bottom", "-lip-bottom"]}
    return {
        "lips": {"curves": ["lip-top", "-lip-bottom"]}, "inside": inside, "inside-clip": inside,
        "upper": upper, "upper-clip": upper, "lower": lower, "lower-clip": lower,
        "edge-top": {"curves": ["lip-top"], "open": True}, "edge-bottom": {"curves": ["lip-bottom"], "open": True},
        "part": {"curves": ["mouth-top"], "open": True}, "part-low": {"curves": ["mouth-bottom"], "open": True},
        **{f"shade{wide}": {"curves": ["mouth-top"], "open": True} for wide in (3, 7, 12)},
        "gloss": {"curves": ["lip-bottom"], "open": True},
        **{f"under{wide}": {"curves": ["lip-bottom"], "open": True} for wide in (5, 9, 14)},
    }  # fmt: skip


def _fades() -> dict[str, dict[str, float]]:
    return {
        "part": {"rest": 0.85, "jawOpen": -1.2, "mouthFunnel": -0.8, "mouthLowerDownLeft": -0.4},
        "gloss-group": {"rest": 1.0, "mouthRollLower": -1.0, "mouthPressLeft": -0.5},
        "tip": {"rest": -0.1, "tongueOut": 3.2},
    }


def picture() -> Svg:
    """The mouth at rest."""
    svg = Svg((-78, 72, 156, 106))
    top, inner_top, inner_bottom, bottom = (rest(name) for name in CURVES)
    inside = smooth([*inner_top, *inner_bottom[::-1]], closed=True)
    upper, lower = smooth([*top, *inner_top[::-1]], closed=True), smooth([*inner_bottom, *bottom[::-1]], closed=True)
    svg.clip("in", inside, "inside-clip")
    svg.clip("up", upper, "upper-clip")
    svg.clip("low", lower, "lower-clip")
    _shadow_under(svg, bottom)
    svg.path(smooth([*top, *bottom[::-1]], closed=True), id="lips", fill="#bf6463")
    _inside(svg, inside, inner_top)
    _upper_lip(svg, upper, top)
    _lower_lip(svg, lower, bottom)
    svg.path(line(*inner_top), id="part", stroke="#6d2328", stroke_width=1.7, opacity=0.85)
    svg.path(line(*inner_bottom), id="part-low", stroke="#7a2a2c", stroke_width=0.8, opacity=0.5)
    _corners(svg)
    return svg


def _shadow_under(svg: Svg, bottom: list[Point]) -> None:
    soft = svg.linear("under-fill", (-30, 0), (32, 0), fade("#8a4630", 0, 0.7, 1, 0.7, 0))
    for wide, opaque in ((5, 0.09), (9, 0.07), (14, 0.05)):
        with svg.group(transform=f"translate(2 {2 + wide / 4})", opacity=opaque):
            svg.path(line(*bottom), id=f"under{wide}", stroke=soft, stroke_width=wide)


def _inside(svg: Svg, inside: str, inner_top: list[Point]) -> None:
    svg.path(inside, id="inside", fill=svg.radial("throat", (0, AT + 16), 44, stops("#2a0a0d", "#451519", "#6a2427")))
    with svg.group(clip="url(#in)"):
        teeth = svg.linear("teeth", (0, AT - 14), (0, AT + 10), stops("#cdbfb4", "#f3ebe3", "#fffaf4", "#e9ddd2"))
        with svg.group(id="teeth-bottom"):
            svg.path(f"M-25 {AT + 4}Q0 {AT - 1} 25 {AT + 4}L23 {AT + 16}Q0 {AT + 20} -23 {AT + 16}Z", fill="#d9cbc0")
            svg.path("".join(f"M{x} {AT}v14" for x in (-15, -9, -3, 3, 9, 15)), stroke="#a99589", stroke_width=0.5,
                     opacity=0.35)  # fmt: skip
        tongue = svg.radial("tongue-fill", (-4, AT + 2), 30, stops("#e0908c", "#c4605f", "#8f3a3e"))
        with svg.group(id="tongue", data_pivot=f"0 {AT + 14}"):
            svg.path(
                f"M-27 {AT + 22}C-27 {AT + 4} -14 {AT} 0 {AT + 1.5}C14 {AT} 27 {AT + 4} 27 {AT + 22}Z", fill=tongue
            )
            svg.path(line((0, AT + 4), (0.5, AT + 11), (0, AT + 18)), stroke="#8f3a3e", stroke_width=1, opacity=0.22)
        with svg.group(id="teeth-top", data_pivot=f"0 {AT}"):
            row = (f"M-38 {AT - 13}H38V{AT - 3}C33 {AT + 3} 22 {AT + 6.6} 0 {AT + 7.4}C-22 {AT + 6.6} -33 {AT + 3} -38 "
                   f"{AT - 3}Z")  # fmt: skip
            svg.path(row, fill=teeth)
            gaps = "".join(
                f"M{x} {AT - 10}v{16.5 - abs(x) * 0.14:.1f}" for x in (-29, -22.5, -15.5, -8, 0, 8, 15.5, 22.5, 29)
            )
            svg.path(gaps, stroke="#b7a497", stroke_width=0.5, opacity=0.3)
            svg.path(row, fill=svg.linear("far", (-38, 0), (38, 0), fade("#3a1012", 0.85, 0.3, 0, 0, 0, 0.3, 0.85)))
        with svg.group(id="tip", opacity=0):
            svg.path(oval(0, AT + 9, 17, 7.5), fill=tongue)
            svg.path(oval(-3, AT + 6.5, 8, 2), fill="#f4b9b2", opacity=0.55)
        for wide, opaque in ((3.4, 0.42), (7, 0.18), (12, 0.1)):
            svg.path(line(*inner_top), id=f"shade{wide:.0f}", stroke="#3a1012", stroke_width=wide, opacity=opaque)


def _upper_lip(svg: Svg, upper: str, top: list[Point]) -> None:
    fill = svg.linear("upper-fill", (-12, AT - 15), (6, AT + 4), stops("#d98a80", "#c4635f", "#a5464a"))
    svg.path(upper, id="upper", fill=fill)
    with svg.group(clip="url(#up)"):
        svg.path(line(*top), id="edge-top", stroke="#f3b9aa", stroke_width=3.2, opacity=0.42)


def _lower_lip(svg: Svg, lower: str, bottom: list[Point]) -> None:
    fill = svg.linear("lower-fill", (-8, AT), (8, AT + 20), stops("#b9565a", "#d3787a", "#d9847f", "#bb5f5f"))
    svg.path(lower, id="lower", fill=fill)
    with svg.group(clip="url(#low)"):
        svg.path(line(*bottom), id="edge-bottom", stroke="#94413f", stroke_width=4, opacity=0.3)
        with svg.group(id="gloss-group", transform="translate(-4 -8.5)"):
            svg.path(line(*bottom), id="gloss", stroke=svg.linear("gloss-fill", (-26, 0), (22, 0),
                     fade("#ffe6df", 0, 0.75, 0.5, 0)), stroke_width=3.6)  # fmt: skip


def _corners(svg: Svg) -> None:
    """Nothing yet that the lips' own curves do not show."""
