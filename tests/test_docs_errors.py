"""Every error code of the source is explained in docs/errors.md, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = re.compile(r"[a-z]+(-[a-z]+)+|poisoned")
RAISERS = ("Error", "Silent", "fault", "fail", "_give_up", "give_up", "lost", "unreadable", "failure")
"""How the names end of what takes a code as its argument."""


def codes_of(source: str) -> Iterator[str]:
    """Codes given to an error's class, to `code=`, or assigned to a name with 'code' in it."""
    for node in ast.walk(ast.parse(source)):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            values += node.args if name.endswith(RAISERS) and name != "setdefault" else []
            values += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        elif isinstance(node, ast.Assign) and any("code" in ast.unparse(target).lower() for target in node.targets):
            values.append(node.value)
        found = (part.value for value in values for part in ast.walk(value) if isinstance(part, ast.Constant))
        yield from (text for text in found if isinstance(text, str) and CODE.fullmatch(text))


def in_the_source() -> set[str]:
    """Of all three packages."""
    files = [path for folder in ("pipeline", "stages", "avatars") for path in (ROOT / folder).rglob("*.py")]
    return {code for path in files for code in codes_of(path.read_text(encoding="utf-8"))}


def in_the_docs() -> list[str]:
    """The first cells of the tables."""
    return re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_code_is_explained() -> None:
    assert in_the_source() - set(in_the_docs()) == set()


def test_nothing_is_explained_that_no_longer_happens() -> None:
    assert set(in_the_docs()) - in_the_source() == set()


def test_no_code_is_explained_twice() -> None:
    assert len(in_the_docs()) == len(set(in_the_docs()))


def test_codes_are_found_wherever_they_are_given() -> None:
    source = "raise ConfigError('a-b', x)\nf(code='c-d')\ncode = 'e-f' if x else 'g-h'\nself.fault('i-j')\nsay('k-l')"
    assert sorted(codes_of(source)) == ["a-b", "c-d", "e-f", "g-h", "i-j"]
