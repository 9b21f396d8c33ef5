"""Face, jaw, eye sockets, nose, ears and neck: skin under a soft light from the upper left."""

from training.mei.pen import Point, Svg, blob, fade, line, mirror, on, oval, smooth

BASE, LIT, SHADE, DEEP, BLUSH = "#f4d0b7", "#fdeadb", "#d39a7f", "#a9634c", "#e2776c"
SIDE: list[Point] = [
    (0, -196), (62, -180), (104, -128), (116, -76), (118, -30), (115, 8), (109, 44), (98, 80), (80, 114), (55, 144),
    (30, 163), (14, 170.4),
]  # fmt: skip
"""Right half of the outline, from the crown to beside the chin."""
OUTLINE = [*SIDE, (0, 173), *mirror(SIDE[:0:-1])]


def face() -> Svg:
    """The head without eyes, nose and mouth; ears behind it."""
    svg = Svg((-142, -164, 284, 342))
    for side in (-1, 1):
        _ear(svg, side)
    _skin(svg)
    return svg


def jaw() -> Svg:
    """The same skin from the nose down, fading in from its upper edge: it grows over the face when the jaw opens."""
    svg = Svg((-114, 74, 228, 106))
    appear = svg.linear("appear", (0, 78), (0, 118), fade("#ffffff", 0, 1))
    svg.defs["mask"] = (
        '<mask id="mask" maskUnits="userSpaceOnUse" x="-114" y="74" width="228" height="106">'
        f'<path d="M-114 74h228v106h-228z" fill="{appear}"/></mask>'
    )
    with svg.group(mask="url(#mask)"):
        _skin(svg)
    return svg


def _skin(svg: Svg) -> None:
    shape = smooth(OUTLINE, closed=True)
    clip = svg.clip("face", shape)
    tone = [(0.0, "#fce6d5", 1.0), (0.42, "#f7d8c1", 1.0), (0.72, "#efc3a8", 1.0), (1.0, "#dba486", 1.0)]
    svg.path(shape, fill=svg.radial("tone", (-30, -20), 225, tone))
    with svg.group(clip=clip):
        _form(svg)
        _warmth(svg)
        _hair_shadow(svg)
        _edges(svg)


def _form(svg: Svg) -> None:
    """What turns away from the light."""
    side = blob((124, -150), (88, -70), (84, -10), (92, 50), (70, 112), (30, 168), (10, 200), (90, 200), (150, 60))
    svg.path(side, fill="#c07f66", opacity=0.40, soft=16)
    left = blob((-124, -150), (-108, -60), (-106, 20), (-98, 80), (-66, 140), (-30, 178), (-80, 190), (-140, 60))
    svg.path(left, fill="#cd937a", opacity=0.34, soft=9)
    svg.path(oval(-26, -84, 58, 30), fill="#fff5ea", opacity=0.55, soft=16)
    svg.path(oval(-64, 40, 26, 15), fill="#fff1e4", opacity=0.55, soft=9)
    svg.path(oval(52, 36, 16, 11), fill="#fbe2cf", opacity=0.4, soft=8)
    svg.path(oval(-5, 153, 18, 9), fill="#fff0e2", opacity=0.6, soft=7)
    svg.path(
        blob((-22, 133), (0, 129), (22, 133), (17, 141), (0, 138), (-17, 141)), fill="#b8725a", opacity=0.42, soft=4.5
    )
    for x, strength in ((-50, 0.2), (54, 0.3)):
        svg.path(oval(x, 112, 8, 18), fill="#bf7f66", opacity=strength, soft=8)


def _warmth(svg: Svg) -> None:
    for x, strength in ((-70, 0.34), (68, 0.36)):
        svg.path(oval(x, 52, 34, 20), fill=BLUSH, opacity=strength, soft=14)
    svg.path(oval(0, 56, 18, 12), fill=BLUSH, opacity=0.16, soft=9)
    svg.path(oval(0, 162, 26, 9), fill=BLUSH, opacity=0.16, soft=8)


def _hair_shadow(svg: Svg) -> None:
    """Where the hair lies on the forehead and beside the cheeks."""
    shade = blob((-130, 30), (-112, -20), (-92, -56), (-60, -84), (-26, -104), (14, -124), (38, -134), (62, -116),
                 (86, -88),
                 (102, -56), (112, -20), (128, 30), (150, -100), (60, -210), (-60, -210), (-150, -100))  # fmt: skip
    svg.path(shade, fill="#8f4f3b", opacity=0.5, soft=8)


def _edges(svg: Svg) -> None:
    outline = smooth(OUTLINE, closed=True)
    svg.path(outline, stroke="#b5745b", stroke_width=5, opacity=0.35, soft=3)
    rim = line((108, 48), (98, 81), (80, 115), (56, 144))
    svg.path(rim, stroke="#ffe3cd", stroke_width=3.2, opacity=0.6, soft=1.6)


def _ear(svg: Svg, side: int) -> None:
    points: list[Point] = [(110, -22), (124, -30), (135, -20), (136, 4), (130, 28), (122, 46), (112, 48)]
    ear = [(x * side, y) for x, y in points]
    tone = svg.linear(f"ear{side + 1}", (112 * side, -20), (134 * side, 30), [(0, "#d99a80", 1.0), (1, "#f0bfa4", 1.0)])
    svg.path(smooth(ear, closed=True), fill=tone)
    fold = [(116, -12), (126, -18), (129, 0), (123, 22), (116, 30)]
    svg.path(line(*[(x * side, y) for x, y in fold]), stroke="#a9634c", stroke_width=2.4, opacity=0.5, soft=0.8)


def sockets() -> Svg:
    """Soft shade and colour around the eyes, and the cheeks' own blush: they turn with the eyes."""
    svg = Svg((-122, -66, 244, 130))
    for side in (-1, 1):
        dark = 1.0 if side > 0 else 0.8
        hollow = [(24, -30), (56, -33), (88, -24), (98, -6), (84, -4), (60, -15), (38, -11), (27, -6), (20, -18)]
        svg.path(blob(*on(side, hollow)), fill="#b06a55", opacity=round(0.34 * dark, 2), soft=6)
        svg.path(blob(*on(side, [(30, -10), (50, -22), (78, -18), (92, -6), (74, -12), (50, -14)])), fill="#9a4f46",
                 opacity=round(0.34 * dark, 2), soft=3.6)  # fmt: skip
        svg.path(line(*on(side, [(30, 13), (46, 19), (66, 19), (82, 11)])), stroke="#b87460", stroke_width=3.4,
                 opacity=0.3, soft=2.2)  # fmt: skip
        svg.path(line(*on(side, [(48, -36), (70, -41), (90, -33)])), stroke="#fff0e2", stroke_width=6, opacity=0.5,
                 soft=3.6)  # fmt: skip
        svg.path(oval(side * 24, 4, 8, 7), fill="#a4604d", opacity=0.2, soft=4)
    return svg


def neck() -> Svg:
    """From under the chin into the collar, in the head's shadow."""
    svg = Svg((-90, 70, 180, 250))
    shape = blob((-60, 70), (60, 70), (56, 140), (50, 196), (56, 236), (74, 268), (50, 300), (0, 306), (-50, 300),
                 (-74, 268),
                 (-56, 236), (-50, 196), (-56, 140))  # fmt: skip
    tone = [(0.0, "#e2b095", 1.0), (0.35, "#f2cbb1", 1.0), (0.7, "#d59d81", 1.0), (1.0, "#b3735b", 1.0)]
    svg.path(shape, fill=svg.linear("skin", (-56, 0), (58, 0), tone))
    with svg.group(clip=svg.clip("neck", shape)):
        under = blob((-90, 70), (90, 70), (84, 160), (58, 206), (16, 214), (-12, 206), (-46, 180), (-80, 130))
        svg.path(under, fill="#81412f", opacity=0.68, soft=9)
        svg.path(blob((20, 150), (70, 140), (72, 300), (32, 300), (28, 230)), fill="#81412f", opacity=0.36, soft=9)
        svg.path(line((-30, 200), (-20, 236), (-8, 270)), stroke="#c78e73", stroke_width=4, opacity=0.55, soft=3.4)
        svg.path(line((30, 204), (22, 238), (10, 270)), stroke="#a86a52", stroke_width=5, opacity=0.45, soft=3.4)
        svg.path(oval(-24, 240, 16, 22), fill="#fff0e2", opacity=0.4, soft=8)
        svg.path(line((-62, 232), (-30, 256), (0, 276), (30, 256), (62, 232)), stroke="#81412f", stroke_width=9,
                 opacity=0.5,
                 soft=4)  # fmt: skip
    return svg
