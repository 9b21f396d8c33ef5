"""The files of the page and of the avatar, read once: what is not among them cannot be had, whatever a path says."""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

KIOSK = Path(__file__).parent / "kiosk"
TYPES: Mapping[str, str] = MappingProxyType({
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
    ".png": "image/png",
})  # fmt: skip
"""Of the page's files: others in its folder are not served."""
PACK_TYPES: Mapping[str, str] = MappingProxyType({
    **TYPES, ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".wav": "audio/wav",
    ".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".glb": "model/gltf-binary", ".vrm": "model/gltf-binary",
})  # fmt: skip
ANY_TYPE = "application/octet-stream"
_SQUEEZED = (".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".glb", ".vrm")
_ALSO = {"index.html": "/", "icon.svg": "/favicon.ico"}
"""Where else a file of the page is looked for."""
_SMALL = 512
"""Bytes below which compressing is no use."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, ready to be sent."""

    kind: str
    plain: bytes
    squeezed: bytes
    """By gzip; empty where that is no use."""
    tag: str
    """Changes with the content: a browser asks with it whether what it has still holds."""


def asset(name: str, content: bytes) -> Asset:
    """Make one."""
    suffix = Path(name).suffix
    squeezed = b""
    if suffix in _SQUEEZED and len(content) >= _SMALL:
        squeezed = gzip.compress(content, mtime=0)
    tag = hashlib.blake2b(content, digest_size=12).hexdigest()
    return Asset(PACK_TYPES.get(suffix, ANY_TYPE), content, squeezed if len(squeezed) < len(content) else b"", tag)


def assets(kiosk: Path, avatar: Path) -> dict[str, Asset]:
    """Everything that a screen may ask for, by path (with its query where that counts)."""
    return dict([*_of_page(kiosk), *_of_pack(kiosk, avatar)])


def _of_page(kiosk: Path) -> Iterator[tuple[str, Asset]]:
    root = kiosk.resolve()
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        inside = file.resolve().is_relative_to(root)  # a link that leads out is no file of the page
        if file.is_file() and inside and file.suffix in TYPES and not any(part[0] == "." for part in name.split("/")):
            found = asset(name, file.read_bytes())
            yield f"/kiosk/{name}", found
            if name in _ALSO:
                yield _ALSO[name], found


def _of_pack(kiosk: Path, avatar: Path) -> Iterator[tuple[str, Asset]]:
    from avatars.pack import read_pack, rig_json

    pack, place = read_pack(avatar), f"/avatars/{avatar.name}"
    yield "/avatars/rig.json", asset("rig.json", rig_json())
    yield f"{place}/avatar.json", asset("avatar.json", pack.as_json())
    for name in sorted(pack.files):
        yield f"{place}/{name}", asset(name, (avatar / name).read_bytes())
    if (sheet := kiosk / "sheet.html").is_file():
        yield f"{place}?sheet", asset(sheet.name, sheet.read_bytes())
