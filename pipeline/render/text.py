"""YAML as people like to read it: comments above, keys in the order given, strings that no parser takes for numbers."""

import re
from typing import Any

import yaml

_PLAIN = re.compile(r"(\.{0,2}/)?[A-Za-z_][\w./-]+", re.ASCII)
"""Strings that YAML 1.1 and 1.2 read alike (PyYAML quotes `off`, `null` and their like by itself)."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        """No anchors: each place says what it holds."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  PyYAML's signature
        """Lists stand to the right of their key."""
        super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _pair(dumper: yaml.SafeDumper, words: tuple[Any, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", words, flow_style=True)


_Dumper.add_representer(str, _string)
_Dumper.add_representer(tuple, _pair)
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def dump(data: dict[str, Any], indent: int = 0) -> str:
    """`data` as YAML; a tuple stands in one line, a list in as many as it has items."""
    written = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, indent=2)
    margin = " " * indent
    return "".join(f"{margin}{line}" if line.strip() else line for line in written.splitlines(keepends=True))


def comment(lines: list[str], indent: int = 0) -> str:
    """Each line behind a `#`; what would end a line is shown as its code."""
    shown = ("".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line) for line in lines)
    return "".join(f"{' ' * indent}# {line}".rstrip() + "\n" for line in shown)
