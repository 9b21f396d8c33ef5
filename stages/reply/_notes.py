"""Notes 〔…〕 of our own prompt that a model repeats: cut out of what is spoken."""

import re
from typing import Final

_LONGEST: Final = 300
"""Characters after which a note that was not closed is none."""
_END: Final = re.compile(r"[。！？!?\n]|\.(?=\s|$)")


class Notes:
    """Takes text cut anywhere; gives it back without notes, whatever sentences and lines they hold.

    Of one that is not closed, the sentence goes in which it begins. A number in such brackets is text: the Chinese
    state's documents have them (国发〔2023〕1号).
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """What is sure now."""
        if not self._held and "〔" not in text and "〕" not in text:
            return text
        self._held += text
        given: list[str] = []
        while self._held:
            before, opened, note = self._held.partition("〔")
            given.append(before.replace("〕", ""))
            inside, closed, after = note.partition("〕")
            if not opened:
                self._held = ""
            elif closed and len(inside) <= _LONGEST:
                given.append(f"〔{inside}〕" if inside.isdigit() else "")
                self._held = after
            elif len(note) > _LONGEST:
                self._held = _rest(note[: _LONGEST + 1]) + note[_LONGEST + 1 :]
            else:
                self._held = opened + note
                break
        return "".join(given)

    def end(self) -> str:
        """What was held back."""
        note, self._held = self._held, ""
        return _rest(note).replace("〔", "")


def _rest(note: str) -> str:
    """Behind the first sentence."""
    found = _END.search(note)
    return note[found.end() :] if found else ""
