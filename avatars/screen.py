"""The screen server: pages, apps and robots become screens by docs/screen-protocol.md.

It believes that a request comes from this machine only when no proxy has marked it: a proxy in front must write
`X-Forwarded-For`, its names belong into `hosts`, and every screen behind it has a token.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from avatars._door import is_loopback
from avatars._webscreen import WebScreen
from pipeline.clock import Clock
from pipeline.errors import ConfigError
from pipeline.settings import FROZEN, LocalPath


class Settings(BaseModel):
    """The section `screen`."""

    model_config = FROZEN
    host: str = Field("127.0.0.1", min_length=1, max_length=253)
    """Address to listen at. Other machines reach it at `0.0.0.0`: then every screen needs a token."""
    port: int = Field(8080, ge=0, le=65535)
    """0: any free one."""
    certificate: LocalPath | None = None
    """PEM chain for `https`; browsers give a microphone to localhost and to `https` only."""
    key: LocalPath | None = None
    """The certificate's."""
    hosts: tuple[str, ...] = ()
    """Names that this server is asked for besides its address: a proxy's, for instance."""
    origins: tuple[str, ...] = ()
    """Pages of other sites that may open a screen, as `https://name:port`."""
    max_connections: int = Field(64, ge=1, le=10_000)
    """Screens at the same time."""
    resume_seconds: float = Field(30.0, ge=0, le=600)
    """For how long a visit is kept when its screen's connection is lost."""


def check(settings: Settings) -> list[str]:
    """What is wrong beyond types."""
    problems = []
    if (settings.certificate is None) != (settings.key is None):
        problems.append("certificate and key: name both, or none")
    for name in ("certificate", "key"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            problems.append(f"{name}: there is no file {path}: correct the path")
    problems += [
        f"origins: {origin!r} should be like https://name:port"
        for origin in settings.origins
        if not origin.startswith(("http://", "https://")) or origin.count("/") > 3
    ]
    return problems


def check_hall(settings: Settings, tokens: Mapping[str, bool], avatar: Path) -> list[str]:
    """What will keep it from serving these screens (and whether each has a token) with that pack."""
    from avatars.pack import read_pack

    problems = [error.text for error in (_without_token(settings, tokens), _no_pair(settings)) if error]
    try:
        read_pack(avatar)
    except ConfigError as error:
        problems += error.text.split("\n")
    return problems


def _without_token(settings: Settings, tokens: Mapping[str, bool]) -> ConfigError | None:
    """Whoever is not at this machine must show something."""
    bare = [name for name, has in tokens.items() if not has]
    if is_loopback(settings.host) or not bare:
        return None
    text = f"screens are served at {settings.host}, but {', '.join(bare)} has no token"
    return ConfigError("screen-token-missing", f"{text}: write token: ${{NAME}} there, or let screen.host be 127.0.0.1")


def _no_pair(settings: Settings) -> ConfigError | None:
    from avatars._web import tls

    try:
        tls(settings)
    except ConfigError as error:
        return error
    return None


class Engine:
    """All screens of a process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._screens: dict[str, WebScreen] = {}
        self.counts: Counter[str] = Counter()
        """What has happened since the start, for metrics; `open` is how many screens are there now."""

    def screen(self, name: str) -> WebScreen:
        """The screen of that name."""
        return self._screens.setdefault(name, WebScreen(name, self._clock, self.counts))

    @asynccontextmanager
    async def serving(self, hall: Any) -> AsyncIterator[str]:
        """Let screens in. ConfigError: `screen-token-missing`, `screen-port`, `screen-certificate`, or the pack's.

        `hall` is a `pipeline.gateway.Hall`; to import that here would load a whole conversation with every config.
        """
        from avatars import _assets
        from avatars._lobby import Lobby
        from avatars._stand import Shared, Stand
        from avatars._web import serving

        settings = self._settings
        if error := _without_token(settings, {name: bool(post.plan.token) for name, post in hall.posts.items()}):
            raise error
        files = _assets.assets(_assets.KIOSK, hall.avatar)
        shared = Shared(self._clock, hall.version, hall.avatar.name, settings.resume_seconds, self.counts)
        stands = {name: Stand(post, self.screen(name), shared) for name, post in hall.posts.items()}
        lobby = Lobby(stands, shared, settings.max_connections)
        async with serving(settings, lobby, files) as address:
            yield address
