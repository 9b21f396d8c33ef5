"""Markdown as it streams, made into plain text that can be spoken."""

import re
from typing import Final

from pipeline.envelope import Language
from stages.reply._speakable import Speakable

_EMOJI: Final = (
    "\u200d\u20e3\ufe0e\ufe0f\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\U000e0020-\U000e007f"  # and flags, keycaps
    "\u00a9\u00ae\u2122\u203c\u2049\u2139\u231a-\u23ff\u24c2\u25a0-\u25ca\u25cc-\u25ff"
    "\u2934\u2935\u3030\u303d\u3297\u3299"
)  # not ○, which is a zero in Chinese dates
_SPECIAL = re.compile(rf"[*_`~\[【!<\\\n{_EMOJI}]")
_MARKERS = re.compile(r"[#>*+\-=_~`|•.)\d \t\[\]xX]*")
_WINDOW = 300  # characters after which a beginning that did not become Markdown is text
_RULE = re.compile(r"[ \t]*([-*_=])[ \t]*(?:\1[ \t]*){2,}(?=\n|\Z)")
_PREFIX = re.compile(
    r"[ \t]*(?:>[ \t]*)*(?:#{1,6}[ \t]+|(?:[-*+][ \t]+|•[ \t]*)(?:\[[ xX]\][ \t]+)?|(?P<number>\d{1,3})[.)][ \t]+)?"
)
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_NOTE = re.compile(
    r"\[(?:(?:citation|source|ref|cite|引用|来源|参考)\s*[:：]?\s*)?\^?\d{1,3}(?:\s*[,，、-]\s*\d{1,3})*\]"
    r"|【(?:\d{1,3}(?::\d{1,3})?(?:†[^】\n]*)?|(?:引用|来源|参考)\s*[:：]?\s*\d{1,3})】"
)
"""A note's number: `[1]`, `[^2]`, `[citation:3]` (DeepSeek with search), `【4†source】`."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:[ /][^<>\n]*)?>")
_SEPARATOR = re.compile(r"[ \t|:\-]*")


class Plain:
    """Takes Markdown cut anywhere; gives the words, with a newline where a line ends.

    Taken out: emphasis, headings, quotes, bullets, rules, HTML tags, note numbers, a link's address, what stands in a
    fenced block of code (nobody can listen to it), emoji. Kept: the number of a list's item, a table's cells with
    commas between them, the words of inline code. What cannot be read aloud without being Markdown is `_speakable`'s.
    The result does not depend on where the text was cut.
    """

    def __init__(self, language: Language) -> None:
        self._comma = "，" if language == "zh" else ", "
        self._speakable = Speakable(language)
        self._rest = ""
        self._line_start = True
        self._code = False
        self._before = "\n"  # the character before `_rest`, as it came

    def feed(self, text: str) -> str:
        """The words that are sure now."""
        words = []
        for at in range(0, len(text), _WINDOW):  # a whole answer in one piece would be copied at every sign
            self._rest += text[at : at + _WINDOW]
            words.append(self._run(final=False))
        return self._speakable.feed("".join(words))

    def end(self) -> str:
        """The rest."""
        return self._speakable.feed(self._run(final=True)) + self._speakable.end()

    def _run(self, *, final: bool) -> str:
        words = []
        while self._rest:
            step = self._line(final=final) if self._line_start or self._code else self._inline(final=final)
            if step is None:
                break
            words.append(step)
        return "".join(words)

    def _take(self, size: int) -> str:
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._before = taken[-1:] or self._before
        return taken

    def _line(self, *, final: bool) -> str | None:
        """A line's beginning. None: more must come before it can be told."""
        text = self._rest[:_WINDOW]
        if _MARKERS.fullmatch(text) and len(text) < _WINDOW and not final:
            return None
        start = text.lstrip(" \t")
        if self._code or start.startswith(("```", "~~~")):
            return self._fence(final=final)
        if start.startswith("|"):
            return self._row(final=final)
        if rule := _RULE.match(text):
            self._take(rule.end())
            return ""
        prefix = _PREFIX.match(text)
        self._line_start = False
        if prefix is None or not prefix.end():
            return ""
        self._take(prefix.end())
        self._before = "\n"
        return prefix["number"] + self._comma if prefix["number"] else ""

    def _fence(self, *, final: bool) -> str | None:
        line, newline, _ = self._rest.partition("\n")
        if not newline and not final:
            return None
        start = line.lstrip(" \t")
        if not self._code and start[:3] in start[3:]:  # code within the line
            self._line_start = False
            return ""
        if start.startswith(("```", "~~~")):
            self._code = not self._code
        self._take(len(line) + len(newline))
        self._line_start = True
        return "\n" if newline else ""

    def _row(self, *, final: bool) -> str | None:
        line, newline, _ = self._rest.partition("\n")
        if not newline and not final and len(line) < 10 * _WINDOW:
            return None
        line = line[: 10 * _WINDOW]
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        self._take(len(line))
        self._line_start = False
        if _SEPARATOR.fullmatch(line):
            return ""
        self._rest = self._comma.join(cell for cell in cells if cell) + self._rest
        return ""

    def _inline(self, *, final: bool) -> str | None:
        found = _SPECIAL.search(self._rest)
        if found is None:
            return self._take(len(self._rest))
        if found.start():
            return self._take(found.start())
        sign = self._rest[0]
        if sign == "\n":
            self._line_start = True
            return self._take(1)
        if sign in "[<【":
            return self._bracket(sign, final=final)
        if sign in "*_~!\\":
            return self._sign(sign, final=final)
        self._take(1)  # a backtick or an emoji
        return ""

    def _sign(self, sign: str, *, final: bool) -> str | None:
        if len(self._rest) < 2 and not final:
            return None
        before, after = self._before, self._rest[1:2]
        self._take(1)
        if sign == "!":
            return "" if after == "[" else sign
        if sign == "\\":
            return self._take(1) if after and not after.isalnum() and not after.isspace() else sign
        if sign == "~":
            return "" if "~" in {before, after} else sign
        if sign == "_":
            return sign if before.isalnum() and after.isalnum() else ""
        both = (before.isdigit() and after.isdigit()) or (before.isspace() and after == " ")
        return sign if both else ""

    def _bracket(self, sign: str, *, final: bool) -> str | None:
        """A link, a note's number, a tag, or just a bracket."""
        text = self._rest[:_WINDOW]
        full = final or "\n" in text or len(text) == _WINDOW
        if sign == "【":
            return self._note("】", full=full)
        if sign == "<":
            return self._tag(text, final=final, full=full)
        if link := _LINK.match(text):
            self._take(link.end())
            self._rest = link[1] + self._rest
            return ""
        closed = text.find("]")
        if not full and (closed < 0 or text[closed + 1 : closed + 2] in {"", "("}):
            return None
        return self._note("]", full=True)

    def _tag(self, text: str, *, final: bool, full: bool) -> str | None:
        """HTML, a comment of it, or just a sign."""
        if comment := _COMMENT.match(text):
            self._take(comment.end())
            return ""
        if tag := _TAG.match(text):
            self._take(tag.end())
            return "\n" if tag[0].lower().startswith(("<br", "</p", "</li")) else ""
        if "<!--".startswith(text[:4]):
            return self._take(1) if final or len(text) == _WINDOW else None
        name = len(text) < 2 or text[1].isalpha() or text[1] == "/"
        return self._take(1) if full or ">" in text or not name else None

    def _note(self, closer: str, *, full: bool) -> str | None:
        """A note's number, or the bracket alone."""
        text = self._rest[:_WINDOW]
        if not full and closer not in text:
            return None
        if note := _NOTE.match(text):
            self._take(note.end())
            return ""
        return self._take(1)
