"""`visavis serve` as a process, and where robots stand before it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.nodes import COMMAND, ROOT
from benchmarks.robot import Robot
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
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "DESK_TOKEN": WORD}
    log = folder / "log.txt"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", str(path)],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        try:
            said = next((line for line in process.stdout if "/?screen=" in line), "")
            assert said, log.read_text(encoding="utf-8")
            yield Serving(process, said.split(": ", 1)[1].split("/?")[0], log)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()  # harmless when it has ended


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
