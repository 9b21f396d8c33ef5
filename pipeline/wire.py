"""Messages as bytes, for networks and files: one JSON line, then raw PCM where there is any."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.envelope import Message
from pipeline.errors import WireError
from pipeline.flow import ALL

BY_NAME = {kind.__name__: kind for kind in ALL}
LONGEST = 1_048_576
"""Bytes of a message; an utterance of 20 s is 640 kB."""
MOST_UNKNOWN = 1000
"""Names of unknown fields that are counted one by one."""
UNKNOWN: Counter[str] = Counter()
"""Fields that were ignored because this version does not know them, `Class.field`."""


def to_dict(message: Message) -> dict[str, Any]:
    """All fields but sound, with `kind` and `id` first."""
    return {"kind": type(message).__name__, "id": message.id, **message.model_dump(mode="json")}


def encode(message: Message) -> bytes:
    """One JSON line (UTF-8, no line break inside), then PCM."""
    pcm = getattr(message, "pcm", None)
    sound = "" if pcm is None else f',"pcm_bytes":{len(pcm)}'
    rest = message.model_dump_json()  # four times as fast as by way of `to_dict`, and equal to it
    return f'{{"kind":"{type(message).__name__}","id":"{message.id}",{rest[1:-1]}{sound}}}\n'.encode() + (pcm or b"")


def decode(data: bytes, known: Mapping[str, str] | None = None) -> Message:
    """The message in `data`. Unknown fields are ignored and counted (rolling upgrades).

    `known` is what the place says where the message was found (`kind`, `edge`, `session`, `screen`): it fills what is
    left out, and what contradicts it is refused.
    WireError (wire-too-long, -not-json, -kind, -place, -field, -id, -sound) names the field that is wrong.
    """
    if len(data) > LONGEST:
        raise WireError("wire-too-long", f"a message of {len(data)} bytes; at most {LONGEST} are taken")
    line, _, pcm = data.partition(b"\n")
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise WireError("wire-not-json", f"a message that is no JSON line: {error}") from error
    if known and isinstance(fields, dict):
        for name, value in known.items():
            if fields.setdefault(name, value) != value:
                text = f"{known.get('kind', 'a message')}.{name}: {str(fields[name])[:80]!r}"
                raise WireError("wire-place", f"{text} under a topic that says {value!r}")
    return from_dict(fields, pcm)


def from_dict(fields: Any, pcm: bytes = b"") -> Message:
    """The message that `to_dict` wrote."""
    kind = BY_NAME.get(str(fields.get("kind"))) if isinstance(fields, dict) else None
    if kind is None:
        raise WireError("wire-kind", "a message without a known 'kind'")
    given = {name: value for name, value in fields.items() if name in kind.model_fields and name != "pcm"}
    for name in fields.keys() - given.keys() - {"kind", "id", "pcm_bytes", "sound"}:
        _count(f"{kind.__name__}.{name}")
    if len(pcm) % 2 or len(pcm) != fields.get("pcm_bytes", 0):
        raise WireError(
            "wire-sound", f"{kind.__name__}.pcm: {len(pcm)} bytes, not the {fields.get('pcm_bytes', 0)} it says"
        )
    if "pcm" in kind.model_fields:
        given["pcm"] = pcm
    return _validated(kind, given, str(fields.get("id", "")))


def _validated(kind: type[Message], given: dict[str, Any], stated: str) -> Message:
    try:
        message = kind.model_validate(given)
    except ValidationError as error:
        message = _without_unknown(kind, given, error)
    if stated and stated != message.id:
        raise WireError("wire-id", f"{kind.__name__}.id: {stated!r} is not the hash of its fields, {message.id}")
    return message


def _without_unknown(kind: type[Message], given: dict[str, Any], error: ValidationError) -> Message:
    """The parts of a message may have fields that are new, too."""
    wrong = error.errors()
    first = next((found for found in wrong if found["type"] != "extra_forbidden"), None)
    if first is not None:
        path = ".".join([kind.__name__, *map(str, first["loc"])])
        raise WireError("wire-field", f"{path}: {first['msg']}") from error
    for found in wrong:
        _count(".".join([kind.__name__, *(str(step) for step in found["loc"] if isinstance(step, str))]))
    return kind.model_validate(given, extra="ignore")


def _count(name: str) -> None:
    if len(UNKNOWN) < MOST_UNKNOWN or name in UNKNOWN:
        UNKNOWN[name[:120]] += 1
