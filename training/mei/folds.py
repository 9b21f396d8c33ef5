"""The nose, and what a smile or disgust folds beside it: light and shade without outlines."""

from typing import Any

from training.mei.pen import Svg, blob, fade, line, on, oval, taper

BLUSH = "#e2776c"


def motion() -> dict[str, Any]:
    """Folds come and go; the nose's wings rise when it sneers."""
    fades: dict[str, dict[str, float]] = {}
    moves: dict[str, Any] = {}
    for mark, sided, side in (("r", "Left", 1), ("l", "Right", -1)):
        smile, sneer, squint = f"mouthSmile{sided}", f"noseSneer{sided}", f"cheekSquint{sided}"
        fades[f"fold-{mark}"] = {
            "rest": 0.06,
            smile: 0.42,
            sneer: 0.6,
            f"mouthStretch{sided}": 0.25,
            "mouthPucker": -0.1,
        }
        fades[f"apple-{mark}"] = {"rest": 0.0, smile: 0.55, squint: 0.45}
        fades[f"bag-{mark}"] = {"rest": 0.0, squint: 0.32, f"eyeSquint{sided}": 0.25}
        fades[f"corner-{mark}"] = {"rest": 0.22, smile: 0.25, f"mouthDimple{sided}": 0.9, f"mouthFrown{sided}": 0.5,
                                   "jawOpen": -0.3, "mouthPucker": -0.6, "mouthFunnel": -0.6}  # fmt: skip
        moves[f"corner-{mark}"] = {
            "x": {smile: 11.5 * side, f"mouthStretch{sided}": 9.0 * side, f"mouthDimple{sided}": 4.0 * side,
                  "mouthPucker": -18.0 * side, "mouthFunnel": -14.0 * side, "jawOpen": -5.0 * side},
            "y": {smile: -12.0, f"mouthFrown{sided}": 11.0, "jawOpen": 6.0, f"mouthStretch{sided}": 3.0},
        }  # fmt: skip
        moves[f"fold-{mark}"] = {"x": {smile: 3.0 * side}, "y": {smile: -3.0, sneer: -4.0}}
    fades["wrinkles"] = {"rest": 0.0, "noseSneerLeft": 0.5, "noseSneerRight": 0.5}
    lift = {"noseSneerLeft": -0.05, "noseSneerRight": -0.05}
    wide = {"mouthSmileLeft": 0.035, "mouthSmileRight": 0.035, "noseSneerLeft": 0.03, "noseSneerRight": 0.03}
    moves["nose"] = {"high": lift, "wide": wide}
    return {"curves": {}, "keys": {}, "paths": {}, "fades": fades, "moves": moves}


def picture() -> Svg:
    """At rest."""
    svg = Svg((-106, -46, 212, 166))
    for side, mark in ((1, "r"), (-1, "l")):
        _cheek(svg, side, mark)
    with svg.group(id="nose", data_pivot="0 -20"), svg.group(transform="translate(0 -4) scale(.9 .87)"):
        _nose(svg)
    with svg.group(id="wrinkles", opacity=0):
        for side in (-1, 1):
            for y in (-26, -16, -6):
                crease = on(side, [(2, y - 1), (8, y - 5), (14, y - 2), (19, y + 5)])
                svg.path(taper(crease, (0.4, 2.2, 0.4)), fill="#a2583f", opacity=0.3, soft=2)
    return svg


def _cheek(svg: Svg, side: int, mark: str) -> None:
    dark = 1.0 if side > 0 else 0.85
    with svg.group(id=f"apple-{mark}", opacity=0):
        svg.path(oval(side * 66, 38, 27, 16), fill=BLUSH, opacity=0.42, soft=9)
        svg.path(oval(side * 62 - 6, 33, 18, 8), fill="#fff3e8", opacity=0.75, soft=6)
        svg.path(line(*on(side, [(40, 50), (62, 60), (88, 52)])), stroke="#b8694f", stroke_width=7, opacity=0.3, soft=6)
    with svg.group(id=f"bag-{mark}", opacity=0):
        svg.path(
            taper(on(side, [(34, 15), (50, 21), (68, 20), (86, 12)]), (0.5, 2.6, 0.5)),
            fill="#a2583f",
            opacity=0.6,
            soft=1.4,
        )
    with svg.group(id=f"fold-{mark}", opacity=0.06):
        crease = on(side, [(25, 60), (33, 69), (42, 81), (48, 94), (50, 104)])
        svg.path(taper(crease, (1, 4.6, 5, 3.4, 0.6)), fill="#a2583f", opacity=round(0.7 * dark, 2), soft=2.8)
        svg.path(
            taper([(x + 6 * side, y - 1) for x, y in crease], (1, 6, 7, 4, 1)), fill="#fff0e2", opacity=0.4, soft=3
        )
    with svg.group(id=f"corner-{mark}", opacity=0.22):
        svg.path(oval(side * 39.5, 107, 3.2, 4.4), fill="#8a4232", opacity=0.9, soft=2.4)


def _nose(svg: Svg) -> None:
    right = blob((12, -34), (17, -20), (11, 6), (14, 34), (24, 58), (28, 74), (16, 70), (10, 48), (6, 20), (8, -10))
    svg.path(right, fill="#b9745b", opacity=0.36, soft=5.5)
    svg.path(blob((-12, -34), (-9, -14), (-9, 10), (-13, -6), (-17, -24)), fill="#b9745b", opacity=0.2, soft=5)
    svg.path(line((-2.5, -18), (-2.5, 4), (-2, 28), (-2.5, 50)), stroke=svg.linear("bridge", (0, -24), (0, 56),
             fade("#fff7ee", 0, 0.9, 0.7, 0.9)), stroke_width=8, opacity=0.5, soft=5)  # fmt: skip
    svg.path(oval(-3, 60, 8.5, 7), fill="#fff7f0", opacity=0.75, soft=3.2)
    base = blob((-15, 73), (0, 71), (17, 73), (24, 79), (10, 84), (0, 86), (-12, 83), (-20, 78))
    svg.path(base, fill="#a55b47", opacity=0.5, soft=3.2)
    svg.path(blob((4, 82), (22, 80), (20, 90), (8, 96), (2, 92)), fill="#b0684f", opacity=0.3, soft=4)
    for side in (-1, 1):
        wing = on(side, [(19, 56), (24, 63), (24.5, 71), (20, 77)])
        svg.path(line(*wing), stroke="#a35c48", stroke_width=2.2, opacity=0.5 if side > 0 else 0.36, soft=1.2)
        hole = blob(*on(side, [(6, 75.5), (11, 73), (17, 74), (18.5, 77), (13, 78.6), (8, 78.2)]))
        svg.path(hole, fill="#6e2f28", opacity=0.68, soft=0.9)
    svg.path(oval(-17, 64, 4, 4.5), fill="#fff1e6", opacity=0.45, soft=2)
