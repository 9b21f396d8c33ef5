"""What a screen server is to the pipeline, and the pipeline to it. The server is an engine that a config names."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.envelope import Language
from pipeline.screen import Screen
from pipeline.screens import ScreenPlan
from pipeline.session.edge import Edge


@dataclass(frozen=True, slots=True)
class Post:
    """One screen's place: what its server has to know."""

    plan: ScreenPlan
    """Language, mode and wake phrases are filled in: those of the session where the screen names none."""
    edge: Edge
    names: Mapping[Language, str]
    """Of the avatar."""
    model: str
    """Who answers, as visitors may read it."""
    questions: Mapping[Language, tuple[str, ...]]
    """Suggestions to touch."""
    notice: Mapping[Language, str]
    """Something that the deployer wants to be read; empty: nothing."""
    recorded: bool = False
    """Its visits are recorded: whoever stands there must be told."""


@dataclass(frozen=True, slots=True)
class Hall:
    """All screens of a process."""

    posts: Mapping[str, Post]
    """By the screen's name."""
    avatar: Path
    """The pack's folder."""
    version: str


class Server(Protocol):
    """A screen server: `Engine(settings, clock)` of the module that `screen.engine` names."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What happened at its doors since the start, by name, for metrics."""

    def screen(self, name: str) -> Screen:
        """The screen of that name; made before anybody stands before it."""

    def serving(self, hall: Hall) -> AbstractAsyncContextManager[str]:
        """Let screens in while the body runs; gives the address to open. ConfigError (`screen-port`)."""
