"""Entries from a YAML file, each problem with its line."""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.envelope import Language
from pipeline.settings import FROZEN
from stages.reply._entries import Entry, Found, Known

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: eight times as fast."""


class _File(BaseModel):
    model_config = FROZEN

    language: Language
    entries: tuple[Entry, ...]


def read_yaml(path: Path) -> Found:
    """`language` and `entries` of one file. Nothing is raised: what is wrong is in `problems`."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        content = loader.construct_document(root) if root else None
    except UnicodeDecodeError as error:
        return _broken(path, 1, f"this is not UTF-8 (byte {error.start}); save the file as UTF-8")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _broken(path, mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        return _broken(path, 1, f"this is not YAML: {error}")
    if not isinstance(root, yaml.MappingNode):
        return _broken(path, 1, "a knowledge file begins with 'language:' and 'entries:'")
    return _validated(path, root, content)


def _broken(path: Path, line: int, text: str) -> Found:
    return Found(problems=(f"{path.name}:{line}: {text}",))


def _validated(path: Path, root: yaml.MappingNode, content: Any) -> Found:
    twice = [
        f"{path.name}:{line}: the key '{key}' stands twice here; only one of them would count"
        for key, line in _repeated(root)
    ]
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        return Found(problems=(*twice, *(_told(path, root, dict(one)) for one in error.errors())))
    lines = [node.start_mark.line + 1 for node in _child(root, "entries").value]
    known = [
        Known(entry=entry, language=file.language, file=path.name, line=line)
        for entry, line in zip(file.entries, lines, strict=True)
    ]
    return Found(known=tuple(known), problems=tuple(twice))


def _told(path: Path, root: yaml.Node, error: dict[str, Any]) -> str:
    place = error["loc"]
    key = str(place[-1])
    line = _line(root, place)
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    match error["type"]:
        case "extra_forbidden":
            fields = _File.model_fields if len(place) == 1 else Entry.model_fields
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.0)
            what = f"the key '{key}' is not known here; did you mean '{near[0]}'?"
        case "missing":
            what = f"'{dotted}' is missing"
        case "string_too_short" | "too_short":
            what = f"'{dotted}' is empty; write it, or take the entry out"
        case "string_type":
            what = f"'{dotted}' must be text; put it in quotes"
        case _:
            what = f"'{dotted}': {error['msg']}"
    return f"{path.name}:{line}: {what}"


def _child(node: yaml.Node, part: str | int) -> yaml.Node:
    """The value under a key or an index; the node itself where there is none."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), node)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return node


def _line(root: yaml.Node, place: tuple[str | int, ...]) -> int:
    node = root
    for part in place:
        node = _child(node, part)
    return int(node.start_mark.line) + 1


def _repeated(node: yaml.Node) -> list[tuple[str, int]]:
    """Keys that stand twice in one mapping: YAML forbids them, PyYAML takes the last."""
    if isinstance(node, yaml.SequenceNode):
        return [found for child in node.value for found in _repeated(child)]
    if not isinstance(node, yaml.MappingNode):
        return []
    found, seen = [], set()
    for key, value in node.value:
        if str(key.value) in seen:
            found.append((str(key.value), key.start_mark.line + 1))
        seen.add(str(key.value))
        found += _repeated(value)
    return found
