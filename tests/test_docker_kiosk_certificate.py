"""The certificate of a gateway is one that screens accept, and keys stay where they belong."""

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from pipeline.cli import main
from tests.kiosk_files import KIOSK, ROOT


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path / "certs"
    certify(folder, "gateway.museum", "127.0.0.1")
    return folder


def certify(folder: Path, *names: str, rc: int = 0) -> str:
    done = subprocess.run([KIOSK / "make-certificate", folder, *names], capture_output=True, text=True, check=False)
    assert done.returncode == rc, done.stderr
    return done.stderr


def shaken(folder: Path, name: str) -> None:
    """A TLS handshake with what is in the folder, asking for `name`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    client = ssl.create_default_context(cafile=folder / "ca.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            raw, _ = listening.accept()
            try:
                with server.wrap_socket(raw, server_side=True) as one:
                    one.recv(1)
            except OSError:  # the client did not like it
                raw.close()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            with (
                socket.create_connection(listening.getsockname()) as raw,
                client.wrap_socket(raw, server_hostname=name),
            ):
                pass
        finally:
            thread.join()


@pytest.mark.parametrize("name", ["gateway.museum", "127.0.0.1"])
def test_a_screen_that_knows_the_authority_accepts_the_certificate(authority: Path, name: str) -> None:
    shaken(authority, name)


def test_another_name_is_not_accepted(authority: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(authority, "other.museum")


def test_keys_are_the_owners_alone_and_nothing_is_left_behind(authority: Path) -> None:
    assert sorted(path.name for path in authority.iterdir()) == ["ca.crt", "ca.key", "server.crt", "server.key"]
    assert {path.stat().st_mode & 0o777 for path in authority.glob("*.key")} == {0o600}


def test_nothing_is_overwritten_and_the_authority_is_used_again(authority: Path) -> None:
    before = {path.name: path.read_bytes() for path in authority.iterdir()}
    assert "is there already" in certify(authority, "new.museum", rc=2)
    assert {path.name: path.read_bytes() for path in authority.iterdir()} == before
    (authority / "server.crt").unlink()
    (authority / "server.key").unlink()
    certify(authority, "new.museum")
    shaken(authority, "new.museum")
    assert (authority / "ca.crt").read_bytes() == before["ca.crt"]


@pytest.mark.parametrize("name", ["", "a,DNS:b", "a b", "-x", "a\nb"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    assert "neither a name nor an address" in certify(tmp_path / "certs", name, rc=2)
    assert not (tmp_path / "certs").exists()


def test_several_screens_on_one_gateway_are_a_valid_config(
    authority: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {name: f"{name}-0123456789abcdef" for name in ("HALL_TOKEN", "CAFE_TOKEN", "DESK_TOKEN")}
    known |= {"VISAVIS_CERTIFICATES": str(authority), "DEEPSEEK_BASE_URL": "http://127.0.0.1:1/v1"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    assert main(["check", str(ROOT / "configs" / "smart-screen.yaml")]) == 0, capsys.readouterr()
