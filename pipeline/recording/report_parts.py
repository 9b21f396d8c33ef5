"""Small pieces of the report's HTML: labels in two languages, chips, sound to play."""

import base64
import io
from collections.abc import Mapping
from html import escape

import soundfile

from pipeline.aigc import labelled
from pipeline.audio import Samples

LANGUAGES = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
FEELINGS = {
    "neutral": "平静", "happy": "高兴", "sad": "难过", "angry": "生气",
    "fearful": "害怕", "disgusted": "厌恶", "surprised": "惊讶",
}  # fmt: skip
STAGES = {
    "turn": ("断句", "turn"), "transcript": ("转写", "transcript"), "emotion": ("情绪", "emotion"),
    "reply": ("回答", "reply"), "speech": ("语音", "speech"), "cues": ("动作", "cues"),
}  # fmt: skip
ORIGINS = {
    "greeting": ("问候", "greeting"), "farewell": ("告别", "farewell"), "apology": ("致歉", "apology"),
    "filler": ("垫话", "filler"), "say": ("播报", "say"),
}  # fmt: skip
GESTURES = {
    "nod": "点头", "shake": "摇头", "wave": "挥手", "point": "指路",
    "think": "思考", "shrug": "耸肩", "bow": "鞠躬", "open": "张开双手",
}  # fmt: skip
LONGEST = 900
"""Seconds of sound that one page embeds at most; beyond it the card names the file."""


def both(chinese: str, english: str) -> str:
    """A label in the two languages; the page shows one or both."""
    return f'<span lang="zh">{escape(chinese)}</span><span lang="en">{escape(english)}</span>'


def chip(content: str, kind: str = "", title: str = "") -> str:
    """A small rounded label. `content` is HTML."""
    hint = f' title="{escape(title)}"' if title else ""
    return f'<span class="chip {kind}"{hint}>{content}</span>'


def feeling(label: str) -> str:
    """An emotion's name."""
    return both(FEELINGS.get(label, label), label)


def seconds(value: float | None) -> str:
    """`0.412 s`, or a dash."""
    return "–" if value is None else f"{value:.2f} s" if value >= 10 else f"{value:.3f} s"


class Sounds:
    """Sound as data URIs, until the page has enough of it."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """`labels`: the field `AIGC` of the recording's files that have one, for their pieces."""
        self._left = float(LONGEST)
        self._labels = labels

    def player(self, sound: Samples, rate: int, begin: float, end: float, what: tuple[str, str], file: str) -> str:
        """An `<audio>` with `sound[begin:end]` (seconds) as FLAC; the file's name when there is none to embed."""
        first = max(0, round(begin * rate))
        piece = sound[first : max(first, round(end * rate))]
        if not len(piece):
            return ""
        self._left -= len(piece) / rate
        if self._left < 0:
            return f'<p class="file">{both("请听", "listen in")} {escape(file)}, {begin:.2f} s</p>'
        flac = io.BytesIO()
        soundfile.write(flac, piece, rate, format="FLAC", subtype="PCM_16")
        field = self._labels.get(file, "")
        data = base64.b64encode(labelled(flac.getvalue(), field) if field else flac.getvalue()).decode()
        name = escape(f"{what[0]} / {what[1]}")
        return (
            f'<audio controls preload="metadata" aria-label="{name}" data-start="{begin:.3f}" '
            f'src="data:audio/flac;base64,{data}"></audio>'
        )
