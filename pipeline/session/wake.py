"""Wake phrases: what is said to an avatar that answers only when it is called."""

from collections.abc import Iterable

_BEFORE = 4
"""Letters that may stand before the phrase: "嗯，小河你好", "oh, hello River"."""


def woken(text: str, phrases: Iterable[str]) -> str | None:
    """What is said after a wake phrase at the beginning of `text`; None when there is none.

    Case, spaces and punctuation do not count.
    """
    bare = [(sign.lower(), at) for at, sign in enumerate(text) if sign.isalnum()]
    heard = "".join(sign for sign, _ in bare)
    ends = []
    for phrase in phrases:
        wanted = "".join(sign.lower() for sign in phrase if sign.isalnum())
        place = heard.find(wanted) if wanted else -1
        if 0 <= place <= _BEFORE:
            ends.append(place + len(wanted))
    if not ends:
        return None
    end = max(ends)
    return text[bare[end][1] :].strip() if end < len(bare) else ""
