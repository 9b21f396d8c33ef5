"""The log: one line an event, for people or for machines.

What the project logs begins with the event's name, then `key=value` pairs, then words:
`bus.away link=k-1 broker=mqtt://hall: connection refused`.
"""

import json
import logging
import re
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Style = Literal["human", "json"]
Value = str | int | float
OURS = ("time", "level", "event", "text")
"""Keys of a JSON line that no pair may take: `text=…` of an event stands there as `text_`."""
IDS = frozenset(
    {"session", "cause", "id", "boot", "node", "edge", "screen", "link", "version", "stage", "engine", "code", "path"}
)
"""Keys whose values are names, even when one happens to consist of digits."""

_EVENT = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)+(?=[\s:]|$)", re.ASCII)
_PAIR = re.compile(
    r"""\s+([A-Za-z_][\w.-]*)=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S*)(?=[\s:]|$)""", re.ASCII | re.DOTALL
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")
"""Of so many digits that no reader of JSON rounds it; `007` and `1e3` are more likely names."""


class Event(NamedTuple):
    """What a line says."""

    name: str
    """'' when it does not begin with one: it comes from somebody else's code."""
    fields: dict[str, Value]
    text: str
    """The words after the pairs."""


def parse(line: str) -> Event:
    """Take a logged line apart. Of pairs with the same key the first counts, and the words begin with the second."""
    begun = _EVENT.match(line)
    if begun is None:
        return Event("", {}, line)
    fields: dict[str, Value] = {}
    at = begun.end()
    while (pair := _PAIR.match(line, at)) is not None and pair[1] not in fields:
        value = pair[2]
        ends = value.endswith(":")
        fields[pair[1]] = _value(pair[1], value[:-1] if ends else value)
        at = pair.end() - ends
        if ends:
            break
    return Event(begun[0], fields, line[at:].removeprefix(":").strip())


def _value(key: str, text: str) -> Value:
    if key not in IDS and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


class Human(logging.Formatter):
    """`HH:MM:SS LEVEL line`; a traceback stands below it."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {_one_line(_line(record))}"
        return "\n".join([head, *_below(self, record)])


class Json(logging.Formatter):
    """One JSON object a line, in ASCII: no reader can take a sign within it for the line's end."""

    def format(self, record: logging.LogRecord) -> str:
        event = parse(_line(record))
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": event.name or record.name,
            **{f"{key}_" if key in OURS else key: value for key, value in event.fields.items()},
        }
        text = "\n".join([*([event.text] if event.text else []), *_below(self, record)])
        return json.dumps(said | {"text": text} if text else said)


def _line(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a mistake in a log call is no reason to lose what it has to say
        return f"{record.msg} (its arguments do not fit)"


def _below(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    """The traceback and the stack, where there are some."""
    raised = formatter.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
    stack = formatter.formatStack(record.stack_info) if record.stack_info else ""
    return [part for part in (raised, stack) if part]


def _one_line(text: str) -> str:
    """Line ends, and what a terminal would obey, shown as their codes."""
    return "".join(
        sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else repr(sign)[1:-1] for sign in text
    )


def setup(level: str, style: Style, *, words: bool) -> None:
    """Log to stderr, from `level` ("debug", "info", "warning", "error") on.

    Records with `extra={"words": True}` hold what a visitor said or heard: they are dropped unless `words`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if style == "json" else Human())
    handler.addFilter(lambda record: words or not getattr(record, "words", False))
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
