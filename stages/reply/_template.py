"""A chat template's own signs, which a server with wrong stop tokens or a wrong template leaks into answers."""

import re
from typing import Final

THINK: Final = re.compile(r"[<＜]\s*[/／]?\s*think(?:ing)?\s*[>＞]", re.IGNORECASE)
"""A tag of a thought, also as people type it."""
_NAME: Final = r"(?![^<>|｜\s]{0,40}(?:tool|function|call|python))[^<>|｜\s]{1,40}"
"""What a server should have read as the call of a function is not taken out: the guard refuses it."""
_TOKEN: Final = re.compile(
    rf"<[|｜](?P<name>{_NAME})[|｜]>|</?s>|<(?:bos|eos|pad|unk|end_of_turn|(?P<turn>start_of_turn))>|\[/?INST\]",
    re.IGNORECASE,
)
_FIXED: Final = ("<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<end_of_turn>", "<start_of_turn>", "[inst]",
                 "[/inst]")  # fmt: skip
_BEGUN: Final = re.compile(r"<[|｜][^<>|｜\s]{0,40}[|｜]?")
_ROLES: Final = ("assistant", "model", "user", "system", "tool")
_OPENS: Final = frozenset({"im_start", "start_header_id", "start_of_turn"})
"""A role's name follows them."""
_OTHERS: Final = frozenset({"user", "system", "human"})
"""Whoever speaks then is not the avatar."""


def leaks(text: str) -> bool:
    """Whether it holds one."""
    return _TOKEN.search(text) is not None


def without(text: str) -> str:
    """Whole signs become spaces: of a thought for a screen, and of what a visitor types."""
    return _TOKEN.sub(" ", text) if "<" in text or "[" in text else text


class Template:
    """Takes text cut anywhere; gives it back without such signs.

    Where a model goes on with somebody else's turn (`<|im_start|>user`), the answer is over: nothing of that comes.
    A sign that the stream's end cut goes too.
    """

    def __init__(self) -> None:
        self._held = ""
        self._over = False

    def feed(self, text: str) -> str:
        """What is sure now."""
        if not self._held and not self._over and "<" not in text and "[" not in text:
            return text
        self._held += text
        return self._run(final=False)

    def end(self) -> str:
        """What was held back."""
        return self._run(final=True)

    def _run(self, *, final: bool) -> str:
        given: list[str] = []
        while self._held and not self._over:
            at = min((at for sign in "<[" if (at := self._held.find(sign)) >= 0), default=len(self._held))
            given.append(self._held[:at])
            self._held = self._held[at:]
            if self._held and not self._sign(given, final=final):
                break
        if self._over:
            self._held = ""
        return "".join(given)

    def _sign(self, given: list[str], *, final: bool) -> bool:
        """Take what begins with a bracket. False: more must come before it can be told."""
        found = _TOKEN.match(self._held)
        if found is None:
            begun = _BEGUN.fullmatch(self._held)
            if not final and (begun or any(sign.startswith(self._held.lower()) for sign in _FIXED)):
                return False
            if begun and len(self._held) > 1:
                self._held = ""
            else:
                given.append(self._held[0])
                self._held = self._held[1:]
            return True
        name = (found["name"] or found["turn"] or "").strip().lower()
        rest = self._held[found.end() :]
        if name in _OPENS:
            if not final and any(role.startswith(rest.lower()) for role in _ROLES):
                return False
            name = next((role for role in _ROLES if rest.lower().startswith(role)), "")
            rest = rest[len(name) :]
        self._held, self._over = rest, name in _OTHERS
        return True
