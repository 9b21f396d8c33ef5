"""`visavis serve` as a process, and where robots stand before it."""

import subprocess
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.robot import Robot
from benchmarks.served import ROOT, visavis
from pipeline.clock import Clock, run_real

WORD = "open-sesame"
SCREENS = """
screen: {port: 0}
screens:
  - {name: hall}
  - {name: desk, token: "${DESK_TOKEN}"}
"""


@dataclass
class Serving:
    """A server that runs."""

    process: "subprocess.Popen[str]"
    address: str
    log: Path

    @property
    def port(self) -> int:
        """Of its address."""
        return int(self.address.rsplit(":", 1)[1])


def demo_config(screens: str = SCREENS) -> str:
    """The demo's, with these screens, to stand anywhere."""
    text = (ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8")
    for path in ("personas/", "knowledge/"):
        text = text.replace(f" {path}", f" {ROOT}/configs/{path}")
    return text.replace(" ../", f" {ROOT}/") + screens


@contextmanager
def serving(folder: Path, config: str) -> Iterator[Serving]:
    """A server with this config; it ends as an operator ends it."""
    path = folder / "config.yaml"
    path.write_text(config, encoding="utf-8")
    log = folder / "log.txt"
    with visavis("serve", str(path), env={"DESK_TOKEN": WORD}, errors=log) as served:
        yield Serving(served.process, served.url, log)
        assert served.stop() == 0


@dataclass
class Hall:
    """Where a test stands."""

    server: Serving
    client: aiohttp.ClientSession
    clock: Clock

    async def enter(self, name: str = "hall", **hello: Any) -> Robot:
        """A robot enters."""
        return await Robot.enter(self.client, f"{self.server.address}/screen/{name}", self.clock, **hello)


def play(server: Serving, act: Callable[[Hall], Coroutine[Any, Any, None]]) -> None:
    """Run `act` in real time."""

    async def main(clock: Clock) -> None:
        async with aiohttp.ClientSession() as client:
            await act(Hall(server, client, clock))

    run_real(main)
