"""Whether a machine may run a stage: what `place:` asks for, compared with the machine's facts."""

import difflib
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.facts import LABEL, NAMES, NUMBERS, Fact, Facts, arch_name

Wanted = str | int | bool | Sequence[str | int | bool]
"""One value that fits, or a list of which any fits."""

_NOTHING = ("none", "no", "off", "false")
"""Words that say absent: ours, and those that YAML 1.1 reads as false when they are not quoted."""
_SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq}
_COMPARISON = re.compile(r"\s*(>=|<=|>|<|=)?\s*([0-9]{1,18})\s*")
_USUAL = {
    "arch": ("x86_64", "aarch64"),
    "cpu": ("kunpeng", "intel", "amd", "hygon", "arm", "phytium", "ampere", "apple", "hisilicon", "other"),
    "npu": ("ascend", "none"),
    "gpu": ("nvidia", "none"),
    "role": ("edge", "node"),
}
"""What these facts are, unless a label says otherwise: a word that is nearly one of them is a slip of the pen."""


def misfits(place: Mapping[str, Wanted], facts: Facts) -> list[str]:
    """One sentence for each condition that the machine does not meet; empty: it may run the stage."""
    return [
        f"needs {name} {_shown(name, wanted)}; {_found(name, facts.named.get(name))}"
        for name, wanted in place.items()
        if not any(_meets(name, one, facts.named.get(name)) for one in _choices(wanted))
    ]


def problems(place: Mapping[str, Any]) -> list[str]:
    """What is wrong with a `place:` itself, whatever the machines are."""
    found: list[str] = []
    for name, wanted in place.items():
        wrong = _unknown(str(name)) or _empty(wanted) or next(filter(None, _wrong(str(name), _choices(wanted))), "")
        found += [f"{name}: {wrong}"] if wrong else []
    return found


def nowhere(places: Mapping[str, Mapping[str, Wanted]], nodes: Mapping[str, Facts]) -> dict[str, list[str]]:
    """Stages that no node can run, each with one sentence per node on why not. A node without a `node` is its key."""
    found: dict[str, list[str]] = {}
    for stage, place in places.items():
        reasons = {name: misfits(place, _named(name, facts)) for name, facts in nodes.items()}
        if all(reasons.values()):
            told = [f"{name}: {', and '.join(missing)}" for name, missing in reasons.items()]
            found[stage] = told or ["there is no node at all"]
    return found


def _named(name: str, facts: Facts) -> Facts:
    return facts if "node" in facts.named else facts.overridden({"node": name}, how="what it is called here")


def _choices(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, (list, tuple)) else (wanted,)


def _says_nothing(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def _absent(fact: Fact | None) -> bool:
    return fact is None or fact.value == 0 or _says_nothing(fact.value)


def _meets(name: str, wanted: Any, fact: Fact | None) -> bool:
    if _says_nothing(wanted):
        return _absent(fact)
    if wanted is True:
        return not _absent(fact)
    if fact is None:
        return False
    if name in NUMBERS:
        return _compares(wanted, fact.value)
    return _word(name, wanted) == _word(name, fact.value)


def _word(name: str, value: Any) -> str:
    text = str(value).strip().casefold()
    return arch_name(text) if name == "arch" else text


def _comparison(wanted: Any) -> tuple[str, int] | None:
    """Sign and number; a bare number means at least. None: it is no comparison."""
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        return ">=", wanted
    found = _COMPARISON.fullmatch(wanted) if isinstance(wanted, str) else None
    return (found[1] or ">=", int(found[2])) if found else None


def _compares(wanted: Any, value: str | int) -> bool:
    comparison = _comparison(wanted)
    if comparison is None or isinstance(value, str):
        return False
    sign, number = comparison
    return bool(_SIGNS[sign](value, number))


def _shown(name: str, wanted: Any) -> str:
    """As a reader says it: `>=4`, `none`, `intel or amd`."""
    words: list[str] = []
    for one in _choices(wanted):
        comparison = _comparison(one) if name in NUMBERS else None
        if comparison:
            words.append(f"{comparison[0]}{comparison[1]}")
        else:
            words.append("none" if _says_nothing(one) else "of any kind" if one is True else str(one))
    return " or ".join(words) or "out of an empty list"


def _found(name: str, fact: Fact | None) -> str:
    if fact is not None:
        return f"here it is {fact.value} ({fact.how})"
    key = name.removeprefix(LABEL)
    return f"nothing says what it is here, --label {key}=VALUE would"


def _unknown(name: str) -> str:
    """What is wrong with a name, empty if it is known."""
    if name in NAMES or (name.startswith(LABEL) and name != LABEL):
        return ""
    head, dot, rest = name.partition(".")
    if dot and difflib.get_close_matches(head, ["label"], cutoff=0.5):
        return f"unknown fact; did you mean '{LABEL}{rest or 'NAME'}'?"
    near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known facts: {', '.join(sorted(NAMES))}"
    return f"unknown fact; {hint} A label is written {LABEL}{name.replace(' ', '-') or 'NAME'}"


def _empty(wanted: Any) -> str:
    return "the list is empty, so no machine fits; name what does" if wanted in ([], ()) else ""


def _wrong(name: str, choices: Iterable[Any]) -> Iterable[str]:
    """What is wrong with each of the values, empty if nothing is."""
    for one in choices:
        if one is None:
            yield "has no value; for a machine without it write none"
        elif isinstance(one, float):
            yield f"{one} has lost its digits as a number; write it in quotes"
        elif not isinstance(one, (str, int)):
            yield "should be a value or a list of values"
        elif one is True or _says_nothing(one):
            yield ""
        elif name in NUMBERS:
            yield "" if _comparison(one) else f"'{one}' is no comparison; write a whole number, or '>=4', '<8', '=2'"
        else:
            yield _misspelt(name, str(one))


def _misspelt(name: str, word: str) -> str:
    if re.match(r"\s*[<>=]", word):
        return f"'{word}' compares, and {name} is a word; only {', '.join(NUMBERS)} are numbers"
    usual, spelt = _USUAL.get(name, ()), _word(name, word)
    near = difflib.get_close_matches(spelt, usual, n=1, cutoff=0.7)
    return "" if spelt in usual or not near else f"no machine says '{word}'; did you mean '{near[0]}'?"
