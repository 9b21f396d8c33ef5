"""The broker's files in docker/mosquitto, tried at a real broker: who may say and hear what, and how much."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(PROGRAM is None, reason="needs mosquitto (Debian: apt-get install)"),
]

FILES = Path(__file__).resolve().parent.parent.parent / "docker" / "mosquitto"
USERS = ("lobby", "hall", "worker", "operator", "sensor-hall")
OWN, OTHER = "visavis/1/here/lobby/s1", "visavis/1/here/hall/s2"
NODE, STATUS = "visavis/1/here/node", "visavis/1/here/node/n1/status"
SCREEN = "visavis/1/here/lobby/screen"
LIMIT = 30
"""Seconds until a program that hangs is given up; none of them waits for time to pass."""


@dataclass(frozen=True)
class Broker:
    """A broker of its own, with the users of the ACL."""

    port: int
    host: str = "127.0.0.1"
    more: tuple[str, ...] = ()

    def client(self, program: str, user: str, password: str | None = None) -> list[str]:
        """The words that start a client as `user`."""
        words = [program, "-h", self.host, "-p", str(self.port), "-V", "5", "-q", "1", *self.more]
        return [*words, "-u", user, "-P", password or f"pw-{user}"] if user else words

    def say(self, user: str, topic: str, text: str = "x", password: str | None = None) -> bool:
        """Whether the broker took it."""
        words = [*self.client("mosquitto_pub", user, password), "-t", topic, "-s"]
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=LIMIT, check=False)
        return done.returncode == 0 and "not authorized" not in done.stderr.lower()

    @contextmanager
    def listener(self, user: str, *topics: str) -> Iterator["Listener"]:
        """One who has subscribed when the body begins."""
        asked = [word for topic in topics for word in ("-t", topic)]
        words = ["stdbuf", "-oL", *self.client("mosquitto_sub", user), "-d", "-C", "1", "-F", "got %t %l", *asked]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
            try:
                assert program.stdout is not None
                assert any(line.startswith("Subscribed") for line in program.stdout)
                yield Listener(program)
            finally:
                program.kill()


@dataclass(frozen=True)
class Listener:
    """A running mosquitto_sub, which ends at the first message."""

    program: subprocess.Popen[str]

    def heard(self) -> str:
        """Topic and length of the first message that came."""
        said, _ = self.program.communicate(timeout=LIMIT)
        (line,) = [line for line in said.splitlines() if line.startswith("got ")]
        return line.removeprefix("got ")


def prepared(folder: Path, listener: str) -> int:
    """The files of docker/mosquitto in `folder`, with users, for a port that is free; the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    shutil.copy(FILES / "acl", folder / "acl")
    conf = (FILES / "mosquitto.conf").read_text(encoding="utf-8")
    more = f"\nuser {getpass.getuser()}\nlog_type information\n"  # says when it runs
    (folder / "mosquitto.conf").write_text(conf.replace("/mosquitto/config", str(folder)) + more, encoding="utf-8")
    (folder / "listeners").mkdir()
    text = (FILES / "listeners" / listener).read_text(encoding="utf-8").replace("/mosquitto/config", str(folder))
    for known in ("1883", "8883"):
        text = text.replace(f"listener {known}", f"listener {port}")
    (folder / "listeners" / "listener.conf").write_text(text, encoding="utf-8")
    (folder / "passwd").touch(mode=0o600)
    for user in USERS:
        subprocess.run(["mosquitto_passwd", "-b", str(folder / "passwd"), user, f"pw-{user}"], check=True)
    return port


@contextmanager
def running(folder: Path) -> Iterator[None]:
    assert PROGRAM is not None
    with subprocess.Popen(
        [PROGRAM, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stderr is not None
            said = []
            for line in program.stderr:
                said.append(line)
                if line.rstrip().endswith("running"):
                    break
            else:
                pytest.fail("".join(said))
            yield
        finally:
            program.terminate()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("mosquitto")
    port = prepared(folder, "loopback.conf")
    with running(folder):
        yield Broker(port)


def first_heard(broker: Broker, user: str, topics: tuple[str, ...], *said: tuple[str, str]) -> str:
    """What `user` hears first, of what others say in that order."""
    with broker.listener(user, *topics) as listener:
        for speaker, topic in said:
            broker.say(speaker, topic)
        return listener.heard().split()[0]


def test_an_edge_says_and_hears_what_is_its_own(broker: Broker) -> None:
    assert first_heard(broker, "lobby", (f"{OWN}/#",), ("lobby", f"{OWN}/question")) == f"{OWN}/question"


def test_an_edge_says_nothing_in_the_name_of_another(broker: Broker) -> None:
    said = (("lobby", f"{OTHER}/question"), ("hall", f"{OTHER}/turn-ended"))
    assert first_heard(broker, "operator", ("visavis/#",), *said) == f"{OTHER}/turn-ended"
    assert not broker.say("lobby", f"{OTHER}/question")


@pytest.mark.parametrize(
    "topics", [("#",), ("visavis/1/here/hall/#", "visavis/1/here/lobby/#"), ("visavis/1/+/+/+/+",)]
)
def test_an_edge_hears_nothing_of_another(broker: Broker, topics: tuple[str, ...]) -> None:
    said = (("hall", f"{OTHER}/transcript"), ("worker", f"{OTHER}/sentence"), ("lobby", f"{OWN}/transcript"))
    assert first_heard(broker, "lobby", topics, *said) == f"{OWN}/transcript"


def test_an_edge_hears_nothing_of_another_by_a_shared_subscription(broker: Broker) -> None:
    said = (("hall", f"{OTHER}/sentence"), ("lobby", f"{OWN}/sentence"))
    assert first_heard(broker, "lobby", ("$share/speech/visavis/1/here/+/+/sentence",), *said) == f"{OWN}/sentence"


def test_an_edge_knows_which_nodes_there_are_and_cannot_say_so_itself(broker: Broker) -> None:
    assert first_heard(broker, "lobby", ("visavis/+/here/node/+/status",), ("worker", STATUS)) == STATUS
    assert not broker.say("lobby", STATUS)


def test_a_worker_takes_the_jobs_of_every_edge_and_answers_them(broker: Broker) -> None:
    shared = "$share/reply/visavis/1/here/+/+/question"
    assert first_heard(broker, "worker", (shared,), ("hall", f"{OTHER}/question")) == f"{OTHER}/question"
    assert first_heard(broker, "hall", (f"{OTHER}/#",), ("worker", f"{OTHER}/sentence")) == f"{OTHER}/sentence"


def test_an_edge_gives_a_job_to_one_node_alone(broker: Broker) -> None:
    job = "visavis/1/here/hall/node/n1/reply/s2/question"
    assert first_heard(broker, "worker", ("visavis/1/here/+/node/n1/reply/+/question",), ("hall", job)) == job


def test_a_worker_hears_the_status_of_edges_and_of_other_major_versions(broker: Broker) -> None:
    edge = "visavis/1/here/lobby/edge/status"
    assert first_heard(broker, "worker", ("visavis/+/here/+/+/status",), ("lobby", edge)) == edge
    assert not broker.say("worker", "visavis/2/here/node/n1/status")


def test_the_operator_hears_everything_and_says_nothing(broker: Broker) -> None:
    for speaker, topic in (("lobby", f"{OWN}/question"), ("hall", f"{OTHER}/question"), ("worker", STATUS)):
        assert first_heard(broker, "operator", ("visavis/#",), (speaker, topic)) == topic
    assert not broker.say("operator", f"{OWN}/question")


def test_a_sensor_says_what_its_screen_may_and_nothing_else(broker: Broker) -> None:
    presence = f"{SCREEN}/hall/presence"
    assert first_heard(broker, "lobby", (f"{SCREEN}/#",), ("sensor-hall", presence)) == presence
    for topic in (f"{SCREEN}/window/presence", f"{OWN}/question", "visavis/1/here/sensor-hall/s/question", STATUS):
        assert not broker.say("sensor-hall", topic), topic


def test_a_sensor_hears_nothing(broker: Broker) -> None:
    said = [("worker", STATUS), ("lobby", f"{OWN}/question"), ("sensor-hall", f"{SCREEN}/hall/say")]
    with broker.listener("sensor-hall", "#", "$SYS/#") as listener:
        for speaker, topic in said:
            broker.say(speaker, topic)
        with pytest.raises(subprocess.TimeoutExpired):
            listener.program.communicate(timeout=0.3)


@pytest.mark.parametrize(("user", "password"), [("lobby", "pw-hall"), ("nobody", "x"), ("", None)])
def test_who_is_not_known_is_refused(broker: Broker, user: str, password: str | None) -> None:
    words = [*broker.client("mosquitto_pub", user, password), "-t", f"{OWN}/question", "-m", "x"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode != 0
    assert "not authorised" in done.stderr.lower().replace("z", "s")


def test_an_utterance_of_twenty_seconds_passes(broker: Broker) -> None:
    with broker.listener("worker", f"{OWN}/#") as listener:
        assert broker.say("lobby", f"{OWN}/utterance/audio", "x" * 700_000)
        assert listener.heard() == f"{OWN}/utterance/audio 700000"


def test_what_no_message_of_ours_can_be_is_refused(broker: Broker) -> None:
    old = Broker(broker.port, more=("-V", "311"))  # knows no limit until the broker hangs up
    with broker.listener("worker", f"{OWN}/#") as listener:
        for speaker in (broker, old):
            speaker.say("lobby", f"{OWN}/utterance/audio", "x" * 3_000_000)
        assert not old.say("lobby", f"{OWN}/utterance/audio", "x" * 3_000_000)
        assert broker.say("lobby", f"{OWN}/turn-ended")
        assert listener.heard() == f"{OWN}/turn-ended 1"


def test_the_broker_of_one_machine_is_reached_by_loopback_alone(broker: Broker) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", broker.port), timeout=LIMIT).close()


def test_with_tls_the_broker_shows_its_certificate_and_takes_nobody_in_clear(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    port, certs = prepared(tmp_path, "tls.conf"), tmp_path / "certs"
    certs.mkdir()
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    words += ["-keyout", str(certs / "broker.key"), "-out", str(certs / "broker.crt")]
    subprocess.run(words, check=True, capture_output=True)
    shutil.copy(certs / "broker.crt", certs / "ca.crt")
    with running(tmp_path):
        assert Broker(port, "localhost", ("--cafile", str(certs / "ca.crt"))).say("lobby", f"{OWN}/question")
        assert not Broker(port, "localhost").say("lobby", f"{OWN}/question")
