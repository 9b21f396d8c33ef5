"""What a config says of the broker and of the machines, and who reads which part of it."""

from pathlib import Path

import pytest

from pipeline.config import Config, at_edge, nowhere, read_config
from pipeline.errors import ConfigError
from tests.test_pipeline_config import STUBS, problems

NETWORK = f"bus: mqtt://broker.museum\nbroker: {{user: lobby}}\n{STUBS}"


def read(folder: Path, text: str, **how: object) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, **how)  # type: ignore[arg-type]


def test_the_bus_is_the_only_change(tmp_path: Path) -> None:
    alone, network = read(tmp_path, STUBS), read(tmp_path, NETWORK)
    assert alone.broker is None
    assert network.broker is not None
    assert (network.broker.url, network.broker.login.user) == ("mqtt://broker.museum:1883", "lobby")
    assert alone.stages.keys() == network.stages.keys()


def test_an_edge_reads_what_runs_there_and_needs_no_other_stages_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPLY_TEXT", raising=False)
    text = NETWORK.replace("stubs.reply}", 'stubs.reply, sentences: ["${REPLY_TEXT}"]}')
    text = text.replace("stubs.cues}", "stubs.cues, place: {role: edge}}")
    assert set(read(tmp_path, text, runs=at_edge).stages) == {"turn", "cues"}
    with pytest.raises(ConfigError, match=r"reply\.sentences\.0: the environment has no REPLY_TEXT"):
        read(tmp_path, text)
    assert read(tmp_path, text, runs=nowhere).stages == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("mqtt://broker.museum", "mqtt://lobby:secret@broker.museum"), "bus: a password must not stand in a file"),
        (("{user: lobby}", "{user: lobby, password: secret}"), "broker.password: a key must not stand in a file"),
        (("{user: lobby}", "{user: node}"), "broker.user: is a word that topics need"),
        (("{user: lobby}", "{user: lobby, ca: nowhere.crt}"), "broker.ca: there is no file"),
        (("mqtt://broker.museum", "http://broker.museum"), "bus: should be 'memory', 'mqtt://host'"),
        (("bus: ", "site: a/b\nbus: "), "site: should be made of letters"),
        (("stubs.reply}", "stubs.reply, place: {acrh: aarch64}}"), "reply.place"),
    ],
)
def test_what_is_wrong_with_the_network_is_told_with_its_key(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    found = problems(tmp_path, NETWORK.replace(*change))
    assert any(told in problem for problem in found), found
    assert not any("secret" in problem for problem in found)


def test_the_brokers_password_is_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "very-secret")
    config = read(tmp_path, NETWORK.replace("{user: lobby}", "{user: lobby, password: '${PASSWORD}'}"))
    assert config.broker is not None
    assert config.broker.login.password is not None
    assert config.broker.login.password.get_secret_value() == "very-secret"
    assert "very-secret" not in repr(config)
    assert "very-secret" not in str(config.source)
