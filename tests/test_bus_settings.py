"""What a config says about the broker is read, or refused in a plain sentence that tells no password."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.bus.settings import PORTS, Broker, Login, read_broker, wrong_name
from pipeline.bus.topics import NAME, NODE
from pipeline.errors import BusError

PASSWORD = "s3cr3t-Pa55"  # noqa: S105  it opens nothing
NOBODY = Login()
SENTENCE = r"should be|is no number|at most"
HOSTS = st.from_regex(r"[a-z]([a-z0-9\-]{0,20}[a-z0-9])?(\.[a-z][a-z0-9]{0,8}){0,2}", fullmatch=True)
SCHEMES = st.sampled_from(sorted(PORTS))


def told(url: str, login: Login = NOBODY) -> str:
    """All that is ever shown of a URL."""
    try:
        broker = read_broker(url, login, "here")
    except ValueError as error:
        return str(error)
    return f"{broker.url} {broker!r}"


@given(SCHEMES, HOSTS, st.one_of(st.none(), st.integers(1, 65535)))
def test_a_good_url_is_read(scheme: str, host: str, port: int | None) -> None:
    broker = read_broker(f"{scheme}://{host}{'' if port is None else f':{port}'}", NOBODY, "here")
    assert broker == Broker(host, port or PORTS[scheme], scheme == "mqtts", NOBODY, "here")
    assert read_broker(broker.url, NOBODY, "here") == broker


def test_user_and_password_of_the_url_count_before_those_of_the_section() -> None:
    section = Login.model_validate({"user": "hall", "password": "other", "keepalive": 9})
    login = read_broker(f"mqtt://lobby:{PASSWORD}@broker", section, "here").login
    assert login.user == "lobby"
    assert login.password is not None
    assert login.password.get_secret_value() == PASSWORD
    assert login.keepalive == 9
    assert read_broker("mqtt://broker", section, "here").login == section


@pytest.mark.parametrize(
    "url",
    [
        "", "broker", "broker:1883", "//broker", "mqtt:", "mqtt://", "mqtt://:1883", "mqtt:broker", "tcp://broker",
        "http://broker", "mqtt//broker", "mqtt://broker/visavis", "mqtt://broker?x=1", "mqtt://broker:port",
        "mqtt://broker:65536", "mqtt://broker:-1", "Memory", "mqtt://user@", "mqtt://[::1", "mqtt://[nonsense]",
    ],
)  # fmt: skip
def test_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_broker(url, NOBODY, "here")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["mqtt://[::1", "mqtt://[nonsense]", f"mqtt://{'u' * 65}@broker"])
def test_the_refusal_is_a_sentence_of_ours(url: str) -> None:
    with pytest.raises(ValueError, match=SENTENCE) as refused:
        read_broker(url, NOBODY, "here")
    assert type(refused.value) is ValueError


@pytest.mark.parametrize("url", ["mqtt://broker:0", "mqtt://broker#part", "mqtt://bro ker"])
def test_what_no_broker_can_be_reached_by_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=SENTENCE):
        read_broker(url, NOBODY, "here")


def test_an_address_of_ip_6_is_shown_as_it_was_given() -> None:
    assert read_broker("mqtt://[::1]:1884", NOBODY, "here").url == "mqtt://[::1]:1884"


def test_what_a_url_cannot_hold_may_be_written_by_its_number() -> None:
    login = read_broker("mqtt://lobby:p%40ss%2Fword@broker", NOBODY, "here").login
    assert login.password is not None
    assert login.password.get_secret_value() == "p@ss/word"


@given(st.one_of(st.text(), st.text().map("mqtt://{}".format), st.text(alphabet="mqts:/@[]#?%.0a \u2100")))
@example("mqtt://[")
@example("mqtt://a\u2100b")
def test_any_text_is_a_broker_or_refused(url: str) -> None:
    try:
        broker = read_broker(url, NOBODY, "here")
    except ValueError:
        return
    assert broker.host
    assert broker.port in range(1, 65536)


RESTS = st.sampled_from(
    ["broker", "broker:1883", "broker:port", "broker:99999", "broker/x", "broker?x", "[::1]", "[::1", "[x]", ""]
)


@given(st.sampled_from(["mqtt://", "mqtts://", "http://", "//"]), st.from_regex(r"[a-z]{0,8}", fullmatch=True), RESTS)
def test_no_password_is_shown(start: str, user: str, rest: str) -> None:
    assert PASSWORD not in told(f"{start}{user}:{PASSWORD}@{rest}")


STARTS = st.sampled_from(["mqtt://", "mqtts://", "mqtt:", "mqtt:/", "http://", "//", ""])


@given(STARTS, st.text("ab@/#?[]:%\u2100", max_size=3), RESTS)
@example("mqtt://", "/", "broker")
@example("mqtt://", "@", "broker:port")
@example("mqtt://", "\u2100", "broker")
@example("", "", "broker")
@example("mqtt:", "", "broker")
def test_no_password_is_shown_that_the_url_should_not_hold_as_it_is(start: str, middle: str, rest: str) -> None:
    shown = told(f"{start}lobby:1st-{PASSWORD}{middle}2nd-{PASSWORD}@{rest}")
    assert PASSWORD not in shown


def test_no_password_of_the_section_is_shown() -> None:
    login = Login.model_validate({"user": "lobby", "password": PASSWORD})
    for url in ("mqtt://broker", "mqtt://broker:port", "nonsense", f"mqtt://{'u' * 65}@broker"):
        assert PASSWORD not in told(url, login)


@given(st.text())
@example("+")
@example("a/b")
@example("#")
@example("$share")
@example("大厅")
@example("lobby\n")
def test_a_name_is_right_when_it_can_stand_in_a_topic(name: str) -> None:
    right = bool(NAME.fullmatch(name)) and name != NODE
    assert (wrong_name(name) == "") == right
    if right:
        assert not set(name) & set("/+#$\0 \n")


@pytest.mark.parametrize("name", ["lobby", "kiosk-2.east_wing", "大厅", "a" * 64, "edge", "screen"])
def test_such_names_are_right(name: str) -> None:
    assert wrong_name(name) == ""


@pytest.mark.parametrize("name", ["", "a" * 65, "two words", NODE, "a/b", "+", "#", "lobby\n"])
def test_such_names_are_wrong(name: str) -> None:
    assert wrong_name(name)


def test_in_clear_text_there_is_no_certificate() -> None:
    assert read_broker("mqtt://broker", NOBODY, "here").context() is None
    assert read_broker("mqtts://broker", NOBODY, "here").context() is not None


def test_a_certificate_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "ca.crt")
    broker = read_broker("mqtts://broker", Login.model_validate({"ca": path, "password": PASSWORD}), "here")
    with pytest.raises(BusError, match=r"ca\.crt") as refused:
        broker.context()
    assert refused.value.code == "bus-certificate"
    assert PASSWORD not in refused.value.text


def test_a_user_with_a_name_too_long_for_a_topic_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 64"):
        Login.model_validate({"user": "u" * 65})
