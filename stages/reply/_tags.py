"""The model's emotion and gesture tags: read, and taken out of what is spoken."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, get_args

from pipeline.envelope import Label

GESTURES: Final = ("nod", "shake", "wave", "point", "think", "shrug", "bow", "open")
"""Of `stages.cues`."""
LABELS: Final[tuple[Label, ...]] = get_args(Label)
_WORDS: Final[Mapping[str, str]] = {
    "calm": "neutral", "happiness": "happy", "joy": "happy", "smile": "happy", "smiles": "happy", "laugh": "happy",
    "laughs": "happy", "sadness": "sad", "sorry": "sad", "anger": "angry", "fear": "fearful", "disgust": "disgusted",
    "surprise": "surprised", "nods": "nod", "waves": "wave", "points": "point", "thinking": "think", "bows": "bow",
    "平静": "neutral", "开心": "happy", "高兴": "happy", "微笑": "happy", "笑": "happy", "难过": "sad", "悲伤": "sad",
    "抱歉": "sad", "生气": "angry", "害怕": "fearful", "厌恶": "disgusted", "惊讶": "surprised", "点头": "nod",
    "摇头": "shake", "挥手": "wave", "指路": "point", "思考": "think", "耸肩": "shrug", "鞠躬": "bow",
    "张开双手": "open",
}  # fmt: skip
_LONGEST = 32
_SHAPE = re.compile(r"\[ *(?:(?P<kind>[a-z_-]+|情绪|表情|动作|手势) *[:：] *)?(?P<name>[a-z_-]+|[\u4e00-\u9fff]+)"
                    r" *(?:[:：] *(?P<strength>[01](?:\.\d+)?) *)?\]")  # fmt: skip


class Tag(NamedTuple):
    """What a tag asks for; both empty for a stage direction that nobody here knows."""

    emotion: Label | None = None
    gesture: str = ""
    strength: float = 0.5


class TagReader:
    """Takes text cut anywhere; gives it back without tags, and the tags where they stood.

    A tag is `[happy]`, `[happy:0.8]`, `[wave]`, `[gesture:wave]`, `[emotion:sad]`, or a Chinese word for one. Models
    invent others: `[laughs softly]` has a space and stays text, but one lower-case word (`[pause]`, `[gesture:jump]`)
    is a stage direction too and is dropped, since a voice would read it out. `[1]`, `[Enter]`, `[二楼]` and a Markdown
    link's `[label](` are text.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str | Tag]:
        """What is sure now: text between tags, and tags."""
        if not self._held and "[" not in text:
            return [text] if text else []
        found: list[str | Tag] = []
        for character in text:
            found += self._take(character)
        return _joined(found)

    def end(self) -> list[str | Tag]:
        """What was held back."""
        held, self._held = self._held, ""
        return [_tag(held) or held] if held else []

    def _take(self, character: str) -> list[str | Tag]:
        if self._held.endswith("]"):  # a link goes on with its address
            held, self._held = self._held, ""
            tag = None if character == "(" else _tag(held)
            return [tag or held, *self._take(character)]
        if character == "[":
            held, self._held = self._held, character
            return [held] if held else []
        if not self._held:
            return [character]
        self._held += character
        if character == "\n" or len(self._held) > _LONGEST:
            held, self._held = self._held, ""
            return [held]
        return []


def _joined(found: list[str | Tag]) -> list[str | Tag]:
    joined: list[str | Tag] = []
    for item in found:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        else:
            joined.append(item)
    return joined


def _tag(text: str) -> Tag | None:
    match = _SHAPE.fullmatch(text)
    if match is None:
        known = _SHAPE.fullmatch(text.lower())
        tag = known and _named(known)
        return tag if tag and tag != Tag() else None
    tag = _named(match)
    return None if tag == Tag() and not match["name"].isascii() else tag


def _named(match: re.Match[str]) -> Tag:
    name = _WORDS.get(match["name"], match["name"])
    strength = round(min(float(match["strength"] or 0.5), 1.0), 4)
    if name in LABELS:
        return Tag(emotion=name, strength=strength)
    return Tag(gesture=name) if name in GESTURES else Tag()
