"""Whether a sentence ends at what looks like its end: .!? after abbreviations, numbers and addresses."""

import re
from typing import Final

CLOSERS: Final = "”’」』）)]】》〉"
_CJK: Final = "\u2e80"
_TITLES: Final = frozenset([
    "mr", "mrs", "ms", "mx", "dr", "prof", "st", "mt", "ft", "sr", "jr", "rev", "hon", "gen", "col", "lt",
    "sgt", "capt", "gov", "sen", "rep", "pres", "no", "nos", "fig", "figs", "vol", "p", "pp", "ch", "sec", "vs",
    "cf", "e.g", "i.e", "eg", "ie", "viz", "approx", "ca", "est", "dept", "tel", "ext", "jan", "feb", "mar",
    "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat",
    "sun",
])  # fmt: skip
"""Abbreviations after which a sentence goes on."""
_MAYBE: Final = frozenset([
    "etc", "a.m", "p.m", "am", "pm", "u.s", "u.k", "u.n", "e.u", "d.c", "b.c", "a.d", "ph.d", "m.d", "b.a",
    "m.a", "inc", "ltd", "co", "corp", "al",
])  # fmt: skip
"""Abbreviations that may end a sentence."""
_STARTERS: Final = frozenset([
    "a", "an", "the", "i", "it", "its", "he", "she", "we", "you", "they", "this", "that", "these", "those",
    "there", "here", "in", "on", "at", "for", "from", "if", "when", "while", "but", "and", "so", "or", "our",
    "your", "my", "his", "her", "their", "please", "yes", "no", "not", "what", "who", "where", "why", "how",
    "do", "does", "is", "are", "was", "were", "can", "could", "would", "will", "let", "after", "before", "then",
    "now", "today", "admission", "entry", "tickets",
])  # fmt: skip
"""Words that, with a capital, begin a sentence rather than go on with a name."""
_LAST_WORD = re.compile(r"(?:[A-Za-z]+\.)*[A-Za-z]+$")
_ADDRESS = re.compile(r"(?:https?://|www\.|[\w.+-]+@)[^\s\u2e80-\uffff]*$")
_NEXT_WORD = re.compile(r"\s+([A-Za-z]+)(.?)", re.DOTALL)


def goes_on(before: str, after: str, *, final: bool) -> bool | None:
    """Whether the sentence goes on after `before`, which looks like its end. None: more of `after` must be known.

    `final`: nothing follows `after`.
    """
    body = before.rstrip(CLOSERS + '"')
    stop = body[-1:]
    if stop in "…．" or body.endswith(".."):
        return bool(after) or not final
    if stop not in "!?.":
        return False
    if not after.strip():
        return False if final else None
    return _spaced(body, after, final=final) if after[0].isspace() else _unspaced(body, after[0])


def _unspaced(body: str, following: str) -> bool:
    """3.14, example.com, "好!Yes"."""
    if body[-1] == "." or _ADDRESS.search(body):
        return following < _CJK or body[:-1].strip().isdigit()
    return following < _CJK and not following.isupper()


def _spaced(body: str, after: str, *, final: bool) -> bool | None:
    if after.lstrip()[0].islower():
        return True
    return _abbreviated(body[:-1], after, final=final) if body[-1] == "." else False


def _abbreviated(body: str, after: str, *, final: bool) -> bool | None:
    word = _LAST_WORD.search(body)
    if word is None:
        return body.strip().isdigit()  # "1." of a list
    name = word[0]
    known = name.lower()
    if known in _TITLES:
        return True
    single = len(name) == 1 and name.isupper()
    following = _NEXT_WORD.match(after)
    if following is None or not (single or known in _MAYBE):
        return False
    if not following[2] and not final:
        return None
    return following[1].lower() not in _STARTERS
