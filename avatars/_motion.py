"""The motion files of a pack: curves, and how each of ARKit's shapes bends them. `Motion` in the page draws them."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError

from avatars._rig_tables import ARKIT
from pipeline.envelope import Part

Curve = tuple[float, ...]
"""x y x y … in the art's units."""


class Fix(Part):
    """Deltas at the product of several weights."""

    of: tuple[str, ...]
    curves: dict[str, Curve]


class Outline(Part):
    """A path: curves one after the other, `-name` backwards; closed unless `open`."""

    curves: tuple[str, ...]
    open: bool = False
    tufts: bool = False
    """Every three points are a stroke of its own: root, bend and tip."""


class MotionFacts(Part):
    """A motion file."""

    curves: dict[str, Curve]
    keys: dict[str, dict[str, Curve]] = {}
    fixes: tuple[Fix, ...] = ()
    order: tuple[tuple[str, str, float, Literal["upper", "lower", "both"]], ...] = ()
    """The second curve lies at least so many units below the first, less at the ends; which of them gives way."""
    sharp: tuple[str, ...] = ()
    paths: dict[str, Outline] = {}
    fades: dict[str, dict[str, float]] = {}
    moves: dict[str, dict[str, dict[str, float]]] = {}


@dataclass(frozen=True)
class Motion:
    """A motion file as it was found."""

    curves: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    """Ids in the art that it moves."""
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def read(cls, folder: Path, name: str) -> Self:
        """Never raises: what is wrong is in `problems`."""
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            return cls(problems=(f"{name} is not in {folder}",))
        try:
            facts = MotionFacts.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            return cls(problems=(f"{name}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}",))
        elements = frozenset((*facts.paths, *facts.fades, *facts.moves))
        return cls(frozenset(facts.curves), elements, tuple(f"{name}: {text}" for text in _wrong(facts)))

    def missing(self, art: str) -> Iterator[str]:
        """Elements that the art does not have."""
        ids = set(re.findall(r'\sid="([^"]+)"', art))
        yield from (f"the art has no element with the id {name!r}" for name in sorted(self.elements - ids))


def _wrong(facts: MotionFacts) -> Iterator[str]:
    for place, deltas in _deltas(facts):
        for curve, shift in deltas.items():
            if len(shift) != len(facts.curves.get(curve, ())):
                yield f"{place}.{curve} should have as many numbers as the curve"
            if not all(map(math.isfinite, shift)):
                yield f"{place}.{curve} holds a number that is none"
    for name in sorted(_weights(facts) - {*ARKIT, "rest"}):
        yield f"{name!r} is none of ARKit's shapes"
    used = {name.removeprefix("-") for outline in facts.paths.values() for name in outline.curves}
    used |= {name for upper, lower, *_ in facts.order for name in (upper, lower)}
    for name in sorted((used | set(facts.sharp)) - set(facts.curves)):
        yield f"there is no curve {name!r}"


def _deltas(facts: MotionFacts) -> Iterator[tuple[str, Mapping[str, Curve]]]:
    yield "curves", facts.curves
    yield from ((f"keys.{name}", deltas) for name, deltas in facts.keys.items())
    yield from ((f"fixes.{index}", fix.curves) for index, fix in enumerate(facts.fixes))


def _weights(facts: MotionFacts) -> set[str]:
    tables: list[Mapping[str, Any]] = [facts.keys, *facts.fades.values()]
    tables += [terms for move in facts.moves.values() for terms in move.values()]
    return {name for table in tables for name in table} | {name for fix in facts.fixes for name in fix.of}


def motion_text(facts: Mapping[str, Any]) -> str:
    """A motion file's text: the same bytes for the same facts."""
    return json.dumps(facts, separators=(",", ":"), ensure_ascii=False) + "\n"
