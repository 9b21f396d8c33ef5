"""A small face beside each answer: it moves by the cues that were sent, and shows what was felt while it is still."""

import json
from html import escape

from pipeline.audio import SPEAK_RATE
from pipeline.recording.report_turns import Line

SMILES = {"happy": 0.9, "sad": -0.7, "angry": -0.5, "fearful": -0.4, "disgusted": -0.5, "surprised": 0.1}
"""How far the corners of the mouth go up; neutral: a little."""
BROWS = {"sad": 5, "fearful": 5, "surprised": 1, "angry": -6, "disgusted": -4}
"""How much higher the brows are inside than outside."""


def face(lines: list[Line]) -> str:
    """SVG with the mouth shapes and blinks of these lines as data: seconds of the visit, weight, name."""
    shapes = [
        [*(round((line.begun or 0.0) + at / SPEAK_RATE, 3) for at in (pose.start, pose.attack, pose.release, pose.end)),
         pose.weight, pose.name]
        for line in lines
        for pose in (*line.poses("visemes"), *line.poses("expressions"))
        if pose.name != "sil" and (pose.name == "blink" or pose.name not in {*SMILES, "neutral"})
    ]  # fmt: skip
    felt = next((line.sentence.emotion for line in lines if line.sentence.emotion != "neutral"), "neutral")
    smile, inside = SMILES.get(felt, 0.35), BROWS.get(felt, 0)
    data = escape(json.dumps(shapes, separators=(",", ":")))
    return (
        f'<svg class="portrait" viewBox="0 0 100 100" aria-hidden="true" data-smile="{smile}" data-shapes="{data}">'
        '<circle class="skin" cx="50" cy="50" r="47"/>'
        f'<path class="brow" d="M25 {32 + inside / 2}Q33 {27 - inside / 4} 42 {32 - inside / 2}"/>'
        f'<path class="brow" d="M75 {32 + inside / 2}Q67 {27 - inside / 4} 58 {32 - inside / 2}"/>'
        '<ellipse class="eye" cx="34" cy="44" rx="4" ry="5.4"/><ellipse class="eye" cx="66" cy="44" rx="4" ry="5.4"/>'
        f'<path class="lips" d="M32 {70 - 4 * smile}Q50 {70 + 8 * smile} 68 {70 - 4 * smile}Z"/></svg>'
    )
