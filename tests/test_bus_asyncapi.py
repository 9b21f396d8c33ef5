"""docs/asyncapi.yaml is made from the code, is valid AsyncAPI 3.0, and says what really goes over the wire.

The schema is schemas/3.0.0.json of the npm package @asyncapi/specs 6.11.1 (Apache-2.0), unchanged.
"""

import copy
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from pipeline import messages as m
from pipeline.bus import asyncapi, topics
from pipeline.bus.link import Link
from pipeline.envelope import Message
from pipeline.flow import ALL, OF_WORKERS, WORKERS
from pipeline.wire import decode, encode
from tests.test_pipeline_wire import EXAMPLES

ROOT = Path(__file__).parent.parent
COMMAND = "python -m pipeline.bus.asyncapi > docs/asyncapi.yaml"
TEXT = (ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
PLACE = {"site": "here", "edge": "lobby", "session": "5e55", "screen": "hall", "node": "n1"}


@functools.cache
def specification() -> Draft7Validator:
    """AsyncAPI's own."""
    return Draft7Validator(json.loads((ROOT / "tests" / "data" / "asyncapi-3.0.0.json").read_text(encoding="utf-8")))


def problems(document: dict[str, Any]) -> list[str]:
    """With the most telling cause of each, since the specification has many alternatives."""
    found = []
    for error in specification().iter_errors(document):
        deepest = max([error, *(error.context or ())], key=lambda one: len(one.absolute_path))
        found.append(f"{'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:300]}")
    return found


def payload(kind: type[Message]) -> Draft202012Validator:
    """Of this class."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{kind.__name__}", "components": DOCUMENT["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def line_of(message: Message) -> dict[str, Any]:
    """What goes over the wire, but for the sound."""
    fields: dict[str, Any] = json.loads(encode(message).partition(b"\n")[0])
    return fields


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping of the document."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(one)


def filled(address: str, **more: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: {**PLACE, **more}[found[1]], address)


def of_kind(kind: type[Message]) -> dict[str, Any]:
    """The channels of a class, by name."""
    return {name: channel for name, channel in CHANNELS.items() if kind.__name__ in channel["messages"]}


def test_the_file_is_what_the_code_makes() -> None:
    assert asyncapi.as_yaml() == TEXT, f"docs/asyncapi.yaml is out of date; run: {COMMAND}"


def test_the_same_code_makes_the_same_text() -> None:
    assert asyncapi.as_yaml() == asyncapi.as_yaml()


def test_it_is_valid() -> None:
    assert problems(DOCUMENT) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("channels", "Question", "adress"), "misspelt"),
        (("operations", "reply-receives-Question", "action"), "hear"),
        (("components", "operationBindings", "fleeting", "mqtt", "qos"), 7),
        (("components", "messages", "Question", "payload"), {"type": "nonsense"}),
        (("servers", "broker", "host"), None),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_valid_would_be_found(place: tuple[str, ...], value: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    holder = functools.reduce(lambda found, name: found[name], place[:-1], document)
    holder[place[-1]] = value
    assert problems(document)


def test_every_reference_leads_somewhere() -> None:
    for reference in (one["$ref"] for one in inside(DOCUMENT) if "$ref" in one):
        assert functools.reduce(lambda found, name: found[name], reference.removeprefix("#/").split("/"), DOCUMENT)


def test_every_message_has_a_channel_a_payload_and_somebody_who_says_and_hears_it() -> None:
    messages = {name: message["payload"]["$ref"] for name, message in DOCUMENT["components"]["messages"].items()}
    assert messages == {kind.__name__: f"#/components/schemas/{kind.__name__}" for kind in ALL}
    for kind in ALL:
        assert of_kind(kind), kind
        for action in ("send", "receive"):
            places = {f"#/channels/{name}" for name in of_kind(kind)}
            found = [one["channel"]["$ref"] for one in DOCUMENT["operations"].values() if one["action"] == action]
            assert places & set(found), (kind, action)


def test_the_stages_take_and_say_what_the_flow_says() -> None:
    operations = set(DOCUMENT["operations"])
    for stage in WORKERS:
        assert {f"{stage.name}-receives-{kind.__name__}" for kind in stage.takes} <= operations
        assert {f"{stage.name}-sends-{kind.__name__}" for kind in stage.says} <= operations
    assert {f"session-receives-{kind.__name__}" for kind in OF_WORKERS} <= operations


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_what_goes_over_the_wire_fits_its_schema(message: Message) -> None:
    assert [error.message for error in payload(type(message)).iter_errors(line_of(message))] == []


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_the_schema_asks_for_no_more_than_the_code(message: Message) -> None:
    least = {name: value for name, value in line_of(message).items() if name not in {"kind", "id"}}
    required = DOCUMENT["components"]["schemas"][type(message).__name__].get("required", [])
    least = {name: value for name, value in least.items() if name in required}
    assert [error.message for error in payload(type(message)).iter_errors(least)] == []
    filled_in = {name: PLACE[name] for name in (asyncapi.FROM_TOPIC.get(type(message)),) if name}
    known = {"kind": type(message).__name__, **filled_in}
    assert type(decode(json.dumps(least).encode(), known)) is type(message)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_what_the_code_refuses_the_schema_refuses(message: Message) -> None:
    valid, schema = line_of(message), payload(type(message))
    for changed in ({"turn": -1}, {"kind": "Nonsense"}, {"id": "x"}, {"session": 7}, {"attempt": 0}):
        assert not schema.is_valid({**valid, **changed}), changed
    for name in DOCUMENT["components"]["schemas"][type(message).__name__].get("required", []):
        assert not schema.is_valid({key: value for key, value in valid.items() if key != name}), name


def test_a_field_that_is_not_known_yet_fits() -> None:
    assert payload(m.Say).is_valid({"text": "Hello", "mood": "new"})


def test_every_field_with_a_docstring_has_it_as_its_description() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Question"]["properties"]["confidence"]["description"] == "Of the transcript; 1 for typed text."
    assert schemas["Message"]["properties"]["cause"]["description"] == "`id` of the message that this one answers."
    assert "at most 64" in schemas["StageLoad"]["properties"]["holds"]["description"]
    assert schemas["Speech"]["properties"]["pcm_bytes"]["description"].endswith("24 kHz mono PCM16, little endian.")


def test_sound_is_no_json() -> None:
    with_sound = {"Utterance", "Speech"}
    for name, message in DOCUMENT["components"]["messages"].items():
        wanted = asyncapi.WITH_SOUND if name in with_sound else asyncapi.PLAIN
        assert message["contentType"] == wanted
        assert ("pcm_bytes" in DOCUMENT["components"]["schemas"][name]["properties"]) == (name in with_sound)
        assert "pcm" not in DOCUMENT["components"]["schemas"][name]["properties"]


def test_only_a_status_is_retained_and_only_sound_is_acknowledged_beside_it() -> None:
    for name, one in DOCUMENT["operations"].items():
        sound = "Utterance" in name or "Speech" in name.replace("SpeechStarted", "").replace("SpeechDropped", "")
        wanted = "retained" if "Status" in name else "sound" if sound else "fleeting"
        assert one["bindings"]["$ref"] == f"#/components/operationBindings/{wanted}", name


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_addresses_are_those_that_messages_are_published_under(message: Message) -> None:
    ours = {name: PLACE[name] for name in ("edge", "session", "screen", "node") if name in type(message).model_fields}
    here = message.changed(**ours)
    found = {name: filled(channel["address"], stage="reply") for name, channel in of_kind(type(message)).items()}
    name = type(message).__name__
    if isinstance(message, m.Status):
        assert found.pop("StatusOfEdge") == topics.topic("here", here.changed(node="lobby"))
        assert found.pop("StatusOfNode") == topics.topic("here", here.changed(edge=""))
    else:
        assert found.pop(name) == topics.topic("here", here)
    if isinstance(message, (m.Presence, m.Say)):
        assert found.pop(f"{name}AtScreen") == topics.topic("here", here.changed(session=""))
    if isinstance(message, (m.Utterance, m.Question, m.Sentence)):
        assert found.pop(f"{name}ByName") == topics.topic("here", here, node="n1", stage="reply")
    assert found == {}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_message_under_an_address_is_read_as_the_document_says(name: str) -> None:
    channel = CHANNELS[name]
    (kind,) = (kind for kind in ALL if kind.__name__ in channel["messages"])
    (example,) = (message for message in EXAMPLES if type(message) is kind)
    given = {key: value for key, value in line_of(example).items() if key not in {"id", "edge", "session", "cause"}}
    given = {key: value for key, value in given.items() if key not in {"screen", "node"} or kind not in _TOLD}
    stage = channel["parameters"].get("stage", {}).get("enum", [""])[0]
    body = json.dumps(given).encode() + b"\n" + getattr(example, "pcm", b"")
    if kind is m.Presence and "screen" not in channel["parameters"]:
        body = body.replace(b'{"kind"', b'{"screen": "hall", "kind"')
    read = Link._read(_NO_LINK, filled(channel["address"], stage=stage), body)
    assert type(read) is kind
    for parameter in set(channel["parameters"]) & {"edge", "session", "screen"}:
        assert getattr(read, parameter) == PLACE[parameter]


_TOLD = (m.Presence, m.Say, m.Status)
_NO_LINK: Any = None
"""Reading needs no connection."""


def test_parameters_are_those_of_the_address() -> None:
    for name, channel in CHANNELS.items():
        assert list(channel["parameters"]) == re.findall(r"{(\w+)}", channel["address"]), name
