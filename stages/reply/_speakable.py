"""What is no Markdown and still cannot be read aloud: addresses, entities, formulas, digests, signs."""

import html
import re
from itertools import pairwise
from typing import Final

from pipeline.envelope import Language

_LONGEST: Final = 2000
"""Signs of a run without a space that are looked at together."""
_RUN = re.compile(rf"[!-~]{{1,{_LONGEST}}}")
_LAST = re.compile(r"[!-~]*\Z")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_URL = re.compile(r"<?\b(?:https?|ftp)://(?P<full>[^<>\"]*)>?|\bwww\.(?P<short>[^<>\"]*)", re.IGNORECASE)
_MAIL = re.compile(r"\b(?:mailto:)?([\w.+-]{1,64})@((?:[\w-]+\.)+[A-Za-z]{2,})")
_DOMAIN = re.compile(
    r"(?<![\w@.-])((?:[A-Za-z0-9-]+\.)+(?:com|cn|org|net|edu|gov|museum|info))(?![\w.]*\w)(?:/[\w./?=&%#-]*\w/?)?"
)
_TRAIL = re.compile(r"[.,;:!?'\")\]}]+\Z")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
_RULE = re.compile(r"[-=_*#~|:+]{3,}")
_FACE = re.compile(r"\([^()\w\s]{2,}\)")
_COMMAND = re.compile(
    r"\\(?:[dt]?frac|sqrt|times|cdot|div|pm|approx|leq?|geq?|neq?|pi|to|rightarrow|infty|l?dots|left|right|text|mathrm"
    r"|mathbf|mathit|operatorname|quad|qquad|circ|alpha|beta|gamma|delta|Delta|theta|lambda|mu|sigma|omega|sum|begin|end)"
    r"(?![A-Za-z])"
)
_POWER = re.compile(r"(?<=[\w)}])\^(?:\{([^{}]*)\}|(\\circ|\w))")
_SIGNS: Final[dict[Language, dict[int, str]]] = {
    "zh": str.maketrans({"→": "到", "⇒": "到", "←": "", "↑": "", "↓": "", "×": "乘", "÷": "除以", "±": "正负",
                         "≈": "约等于", "≠": "不等于", "≤": "小于等于", "≥": "大于等于"}),
    "en": str.maketrans({"→": " to ", "⇒": " to ", "←": "", "↑": "", "↓": "", "×": " times ", "÷": " divided by ",
                         "±": " plus or minus ", "≈": " about ", "≠": " is not ", "≤": " at most ", "≥": " at least "}),
}  # fmt: skip
_NAMES: Final[dict[Language, dict[str, str]]] = {
    "zh": {"times": "乘", "cdot": "乘", "div": "除以", "pm": "正负", "approx": "约等于", "le": "小于等于",
           "leq": "小于等于", "ge": "大于等于", "geq": "大于等于", "ne": "不等于", "neq": "不等于", "pi": "π",
           "to": "到", "rightarrow": "到", "infty": "无穷大", "circ": "度", "sum": "总和"},
    "en": {"times": " times ", "cdot": " times ", "div": " divided by ", "pm": " plus or minus ", "approx": " about ",
           "le": " at most ", "leq": " at most ", "ge": " at least ", "geq": " at least ", "ne": " is not ",
           "neq": " is not ", "pi": "pi", "to": " to ", "rightarrow": " to ", "infty": "infinity", "circ": " degrees",
           "sum": "the sum of "},
}  # fmt: skip
_GREEK = frozenset(["alpha", "beta", "gamma", "delta", "Delta", "theta", "lambda", "mu", "sigma", "omega"])


class Speakable:
    """Takes plain text cut anywhere; gives what can be read aloud. The result does not depend on where it was cut.

    An address of the web becomes its host ("museum点cn", "museum dot cn"), of mail its words; entities become their
    characters; of LaTeX the commonest commands become words. Digests, base64 and keys go, so do rows of signs.
    A run of ASCII is held until a space or another script ends it.
    """

    def __init__(self, language: Language) -> None:
        self._zh = language == "zh"
        self._signs, self._names = _SIGNS[language], _NAMES[language]
        self._comma = "，" if self._zh else ","
        self._dot = "点" if self._zh else " dot "
        self._held = ""
        self._braces = 0

    def feed(self, text: str) -> str:
        """The words that are sure now."""
        self._held += text
        last = _LAST.search(self._held)
        begin = last.start() if last else len(self._held)
        begin += (len(self._held) - begin) // _LONGEST * _LONGEST
        sure, self._held = self._held[:begin], self._held[begin:]
        return self._said(sure)

    def end(self) -> str:
        """The rest."""
        sure, self._held = self._held, ""
        return self._said(sure)

    def _said(self, text: str) -> str:
        return _RUN.sub(lambda run: self._run(run[0]), text.translate(self._signs))

    def _run(self, run: str) -> str:
        if run.isalnum() and len(run) < 24:  # nearly all of them
            return run
        if "&" in run:
            run = _TAG.sub("", _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\xa0", " "), run))
        run = _URL.sub(self._address, run)
        run = _MAIL.sub(self._mail, run)
        run = _DOMAIN.sub(lambda domain: self._spelled(domain[1]), run)
        if "\\" in run or "^" in run or "$" in run or self._braces:
            run = self._formula(run)
        run = _FACE.sub("", _BLOB.sub(_word, run))
        if _RULE.fullmatch(run):
            return ""
        return self._comma if run == "|" else run

    def _address(self, found: re.Match[str]) -> str:
        rest = found["full"] if found["full"] is not None else found["short"]
        trail = _TRAIL.search(rest)
        host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".,;!'\")]}")
        named = "." in host and not host.replace(".", "").isdigit()
        return (self._spelled(host.lower().removeprefix("www.")) if named else "") + (trail[0] if trail else "")

    def _mail(self, found: re.Match[str]) -> str:
        at = "艾特" if self._zh else " at "
        return self._spelled(found[1]) + at + self._spelled(found[2])

    def _spelled(self, name: str) -> str:
        return self._dot.join(part for part in name.split(".") if part)

    def _formula(self, run: str) -> str:
        """LaTeX, as far as it is in this run; a brace that is still open is remembered."""
        if not (_COMMAND.search(run) or _POWER.search(run) or self._braces or _dollars(run)):
            return run
        run = re.sub(r"\$\$?([^$]+)\$\$?", r"\1", run)
        fraction = r"\2分之\1" if self._zh else r"\1 over \2"
        root = r"根号\1" if self._zh else r"the square root of \1"
        for _ in range(4):  # from the inside out
            run = _POWER.sub(self._power, run)
            run = re.sub(r"\\sqrt\{([^{}]*)\}", root, run)
            run = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", fraction, run)
        run = re.sub(r"_(?:\{([^{}]*)\}|(\w))", r" \1\2", run)
        run = _COMMAND.sub(lambda command: self._name(command[0][1:]), run)
        self._braces = max(0, self._braces + run.count("{") - run.count("}"))
        return re.sub(r"[{}]|\$(?!\d)|(?<=\d)\$", "", run)

    def _power(self, found: re.Match[str]) -> str:
        power = found[1] or found[2] or ""
        if power == r"\circ":
            return self._names["circ"]
        known = {"2": ("平方", " squared"), "3": ("立方", " cubed")}
        if power in known:
            return known[power][0 if self._zh else 1]
        return f"的{power}次方" if self._zh else f" to the power of {power}"

    def _name(self, command: str) -> str:
        return self._names.get(command, f" {command} " if command in _GREEK else "")


def _word(found: re.Match[str]) -> str:
    """A long run of letters and digits is a digest, a key or base64 when they are mixed; or just a long word."""
    run = found[0]
    digits = sum(map(str.isdigit, run))
    humps = sum(one.islower() and other.isupper() for one, other in pairwise(run))
    return "" if (digits and any(map(str.isalpha, run))) or humps > 3 or len(run) > 60 else run


def _dollars(run: str) -> bool:
    """`$x$`, or half of it: money has a digit behind its sign."""
    return bool(re.match(r"\$\$?(?!\d|\Z)|\$.+\$\Z|\$\$\Z", run)) or (run.endswith("$") and run[:1].isalpha())
