"""What China's labelling rules ask of AI-made sound: who made it, in the file's own metadata, and what a screen shows.

人工智能生成合成内容标识办法, in force since 2025-09-01, and GB 45438-2025, appendix E: a field `AIGC` with seven values
as JSON. For FLAC the guide TC260-PG-20258A puts it into a Vorbis comment of that name. libsndfile writes only the
comments that it knows, so the block (RFC 9639, section 8.6) is rewritten here.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from pydantic import BaseModel, Field

from pipeline.envelope import Language
from pipeline.errors import SoundError
from pipeline.settings import FROZEN

KEY: Final = "AIGC"
PLACEHOLDER: Final = "license"
"""The comment that keeps room for the label in a file that libsndfile writes; no sound of ours has a licence."""
_COMMENTS, _LAST = 4, 0x80
_SPARE = 80
"""Bytes."""
_MAGIC = b"fLaC"


class Labelling(BaseModel):
    """The key `label` of a config: who answers for what the avatar says."""

    model_config = FROZEN

    producer: str = Field("", max_length=200)
    """The service provider's name or code (`ContentProducer`)."""
    filing: str = Field("", max_length=100)
    """Filing number (备案号) of the model or the service, for the screen."""
    model: str = Field("", max_length=100)
    """The model's public name for the screen; empty: as the reply stage names it."""

    def field(self, produce_id: str) -> str:
        """The field `AIGC` of one file; `produce_id` is its own number."""
        values = {
            "Label": "1",  # it is certain that the content is generated
            "ContentProducer": self.producer, "ProduceID": produce_id, "ReservedCode1": "",
            "ContentPropagator": "", "PropagateID": "", "ReservedCode2": "",
        }  # fmt: skip
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

    def shown(self, language: Language, model: str = "") -> str:
        """What stands on the screen while the avatar answers; `model` is who does, where the config names none."""
        name = self.model or model
        if language == "zh":
            parts = ["内容由AI生成", f"模型：{name}" if name else "", f"备案号：{self.filing}" if self.filing else ""]
            return " · ".join(part for part in parts if part)
        parts = ["AI-generated", f"model: {name}" if name else "", f"filing no. {self.filing}" if self.filing else ""]
        return " · ".join(part for part in parts if part)


class _Block(NamedTuple):
    """A metadata block of a FLAC stream."""

    at: int
    """Of its header of four bytes."""
    kind: int
    size: int
    last: bool


def room(field: str) -> str:
    """A value for the comment `PLACEHOLDER` that keeps room for a label, and for a longer number in it."""
    return " " * (len(field.encode()) + _SPARE)


def label_flac(path: Path, field: str) -> None:
    """Put the label into a FLAC file, in place where there is room. Harmless when it is there; SoundError otherwise.

    In place it may be done while libsndfile still writes: at the end that only changes the block before.
    """
    try:
        with path.open("r+b") as file:
            head = _head(file)
            new = labelled(head, field)
            if len(new) == len(head):
                file.seek(0)
                file.write(new)
                return
            fresh = path.with_name(path.name + ".labelled")
            with fresh.open("wb") as copy:
                copy.write(new)
                file.seek(len(head))
                shutil.copyfileobj(file, copy)
        fresh.replace(path)
    except OSError as error:
        text = f"{path} cannot be labelled ({error.strerror}): make room, or make its folder writable"
        raise SoundError("sound-unwritable", text) from error


def read_label(path: Path) -> dict[str, str] | None:
    """The label of a FLAC file; None when it has none, or none that can be read."""
    field = read_field(path)
    try:
        value = json.loads(field or "null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def read_field(path: Path) -> str:
    """The field `AIGC` as it stands in a FLAC file; '' where there is none."""
    try:
        with path.open("rb") as file:
            head = _head(file)
    except (OSError, SoundError):
        return ""
    bodies = [_body(head, block) for block in _blocks(head) if block.kind == _COMMENTS]
    pairs = dict(_pair(comment) for body in bodies for comment in _comments(body)[1])
    return pairs.get(KEY, "").strip()


def labelled(flac: bytes, field: str) -> bytes:
    """A FLAC stream, or its metadata alone, with the label: of the same length where there was room for it.

    SoundError `sound-unreadable` when it is no FLAC stream.
    """
    blocks = list(_blocks(flac))
    old = next((block for block in blocks if block.kind == _COMMENTS), None)
    vendor, comments = _comments(_body(flac, old)) if old else (b"", [])
    kept = [comment for comment in comments if _pair(comment)[0] not in {KEY, PLACEHOLDER.upper()}]
    body = _packed(vendor, [*kept, f"{KEY}={field}".encode()])
    if old is None:
        end = blocks[0].at + 4 + blocks[0].size
        first = bytes([flac[4] & ~_LAST]) + flac[5:end]
        return _MAGIC + first + _header(_COMMENTS, len(body), last=blocks[0].last) + body + flac[end:]
    spare = old.size - len(body)
    if spare > 0:  # JSON may end in spaces
        body = _packed(vendor, [*kept, f"{KEY}={field}".encode() + b" " * spare])
    end = old.at + 4 + old.size
    return flac[: old.at] + _header(_COMMENTS, len(body), last=old.last) + body + flac[end:]


def _head(file: BinaryIO) -> bytes:
    """The stream's beginning, up to its first frame of sound."""
    head = bytearray(file.read(4))
    last = head != _MAGIC
    while not last:
        header = file.read(4)
        if len(header) < 4:
            break
        last = bool(header[0] & _LAST)
        head += header + file.read(int.from_bytes(header[1:], "big"))
    list(_blocks(bytes(head)))
    return bytes(head)


def _blocks(flac: bytes) -> Iterator[_Block]:
    at, last = len(_MAGIC), not flac.startswith(_MAGIC)
    while not last:
        size = int.from_bytes(flac[at + 1 : at + 4], "big")
        if at + 4 + size > len(flac) or len(flac) < at + 4:
            break
        last = bool(flac[at] & _LAST)
        yield _Block(at, flac[at] & ~_LAST & 0xFF, size, last)
        at += 4 + size
    if at == len(_MAGIC) or not last:
        raise SoundError("sound-unreadable", "this is no FLAC stream, or it breaks off in its metadata: write it anew")


def _body(flac: bytes, block: _Block) -> bytes:
    return flac[block.at + 4 : block.at + 4 + block.size]


def _header(kind: int, size: int, *, last: bool) -> bytes:
    return bytes([kind | (_LAST if last else 0)]) + size.to_bytes(3, "big")


def _comments(body: bytes) -> tuple[bytes, list[bytes]]:
    """Vendor and comments; what breaks off is left out."""
    vendor, at = _string(body, 0)
    count, at = int.from_bytes(body[at : at + 4], "little"), at + 4
    found: list[bytes] = []
    while len(found) < count and at + 4 <= len(body):
        text, at = _string(body, at)
        found.append(text)
    return vendor, found


def _string(body: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(body[at : at + 4], "little")
    return body[at + 4 : at + 4 + size], at + 4 + size


def _packed(vendor: bytes, comments: list[bytes]) -> bytes:
    strings = b"".join(len(text).to_bytes(4, "little") + text for text in comments)
    return len(vendor).to_bytes(4, "little") + vendor + len(comments).to_bytes(4, "little") + strings


def _pair(comment: bytes) -> tuple[str, str]:
    """Names of comments are not case-sensitive."""
    key, _, value = comment.decode(errors="replace").partition("=")
    return key.upper(), value
