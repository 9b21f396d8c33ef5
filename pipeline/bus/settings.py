"""What a config says about the broker: `bus: mqtts://host:8883` and, beside it, the section `broker`."""

import re
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field

from pipeline.bus.topics import NAME, NODE
from pipeline.errors import BusError
from pipeline.settings import FROZEN, LocalPath, Secret

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""IANA's ports for MQTT without and with TLS."""


HOST = re.compile(r"[\w.\-]+|[0-9a-f:.%\w]*:[0-9a-f:.%\w]*")
"""A name, an address of IPv4, or one of IPv6 without its brackets."""
MOST_OF_A_NAME = 64


class Login(BaseModel):
    """The section `broker`: who we are there, and whom we trust."""

    model_config = FROZEN
    user: str = Field("", max_length=MOST_OF_A_NAME)
    """Also the edge's name, since the broker's ACL keeps users apart."""
    password: Secret | None = None
    ca: LocalPath | None = None
    """Certificate of the authority that signed the broker's; None: those that the system trusts."""
    certificate: LocalPath | None = None
    """Our own, with `key`, where the broker asks for one."""
    key: LocalPath | None = None
    keepalive: int = Field(4, ge=1, le=600)
    """Seconds; a connection that is silent for one and a half times as long counts as lost, on both sides."""


@dataclass(frozen=True, slots=True)
class Broker:
    """An address read from `bus`, with the login."""

    host: str
    port: int
    tls: bool
    login: Login
    site: str

    @property
    def url(self) -> str:
        """As it is shown: without a password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """For TLS. BusError (`bus-certificate`) when a file is missing or is none."""
        if not self.tls:
            return None
        login = self.login
        try:
            context = ssl.create_default_context(cafile=str(login.ca) if login.ca else None)
            if login.certificate:
                context.load_cert_chain(login.certificate, login.key)
        except OSError as error:
            named = ", ".join(str(path) for path in (login.ca, login.certificate, login.key) if path)
            text = f"a certificate for {self.url} cannot be read ({error.strerror or error}): look at {named}"
            raise BusError("bus-certificate", text) from error
        return context


def read_broker(url: str, login: Login, site: str) -> Broker:
    """The broker that `url` names. ValueError with a plain sentence that shows no password."""
    wrong = f"should be 'memory', 'mqtt://host' or 'mqtts://host:8883', not {_bare(url)!r}"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:  # its own sentence may show a password
        raise ValueError(wrong) from None
    if parts.scheme not in PORTS or not HOST.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(wrong)
    if port == 0:
        raise ValueError(f"the port of {_bare(url)!r} is no number from 1 to 65535")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if len(user) > MOST_OF_A_NAME:
        raise ValueError(f"the user in {_bare(url)!r} should have at most {MOST_OF_A_NAME} signs")
    given = {name: value for name, value in (("user", user), ("password", password)) if value}
    login = Login.model_validate({**login.model_dump(), **given}) if given else login
    return Broker(host, port or PORTS[parts.scheme], parts.scheme == "mqtts", login, site)


def wrong_name(name: str) -> str:
    """What is wrong with the name of a site, an edge or a node; '' when nothing is."""
    if not NAME.fullmatch(name):
        return "should be made of letters, digits, '_', '-' and '.', at most 64: it is a part of MQTT topics"
    return "is a word that topics need: choose another" if name == NODE else ""


def _bare(url: str) -> str:
    """Without all that stands before the last @."""
    return re.sub(r"(?s)^((?:mqtts?|https?)://)?.*@", r"\1", url)
