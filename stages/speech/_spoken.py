"""From a sentence as shown to pieces as spoken: numbers and signs in words, each character traced back."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from pipeline.envelope import Language

LONGEST = 120
"""Characters of a piece: the first sound of a long text does not wait for its last."""
_SWITCH_MS, _COMMA_MS, _STOP_MS = 30, 120, 250
_STOPS, _COMMAS = "。！？!?；;.\n", "，、,:"
_DIGITS = "零一二三四五六七八九"
_NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
_UNITS = {"km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "m²": "平方米", "㎡": "平方米", "m2": "平方米"}
_MONEY: dict[Language, dict[str, str]] = {
    "zh": {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"},
    "en": {"¥": "yuan", "￥": "yuan", "$": "dollars", "€": "euros", "£": "pounds"},
}
Rule = tuple[str, Callable[[re.Match[str]], str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is spoken in one go, in one language."""

    text: str
    language: Language
    places: tuple[tuple[int, int], ...]
    """Of each character of `text`: from where to where it stands for in the sentence."""
    pause_ms: int
    """Silence after it, unless it ends the sentence."""

    def span(self, position: int, length: int) -> tuple[int, int]:
        """Where characters `position` to `position + length` of `text` come from; (0, 0) for none."""
        places = self.places[max(position, 0) : max(position + length, 0)]
        return (places[0][0], places[-1][1]) if places else (0, 0)


def pieces(text: str, language: Language) -> list[Piece]:
    """In order; none where nothing can be spoken (empty, only punctuation or emoji)."""
    places = [(index, index + 1) for index in range(len(text))]
    text = "".join(map(_plain, text))
    for pattern, replace in _RULES[language]:
        text, places = _substitute(text, places, re.compile(pattern), replace)
    found, start = [], 0
    for run, spoken in _runs(text, language):
        for part in _cut(run):
            end = start + len(part)
            if any(character.isalnum() for character in part):
                found.append(Piece(part, spoken, tuple(places[start:end]), _pause(part)))
            start = end
    return found


def _plain(character: str) -> str:
    """Full-width letters and digits as ASCII; emoji, control and private characters as spaces. One for one."""
    if "０" <= character <= "ｚ" and character.isalnum():
        return unicodedata.normalize("NFKC", character)
    if unicodedata.category(character) in {"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Mn"} and character not in "℃℉°㎡":
        return " "
    return {"％": "%", "：": ":"}.get(character, character)


def _substitute(
    text: str, places: list[tuple[int, int]], pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]
) -> tuple[str, list[tuple[int, int]]]:
    spoken, traced, done = "", [], 0
    for match in pattern.finditer(text):
        start, end = match.span()
        words = replace(match)
        spoken += text[done:start] + words
        traced += places[done:start]
        traced += [(places[start][0], places[end - 1][1])] * len(words)
        done = end
    return spoken + text[done:], traced + places[done:]


def _runs(text: str, language: Language) -> list[tuple[str, Language]]:
    """Each language to its own voice: an English voice spells Chinese out, and a Chinese one that has to turn to
    English in mid-sentence leaves 180 kB behind each time (espeak-ng 1.52 frees one dictionary of two).

    What neither owns (digits, spaces, punctuation) stays with what is before it, or with the sentence's language.
    """
    runs: list[tuple[str, Language]] = []
    for owner, group in groupby(text, lambda character: _owner(character, language)):
        run = "".join(group)
        spoken = owner or (runs[-1][1] if runs and not any(map(str.isdigit, run)) else language)
        if runs and runs[-1][1] == spoken:
            runs[-1] = (runs[-1][0] + run, spoken)
        else:
            runs.append((run, spoken))
    return runs


def _owner(character: str, language: Language) -> Language | None:
    if "\u3400" <= character <= "\u9fff" or character == "〇":
        return "zh"
    return "en" if character.isalpha() or (language == "en" and character.isdigit()) else None


def _cut(run: str) -> list[str]:
    if len(run) <= LONGEST:
        return [run]
    for ends in (_STOPS, _COMMAS, " "):
        at = max(run.rfind(end, 0, LONGEST) for end in ends) + 1
        if at > LONGEST // 4:
            return [run[:at], *_cut(run[at:])]
    return [run[:LONGEST], *_cut(run[LONGEST:])]


def _pause(part: str) -> int:
    last = part.rstrip()[-1]
    return _STOP_MS if last in _STOPS else _COMMA_MS if last in _COMMAS else _SWITCH_MS


def _by_digit(number: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in number if digit.isdigit())


def _zh_phone(match: re.Match[str]) -> str:
    return "，".join(_by_digit(group).replace("一", "幺") for group in match[0].split("-"))


def _zh_time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), match[2]
    spoken = (
        {"00": "", "30": "半"}.get(minute)
        if minute in {"00", "30"}
        else f"零{minute[1]}分"
        if minute < "10"
        else f"{minute}分"
    )
    return f"{'两' if hour == 2 else hour}点{spoken}"


def _zh_degrees(match: re.Match[str]) -> str:
    return f"{'零下' if match[1] else ''}{match[2]}摄氏度"


def _en_money(match: re.Match[str]) -> str:
    unit = _MONEY["en"][match[1]]
    whole, _, cents = match[2].replace(",", "").partition(".")
    unit = unit.removesuffix("s") if whole == "1" and not cents else unit
    return f"{whole} {unit} {cents}".strip()


def _en_time(match: re.Match[str]) -> str:
    hour, minute = match[1], match[2]
    return f"{hour} o'clock" if minute == "00" else f"{hour} oh {minute[1]}" if minute < "10" else f"{hour} {minute}"


_RULES: dict[Language, list[Rule]] = {
    "zh": [
        (r"(?<!\d)(?:0\d{2,3}-\d{4,8}|[48]00-\d{3,4}-\d{3,4}|1[3-9]\d{9})(?!\d)", _zh_phone),
        (r"(?<!\d)(\d{4})(?=\s*年)", lambda match: _by_digit(match[1])),
        (r"(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])", _zh_time),
        (r"([¥￥$€£])\s*" + _NUMBER + "([万亿]?)", lambda match: f"{match[2]}{match[3]}{_MONEY['zh'][match[1]]}"),
        (_NUMBER + r"\s*%", lambda match: f"百分之{match[1]}"),
        (r"(?<![\d.])(-?)" + _NUMBER + r"\s*(?:℃|°C)", _zh_degrees),
        (r"(?<=\d)\s*(km|kg|cm|mm|m²|m2|㎡)(?![A-Za-z])", lambda match: _UNITS[match[1]]),
        (r"(?<=[\d点分半度元])\s*[-–—~～]+\s*(?=\d|百分之)", lambda _: "到"),
        (r"(?<=\d),(?=\d{3})", lambda _: ""),
        (r"(?<![\d.])0\d+(?![\d.])", lambda match: _by_digit(match[0])),
        (r"(?<![\d.第零一-九])2(?=[个位次种件张天条项座家]|小时)", lambda _: "两"),
        (r"&", lambda _: "和"),
        (r"[℃℉°㎡]", lambda _: " "),
    ],
    "en": [
        (r"(?<!\d)\d{3,4}-\d{3,4}(?:-\d{4})?(?!\d)", lambda match: ", ".join(map(" ".join, match[0].split("-")))),
        (r"(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])", _en_time),
        (r"([¥￥$€£])\s*" + _NUMBER, _en_money),
        (_NUMBER + r"\s*(?:℃|°C)", lambda match: f"{match[1]} degrees Celsius"),
        (r"(?:(?<=\d)|(?<=o'clock))\s*[-–—~]\s*(?=\d)", lambda _: " to "),
        (r"(?<=\d),(?=\d{3})", lambda _: ""),
    ],
}
