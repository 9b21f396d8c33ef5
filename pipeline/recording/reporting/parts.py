"""Small pieces of the report's HTML: labels in two languages, chips, buttons that play."""

from html import escape

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
    "filler": ("垫话", "filler"), "say": ("播报", "say"), "attract": ("招呼", "attract"),
}  # fmt: skip
GESTURES = {
    "nod": "点头", "shake": "摇头", "wave": "挥手", "point": "指路",
    "think": "思考", "shrug": "耸肩", "bow": "鞠躬", "open": "张开双手",
}  # fmt: skip
WHYS = {
    "revised": ("访客又说了下去", "the visitor went on"), "barge-in": ("访客打断", "the visitor cut in"),
    "timeout": ("超时", "out of time"), "left": ("访客离开", "the visitor left"),
    "adopted": ("另一次尝试被采用", "another attempt was adopted"),
    "idle": ("久无人声", "nobody spoke"), "ended": ("正常结束", "ended"), "failed": ("出错", "failed"),
}  # fmt: skip


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


def clock(value: float) -> str:
    """`8.3 s`, `12:08.3`, `1:02:08.3`."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value * 10), 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"


def price(cost: float) -> str:
    """A cost with as many digits as tell something; nobody here knows the currency of the prices."""
    return "0" if not cost else f"{cost:.4f}" if cost >= 0.01 else f"{cost:.2g}"


def play(begin: float, end: float, what: tuple[str, str], file: str, sounding: float | None) -> str:
    """A button that plays from `begin`, for the page's own player; the file's name beyond the page's sound, which is
    `sounding` seconds long; nothing where no sound was recorded (None).
    """
    if sounding is None:
        return ""
    if begin >= sounding:
        return f'<p class="file">{both("请听", "listen in")} {escape(file)}, {begin:.2f} s</p>'
    name = escape(f"{what[0]} / {what[1]}: {clock(begin)}")
    return (
        f'<p class="sound"><button type="button" class="play" data-at="{round(begin * 1000)}" '
        f'data-until="{round(end * 1000)}" aria-label="{name}">▶</button> <span>{end - begin:.1f} s</span></p>'
    )
