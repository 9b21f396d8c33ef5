"""How the screen server starts, and why it does not."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from avatars.screen import Engine, Settings, check
from pipeline.errors import ConfigError
from pipeline.gateway import Hall
from tests.screen_house import House, pack, serve


def test_an_address_of_others_wants_a_token_for_every_screen() -> None:
    async def act(house: House) -> None:
        assert house.address.startswith("http://127.0.0.1:")

    with pytest.raises(ConfigError) as refused:
        serve(act, Settings(host="0.0.0.0", port=0))  # noqa: S104
    assert refused.value.code == "screen-token-missing"
    assert "hall" in refused.value.text
    serve(act, Settings(host="0.0.0.0", port=0), token=SecretStr("key"))  # noqa: S104


def test_a_port_that_is_taken_is_named() -> None:
    async def act(house: House) -> None:
        with pytest.raises(ConfigError) as refused, pack() as folder:
            async with Engine(Settings(port=house.port), house.clock).serving(Hall({}, folder, "0")):
                pass
        assert refused.value.code == "screen-port"
        assert str(house.port) in refused.value.text

    serve(act)


def test_settings_are_held_to_what_makes_sense(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(hosts=(), prot=1)
    assert not check(Settings())
    assert check(Settings(certificate=tmp_path / "no.pem")) == [
        "certificate and key: name both, or none",
        f"certificate: there is no file {tmp_path / 'no.pem'}: correct the path",
    ]
    assert check(Settings(origins=("wall.example",))) == ["origins: 'wall.example' should be like https://name:port"]


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    async def act(house: House) -> None:
        del house

    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not a certificate", encoding="ascii")
    with pytest.raises(ConfigError) as refused:
        serve(act, Settings(port=0, certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem"))
    assert refused.value.code == "screen-certificate"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate by openssl")
def test_with_a_certificate_pages_and_screens_are_served_by_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    files = ["-keyout", str(key), "-out", str(certificate), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", "req", "-x509", *words, *files], check=True, capture_output=True)

    async def act(house: House) -> None:
        assert house.address.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=str(certificate))
        async with house.client.get(house.address, ssl=trust) as page:
            assert page.status == 200
        headers = {"Origin": house.address.rstrip("/")}
        async with house.client.ws_connect(f"{house.address}screen/hall", ssl=trust, headers=headers) as wire:
            await wire.send_json({"type": "hello", "protocol": 1})
            assert (await wire.receive_json())["type"] == "welcome"

    serve(act, Settings(port=0, certificate=certificate, key=key))
