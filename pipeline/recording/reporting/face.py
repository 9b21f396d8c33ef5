"""A small face beside each answer: the page moves it by the cues that were sent, and it shows what was felt."""

from pipeline.recording.reporting.lines import Line

SMILES = {"happy": 0.9, "sad": -0.7, "angry": -0.5, "fearful": -0.4, "disgusted": -0.5, "surprised": 0.1}
"""How far the corners of the mouth go up; neutral: a little."""
BROWS = {"sad": 5, "fearful": 5, "surprised": 1, "angry": -6, "disgusted": -4}
"""How much higher the brows are inside than outside."""


def felt(lines: list[Line]) -> str:
    """What the face of these lines shows."""
    return next((line.sentence.emotion for line in lines if line.sentence.emotion != "neutral"), "neutral")


def smile(label: str) -> float:
    """How far the corners of its mouth go up."""
    return SMILES.get(label, 0.35)


def face(label: str = "neutral") -> str:
    """SVG, still."""
    up, inside = smile(label), BROWS.get(label, 0)
    return (
        f'<svg class="portrait" viewBox="0 0 100 100" aria-hidden="true" data-smile="{up}">'
        '<circle class="skin" cx="50" cy="50" r="47"/>'
        f'<path class="brow" d="M25 {32 + inside / 2}Q33 {27 - inside / 4} 42 {32 - inside / 2}"/>'
        f'<path class="brow" d="M75 {32 + inside / 2}Q67 {27 - inside / 4} 58 {32 - inside / 2}"/>'
        '<ellipse class="eye" cx="34" cy="44" rx="4" ry="5.4"/><ellipse class="eye" cx="66" cy="44" rx="4" ry="5.4"/>'
        f'<path class="lips" d="M32 {70 - 4 * up}Q50 {70 + 8 * up} 68 {70 - 4 * up}Z"/></svg>'
    )
