"""A real mosquitto for tests: on loopback, with a port of its own, stopped by whoever started it."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.bus.settings import Broker, Login

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
PLAIN = """
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 10000
message_size_limit 1100000
persistence false
"""


def free_port() -> int:
    """A port that nobody listens on, a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Mosquitto:
    """One broker, which can be killed and started again on its port."""

    folder: Path
    config: str = PLAIN
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Returns when it accepts connections."""
        path = self.folder / f"mosquitto-{self.port}.conf"
        path.write_text(f"listener {self.port} 127.0.0.1\n{self.config}", encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", str(path)], stdout=log, stderr=log)
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                continue
            return
        raise AssertionError((self.folder / "mosquitto.log").read_text(encoding="utf-8"))

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def broker(self, user: str = "", site: str = "test") -> Broker:
        """As a config names it."""
        return Broker("127.0.0.1", self.port, tls=False, login=Login(user=user), site=site)


@contextmanager
def mosquitto(folder: Path, config: str = PLAIN) -> Iterator[Mosquitto]:
    """A broker inside the body."""
    broker = Mosquitto(folder, config)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
