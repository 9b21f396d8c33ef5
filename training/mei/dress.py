"""Shoulders, arms and the jacket: deep teal silk, a mandarin collar, ivory piping, plum blossoms, a small pin."""

import numpy as np

from training.mei.pen import Point, Svg, blob, fade, line, mirror, on, oval, rays, smooth, stops, taper

DEEP, TEAL, PIPING, GOLD = "#0a2c32", "#13484f", "#e6d3a6", "#d9b777"
SIDE: list[Point] = [
    (52, 262), (88, 267), (138, 281), (184, 299), (214, 326), (231, 374), (239, 450), (245, 540), (251, 640), (256,
                                                                                                               760),
    (258, 900),
]  # fmt: skip
BODY = [*mirror(SIDE[::-1]), (0, 282), *SIDE]
GAP: list[Point] = [
    (178, 462), (158, 540), (143, 630), (146, 720), (158, 800), (172, 900), (206, 900), (205, 800), (203, 720), (198,
                                                                                                                 630),
    (190, 540),
]  # fmt: skip
"""Between arm and waist."""


def torso() -> Svg:
    """From the collar down past the waist."""
    svg = Svg((-292, 206, 584, 640))
    gaps = "".join(smooth(points, closed=True) for points in (GAP, mirror(GAP)))
    shape = smooth(BODY) + "Z" + gaps
    svg.defs["body"] = f'<clipPath id="body"><path d="{shape}" clip-rule="evenodd"/></clipPath>'
    tone = [(0.0, "#286871", 1.0), (0.4, TEAL, 1.0), (1.0, DEEP, 1.0)]
    with svg.group(transform="translate(0 -21) scale(1.11 1.08)"):
        svg.path(shape, fill=svg.linear("silk", (-200, 270), (200, 720), tone), fill_rule="evenodd")
        with svg.group(clip="url(#body)"):
            _form(svg)
            _folds(svg)
            _blossoms(svg)
            _placket(svg)
            _rim(svg)
        _pin(svg)
    _collar(svg)
    return svg


def _form(svg: Svg) -> None:
    """Round shoulders, chest and waist under the key light."""
    svg.path(blob((-76, 272), (-140, 290), (-196, 316), (-222, 372), (-214, 420), (-190, 372), (-150, 330), (-96, 304)),
             fill="#8ccac8", opacity=0.5, soft=11)  # fmt: skip
    svg.path(
        blob((84, 276), (140, 290), (188, 314), (206, 346), (176, 344), (128, 312)), fill="#5fa4a6", opacity=0.4, soft=9
    )
    gleam = svg.linear("gleam", (0, 330), (0, 560), fade("#7dbcbb", 0.2, 0.8, 0))
    svg.path(
        blob((-104, 372), (-62, 366), (-30, 410), (-36, 470), (-84, 486), (-118, 440)),
        fill=gleam,
        opacity=0.3,
        soft=20,
    )
    svg.path(blob((44, 384), (90, 376), (116, 420), (104, 476), (60, 470)), fill=gleam, opacity=0.2, soft=19)
    svg.path(
        blob((-30, 400), (0, 392), (26, 410), (22, 500), (0, 560), (-22, 500)), fill="#04191d", opacity=0.16, soft=16
    )
    svg.path(blob((-120, 500), (-60, 520), (0, 516), (60, 522), (120, 500), (110, 560), (0, 572), (-110, 560)),
             fill="#04191d",
             opacity=0.24, soft=20)  # fmt: skip
    for side in (-1, 1):
        waist = [(178, 470), (150, 560), (118, 650), (128, 760), (160, 900), (190, 900), (180, 640), (186, 540)]
        svg.path(blob(*on(side, waist)), fill="#02141a", opacity=0.55 if side > 0 else 0.4, soft=15)
        inner = [(176, 440), (196, 540), (204, 640), (212, 900), (190, 900), (186, 560)]
        svg.path(blob(*on(side, inner)), fill="#02141a", opacity=0.5, soft=9)
        svg.path(
            taper(on(side, [(186, 392), (178, 430), (178, 470)]), (0, 6, 9)), fill="#02141a", opacity=0.7, soft=3.4
        )
    svg.path(taper(SIDE[3:], (0, 36, 44, 44)), fill="#02161a", opacity=0.5, soft=15)
    svg.path(taper(mirror(SIDE[4:]), (0, 16, 18)), fill="#02161a", opacity=0.3, soft=9)
    svg.path(line(*[(x + 24, y) for x, y in mirror(SIDE[5:])]), stroke="#6fb3b4", stroke_width=12, opacity=0.26, soft=8)


def _folds(svg: Svg) -> None:
    folds: list[tuple[list[Point], float]] = [
        ([(-178, 450), (-146, 446), (-112, 462)], 6), ([(-176, 468), (-150, 480), (-122, 510)], 5),
        ([(178, 450), (146, 448), (116, 466)], 6), ([(176, 470), (152, 486), (128, 516)], 5),
        ([(-138, 632), (-96, 650), (-50, 648)], 6), ([(-140, 660), (-104, 690), (-60, 700)], 6),
        ([(140, 640), (104, 660), (62, 662)], 6), ([(142, 668), (110, 700), (74, 714)], 6),
        ([(-238, 560), (-222, 590), (-204, 604)], 6), ([(-242, 600), (-226, 640), (-206, 660)], 6),
        ([(242, 566), (224, 596), (206, 608)], 6), ([(246, 606), (228, 646), (208, 664)], 6),
        ([(-214, 352), (-206, 390), (-214, 430)], 5), ([(214, 352), (206, 392), (214, 436)], 5),
    ]  # fmt: skip
    for points, wide in folds:
        svg.path(taper(points, (0, wide, 0)), fill="#011013", opacity=0.5, soft=2.6)
        svg.path(taper([(x, y + 6.5) for x, y in points], (0, wide, 0)), fill="#86c5c3", opacity=0.26, soft=2.6)


def _rim(svg: Svg) -> None:
    """Light from behind on the right."""
    svg.path(taper(SIDE[1:], (0, 3, 4, 4, 4)), fill="#b9dde0", opacity=0.5, soft=1.6)
    svg.path(line(*mirror(GAP[5:])), stroke="#7fb9bb", stroke_width=2, opacity=0.35, soft=1.2)


def _blossom(svg: Svg, x: float, y: float, size: float, turn: float) -> None:
    """A plum blossom: five round petals and stamens; mei is the plum."""
    petals = ""
    for step in range(5):
        angle = turn + step * 2 * np.pi / 5
        petals += oval(
            x + size * 0.58 * float(np.cos(angle)), y + size * 0.58 * float(np.sin(angle)), size * 0.46, size * 0.46
        )
    svg.path(petals, fill="#efc2b3", opacity=0.9)
    svg.path(petals, stroke="#f8e4cd", stroke_width=0.8, opacity=0.75)
    stamens = turn + 0.6 + np.linspace(0, 2 * np.pi, 8, endpoint=False)
    svg.path(rays(x, y, 0, size * 0.5, stamens), stroke=GOLD, stroke_width=0.8)
    svg.path(oval(x, y, size * 0.15, size * 0.15), fill="#c9705f")


def _blossoms(svg: Svg) -> None:
    """Embroidered: a branch that rises from the waist over the visitor's right of the chest."""
    branch: list[Point] = [(84, 720), (108, 640), (96, 566), (124, 498), (112, 436), (138, 380), (156, 330)]
    twigs: list[list[Point]] = [
        [(96, 566), (76, 536), (70, 506)], [(124, 498), (148, 478), (158, 452)], [(106, 626), (82, 612), (62, 616)],
        [(112, 436), (94, 416), (90, 394)], [(138, 380), (160, 372), (172, 356)],
    ]  # fmt: skip
    svg.path(taper(branch, (5, 4.4, 3.4, 2.6, 2, 1)), fill="#b59a68", opacity=0.8)
    for twig in twigs:
        svg.path(taper(twig, (2.4, 1.8, 0.8)), fill="#b59a68", opacity=0.8)
    for x, y, size, turn in ((70, 502, 12, 0.2), (157, 326, 9, 0.7), (159, 450, 11, 0.4), (97, 566, 13, 0.9), (60,
                                                                                                               617,
                                                                                                               10, 0.1),
                             (124, 498, 9, 0.5), (90, 392, 8, 0.3), (104, 652, 12, 0.6), (139, 380, 10,
                                                                                          1.0)):  # fmt: skip
        _blossom(svg, x, y, size, turn)
    for x, y in ((80, 540), (148, 478), (98, 418), (82, 611), (172, 355), (116, 462), (122, 414)):
        svg.path(oval(x, y, 3, 3), fill="#e7b9a4", opacity=0.85)


def _placket(svg: Svg) -> None:
    """The slanted closing of a qipao: from the collar to under the arm."""
    edge: list[Point] = [(0, 284), (-30, 304), (-78, 326), (-126, 356), (-158, 400), (-176, 452)]
    svg.path(smooth([(x + 3, y + 7) for x, y in edge]), stroke="#020f12", stroke_width=7, opacity=0.6, soft=3.6)
    svg.path(smooth(edge), stroke="#8d7a4e", stroke_width=4.6)
    svg.path(smooth([(x, y - 0.7) for x, y in edge]), stroke=PIPING, stroke_width=2.6)
    for x, y, turn in ((-26, 302, 32), (-100, 338, 30), (-160, 404, 60)):
        _frog(svg, x, y, turn)


def _frog(svg: Svg, x: float, y: float, turn: float) -> None:
    """A knotted button with its loops (盘扣)."""
    with svg.group(transform=f"translate({x} {y}) rotate({turn}) scale(.82)"):
        for side in (-1, 1):
            loop = blob((0, 0), (side * 8, -4), (side * 19, -3.4), (side * 22, 0), (side * 19, 3.4), (side * 8, 4))
            svg.path(loop, stroke="#6e5c34", stroke_width=3.6)
            svg.path(loop, stroke=PIPING, stroke_width=2)
        knot = svg.radial(f"knot{int(-x)}", (-1.5, -2), 7, stops("#fff6da", PIPING, "#8d7a4e"))
        svg.path(oval(0, 0, 5, 5), fill=knot)


def _collar(svg: Svg) -> None:
    """Stands up around the neck; its round ends meet in front."""
    for side in (1, -1):
        top: list[Point] = [(1.5, 268), (8, 256), (30, 240), (52, 220), (61, 213)]
        low: list[Point] = [(72, 226), (82, 262), (60, 276), (30, 287), (1.5, 291)]
        shape = smooth(on(side, [*top, *low]), closed=True)
        marks = ("#1f6069", "#185058", "#0e3a41") if side < 0 else ("#0b3138", "#13464d", "#14484f")
        svg.path(shape, fill=svg.linear(f"collar{side + 1}", (side * 80, 240), (0, 280), stops(*marks)))
        with svg.group(clip=svg.clip(f"collar-clip{side + 1}", shape)):
            svg.path(
                blob(*on(side, [(54, 214), (80, 220), (90, 262), (64, 270)])), fill="#021519", opacity=0.55, soft=7
            )
            svg.path(
                line(*on(side, [(10, 278), (36, 266), (62, 246)])),
                stroke="#79b9b8",
                stroke_width=5,
                opacity=0.3,
                soft=3,
            )
        svg.path(smooth(on(side, top)), stroke="#8d7a4e", stroke_width=4)
        svg.path(smooth([(x, y - 0.5) for x, y in on(side, top)]), stroke=PIPING, stroke_width=2.3)
        seam = on(side, [(72, 270), (58, 277), (30, 287), (0, 292)])
        svg.path(smooth(seam), stroke="#02161a", stroke_width=4, opacity=0.55, soft=1.6)
    svg.path(line((0, 270), (0, 291)), stroke="#02161a", stroke_width=1.6, opacity=0.8)
    _frog(svg, 0, 279, 0)


def _pin(svg: Svg) -> None:
    """A small bronze bell: the museum's sign."""
    x, y = -92.0, 424.0
    svg.path(oval(x + 2, y + 4, 13, 14), fill="#020f12", opacity=0.5, soft=3)
    svg.path(oval(x, y, 13, 13), fill=svg.radial("pin", (x - 5, y - 6), 22, stops("#fbe9bd", GOLD, "#7d5f2a")))
    svg.path(oval(x, y, 10.8, 10.8), fill="#123c42", stroke="#f4dfa8", stroke_width=0.7)
    bell: list[Point] = [(-4.4, 5.6), (-3.8, -2.6), (-2.2, -5.5), (2.2, -5.5), (3.8, -2.6), (4.4, 5.6), (0, 3.8)]
    svg.path("M" + "L".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in bell) + "Z", fill="#e9cf8f")
    svg.path(f"M{x - 1.8} {y - 5.6}a1.8 2.2 0 0 1 3.6 0M{x - 3.8} {y - 0.8}h7.6M{x - 4.1} {y + 1.8}h8.2",
             stroke="#123c42",
             stroke_width=0.7)  # fmt: skip
