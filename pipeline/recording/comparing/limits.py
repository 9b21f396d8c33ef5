"""Thresholds: what may differ, as a command's words or an `expect.yaml` give it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.settings import FROZEN
from pipeline.yamlfile import YamlFile

EXPECT = "expect.yaml"
_BOUND = re.compile(r"([+-]?)([0-9]{1,9}(?:\.[0-9]{1,9})?)(%|ms|s|)")
Kind = Literal["percent", "more", "at most"]


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that a value of B may be, by what A has, or by itself."""

    kind: Kind
    value: float
    """Percent; or ms or money, more than A's or in all."""
    text: str
    """As it was given."""

    def limit(self, before: float | None) -> float | None:
        """The most, where A has `before`; None when it hangs on what A has not."""
        if self.kind == "at most":
            return self.value
        if before is None:
            return None
        return before * (1 + self.value / 100) if self.kind == "percent" else before + self.value


def milliseconds(given: object) -> Bound | None:
    """`+10%`, `+50ms`, `-0.1s`, `800ms`, `1.2s`. ValueError says what it should be."""
    return _bound(given, ("ms", "s"), "should be +10%, +50ms or 800ms")


def money(given: object) -> Bound | None:
    """`+20%`, `+0.01`, `0.05`. ValueError says what it should be."""
    return _bound(given, ("",), "should be +20%, +0.01 or 0.05")


def _bound(given: object, units: tuple[str, ...], should: str) -> Bound | None:
    if given is None:
        return None
    text = str(given).strip()
    match = _BOUND.fullmatch(text)
    if not match or isinstance(given, bool) or match[3] not in (*units, "%") or (match[3] == "%" and not match[1]):
        raise ValueError(f"{text!r} {should}")
    value = float(match[2]) * (1000 if match[3] == "s" else 1) * (-1 if match[1] == "-" else 1)
    kind: Kind = "percent" if match[3] == "%" else "more" if match[1] else "at most"
    return Bound(kind, value, text)


def rate(given: object) -> float | None:
    """`0.1` or `10%`. ValueError says what it should be."""
    return None if given is None else _number(given, 0.0, "should be from 0 to 1, as 0.1, or 10%")


def likeness(given: object) -> float | None:
    """`0.9`, a correlation. ValueError says what it should be."""
    return None if given is None else _number(given, -1.0, "should be from -1 to 1, as 0.9")


def _number(given: object, least: float, should: str) -> float:
    text = str(given).strip()
    percent = least == 0 and text.endswith("%")
    try:
        value = float(text.removesuffix("%")) / 100 if percent else float(text)
    except ValueError:
        value = least - 1
    if isinstance(given, bool) or not least <= value <= 1:
        raise ValueError(f"{text!r} {should}")
    return value


Rate = Annotated[float | None, BeforeValidator(rate)]
Milliseconds = Annotated[Bound | None, BeforeValidator(milliseconds)]


class Thresholds(BaseModel):
    """What must hold; None and False ask for nothing."""

    model_config = FROZEN
    max_wer: Rate = None
    max_cer: Rate = None
    max_latency_p50: Milliseconds = None
    max_latency_p95: Milliseconds = None
    max_cost: Annotated[Bound | None, BeforeValidator(money)] = None
    min_viseme_correlation: Annotated[float | None, BeforeValidator(likeness)] = None
    max_closure_errors: int | None = Field(None, ge=0)
    same_turns: bool = False
    same_words: bool = False
    same_replies: bool = False
    same_emotions: bool = False
    same_interruptions: bool = False
    no_new_apologies: bool = False
    no_new_failures: bool = False

    def overridden(self, other: "Thresholds") -> "Thresholds":
        """With all that `other` says, also where it lifts something."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


def option(name: str) -> str:
    """`--max-wer` of `max_wer`."""
    return f"--{name.replace('_', '-')}"


def from_words(given: Mapping[str, Any]) -> Thresholds:
    """Of the command's words, by the names of the fields. ConfigError `threshold-invalid` names the first wrong one."""
    asked = {name: value for name, value in given.items() if value is not None and value is not False}
    try:
        return Thresholds.model_validate(asked)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = option(str(wrong["loc"][0]))
        text = wrong["msg"].removeprefix("Value error, ")
        raise ConfigError("threshold-invalid", f"{name}: {text}") from error


@dataclass(frozen=True, slots=True)
class Expected:
    """What an `expect.yaml` says."""

    thresholds: Thresholds
    reference: Path | None = None


def beside(folder: Path) -> Expected:
    """Of the `expect.yaml` in a recording's folder, where there is one. ConfigError `expect-invalid` lists every
    problem with its key and line.
    """
    path = folder / EXPECT
    if not path.exists():
        return Expected(Thresholds())
    file = YamlFile(path)
    data = {} if file.data is None else file.data
    found = file.read(Thresholds, data, skip=("reference",))
    reference = data.get("reference") if isinstance(data, dict) else None
    if reference is not None and not isinstance(reference, str):
        file.problem(("reference",), "should be the name of a file beside it")
    if found is None or file.problems:
        raise ConfigError("expect-invalid", "\n".join(file.problems))
    return Expected(found, folder / reference if reference else None)
