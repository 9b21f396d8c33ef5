"""A written answer as sentences to speak."""

import re

_END = re.compile(r"""[。！？!?…]+["”’』」）)]*|\.["”’)]*(?=\s|$)""")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|approx|etc|e\.g|i\.e)|\b[A-Z])\.$")


def sentences(text: str) -> list[str]:
    """Cut after 。！？!?… and after a full stop that ends no abbreviation. Nothing is lost but spaces between."""
    found, begin = [], 0
    for match in _END.finditer(text):
        piece = text[begin : match.end()]
        if _ABBREVIATION.search(piece) and match.end() < len(text.rstrip()):
            continue
        if piece.strip():
            found.append(piece.strip())
        begin = match.end()
    rest = text[begin:].strip()
    return [*found, rest] if rest else found
