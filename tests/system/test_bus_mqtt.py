"""The bus over a network keeps the contract of the bus in one process, on a real broker."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.bus.contract import Bus
from pipeline.bus.mqtt import MqttBus, connection
from pipeline.bus.settings import Broker, Login, read_broker
from pipeline.clock import Clock, run_real
from pipeline.errors import BusError
from pipeline.messages import Interrupt, Presence, Question, Say, Speech, Utterance
from tests.broker import Mosquitto, mosquitto
from tests.bus_contract import EDGE, SCENES, question, texts
from tests.proxy import Proxy

pytestmark = pytest.mark.system
Scene = Callable[[Bus, Clock], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@asynccontextmanager
async def bus_of(broker: Mosquitto, clock: Clock, edge: str = "") -> AsyncIterator[MqttBus]:
    """A connection, as an edge or (without a name) as a worker has it."""
    boot = f"test-{id(clock)}-{clock.measure()}"
    async with connection(broker.broker(edge), clock, edge=edge, boot=boot) as bus:
        yield bus


@pytest.mark.parametrize("edge", ["", EDGE], ids=["worker", "edge"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_bus_over_a_network_keeps_the_contract(broker: Mosquitto, scene: Scene, edge: str) -> None:
    async def main(clock: Clock) -> None:
        async with bus_of(broker, clock, edge) as bus:
            await scene(bus, clock)

    run_real(main)


def test_an_edge_hears_its_own_visits_and_nobody_elses(broker: Mosquitto) -> None:
    async def main(clock: Clock) -> None:
        async with (
            bus_of(broker, clock, "lobby") as lobby, bus_of(broker, clock, "hall") as hall,
            lobby.subscribe(Question) as in_lobby, hall.subscribe(Question) as in_hall,
        ):  # fmt: skip
            await lobby.publish(question("from the lobby"))
            assert await texts(in_lobby, clock) == ["from the lobby"]
            assert await texts(in_hall, clock) == []

    run_real(main)


def test_the_longest_utterance_is_one_whole_job(broker: Mosquitto) -> None:
    spoken = Utterance(edge="lobby", session="s", turn=1, revision=1, start_sample=0, pcm=bytes(range(256)) * 2500)

    async def main(clock: Clock) -> None:
        async with (
            bus_of(broker, clock) as worker, bus_of(broker, clock, "lobby") as edge,
            worker.subscribe(jobs=[Utterance], stage="transcript") as jobs,
        ):  # fmt: skip
            await edge.publish(spoken)
            assert await anext(aiter(jobs)) == spoken

    run_real(main)


def published(broker: Mosquitto, topic: str, text: str) -> None:
    """As any other program would."""
    subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-t", topic, "-m", text, "-q", "1"], check=True)


def test_any_program_can_say_that_somebody_is_there_and_have_a_line_spoken(broker: Mosquitto) -> None:
    async def main(clock: Clock) -> None:
        async with bus_of(broker, clock, "lobby") as bus, bus.subscribe(Presence, Say) as heard:
            place = "visavis/1/test/lobby/screen/hall"
            published(broker, f"{place}/presence", '{"present": true}')
            published(broker, f"{place}/say", '{"text": "We close in ten minutes.", "language": "en"}')
            first, second = await anext(aiter(heard)), await anext(aiter(heard))
            assert first == Presence(edge="lobby", screen="hall", present=True)
            assert second == Say(edge="lobby", screen="hall", text="We close in ten minutes.", language="en")

    run_real(main)


@pytest.mark.parametrize(
    ("topic", "text", "code"),
    [
        ("lobby/s/question", "no json", "wire-not-json"),
        ("lobby/s/question", '{"text": "?", "language": "fr"}', "wire-field"),
        ("lobby/s/question", '{"edge": "hall", "text": "?", "language": "en"}', "wire-place"),
        ("lobby/s/question", '{"session": "t", "text": "?", "language": "en"}', "wire-place"),
        ("lobby/s/nonsense", "{}", "wire-topic"),
        ("lobby/screen/hall/control", '{"session": "s", "stop": true}', "wire-topic"),
        ("lobby/screen/hall/say", '{"session": "s", "text": "for another visit"}', "wire-place"),
        ("lobby/s/speech/audio", '{"index": 0, "part": 0, "start": 0, "pcm_bytes": 4}', "wire-sound"),
    ],
)
def test_what_is_no_message_is_refused_counted_and_harms_nothing(
    broker: Mosquitto, topic: str, text: str, code: str
) -> None:
    async def main(clock: Clock) -> None:
        async with bus_of(broker, clock, "lobby") as bus, bus.subscribe(Question, Say) as heard:
            published(broker, f"visavis/1/test/{topic}", text)
            published(broker, "visavis/1/test/lobby/screen/hall/say", '{"text": "next"}')
            assert getattr(await anext(aiter(heard)), "text", "") == "next"
            assert bus.refused == {code: 1}

    run_real(main)


def test_every_event_can_be_read_by_any_mqtt_client(broker: Mosquitto) -> None:
    wanted = ["mosquitto_sub", "-p", str(broker.port), "-t", "visavis/1/test/#", "-C", "2", "-W", "10", "-F", "%t %p"]
    listener = subprocess.Popen(wanted, stdout=subprocess.PIPE)

    async def main(clock: Clock) -> None:
        async with bus_of(broker, clock, "lobby") as bus:
            while listener.poll() is None:
                await bus.publish(question("?"))
                await clock.sleep(0.05)

    run_real(main)
    printed = listener.communicate()[0].decode().splitlines()
    topic, _, payload = printed[0].partition(" ")
    assert topic == "visavis/1/test/lobby/s/question"
    assert json.loads(payload)["text"] == "?"


def test_it_comes_back_by_itself_after_the_broker_died(tmp_path: Path) -> None:
    async def main(clock: Clock) -> None:
        with mosquitto(tmp_path) as broker:
            async with (
                bus_of(broker, clock) as worker, bus_of(broker, clock, "lobby") as edge,
                worker.subscribe(jobs=[Question], stage="reply") as jobs,
            ):  # fmt: skip
                broker.kill()
                back = asyncio.create_task(edge.reconnected())
                while edge.connected:
                    await clock.sleep(0.01)
                await edge.publish(question("lost: its session sends it again"))
                await edge.publish(Interrupt(edge="lobby", session="s", why="left"))
                broker.start()
                await back
                while worker.reconnects < 2:
                    await clock.sleep(0.01)
                await edge.publish(question("after"))
                assert getattr(await anext(aiter(jobs)), "text", "") == "after"
                assert edge.unsent == 1
                assert len(edge.outbox) == 0

    run_real(main)


def test_what_a_lost_connection_has_not_acknowledged_is_sent_on_the_next_one_in_its_order(tmp_path: Path) -> None:
    parts = [Speech(edge="lobby", session="s", index=0, part=part, start=part, pcm=bytes(64)) for part in range(90)]

    async def main(clock: Clock) -> None:
        with mosquitto(tmp_path) as broker, Proxy() as proxy:
            proxy.target = broker.port
            near = Broker("127.0.0.1", proxy.port, tls=False, login=Login(keepalive=1), site="test")
            async with (
                connection(near, clock, boot="w") as worker, bus_of(broker, clock) as other,
                other.subscribe(Speech) as heard,
            ):  # fmt: skip
                proxy.cut()
                for part in parts:
                    await worker.publish(part)
                while worker.connected:
                    await clock.sleep(0.01)
                proxy.mend()
                found: list[int] = []
                async with clock.timeout(20):
                    while len(set(found)) < len(parts):
                        message = await anext(aiter(heard))
                        assert isinstance(message, Speech)
                        found.append(message.part)
        firsts = list(dict.fromkeys(found))
        assert firsts == sorted(firsts)

    run_real(main)


def refusal(url: str, login: Login) -> BusError:
    async def main(clock: Clock) -> None:
        broker = read_broker(url, login, "test")
        async with connection(broker, clock, boot="b", patience=0.5):
            pass

    with pytest.raises(BusError) as refused:
        run_real(main)
    return refused.value


def test_a_broker_that_refuses_the_password_is_named_with_the_user(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "lobby", "right"], check=True)
    with mosquitto(tmp_path, f"allow_anonymous false\npassword_file {passwords}\nuser root\n") as broker:
        error = refusal(broker.url, Login.model_validate({"user": "lobby", "password": "wrong"}))
    assert error.code == "bus-refused"
    assert "lobby" in error.text
    assert "wrong" not in error.text


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        pass
    error = refusal(broker.url, Login())
    assert error.code == "bus-unreachable"
    assert broker.url in error.text
