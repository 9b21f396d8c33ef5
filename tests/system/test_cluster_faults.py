"""Whatever breaks between an edge and its workers, a visitor hears their own answer or an apology, in time.

What was seen is written down in docs/reliability.md.
"""

import asyncio
import json
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fleet import read, write_config
from benchmarks.nodes import COMMAND, ROOT, start_node
from pipeline.bus.mqtt import connection
from pipeline.cli import main as visavis
from pipeline.clock import Clock, run_real
from pipeline.errors import BusError
from pipeline.house import house
from tests.broker import PLAIN, Mosquitto, mosquitto
from tests.cluster import EVERYTHING, Cluster, play
from tests.proxy import Proxy

pytestmark = pytest.mark.system


def test_without_a_fault_every_turn_is_answered(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.all_ask(3)

    assert play(tmp_path, act) == {"answered": 9}


def test_a_worker_that_is_killed_with_turns_in_its_hands_loses_none_of_them(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        asking = asyncio.create_task(cluster.all_ask(3))
        cluster.crew[await cluster.somebody_holds()].signal(signal.SIGKILL)
        await asking

    assert play(tmp_path, act) == {"answered": 9}


def test_a_worker_that_stands_still_loses_no_turn_and_its_late_answers_harm_nothing(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        asking = asyncio.create_task(cluster.all_ask(3))
        stopped = cluster.crew[await cluster.somebody_holds()]
        stopped.signal(signal.SIGSTOP)
        await cluster.clock.sleep(4)
        stopped.signal(signal.SIGCONT)
        await asking
        await cluster.all_ask()

    assert sum(play(tmp_path, act).values()) == 12


def test_a_broker_that_dies_in_mid_sentence_and_comes_back_silences_nobody(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        asking = asyncio.create_task(cluster.all_ask(2))
        await cluster.somebody_holds()
        await cluster.clock.sleep(0.4)
        cluster.broker.kill()
        await cluster.clock.sleep(1.0)
        cluster.broker.start()
        await asking
        await cluster.all_ask()

    outcomes = play(tmp_path, act)
    assert sum(outcomes.values()) == 9
    assert outcomes["answered"] >= 3


def test_a_network_that_is_cut_for_5_seconds_ends_in_answers_or_apologies_and_then_all_is_well(tmp_path: Path) -> None:
    with Proxy() as proxy:

        async def act(cluster: Cluster) -> None:
            asking = asyncio.create_task(cluster.all_ask(2))
            await cluster.clock.sleep(0.3)
            proxy.cut()
            await cluster.clock.sleep(5.0)
            proxy.mend()
            await asking
            await cluster.clock.sleep(2.0)
            before = len(cluster.house.ears.turns)
            await cluster.all_ask()
            last = list(cluster.house.ears.turns.values())[before:]
            assert [heard.outcome for heard in last] == ["answered"] * 3

        outcomes = play(tmp_path, act, proxy=proxy)
    assert sum(outcomes.values()) >= 9


def test_a_visitor_who_interrupts_while_workers_die_is_answered(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        for visitor in cluster.house.visitors:
            await visitor.speak()
        await cluster.clock.sleep(0.5)
        killed = await cluster.somebody_holds()
        for visitor in cluster.house.visitors:
            await visitor.speak()
        cluster.crew[killed].signal(signal.SIGKILL)
        await cluster.clock.sleep(0.2)
        await cluster.all_ask()

    outcomes = play(tmp_path, act)
    assert outcomes["answered"] >= 3
    assert sum(outcomes.values()) == 9


def refusing(folder: Path) -> str:
    """A broker that wants passwords."""
    passwords = folder / "passwords"
    for flags, user in (("-c", "lobby"), ("-b", "worker")):
        words = ["mosquitto_passwd", *(["-c"] if flags == "-c" else []), "-b", str(passwords), user, "right"]
        subprocess.run(words, check=True)
    return PLAIN.replace("allow_anonymous true", f"allow_anonymous false\npassword_file {passwords}\nuser root")


def test_a_broker_that_refuses_the_password_is_named_by_node_and_edge_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISAVIS_PASSWORD", "wrong")
    monkeypatch.chdir(ROOT)
    with mosquitto(tmp_path, refusing(tmp_path)) as broker:
        config = write_config(tmp_path / "config.yaml", broker.url)
        assert visavis(["node", str(config)]) == 2
        assert visavis(["status", str(config), "--once"]) == 2
        with pytest.raises(BusError, match="refuses user lobby") as refused:
            run_real(lambda clock: _enter(config, clock))
    assert refused.value.code == "bus-refused"
    printed = capsys.readouterr()
    assert printed.err.count("bus-refused") == 2
    assert "wrong" not in printed.err


async def _enter(config: Path, clock: Any) -> None:
    async with house(read(config), clock):
        pass


def test_a_password_that_is_changed_while_all_runs_ends_in_apologies_until_it_is_right_again(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.all_ask()
        cluster.broker.kill()
        plain, cluster.broker.config = cluster.broker.config, refusing(tmp_path)
        cluster.broker.start()
        await cluster.all_ask()
        cluster.broker.kill()
        cluster.broker.config = plain
        cluster.broker.start()
        await cluster.clock.sleep(3.0)
        await cluster.all_ask()

    assert play(tmp_path, act) == {"answered": 6, "apologised": 3}


def test_a_broker_that_is_full_takes_nobody_more_and_says_so(tmp_path: Path) -> None:
    async def main(clock: Clock, broker: Mosquitto) -> None:
        async with AsyncExitStack() as stack:
            for number in range(6):  # mosquitto 2.0.11 lets in one or two more than it was told
                name = f"c{number}"
                await stack.enter_async_context(connection(broker.broker(name), clock, boot=name, patience=1.0))

    with mosquitto(tmp_path, PLAIN + "max_connections 2\n") as broker:
        with pytest.raises(BusError) as refused:
            run_real(lambda clock: main(clock, broker))
        assert refused.value.code == "bus-unreachable"
        assert broker.url in refused.value.text


def test_a_second_gateway_of_the_same_name_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        with pytest.raises(BusError, match="another edge is called 'lobby'") as refused:
            await _enter(cluster.config, cluster.clock)
        assert refused.value.code == "bus-name-taken"
        await cluster.all_ask()

    assert play(tmp_path, act, workers=1) == {"answered": 3}


NEWER = f"""
from pipeline import wire
from pipeline.bus import mqtt
plain = wire.encode
def newer(message):
    line, _, pcm = plain(message).partition(b"\\n")
    return line[:-1] + b',"mood":"sunny"}}' + b"\\n" + pcm
mqtt.encode = newer
{COMMAND}
"""
"""A node one minor version ahead: all that it says has a field that we do not know."""


def test_a_node_one_minor_version_ahead_loses_none_of_100_turns(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.all_ask(10)

    outcomes = play(tmp_path, act, workers=1, visitors=10, reply="", code=NEWER)
    assert outcomes == {"answered": 100}


STRANGER = f"from pipeline.bus import topics\ntopics.MAJOR = 2\ntopics.base.__defaults__ = (2,)\n{COMMAND}"
"""A node of another major version: it lives under another root."""


def test_a_node_of_another_major_version_is_shown_as_incompatible_and_gets_nothing(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        stranger = start_node(cluster.config, "from-the-future", *EVERYTHING, log=tmp_path, code=STRANGER)
        try:
            await asyncio.get_running_loop().run_in_executor(None, stranger.wait_ready)
            words = ["status", str(cluster.config), "--json"]
            told = await asyncio.get_running_loop().run_in_executor(None, lambda: _printed(words))
            found = {node["name"]: node["state"] for node in json.loads(told)["nodes"]}
            assert found == {"n0": "ready", "from-the-future": "incompatible"}
            await cluster.all_ask()
        finally:
            stranger.process.kill()
            stranger.process.wait()
            assert stranger.process.stdout is not None
            stranger.process.stdout.close()

    assert play(tmp_path, act, workers=1) == {"answered": 3}


def _printed(words: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout


TWICE = f"""
from pipeline.bus import mqtt
plain = mqtt.MqttBus.publish
async def twice(self, message, *, to="", stage=""):
    for _ in range(2):
        await plain(self, message, to=to, stage=stage)
mqtt.MqttBus.publish = twice
{COMMAND}
"""


def test_a_worker_that_says_everything_twice_is_heard_once(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.all_ask(3)

    assert play(tmp_path, act, code=TWICE) == {"answered": 9}


FAST_CLOCK = f"""
import time
real, real_ns = time.time, time.time_ns
time.time, time.time_ns = lambda: real() + 600, lambda: real_ns() + 600 * 10**9
{COMMAND}
"""


def test_clocks_that_are_10_minutes_apart_change_nothing(tmp_path: Path) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.all_ask(3)

    assert play(tmp_path, act, code=FAST_CLOCK) == {"answered": 9}
