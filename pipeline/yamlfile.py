"""YAML files with line numbers, and every error of a file in one go, each with its key's path and line."""

import difflib
import os
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from pipeline.errors import ConfigError
from pipeline.settings import is_key

Keys = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C is eight times as fast."""
_NO_KEYS = "a key must not stand in a file: write ${NAME} and set NAME in the environment"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class YamlFile:
    """What a file says: `data`, and the line of each key in `lines` (by path)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Keys, int] = {}
        self.problems: list[str] = []
        self.from_environment: set[Keys] = set()
        self.written: set[Keys] = set()
        """Of those: which have a default in the file that is not empty."""
        self.missing: dict[Keys, str] = {}
        """What the environment lacks: a problem only for who reads that section."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise ConfigError("config-unreadable", f"{path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise ConfigError("config-unreadable", f"{path}: is not UTF-8 text ({error.reason})") from error
        self.data: Any = self._parse(text)

    def _parse(self, text: str) -> Any:
        try:
            root = yaml.compose(text, Loader=_LOADER)
            plain = yaml.load(text, Loader=_LOADER)  # noqa: S506  it is a safe loader
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{self.path}:{mark.line + 1}" if mark else str(self.path)
            problem = getattr(error, "problem", None) or str(error).split("\n", maxsplit=1)[0]
            raise ConfigError("config-not-yaml", f"{where}: not YAML: {problem}") from error
        if root is not None:
            self._note_lines(root, ())
        return self._filled(plain, ())

    def _note_lines(self, node: yaml.Node, keys: Keys) -> None:
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    self.problem((*keys, key.value), "stands here twice", key.start_mark.line + 1)
                seen.add(key.value)
                self.lines[*keys, key.value] = key.start_mark.line + 1
                self._note_lines(value, (*keys, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._note_lines(item, (*keys, index))

    def _filled(self, value: Any, keys: Keys) -> Any:
        """`${NAME}` and `${NAME:-default}` are replaced from the environment."""
        if isinstance(value, dict):
            return {key: self._filled(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*keys, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not _VARIABLE.search(value):
            return value
        self.from_environment.add(keys)
        for name, default in _VARIABLE.findall(value):
            if default:
                self.written.add(keys)
            if name not in os.environ and not default and ":-" not in value:
                self.missing[keys] = f"the environment has no {name}: set it, or write ${{{name}:-default}}"
        return _VARIABLE.sub(lambda match: os.environ.get(match[1], match[2] or ""), value)

    def without_environment(self) -> dict[str, Any]:
        """What the file says, less what came from the environment: its secrets are there."""

        def clean(value: Any, keys: Keys) -> Any:
            if isinstance(value, dict):
                return {key: clean(item, (*keys, key)) for key, item in value.items()}
            if isinstance(value, list):
                return [clean(item, (*keys, index)) for index, item in enumerate(value)]
            return "(from the environment)" if keys in self.from_environment else value

        cleaned: dict[str, Any] = clean(self.data, ())
        return cleaned

    def line(self, keys: Keys) -> int:
        """Line of a key, or of the nearest one above it."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)

    def problem(self, keys: Keys, text: str, line: int | None = None) -> None:
        """Note what is wrong with a key."""
        path = ".".join(map(str, keys)) or "(the file)"
        note = f"{self.path}:{line or self.line(keys)}: {path}: {text}"
        if note not in self.problems:
            self.problems.append(note)

    def read(self, model: type[BaseModel], data: Any, keys: Keys = (), skip: tuple[str, ...] = ()) -> Any:
        """`data` as a `model`, or None when problems were noted. Keys in `skip` belong to somebody else."""
        if not isinstance(data, dict):
            self.problem(keys, "should hold keys and values")
            return None
        own = {key: value for key, value in data.items() if key not in skip}
        before = len(self.problems)
        for place, text in self.missing.items():
            if place[: len(keys)] == keys and (place == keys or place[len(keys)] not in skip):
                self.problem(place, text)
        self._refuse_secrets(model, own, keys)
        try:
            value = model.model_validate(own, context={"base": self.path.parent})
        except ValidationError as error:
            for wrong in error.errors():
                self._explain(model, keys, (*wrong["loc"],), wrong["type"], wrong["msg"], skip)
            return None
        return value if len(self.problems) == before else None

    def _explain(
        self, model: type[BaseModel], keys: Keys, place: Keys, kind: str, text: str, skip: tuple[str, ...]
    ) -> None:
        whole = (*keys, *place)
        if whole in self.missing:
            return  # that it is missing says all
        if kind == "extra_forbidden":
            known = [*_known_keys(model, place[:-1]), *(skip if len(place) == 1 else ())]
            near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
            self.problem(whole, f"unknown key; {hint}")
        elif kind == "missing":
            self.problem(whole, "is missing")
        else:
            self.problem(whole, text.removeprefix("Value error, "))

    def _refuse_secrets(self, model: type[BaseModel], data: dict[str, Any], keys: Keys) -> None:
        for name, field in model.model_fields.items():
            value, place = data.get(name), (*keys, name)
            kinds = _kinds(field.annotation)
            if SecretStr in kinds and self._holds(name, value, place, secret=True):
                self.problem(place, _NO_KEYS)
            items = {(*place, at): item for at, item in enumerate(value)} if isinstance(value, list) else {}
            inside = _models(kinds)
            for where, item in (items or {place: value}).items():
                if isinstance(item, dict):
                    for inner in inside:
                        self._refuse_secrets(inner, item, where)
                if not inside:
                    self._refuse_keys(item, where)

    def _holds(self, name: str, value: Any, place: Keys, *, secret: bool) -> bool:
        """A key stands in the file, be it as the default of a variable."""
        there = place not in self.from_environment or place in self.written
        return there and bool(value if secret else is_key(name, value))

    def _refuse_keys(self, value: Any, place: Keys) -> None:
        """The same inside dictionaries of free names: headers, further fields of a request, a program's environment."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                self._refuse_keys(item, (*place, index))
        for name, item in value.items() if isinstance(value, dict) else ():
            if self._holds(str(name), item, (*place, name), secret=False):
                self.problem((*place, name), _NO_KEYS)
            self._refuse_keys(item, (*place, name))


def _kinds(annotation: Any) -> set[Any]:
    """A type with those that it is made of: of `tuple[Endpoint, ...] | None`, `Endpoint` too."""
    inner = getattr(annotation, "__args__", ())
    return {annotation}.union(*map(_kinds, inner)) if inner else {annotation}


def _models(kinds: set[Any]) -> list[type[BaseModel]]:
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _known_keys(model: type[BaseModel], place: Keys) -> list[str]:
    """Keys of the model that stands at `place` inside `model`."""
    for name in place:
        field = model.model_fields.get(str(name))
        inner = _models(_kinds(field.annotation)) if field else []
        model = inner[0] if inner else model
    return list(model.model_fields)
