"""An avatar pack: what `avatar.yaml` says it is made of, checked, and the only files of it that may be served."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from avatars import _rig_tables as tables
from avatars._motion import Motion
from pipeline.envelope import Part
from pipeline.errors import ConfigError
from pipeline.yamlfile import YamlFile

Box = tuple[float, float, float, float]
"""x, y, width and height in the art's units."""
Place = tuple[float, float]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_VIEW_BOX = re.compile(r'<svg[^>]*\sviewBox="([-\d.]+)[ ,]+([-\d.]+)[ ,]+([-\d.]+)[ ,]+([-\d.]+)"')
_UNSAFE = re.compile(
    r"<script|<foreignObject|<style|<!|\son\w+=|\sstyle=|href=\"(?!#)|url\((?!#)|javascript:", re.IGNORECASE
)
"""What an SVG of a pack may not hold: it stands in the page, whose policy forbids the same."""
_PICTURES = (".svg", ".jpg", ".png", ".webp")


def _inside(name: str) -> str:
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("should name a file in the pack: lower-case letters, digits, '.', '-', '_', folders by '/'")
    return name


FileName = Annotated[str, AfterValidator(_inside)]


class Words(Part):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Lag(Part):
    """A layer that comes after the head on a spring."""

    hz: float = Field(gt=0, le=5)
    damping: float = Field(gt=0, le=2)
    turn: float = Field(ge=-3, le=3)
    """Degrees about the layer's pivot per degree that the head is ahead."""


class LayerFacts(Part):
    """One sheet of the picture."""

    id: str = Field(min_length=1)
    art: FileName
    motion: FileName | None = None
    """How its shapes move; without it the layer only moves as a whole."""
    bone: Literal["still", "chest", "neck", "head"] = "head"
    depth: float = Field(0.0, ge=-300, le=300)
    """Units before the head's axis: how far it goes with a turn of the head."""
    pivot: Place = (0.0, 0.0)
    foreshorten: float = Field(0.7, ge=0, le=1)
    """How much narrower a turned head makes it."""
    jaw: float = Field(0.0, ge=0, le=1)
    """How much longer an open jaw makes it, from its pivot."""
    lag: Lag | None = None


class Bone(Part):
    """A part of the body that turns."""

    pivot: Place
    slide: float = 0.0
    """Units that a turn of 90° would take it aside."""
    dip: float = 0.0
    """Units that a bow of 90° would take it down."""


class Bones(Part):
    """The two that there are; the neck is halfway between them."""

    chest: Bone
    head: Bone


class Stand(Part):
    """Where a gesture puts a layer or bone."""

    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0
    grow: float = 0.0


class Swing(Part):
    """To and fro while the gesture lasts."""

    turn: float
    hz: float = Field(gt=0, le=5)


class GesturePart(Part):
    """A layer or bone that takes part in a gesture."""

    target: str
    rest: Stand = Stand()
    held: Stand = Stand()
    swing: Swing | None = None


class Mouth(Part):
    """Which curves are the inner lips, and how many units apart they get at most."""

    upper: str
    lower: str
    open: float = Field(gt=0)


class Views(Part):
    """What is framed on an upright and on a wide screen."""

    portrait: Box
    landscape: Box
    head: Box
    """For contact sheets."""


class Backgrounds(Part):
    """Pictures behind the figure, if the pack brings them."""

    portrait: FileName
    landscape: FileName


class Facts(Part):
    """`avatar.yaml`."""

    format: Literal[1]
    name: Words
    about: Words
    licence: str = Field(min_length=1)
    credits: tuple[str, ...] = Field(min_length=1)
    views: Views
    background: Backgrounds | None = None
    bones: Bones
    layers: tuple[LayerFacts, ...] = Field(min_length=1)
    """Back to front."""
    mouth: Mouth
    gestures: dict[str, tuple[GesturePart, ...]] = {}
    expressions: tuple[str, ...] = Field(min_length=1)
    moods: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Pack:
    """A folder that was read and is whole."""

    folder: Path
    facts: Facts
    boxes: dict[str, Box]
    """Of each layer, by id."""

    @cached_property
    def files(self) -> frozenset[str]:
        """The only files of the folder that may be served."""
        return frozenset(_named(self.facts))

    def as_json(self) -> bytes:
        """What the page loads."""
        data = self.facts.model_dump(mode="json", exclude_none=True)
        for layer in data["layers"]:
            layer["box"] = self.boxes[layer["id"]]
        return _compact(data)


def read_pack(folder: Path) -> Pack:
    """Of a folder with an `avatar.yaml`; everything that is wrong in it is said in one go."""
    try:
        file = YamlFile(folder / "avatar.yaml")
    except ConfigError as error:
        raise ConfigError("avatar-invalid", f"{error.text}: a pack is a folder with an avatar.yaml") from error
    facts = file.read(Facts, file.data)
    boxes: dict[str, Box] = {}
    if isinstance(facts, Facts):
        for problem in (*_mismatches(facts), *_wrong_files(folder, facts, boxes)):
            file.problem(*problem)
    if file.problems or facts is None:
        raise ConfigError("avatar-invalid", "\n".join(file.problems))
    return Pack(folder, facts, boxes)


def rig_json() -> bytes:
    """The tables of `avatars.rig`, for the page: one source for both."""
    return _compact(
        {
            "arkit": tables.ARKIT,
            "visemes": tables.VISEMES,
            "arkit_visemes": tables.ARKIT_VISEMES,
            "arkit_expressions": tables.ARKIT_EXPRESSIONS,
            "opening": sorted(tables.OPENING),
            "head": tables.HEAD,
        }
    )


def _compact(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _named(facts: Facts) -> Iterator[str]:
    for layer in facts.layers:
        yield layer.art
        if layer.motion:
            yield layer.motion
    if facts.background:
        yield from (facts.background.portrait, facts.background.landscape)


Problem = tuple[tuple[str | int, ...], str]
"""The path of a key, and what is wrong with it."""


def _mismatches(facts: Facts) -> Iterator[Problem]:
    ids = [layer.id for layer in facts.layers]
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield ("layers", index, "id"), f"{name!r} names two layers"
    for gesture, parts in facts.gestures.items():
        if gesture not in tables.HEAD:
            yield ("gestures", gesture), f"no such gesture; there are {', '.join(sorted(tables.HEAD))}"
        for index, part in enumerate(parts):
            if part.target not in {*ids, "chest"}:
                yield ("gestures", gesture, index, "target"), f"no layer is called {part.target!r}"
    for index, label in enumerate(facts.expressions):
        if label not in tables.ARKIT_EXPRESSIONS:
            yield ("expressions", index), f"{label!r} is no expression"


def _wrong_files(folder: Path, facts: Facts, boxes: dict[str, Box]) -> Iterator[Problem]:
    curves: set[str] = set()
    for index, layer in enumerate(facts.layers):
        key = ("layers", index, "art")
        art, problem = _art(folder, layer.art)
        if problem:
            yield key, problem
        elif found := _VIEW_BOX.search(art):
            x, y, width, high = map(float, found.groups())
            boxes[layer.id] = (x, y, width, high)
        else:
            yield key, f"{layer.art} is no SVG with a viewBox"
        if layer.motion:
            motion = Motion.read(folder, layer.motion)
            curves |= set(motion.curves)
            yield from ((("layers", index, "motion"), text) for text in (*motion.problems, *motion.missing(art)))
    for name in ("upper", "lower"):
        if getattr(facts.mouth, name) not in curves:
            yield ("mouth", name), f"no motion has a curve {getattr(facts.mouth, name)!r}"
    for view in ("portrait", "landscape") if facts.background else ():
        _, problem = _art(folder, getattr(facts.background, view))
        if problem:
            yield ("background", view), problem


def _art(folder: Path, name: str) -> tuple[str, str]:
    """The text of a picture (empty for pixels), and what is wrong with it."""
    path = folder / name
    if path.suffix not in _PICTURES:
        return "", f"{name} should be one of {', '.join(_PICTURES)}"
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        return "", f"{name} is not in {folder}"
    if path.suffix != ".svg":
        return "", ""
    text = path.read_text(encoding="utf-8")
    unsafe = _UNSAFE.search(text)
    return text, f"{name} holds {unsafe[0].strip()!r}, which a page may not run or load" if unsafe else ""
