"""Text for a terminal: Chinese signs are two columns wide, and nothing that was recorded may steer the terminal."""

import unicodedata
from collections.abc import Sequence

NEVER_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that move the cursor, hide, or have no sign."""


def plain(text: str) -> str:
    """On one line, without control signs."""
    return "".join(_plain(sign) for sign in text)


def _plain(sign: str) -> str:
    kind = unicodedata.category(sign)
    if sign in "\n\r\t" or (kind == "Zs" and sign != "\u3000"):
        return " "
    return "\ufffd" if kind in NEVER_SHOWN else sign


def width(text: str) -> int:
    """Columns that it takes."""
    return sum(_width(sign) for sign in text)


def _width(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def fit(text: str, columns: int) -> str:
    """Cut with `…` where it is wider."""
    if width(text) <= columns:
        return text
    kept, left = "", columns - 1
    for sign in text:
        left -= _width(sign)
        if left < 0:
            break
        kept += sign
    return kept + "…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Filled with spaces, cut where it is wider."""
    text = fit(text, columns)
    space = " " * (columns - width(text))
    return space + text if right else text + space


def wrap(text: str, columns: int, indent: int) -> list[str]:
    """In lines, broken at a space or before a wide sign; all but the first are indented."""
    lines, left = [], text
    while width(left) > columns:
        head = fit(left, columns + 1)[:-1]
        space = head.rfind(" ", indent + 1)
        wide = max((at for at in range(indent + 1, len(head)) if _width(left[at]) == 2), default=0)
        at = max(space, wide) if max(space, wide) > indent else len(head)
        lines.append(left[:at].rstrip())
        left = " " * indent + left[at:].lstrip()
    return [*lines, left]


def named(labels: Sequence[str], most: int = 8) -> str:
    """`3, 5, 9 …+4`; empty of none."""
    more = f" …+{len(labels) - most}" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
