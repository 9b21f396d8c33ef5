"""A museum's hall behind the figure, out of focus: soft light, a vault, bronzes in their cases, a gleaming floor."""

import numpy as np

from training.mei.pen import Svg, fade, oval, stops


def hall(wide: float, high: float) -> Svg:
    """For a view of this size; everything soft, so that the figure stands before it."""
    svg = Svg((0, 0, wide, high))
    unit, floor = high / 1000, high * 0.8
    wall = svg.linear("wall", (0, 0), (0, floor), stops("#1b2427", "#2f3a3c", "#454b48", "#3a3b38"))
    svg.path(f"M0 0H{wide}V{high}H0Z", fill=wall)
    _arches(svg, wide, floor, unit)
    _cases(svg, wide, floor, unit)
    ground = svg.linear("ground", (0, floor), (0, high), stops("#4b4840", "#2d2c29", "#191a1a"))
    svg.path(f"M0 {floor:.0f}H{wide}V{high}H0Z", fill=ground, soft=6 * unit)
    _lights(svg, wide, high, floor, unit)
    dark = svg.radial("edge", (wide / 2, high * 0.42), max(wide, high) * 0.72, [(0, "#0d1214", 0.0), (0.55,
                                                                                                      "#0d1214", 0.05),
                                                                               (1, "#0d1214", 0.72)])  # fmt: skip
    svg.path(f"M0 0H{wide}V{high}H0Z", fill=dark)
    return svg


def _arches(svg: Svg, wide: float, floor: float, unit: float) -> None:
    """Three vaults whose middle one lets the light in."""
    span = max(430 * unit, wide / 3.4)
    with svg.group(soft=11 * unit):
        for step in (-1, 0, 1):
            x, top = wide / 2 + step * span * 1.12, floor * (0.22 if step else 0.12)
            half, spring = span * 0.43, floor * (0.44 if step else 0.38)
            tones = ("#474b46", "#746a55", "#564f44") if step else ("#8d7d60", "#cbb48a", "#8e7a5d")
            glow = svg.linear(f"glow{step + 1}", (0, top), (0, floor), stops(*tones))
            left, right = f"{x - half:.0f}", f"{x + half:.0f}"
            vault = f"V{spring:.0f}C{left} {top:.0f} {right} {top:.0f} {right} {spring:.0f}V{floor:.0f}Z"
            svg.path(f"M{left} {floor:.0f}{vault}", fill=glow)
            for side in (-1, 1):
                edge = x + side * half
                svg.path(f"M{edge:.0f} {spring:.0f}V{floor:.0f}", stroke="#e0c998", stroke_width=5 * unit, opacity=0.22)
                svg.path(f"M{edge + side * 24 * unit:.0f} {spring * 0.9:.0f}V{floor:.0f}", stroke="#15191a",
                         stroke_width=40 * unit, opacity=0.4)  # fmt: skip


def _cases(svg: Svg, wide: float, floor: float, unit: float) -> None:
    """Bronzes under their lamps, to both sides."""
    with svg.group(soft=9 * unit):
        for side in (-1, 1):
            for step, size in ((0.36, 1.0), (0.66, 0.8)):
                x = wide / 2 + side * max(step * wide * 0.62, 300 * unit * (1 + step))
                half, top = 86 * unit * size, floor - 380 * unit * size
                lamp = svg.radial(
                    f"lamp{side + 1}{int(step * 100)}", (x, top + 90 * unit), 250 * unit, fade("#ffdf9e", 0.62, 0.2, 0)
                )
                svg.path(oval(x, top + 130 * unit, 200 * unit, 230 * unit), fill=lamp)
                svg.path(f"M{x - half:.0f} {top + 240 * unit:.0f}h{2 * half:.0f}V{floor:.0f}h{-2 * half:.0f}Z",
                         fill="#22211d",
                         opacity=0.75)  # fmt: skip
                _bell(svg, x, top + 240 * unit, 46 * unit * size)


def _bell(svg: Svg, x: float, foot: float, half: float) -> None:
    """A ritual bell on its stand."""
    high = half * 3.1
    base = f"M{x - half * 0.8:.0f} {foot - half * 0.5:.0f}h{half * 1.6:.0f}v{half * 0.6:.0f}h{-half * 1.6:.0f}Z"
    svg.path(base, fill="#2b2a22", opacity=0.9)
    left, right, rim = f"{x - half:.0f}", f"{x + half:.0f}", f"{foot - half * 0.4:.0f}"
    sides = f"L{x - half * 0.66:.0f} {foot - high:.0f}H{x + half * 0.66:.0f}L{right} {rim}"
    svg.path(f"M{left} {rim}{sides}Q{x:.0f} {foot - half * 0.9:.0f} {left} {rim}Z", fill="#5f6047", opacity=0.95)
    svg.path(
        f"M{x - half * 0.2:.0f} {foot - high:.0f}v{-half * 0.8:.0f}h{half * 0.4:.0f}v{half * 0.8:.0f}Z", fill="#6b6a4c"
    )
    svg.path(f"M{x - half * 0.7:.0f} {foot - half:.0f}L{x - half * 0.5:.0f} {foot - high:.0f}", stroke="#e8cf94",
             stroke_width=round(half * 0.24, 1), opacity=0.7)  # fmt: skip


def _lights(svg: Svg, wide: float, high: float, floor: float, unit: float) -> None:
    """Reflections on the floor, discs of far lamps, and the light from the upper left."""
    for step in (-1, 0, 1):
        x = wide / 2 + step * max(430 * unit, wide / 3.4) * 1.12
        gleam = svg.linear(f"gleam{step + 1}", (0, floor), (0, high), fade("#f3dca6", 0.3 if step == 0 else 0.14, 0))
        svg.path(
            f"M{x - 120 * unit:.0f} {floor:.0f}h{240 * unit:.0f}V{high}h{-240 * unit:.0f}Z", fill=gleam, soft=22 * unit
        )
    rng = np.random.default_rng(11)
    for _ in range(22):
        x, y = float(rng.uniform(0, wide)), float(rng.uniform(0.05, 0.62)) * floor
        if abs(x - wide / 2) < 170 * unit:
            continue
        size, warm = float(rng.uniform(7, 20)) * unit, ("#ffd98f", "#ffe9c0", "#bcd9d8")[int(rng.integers(3))]
        svg.path(oval(x, y, size, size), fill=warm, opacity=round(float(rng.uniform(0.04, 0.11)), 2))
    beam = svg.linear("beam", (0, 0), (wide * 0.6, high * 0.5), fade("#ffeec8", 0.2, 0.06, 0))
    svg.path(f"M0 0H{wide * 0.5:.0f}L{wide * 0.74:.0f} {high}H0Z", fill=beam, soft=30 * unit)
