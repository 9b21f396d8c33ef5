"""JSON files and files of JSON lines, whose writer may have died."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import VisavisError


def unreadable(path: Path, line: int, what: str) -> VisavisError:
    """What is raised of a file that cannot be used."""
    return VisavisError("recording-unreadable", f"{path}:{line}: {what}; record the visit again")


def document(path: Path) -> Any:
    """A file that is JSON as a whole. VisavisError `recording-unreadable`."""
    return _parsed(path, _decoded(path, _bytes(path)), 1)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, 1, f"it cannot be opened ({error.strerror})") from error


def _decoded(path: Path, data: bytes, line: int = 1) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unreadable(path, line, f"it is not UTF-8 at byte {error.start}") from error


def _parsed(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise unreadable(path, line, f"this is no JSON ({error})") from error


def lines(path: Path, mended: list[str], *, needed: bool = True) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every line with its number. What stands after the last line break was being written when its writer died."""
    if not needed and not path.exists():
        return
    *whole, torn = _bytes(path).split(b"\n")
    if torn.strip() and _is_object(torn):
        whole.append(torn)
    elif torn:
        mended.append(f"{path.name}:{len(whole) + 1}: torn, left out ({len(torn)} bytes)")
    for number, data in enumerate(whole, 1):
        if data.strip():
            content = _parsed(path, _decoded(path, data, number), number)
            if not isinstance(content, dict):
                raise unreadable(path, number, "the line is no JSON object")
            yield number, content


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False
