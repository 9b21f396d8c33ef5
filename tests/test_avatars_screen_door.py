"""Who may enter: this machine without a token, others with theirs; pages of this server, and those that are listed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from avatars._door import Tickets, bracketed, host_known, is_local, is_loopback, origin_known, token_fits
from avatars._headers import security


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"])
def test_this_machine_is_known_by_its_addresses(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["192.168.1.9", "0.0.0.0", "::", "fe80::1%eth0", "hall.example", "", "128.0.0.1"])  # noqa: S104
def test_everything_else_is_another_machine(address: str) -> None:
    assert not is_loopback(address)


def test_whoever_comes_by_a_proxy_is_not_local() -> None:
    assert is_local("127.0.0.1", {})
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        assert not is_local("127.0.0.1", {header: "127.0.0.1"})
    assert not is_local("10.0.0.7", {})


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "hall.example:443"])
def test_a_loopback_server_has_known_names(host: str) -> None:
    assert host_known(host, "127.0.0.1", ("hall.example",))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil", "a b", "localhost:", "hall\n", "[::2]"],
)
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    assert not host_known(host, "127.0.0.1", ())


def test_a_server_for_others_is_known_by_any_name_unless_they_are_listed() -> None:
    assert host_known("kiosk-3.museum:8080", "0.0.0.0", ())  # noqa: S104
    assert not host_known("kiosk-3.museum:8080", "0.0.0.0", ("hall.museum",))  # noqa: S104
    assert host_known("hall.museum", "0.0.0.0", ("hall.museum",))  # noqa: S104
    assert not host_known("a;b", "0.0.0.0", ())  # noqa: S104


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        (None, True), ("http://localhost:8080", True), ("https://localhost:8080", True), ("http://evil.example", False),
        ("null", False), ("", False), ("http://localhost:9", False), ("file://", False), ("http://[", False),
        ("https://wall.example", True), ("https://wall.example.evil", False),
    ],
)  # fmt: skip
def test_pages_of_other_sites_open_no_screen(origin: str | None, known: bool) -> None:
    assert origin_known(origin, "localhost:8080", ("https://wall.example/",)) == known


def test_without_a_token_in_the_config_a_screen_opens_on_this_machine_only() -> None:
    assert token_fits(None, None, local=True)
    assert not token_fits("anything", None, local=False)


def test_a_token_in_the_config_is_wanted_everywhere() -> None:
    for local in (True, False):
        assert token_fits("钥匙", SecretStr("钥匙"), local=local)
        assert not token_fits(None, SecretStr("钥匙"), local=local)
        assert not token_fits("钥", SecretStr("钥匙"), local=local)


def test_tickets_are_of_one_process_and_one_screen_and_never_twice_the_same() -> None:
    ours, others = Tickets(), Tickets()
    ticket = ours.new("hall")
    assert ours.known("hall", ticket)
    assert not ours.known("desk", ticket)
    assert not others.known("hall", ticket)
    assert len({ours.new("hall") for _ in range(100)} | {others.new("hall")}) == 101


@given(st.text(max_size=80))
def test_no_text_is_a_ticket_by_chance(text: str) -> None:
    assert not Tickets().known("hall", text)


def test_a_page_may_load_from_here_only() -> None:
    policy = security("hall:8080")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self' ws://hall:8080 wss://hall:8080;" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_an_address_of_six_stands_in_brackets() -> None:
    assert (bracketed("::1"), bracketed("[::1]"), bracketed("127.0.0.1")) == ("[::1]", "[::1]", "127.0.0.1")
