"""What a model asks to have done, put together from a stream that is cut anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from stages.reply._usage import NOTHING, Usage

MOST_CALLS: Final = 8
"""Of one answer; a model that asks for more is not listened to further."""
LONGEST: Final = 16_000
"""Characters of one call's arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One function that the model wants called."""

    id: str
    """Names the call in the conversation: its result is given back under this id."""
    name: str
    arguments: str
    """JSON, as the model wrote it: not yet checked."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call: for the model, never for the voice."""

    text: str
    """What the model is told, also when the call failed."""
    error: str = ""
    """A stable code; empty where the call succeeded."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model's stream ended here, and goes on when it has the results."""

    calls: tuple[ToolCall, ...]
    usage: Usage = NOTHING
    """What it took to want them: the answer's last sentence tells the sum of all rounds."""
    cost: float = 0.0


class FunctionPart(BaseModel):
    """`function` of a delta."""

    name: str | None = None
    arguments: str | None = None


class CallPart(BaseModel):
    """One element of `choices[0].delta.tool_calls`."""

    index: int | None = None
    """Which of several calls; llama.cpp and some gateways leave it out when there is one."""
    id: str | None = None
    function: FunctionPart | None = None


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCalls:
    """Takes the `tool_calls` of deltas, gives whole calls.

    OpenAI's stream: the first part of a call has its index, id and name, the others have the index and a piece of
    the arguments; several calls may be interleaved. Seen besides: no index (a part with a new id begins a call, any
    other goes on with the last one), the id or the name repeated in each part, the name in pieces, arguments null,
    and all of it in one piece.
    """

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._last = -1

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, parts: Iterable[CallPart]) -> None:
        """Take what one delta holds."""
        for part in parts:
            call = self._call(part)
            if call is None:
                continue
            call.id = call.id or part.id or ""
            function = part.function or FunctionPart()
            name = function.name or ""
            if name != call.name:
                call.name += name
            if sum(map(len, call.arguments)) < LONGEST:
                call.arguments.append(function.arguments or "")

    def _call(self, part: CallPart) -> _Call | None:
        at = part.index
        if at is None:
            begins = not self._calls or (part.id and part.id != self._calls[self._last].id)
            at = len(self._calls) if begins else self._last
        if at not in self._calls and len(self._calls) >= MOST_CALLS:
            return None
        self._last = at
        return self._calls.setdefault(at, _Call())

    def end(self) -> tuple[ToolCall, ...]:
        """The calls in the order of their index. One without a name is none; one without an id gets its number."""
        return tuple(
            ToolCall(call.id or f"call_{at}", call.name, "".join(call.arguments).strip() or "{}")
            for at, call in sorted(self._calls.items())
            if call.name
        )
