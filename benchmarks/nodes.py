"""Worker nodes as processes of their own: started, stopped, killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "import sys; from pipeline.cli import main; sys.exit(main())"


@dataclass
class NodeProcess:
    """One node."""

    name: str
    process: "subprocess.Popen[str]"
    log: Path

    def signal(self, number: int) -> None:
        """SIGKILL, SIGSTOP, SIGCONT, SIGTERM."""
        self.process.send_signal(number)

    def wait_ready(self) -> None:
        """Until it says that it is."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "ready" in line:
                return
        raise AssertionError(self.log.read_text(encoding="utf-8"))


def start_node(
    config: Path, name: str, *more: str, log: Path, environment: dict[str, str] | None = None, code: str = COMMAND
) -> NodeProcess:
    """Start `visavis node`; `wait_ready` waits for it."""
    words = [sys.executable, "-c", code, "node", str(config), "--name", name, *more]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", **(environment or {})}
    path = log / f"{name}.log"
    with path.open("ab") as errors:
        process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
        )
    return NodeProcess(name, process, path)


@contextmanager
def nodes(
    config: Path, named: Mapping[str, Sequence[str]], log: Path, *, code: str = "",
    environment: dict[str, str] | None = None,
) -> Iterator[dict[str, NodeProcess]]:  # fmt: skip
    """Nodes by name, each with its words, ready inside the body. `code` is run instead of the command's own."""
    started = {
        name: start_node(config, name, *words, log=log, environment=environment, code=code or COMMAND)
        for name, words in named.items()
    }
    try:
        for node in started.values():
            node.wait_ready()
        yield started
    finally:
        for node in started.values():
            if node.process.poll() is None:
                node.signal(signal.SIGCONT)
                node.process.kill()
            node.process.wait()
            if node.process.stdout:
                node.process.stdout.close()
