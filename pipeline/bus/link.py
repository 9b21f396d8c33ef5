"""One connection to an MQTT 5 broker that comes back by itself. The only file that knows aiomqtt."""

import asyncio
import json
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from pipeline.bus import topics
from pipeline.bus.queues import Parcel
from pipeline.bus.settings import Broker
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import WireError
from pipeline.messages import Status
from pipeline.wire import decode, encode

_LOGGER = logging.getLogger(__name__)
_QUIET = logging.getLogger("aiomqtt")
_QUIET.setLevel(logging.CRITICAL)
SURE = 1
"""QoS of what has sound, and of what is retained: the broker acknowledges it, which bounds the bytes under way."""
QUICK = 0
"""QoS of all else, and of every delivery: TCP loses nothing while a connection stands, and what is lost with one is
lost by QoS 1 too (a clean session). Measured with every stage a process, QoS 1 throughout adds 2 ms to a turn's 11."""
WINDOW = 64
"""Messages that the broker has not acknowledged yet; what is more waits in the outbox."""
BACKOFF = (0.05, 2.0)
"""Seconds before the first attempt to connect again, and the longest between two (doubled each time)."""
REFUSED = ("Not authorized", "Bad user name or password", "Banned", "Bad authentication method")
"""MQTT 5 reason codes (section 3.2.2.2) that no waiting will mend."""
Filters = Iterable[str]
Take = Callable[[Message], None]


class Link:
    """One connection, with its subscriptions; it comes back by itself."""

    def __init__(
        self, broker: Broker, clock: Clock, name: str, filters: Filters, take: Take, will: Status | None = None
    ) -> None:
        self._broker, self._clock, self._name = broker, clock, name
        self._filters, self._take, self._will = list(filters), take, will
        self._client: aiomqtt.Client | None = None
        """While the connection stands."""
        self.up = asyncio.Event()
        self.ups = 0
        """How often it has stood."""
        self.refused: Counter[str] = Counter()
        """Messages from outside that are none, by code."""
        self.trouble = ""
        """Why it does not stand."""
        self.fatal = False

    async def run(self, changed: Callable[[], None]) -> None:
        """Keep connected for ever; `changed` is called when the connection stands, and when it is lost."""
        tls, wait = self._broker.context(), BACKOFF[0]
        while True:
            try:
                async with self._connection(tls) as client:
                    await self._subscribe(client)
                    self._client, wait, self.trouble = client, BACKOFF[0], ""
                    self.ups += 1
                    self.up.set()
                    changed()
                    await self._hear(client)
            except (aiomqtt.MqttError, OSError) as error:
                self._note(error)
            self._client = None
            self.up.clear()
            changed()
            await self._clock.sleep(wait)
            wait = min(2 * wait, BACKOFF[1])

    def _note(self, error: Exception) -> None:
        reason = str(error)
        self.fatal = any(known in reason for known in REFUSED)
        if reason != self.trouble:
            _LOGGER.warning("bus.away link=%s broker=%s: %s", self._name, self._broker.url, reason)
        self.trouble = reason

    def _connection(self, tls: ssl.SSLContext | None) -> aiomqtt.Client:
        login, will, take_in = self._broker.login, self._will, self._take_in

        class Straight(asyncio.Queue[aiomqtt.Message]):
            """Hands over what arrives at once: aiomqtt's own iteration costs a task a message."""

            def put_nowait(self, item: aiomqtt.Message) -> None:
                take_in(item)

        return aiomqtt.Client(
            self._broker.host, self._broker.port, protocol=aiomqtt.ProtocolVersion.V5, identifier=self._name,
            username=login.user or None, password=login.password.get_secret_value() if login.password else None,
            tls_context=tls, keepalive=login.keepalive, timeout=login.keepalive * 1.5, logger=_QUIET,
            will=_will(self._broker.site, will) if will else None,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)], max_inflight_messages=2 * WINDOW,
            queue_type=Straight,
        )  # fmt: skip

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        client.pending_calls_threshold = 100 * WINDOW
        if self._filters:
            wanted = [(text, SubscribeOptions(QUICK, noLocal=not text.startswith("$share"))) for text in self._filters]
            await client.subscribe(wanted)

    async def leave(self, filters: Filters) -> None:
        """Hear no more of these."""
        given_up = [text for text in filters if text in self._filters]
        self._filters = [text for text in self._filters if text not in given_up]
        if self._client is not None and given_up:
            try:
                await self._client.unsubscribe(given_up)
            except aiomqtt.MqttError as error:
                _LOGGER.info("bus.unsubscribe link=%s: %s", self._name, error)  # a new connection has fewer filters

    async def post(self, parcel: Parcel) -> None:
        """Publish; returns when the broker has it. OSError when the connection is lost or was never there."""
        if self._client is None:
            raise ConnectionError("the connection to the broker is lost")
        properties = None
        if parcel.expiry is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = parcel.expiry
        try:
            qos = SURE if parcel.retain or parcel.sound else QUICK
            await self._client.publish(parcel.topic, parcel.payload, qos, retain=parcel.retain, properties=properties)
        except aiomqtt.MqttError as error:
            raise ConnectionError(str(error)) from error

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for _ in client.messages:  # none: `_take_in` has them; it ends when the connection does
            pass

    def _take_in(self, arrived: aiomqtt.Message) -> None:
        if not arrived.payload:
            return  # a retained status that was deleted
        try:
            self._take(self._read(str(arrived.topic), bytes(arrived.payload)))
        except WireError as error:
            self.refused[error.code] += 1
            _LOGGER.warning("bus.refused topic=%s: %s", arrived.topic, error)

    def _read(self, topic: str, payload: bytes) -> Message:
        place = topics.address(topic)
        if place.major != str(topics.MAJOR):
            return _stranger(place, payload)
        known = {"kind": place.kind.__name__, "edge": place.edge}
        if place.screen:
            known |= {"screen": place.screen, "session": ""}  # who may write there may speak for no visit
        elif place.kind is Status:
            known["node"] = place.node
        else:
            known["session"] = place.session
        return decode(payload, known)


def _will(site: str, last: Status) -> aiomqtt.Will:
    return aiomqtt.Will(topics.topic(site, last), encode(last).rstrip(b"\n"), SURE, retain=True)


def _stranger(place: topics.Address, payload: bytes) -> Status:
    """A node of another major version: all that is known of it is that it is there, and what it calls its version."""
    try:
        fields = json.loads(payload)
        version, gone = str(fields.get("version", ""))[:80], fields.get("state") == "gone"
    except (ValueError, AttributeError):
        version, gone = "", False
    state: Literal["gone", "incompatible"] = "gone" if gone else "incompatible"
    return Status(
        edge=place.edge, node=place.node, state=state, version=f"{version} (protocol {place.major[:8]})".strip()
    )
