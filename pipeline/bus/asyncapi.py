"""The bus as an AsyncAPI 3.0 document: `python -m pipeline.bus.asyncapi > docs/asyncapi.yaml`."""

import ast
import inspect
import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from pipeline import envelope
from pipeline import messages as m
from pipeline.bus import topics
from pipeline.bus.link import QUICK, SURE
from pipeline.envelope import Message
from pipeline.flow import ALL, OF_WORKERS, WORKERS, Kind
from pipeline.wire import LONGEST

Json = dict[str, Any]
PLAIN, WITH_SOUND = "application/json", "application/vnd.visavis.message+pcm"
"""The second: one line of JSON, then raw little-endian PCM16."""
SITE, EDGE, SESSION, SCREEN, NODE, STAGE = "{site}", "{edge}", "{session}", "{screen}", "{node}", "{stage}"
PARAMETERS: dict[str, str] = {
    "site": "The config's `site`: all who serve one place.",
    "edge": "Name of the edge (a kiosk or a gateway), which is also its user at the broker.",
    "session": "The visit: 12 hex digits.",
    "screen": "Name of the screen.",
    "node": "Name of the worker node.",
    "stage": "The worker stage that is to take the job.",
}
SAYS: dict[str, tuple[Kind, ...]] = {
    "turn": (m.SpeechStarted, m.SpeechDropped, m.Utterance, m.TurnEnded),
    "session": (m.SessionStarted, m.Transcript, m.Question, m.Sentence, m.Interrupt, m.Failure, m.SessionEnded),
    "screen": (m.Presence, m.Typed, m.Control, m.Played),
    "client": (m.Presence, m.Typed, m.Control, m.Say),
    "worker": (m.Claim, m.Progress, m.Failure),
}
"""Beside what the stages of `pipeline.flow` say. `turn`, `session` and `screen` are parts of an edge; `worker` is any
worker stage; `client` any other program that the broker lets do it. The session says a `Transcript` of typed text."""
HEARS: dict[str, tuple[Kind, ...]] = {
    "session": (
        *OF_WORKERS, m.Presence, m.Typed, m.Control, m.Say, m.SpeechStarted, m.SpeechDropped, m.TurnEnded, m.Played
    ),
    "worker": (m.Interrupt,),
    "operator": (m.SessionStarted, m.SessionEnded),
}  # fmt: skip
"""Beside the jobs of the stages. An operator's user may read everything."""
OF_STATUS = {"StatusOfNode": ("node", ("session", "operator")), "StatusOfEdge": ("edge", ("operator",))}
"""Who says a status, and who hears it."""
FROM_TOPIC: dict[Kind, str] = {m.Presence: "screen", m.Status: "node"}
"""Fields without a default that may be left out, since the topic says them."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A topic with parameters, and the one class of messages under it."""

    name: str
    address: str
    kind: Kind

    @property
    def parameters(self) -> list[str]:
        """In their order in the address."""
        return re.findall(r"{(\w+)}", self.address)


def takers(kind: Kind) -> list[str]:
    """Stages that a session gives such a job to by name, when it must be sent again."""
    return [stage.name for stage in WORKERS if stage.watched and kind in stage.takes]


def channels() -> list[Channel]:
    """Of every class, in the order of the flow."""
    return [Channel(name, address, kind) for kind in ALL for name, address in _addresses(kind)]


def _addresses(kind: Any) -> Iterator[tuple[str, str]]:
    name = kind.__name__
    if kind is m.Status:
        yield "StatusOfNode", topics.topic(SITE, m.Status(node=NODE))
        yield "StatusOfEdge", topics.topic(SITE, m.Status(node=EDGE, edge=EDGE))
        return
    visit = kind.model_construct(edge=EDGE, session=SESSION)
    yield name, topics.topic(SITE, visit)
    if issubclass(kind, (m.Presence, m.Say)):
        yield f"{name}AtScreen", topics.topic(SITE, kind.model_construct(edge=EDGE, screen=SCREEN))
    if takers(kind):
        yield f"{name}ByName", topics.topic(SITE, visit, node=NODE, stage=STAGE)


def document() -> Json:
    """The whole document; the same for the same messages, topics and flow."""
    found = channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Visavis message bus",
            "version": str(topics.MAJOR),
            "description": _INFO,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": PLAIN,
        "servers": {"broker": _SERVER},
        "channels": {channel.name: _channel(channel) for channel in found},
        "operations": dict(_operations(found)),
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in ALL},
            "schemas": _schemas(),
            "parameters": {name: {"description": text} for name, text in PARAMETERS.items()},
            "correlationIds": {"cause": {"description": _CAUSE, "location": "$message.payload#/cause"}},
            "operationBindings": {name: {"mqtt": binding} for name, binding in BINDINGS.items()},
            "securitySchemes": {"user": {"type": "userPassword", "description": "An edge's is called as the edge is."}},
        },
    }


_INFO = (
    "Everything that happens between a visitor's microphone and the avatar's face is a message, published by MQTT 5. "
    "docs/bus.md explains topics, rights, delivery and settings; docs/messages.md who says what to whom. "
    f"A message is at most {LONGEST} bytes. Unknown fields of a message are ignored; another major version of this "
    "protocol lives under another topic root. Generated from pipeline/messages.py and pipeline/bus/topics.py."
)
_CAUSE = "`id` of the message that this one answers; `attempt` says which sending of it."
_SERVER: Json = {
    "host": "broker.example:8883",
    "protocol": "secure-mqtt",
    "protocolVersion": "5.0",
    "description": "Any MQTT 5 broker that has shared subscriptions; the config's `bus`. Without TLS: port 1883.",
    "security": [{"$ref": "#/components/securitySchemes/user"}],
    "bindings": {"mqtt": {"cleanSession": True, "sessionExpiryInterval": 0, "bindingVersion": "0.2.0"}},
}


def _ref(*place: str) -> Json:
    return {"$ref": "#/" + "/".join(place)}


BINDINGS = {
    name: {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}
    for name, qos, retain in (("fleeting", QUICK, False), ("sound", SURE, False), ("retained", SURE, True))
}


def _channel(channel: Channel) -> Json:
    name = channel.kind.__name__
    parameters = {name: _ref("components", "parameters", name) for name in channel.parameters}
    if "stage" in channel.parameters:
        parameters["stage"] = {"description": PARAMETERS["stage"], "enum": takers(channel.kind)}
    return {
        "address": channel.address,
        "messages": {name: _ref("components", "messages", name)},
        "parameters": parameters,
    }


def _operations(found: list[Channel]) -> Iterator[tuple[str, Json]]:
    for channel in found:
        for role in _speakers(channel):
            yield f"{role}-sends-{channel.name}", _operation("send", role, channel)
        for role, text in _listeners(channel):
            yield f"{role}-receives-{channel.name}", _operation("receive", role, channel, text)


def _speakers(channel: Channel) -> list[str]:
    if channel.kind is m.Status:
        return [OF_STATUS[channel.name][0]]
    if "stage" in channel.parameters:
        return ["session"]
    if "screen" in channel.parameters:
        return ["client"]
    roles = [role for role, kinds in SAYS.items() if channel.kind in kinds]
    return roles + [stage.name for stage in WORKERS if channel.kind in stage.says]


def _listeners(channel: Channel) -> Iterator[tuple[str, str]]:
    """Roles, and how they subscribe where that is not plain."""
    if "stage" in channel.parameters:
        for name in takers(channel.kind):
            yield name, f"Subscribes to `{topics.own(SITE, NODE, name, channel.kind)}`."
        return
    if channel.kind is m.Status:
        yield from ((role, "") for role in OF_STATUS[channel.name][1])
        return
    yield from ((role, "") for role, kinds in HEARS.items() if channel.kind in kinds)
    for name in (stage.name for stage in WORKERS if channel.kind in stage.takes):
        yield name, f"One of all who subscribe to `{topics.shared(SITE, name, channel.kind)}` gets each job."


def _operation(action: str, role: str, channel: Channel, text: str = "") -> Json:
    manner = "retained" if channel.kind is m.Status else "sound" if "pcm" in channel.kind.model_fields else "fleeting"
    return {
        "action": action,
        "channel": _ref("channels", channel.name),
        **({"description": text} if text else {}),
        "tags": [{"name": role}],
        "bindings": _ref("components", "operationBindings", manner),
        "messages": [_ref("channels", channel.name, "messages", channel.kind.__name__)],
    }


def _message(kind: Kind) -> Json:
    answers = {"correlationId": _ref("components", "correlationIds", "cause")} if kind in OF_WORKERS else {}
    return {
        "name": kind.__name__,
        "description": inspect.getdoc(kind) or "",
        "contentType": WITH_SOUND if "pcm" in kind.model_fields else PLAIN,
        **answers,
        "payload": _ref("components", "schemas", kind.__name__),
    }


class _Plain(GenerateJsonSchema):
    """Without titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  pydantic's signature
        return False


def _schemas() -> Json:
    """Of all messages and their parts. What all messages carry is in `Message` alone."""
    kinds = [(kind, "validation") for kind in (Message, *ALL)]
    _, whole = models_json_schema(kinds, schema_generator=_Plain, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    found: Json = whole["$defs"]
    for name, schema in found.items():
        _describe(getattr(m, name, None) or getattr(envelope, name), schema)
    head = found.pop("Message")
    del head["additionalProperties"]  # unknown fields of a message are ignored
    head["properties"] = {"id": _ID, **head["properties"]}
    named = {kind.__name__: _own(kind, found.pop(kind.__name__), head) for kind in ALL}
    return {"Message": head, **named, **dict(sorted(found.items()))}


_ID: Json = {
    "type": "string",
    "pattern": "^[0-9a-f]{16}$",
    "description": "Hash of place, class and part; may be left out, and is refused when it is wrong.",
}


def _own(kind: Kind, schema: Json, head: Json) -> Json:
    """What the class adds to `Message`, and what the wire adds to it."""
    properties = schema.get("properties", {})
    own: Json = {"kind": {"const": kind.__name__, "description": "May be left out: the topic says it."}}
    own |= {name: value for name, value in properties.items() if name not in head["properties"] and name != "pcm"}
    if "pcm" in properties:
        text = f"Bytes of sound after the line of JSON: {properties['pcm']['description']}"
        own["pcm_bytes"] = {"type": "integer", "minimum": 0, "multipleOf": 2, "default": 0, "description": text}
    required = [name for name in schema.get("required", ()) if name != FROM_TOPIC.get(kind)]
    return {
        "title": schema["title"],
        "description": schema["description"],
        "allOf": [_ref("components", "schemas", "Message")],
        "type": "object",
        "properties": own,
        **({"required": required} if required else {}),
    }


def _describe(model: type[BaseModel], schema: Json) -> None:
    """Give each field the docstring that follows it in the source, which pydantic leaves where it is."""
    for name, text in _docstrings(model).items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    for cls in (cls for cls in reversed(model.__mro__) if cls.__module__ in {m.__name__, envelope.__name__}):
        body = ast.parse(inspect.getsource(cls)).body[0]
        for field, after in itertools.pairwise(body.body if isinstance(body, ast.ClassDef) else []):
            match field, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


class _Dumper(yaml.SafeDumper):
    """Without anchors: what stands in several places is written out."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def as_yaml() -> str:
    """The document as it stands in docs/asyncapi.yaml."""
    return yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    sys.stdout.buffer.write(as_yaml().encode())
