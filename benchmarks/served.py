"""A real `visavis serve`, started and stopped by the test that needs it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VISAVIS = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())"]
DEMO = ROOT / "configs" / "demo.yaml"
SIGHT = re.compile(r"^(\S+): (https?://\S+)/\?screen=\1(#token=…)?$")


@dataclass
class Served:
    """A server that lets screens in."""

    process: "subprocess.Popen[str]"
    screens: dict[str, str] = field(default_factory=dict)
    """Address by screen name, without a path."""
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the first screen."""
        return next(iter(self.screens.values()))

    @property
    def port(self) -> int:
        """It listens there."""
        return int(self.url.rsplit(":", 1)[1])

    def read_until_ready(self) -> None:
        """Its words, until it lets screens in."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if found := SIGHT.match(self.said[-1]):
                self.screens[found[1]] = found[2]
            if "ready; Ctrl-C stops it" in line:
                return
        raise AssertionError(f"it ended with {self.process.wait()}: " + "\n".join(self.said))

    def stop(self) -> int:
        """Tell it to stop; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=20)
        self.said += rest.splitlines()
        return self.process.returncode


@contextmanager
def visavis(*words: str, env: dict[str, str] | None = None, errors: Path | None = None) -> Iterator[Served]:
    """A command that serves screens, until the body ends; its log goes to the file `errors`, or among its words."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", **(env or {})}
    with ExitStack() as stack:
        log = stack.enter_context(errors.open("w", encoding="utf-8")) if errors else subprocess.STDOUT
        process = subprocess.Popen(
            [*VISAVIS, *words], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=log
        )
        served = Served(process)
        try:
            served.read_until_ready()
            yield served
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        finally:
            process.kill()
    assert process.stdout is not None
    process.stdout.close()


@contextmanager
def serving(config: Path = DEMO, *words: str, log: str = "warning", port: int = 0) -> Iterator[Served]:
    """`visavis serve CONFIG` at any free port."""
    with visavis("--log", log, "serve", str(config), "--port", str(port), *words) as served:
        yield served


def refused(*words: str) -> tuple[int, str]:
    """Exit code and words of a command that is to end by itself."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*VISAVIS, *words], cwd=ROOT, env=environment, text=True, capture_output=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr
