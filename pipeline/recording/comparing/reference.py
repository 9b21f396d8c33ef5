"""What was really said: read from a file, turn by turn."""

import json
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.yamlfile import YamlFile

YAML = (".yaml", ".yml")


def read_reference(path: Path) -> tuple[str, ...]:
    """The words of each spoken turn, in their order.

    YAML or JSON: a list of texts, or `turns:` with texts or with `says` (as a `visit.yaml` has it; what has `cough`
    is left out). Any other file: a line each; blank ones and those that begin with `#` do not count.
    ConfigError: `config-unreadable`, `config-not-yaml`, `reference-invalid`.
    """
    if path.suffix.lower() in YAML:
        return _turns(path, YamlFile(path).data)
    text = _text(path)
    if path.suffix.lower() == ".json":
        try:
            return _turns(path, json.loads(text))
        except ValueError as error:
            raise ConfigError("reference-invalid", f"{path}: this is no JSON ({error})") from error
    lines = [line.strip() for line in text.splitlines()]
    return _some(path, [line for line in lines if line and not line.startswith("#")])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError("config-unreadable", f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError("config-unreadable", f"{path}: is not UTF-8 text ({error.reason})") from error


def _turns(path: Path, data: Any) -> tuple[str, ...]:
    turns = data.get("turns") if isinstance(data, dict) else data
    if not isinstance(turns, list):
        raise ConfigError("reference-invalid", f"{path}: should be a list of texts, or hold `turns: [{{says: …}}]`")
    said = []
    for number, turn in enumerate(turns):
        if isinstance(turn, dict) and turn.get("cough"):
            continue
        text = turn.get("says") if isinstance(turn, dict) else turn
        if not isinstance(text, str):
            raise ConfigError("reference-invalid", f"{path}: turns[{number}] should be a text, or have `says: text`")
        said.append(text)
    return _some(path, said)


def _some(path: Path, said: list[str]) -> tuple[str, ...]:
    if not said:
        raise ConfigError("reference-invalid", f"{path}: says nothing: write what was said in each turn")
    return tuple(said)
