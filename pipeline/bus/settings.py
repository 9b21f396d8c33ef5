"""What a config says about the broker: `bus: mqtts://host:8883` and, beside it, the section `broker`."""

import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from pipeline.bus.topics import NAME, NODE
from pipeline.errors import BusError
from pipeline.settings import FROZEN, LocalPath, Secret

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""IANA's ports for MQTT without and with TLS."""


class Login(BaseModel):
    """The section `broker`: who we are there, and whom we trust."""

    model_config = FROZEN
    user: str = Field("", max_length=64)
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
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

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
    """The broker that `url` names. ValueError with a plain sentence."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"should be 'memory', 'mqtt://host' or 'mqtts://host:8883', not {_bare(url)!r}")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise ValueError(f"the port of {_bare(url)!r} is no number from 1 to 65535") from error
    given = {name: value for name, value in (("user", parts.username), ("password", parts.password)) if value}
    login = Login.model_validate({**login.model_dump(), **given}) if given else login
    return Broker(parts.hostname, port, parts.scheme == "mqtts", login, site)


def wrong_name(name: str) -> str:
    """What is wrong with the name of a site, an edge or a node; '' when nothing is."""
    if not NAME.fullmatch(name):
        return "should be made of letters, digits, '_', '-' and '.', at most 64: it is a part of MQTT topics"
    return "is a word that topics need: choose another" if name == NODE else ""


def _bare(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//", url)
