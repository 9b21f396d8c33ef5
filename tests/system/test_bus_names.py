"""Nobody else has our name, and the broker lets us say how we are; with the settings that are shipped."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from pipeline.announce import Announcer, joined
from pipeline.bus.settings import Broker, Login
from pipeline.clock import Clock, run_real
from pipeline.errors import BusError
from pipeline.messages import Status
from tests.broker import PLAIN, Mosquitto, mosquitto

pytestmark = pytest.mark.system
ACL = Path(__file__).resolve().parent.parent.parent / "docker" / "mosquitto" / "acl"


def strict(folder: Path) -> str:
    """A broker with passwords and the ACL that is shipped."""
    passwords = folder / "passwords"
    passwords.touch()
    for user in ("lobby", "worker"):
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, "right"], check=True)
    plain = PLAIN.replace("allow_anonymous true", "allow_anonymous false")
    return f"{plain}\npassword_file {passwords}\nacl_file {ACL}\nuser root\n"


def at(broker: Mosquitto, user: str) -> Broker:
    login = Login.model_validate({"user": user, "password": "right"})
    return Broker("127.0.0.1", broker.port, tls=False, login=login, site="museum")


def me(edge: str, node: str, boot: str) -> Status:
    return Status(edge=edge, node=node, state="warming", boot=boot)


@pytest.mark.parametrize(("user", "edge", "node"), [("lobby", "lobby", "lobby"), ("worker", "", "n1")])
def test_the_second_of_one_name_is_refused_while_the_first_lives_and_taken_in_when_it_has_gone(
    tmp_path: Path, user: str, edge: str, node: str
) -> None:
    async def main(clock: Clock, broker: Mosquitto) -> None:
        there = at(broker, user)
        async with joined(there, clock, me(edge, node, "1"), edge=edge) as first:
            announcing = asyncio.create_task(Announcer(first, clock, lambda: me(edge, node, "1")).run())
            with pytest.raises(BusError) as refused:
                async with joined(there, clock, me(edge, node, "2"), edge=edge):
                    pass
            announcing.cancel()
        assert refused.value.code == "bus-name-taken"
        async with joined(there, clock, me(edge, node, "3"), edge=edge):
            pass

    with mosquitto(tmp_path, strict(tmp_path)) as broker:
        run_real(lambda clock: main(clock, broker))


def test_a_node_that_the_broker_does_not_let_speak_is_told_so(tmp_path: Path) -> None:
    async def main(clock: Clock, broker: Mosquitto) -> None:
        async with joined(at(broker, "lobby"), clock, me("", "n1", "1")):
            pass

    with mosquitto(tmp_path, strict(tmp_path)) as broker, pytest.raises(BusError, match="lobby") as refused:
        run_real(lambda clock: main(clock, broker))
    assert refused.value.code == "bus-forbidden"
