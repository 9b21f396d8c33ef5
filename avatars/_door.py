"""Who may enter: where a request comes from, under which name it asks, and what a screen shows."""

import hashlib
import hmac
import ipaddress
import os
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.IGNORECASE)
_OURS = ("localhost", "127.0.0.1", "[::1]")
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
"""What proxies write: behind one, everybody comes from this machine."""


def is_loopback(address: str) -> bool:
    """An address (or a name, `localhost`) of this machine that no other one reaches."""
    try:
        ip = ipaddress.ip_address(address.strip("[]").split("%")[0])
    except ValueError:
        return address.lower() == "localhost"
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def is_local(peer: str, headers: Mapping[str, str]) -> bool:
    """Whoever asks sits at this machine: no network and no proxy between."""
    return is_loopback(peer) and not any(name in headers for name in _FORWARDED)


def host_known(host: str, listens: str, more: Collection[str]) -> bool:
    """Whether a `Host` header names this server.

    On loopback only known names do: a page of a stranger's site whose name was made to lead here (DNS rebinding) has
    another one. Elsewhere any name does, unless the config lists them: there a screen needs its token.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    bare = bracketed(listens).lower()
    names = {*_OURS, bare, *(bracketed(name).lower() for name in more)}
    return found[1].lower() in names or not (is_loopback(listens) or more)


def origin_known(origin: str | None, host: str, more: Collection[str]) -> bool:
    """Whether a page of this origin may open a screen. Programs that are no browser send none."""
    if origin is None or origin.rstrip("/").lower() in {other.rstrip("/").lower() for other in more}:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def bracketed(host: str) -> str:
    """As it stands in an address."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def token_fits(shown: str | None, wanted: SecretStr | None, *, local: bool) -> bool:
    """Whether a screen may enter with what it shows."""
    if wanted is None:
        return local
    return hmac.compare_digest((shown or "").encode(), wanted.get_secret_value().encode())


class Tickets:
    """Tokens to come back with after a lost connection: unguessable, and good once."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)  # noqa: TID251  no part of any conversation, and nobody may guess it
        self._count = 0

    def new(self, screen: str) -> str:
        """Another one."""
        self._count += 1
        return self._signed(screen, f"{self._count:x}")

    def known(self, screen: str, ticket: str) -> bool:
        """Whether this process gave it away for this screen, if long ago."""
        return hmac.compare_digest(self._signed(screen, ticket.split(".", maxsplit=1)[0]).encode(), ticket.encode())

    def _signed(self, screen: str, count: str) -> str:
        words = f"{screen}/{count}".encode("utf-8", "replace")
        return f"{count}.{hashlib.blake2b(words, key=self._secret, digest_size=16).hexdigest()}"
