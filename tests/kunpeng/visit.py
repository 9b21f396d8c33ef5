"""A recorded visit in real time over a real broker, its numeric stages on a node that another Python runs.

Run by script/test-kunpeng: `visit --out DIR --name NODE --arch ARCH COMMAND...`, where COMMAND is that Python's
`visavis`. The edge is this Python. `DIR` is the recording; `DIR/node.log` and `DIR/edge.log` are what the two said.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import yaml

from pipeline.audio import HEAR_RATE
from pipeline.sound import FlacWriter, read_sound
from tests.broker import Mosquitto, mosquitto

CONFIG = "tests/kunpeng/kunpeng.yaml"
VISIT = Path("configs/visits/museum/visit.yaml")
PAUSE = 9.0
"""Seconds that the visitor waits at least: a new turn would cancel what an emulated node has not answered yet."""
ROOM = 0.3
"""Seconds before a turn that belong to it."""
VISAVIS = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())"]
READY = "node.ready"
"""A node logs this when it takes jobs."""
WARM = 180.0
"""Seconds that it may take to."""


@contextmanager
def node(command: Sequence[str], name: str, log: Path, environ: dict[str, str]) -> Iterator[None]:
    """A worker node inside the body, ready."""
    words = [*command, "--log", "info", "node", CONFIG, "--name", name]
    process = subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ready = threading.Event()
    keeping = threading.Thread(target=_keep, args=(process, log, ready))
    keeping.start()
    try:
        if not ready.wait(WARM) or process.poll() is not None:
            raise SystemExit(f"the node {name} did not get ready: {log.read_text('utf-8')[-1000:]}")
        yield
    finally:
        process.terminate()
        keeping.join()
        process.wait()


def _keep(process: "subprocess.Popen[str]", log: Path, ready: threading.Event) -> None:
    """Write down what it says; a node that ends will not get ready any more."""
    assert process.stdout is not None
    with log.open("w", encoding="utf-8") as file:
        for line in process.stdout:
            file.write(line)
            file.flush()
            if READY in line:
                ready.set()
    ready.set()


def patient_visitor(to: Path) -> None:
    """The visit's sound, with silence put in where the visitor would wait less."""
    described = yaml.safe_load(VISIT.read_text("utf-8"))
    sound = read_sound(VISIT.parent / described["sound"])
    done, ended = 0, -PAUSE
    with FlacWriter(to, HEAR_RATE) as file:
        for turn in described["turns"]:
            before = round((turn["at"] - ROOM) * HEAR_RATE)
            file.write(sound[done:before])
            file.write(np.zeros(round(max(0.0, PAUSE - (turn["at"] - ended)) * HEAR_RATE), np.int16))
            done, ended = before, turn["ends"]
        file.write(sound[done:])


def strangers(out: Path, name: str) -> set[str]:
    """Stages that others than the node worked for, but for the reply, which is the edge's."""
    lines = (out / "messages.jsonl").read_text("utf-8").splitlines()
    claims = [message for line in lines if (message := json.loads(line)["message"])["kind"] == "Claim"]
    return {claim["stage"] for claim in claims if claim["node"] != name} - {"reply"}


def edge(out: Path, environ: dict[str, str]) -> int:
    """The edge's replay, which speaks to the node by the broker alone."""
    patient_visitor(out / "patient.flac")
    words = [*VISAVIS, "replay", str(out / "patient.flac"), "--config", CONFIG, "--out", str(out), "--real-time"]
    with (out / "edge.log").open("w", encoding="utf-8") as log:
        return subprocess.run(words, env=environ, stdout=log, stderr=subprocess.STDOUT, check=False).returncode


def visited(options: argparse.Namespace, broker: Mosquitto) -> int:
    """The edge's exit status."""
    environ = {**os.environ, "VISAVIS_BUS": broker.url, "VISAVIS_ARCH": options.arch}
    with node(options.command, options.name, options.out / "node.log", environ):
        return edge(options.out, environ)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--name", required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with mosquitto(options.out) as broker:
        status = visited(options, broker)
    if status:
        print(*(options.out / "edge.log").read_text("utf-8").splitlines()[-5:], sep="\n", file=sys.stderr)  # noqa: T201
    elif others := strangers(options.out, options.name):
        print(f"not by the node {options.name}: {', '.join(sorted(others))}", file=sys.stderr)  # noqa: T201
        return 1
    return status


if __name__ == "__main__":
    raise SystemExit(main())
