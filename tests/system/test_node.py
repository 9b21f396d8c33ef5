"""A worker node as an operator runs it: it starts, tells, reloads, drains, and refuses what is wrong."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.fleet import write_config
from benchmarks.nodes import COMMAND, ROOT, NodeProcess
from tests.broker import free_port, mosquitto
from tests.cluster import Cluster, play

pytestmark = pytest.mark.system


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    command = [sys.executable, "-c", COMMAND, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


async def said(node: NodeProcess, text: str) -> str:
    """The next line of the node that holds `text`."""

    def read() -> str:
        assert node.process.stdout is not None
        return next(line for line in node.process.stdout if text in line)

    return await asyncio.get_running_loop().run_in_executor(None, read)


def test_a_node_that_is_told_to_stop_in_mid_turn_drains_and_the_visitor_is_answered(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        asking = asyncio.create_task(cluster.all_ask(2))
        leaving = cluster.crew[await cluster.somebody_holds()]
        leaving.signal(signal.SIGTERM)
        await said(leaving, "drained")
        assert await asyncio.get_running_loop().run_in_executor(None, leaving.process.wait) == 0
        await asking
        told = json.loads(run("status", str(cluster.config), "--json").stdout)
        assert {node["name"]: node["state"] for node in told["nodes"]}[leaving.name] == "drained"

    assert play(tmp_path, act) == {"answered": 6}


def test_a_changed_config_restarts_only_what_it_changes_and_loses_no_turn(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        asking = asyncio.create_task(cluster.all_ask(4))
        before = cluster.config.read_text(encoding="utf-8")
        cluster.config.write_text(before.replace("milliseconds: 50", "milliseconds: 60"), encoding="utf-8")
        line = await said(cluster.crew["n0"], "reloaded")
        assert line.strip().endswith("reloaded: speech")
        cluster.config.write_text(before.replace("seconds: 0.3", "secondz: 0.3"), encoding="utf-8")
        await said(cluster.crew["n0"], "refused")
        assert "secondz" in await said(cluster.crew["n0"], "config.yaml")
        await asking

    assert play(tmp_path, act, workers=1) == {"answered": 12}


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_node_tells_its_health_and_its_numbers(tmp_path: Path) -> None:
    port = free_port()

    async def act(cluster: Cluster) -> None:
        await cluster.all_ask()
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, get, port, "/healthz") == (200, "ok")
        assert (await loop.run_in_executor(None, get, port, "/readyz"))[0] == 200
        _, metrics = await loop.run_in_executor(None, get, port, "/metrics")
        assert 'visavis_stage_jobs_total{engine="benchmarks.stubs.reply",outcome="done",stage="reply"} 3.0' in metrics
        cluster.broker.kill()
        while (await loop.run_in_executor(None, get, port, "/readyz"))[0] == 200:
            await cluster.clock.sleep(0.05)
        cluster.broker.start()

    play(tmp_path, act, workers=1, metrics=port)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("bus: ", "buss: "), "config-invalid"),
        (("bus: mqtt://127.0.0.1:1", "bus: memory"), "node-memory"),
        (("benchmarks.stubs.", "benchmarks.stubs.turn, place: {npu: ascend}} #"), "node-idle"),
        (("mqtt://127.0.0.1:1", "mqtt://u:secret@127.0.0.1:1"), "config-invalid"),
    ],
)
def test_a_node_does_not_start_on_a_config_that_is_wrong_for_it(
    tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    config = write_config(tmp_path / "config.yaml", "mqtt://127.0.0.1:1")
    config.write_text(config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    done = run("node", str(config))
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_check_says_which_stages_no_known_node_could_run(tmp_path: Path) -> None:
    place = ", place: {npu: ascend}"
    config = write_config(tmp_path / "config.yaml", "mqtt://127.0.0.1:1", speech=place)
    facts = tmp_path / "hall.json"
    facts.write_text(run("facts", "--json").stdout, encoding="utf-8")
    done = run("check", str(config), "--facts", str(facts))
    assert done.returncode == 1
    assert "speech.place" in done.stdout
    assert "hall" in done.stdout


def test_status_shows_who_is_there_and_fails_when_a_stage_has_nobody(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        config = write_config(tmp_path / "config.yaml", broker.url)
        done = run("status", str(config), "--once")
        assert done.returncode == 1
        assert "no node runs speech" in done.stdout


def test_a_sensor_wakes_the_avatar_and_any_program_has_it_say_a_line(tmp_path: Path) -> None:
    sound, out = tmp_path / "silence.wav", tmp_path / "out"
    soundfile.write(sound, np.zeros(16_000 * 6, np.int16), 16_000)

    async def act(cluster: Cluster) -> None:
        config = write_config(tmp_path / "hall.yaml", cluster.broker.url)
        words = ["replay", str(sound), "--config", str(config), "--out", str(out), "--screen", "hall", "--wait"]
        environment = {**os.environ, "VISAVIS_USER": "gallery", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(  # noqa: ASYNC220  it takes a moment of the test
            [sys.executable, "-c", COMMAND, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as edge:
            node = NodeProcess("gallery", edge, tmp_path)
            await said(node, "ready")
            assert not [kind for kind in kinds(out) if kind == "SessionStarted"]
            topic = "visavis/1/test/gallery/screen/hall"
            for name, text in (("presence", '{"present": true}'), ("say", '{"text": "We close.", "language": "en"}')):
                publish = ["mosquitto_pub", "-p", str(cluster.broker.port), "-t", f"{topic}/{name}", "-m", text]
                await asyncio.get_running_loop().run_in_executor(None, lambda: subprocess.run(publish, check=True))  # noqa: B023
            await said(node, "We close.")
            await asyncio.get_running_loop().run_in_executor(None, edge.communicate)
        assert "SessionStarted" in kinds(out)

    play(tmp_path, act, workers=1, visitors=1)


def kinds(recording: Path) -> list[str]:
    """Of the messages recorded so far."""
    path = recording / "messages.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["message"]["kind"] for line in lines]
