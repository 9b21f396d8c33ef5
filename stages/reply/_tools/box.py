"""All tools of an engine: what the model is told of them, and calling one within its bounds."""

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pipeline.clock import Clock
from pipeline.envelope import Language
from stages.reply._tools.by_http import ByHttp
from stages.reply._tools.by_mcp import ByMcp, McpTool
from stages.reply._tools.by_python import ByPython
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.schema import wrong
from stages.reply._tools.settings import HttpTool, McpServer, PythonTool

_LOGGER = logging.getLogger(__name__)
AGAIN: Final = 30.0
"""Seconds after which a server that did not tell its tools is asked again."""
_ODD = re.compile(r"[^A-Za-z0-9_-]")
_DESCRIBED: Final = 1000
"""Characters of a description that came from a server."""
SAID: Final[dict[str, str]] = {
    "tool-unknown": "There is no such function. Answer without it.",
    "tool-arguments": "The arguments are wrong: {what}. Correct them, or ask the visitor.",
    "tool-tentative": "This may not be done yet, since the visitor may still be speaking.",
    "tool-timeout": "There was no result in time. Answer without it, and say that it could not be looked up.",
    "tool-failed": "It did not work: {what}",
}
"""What the model is told of a call that came to nothing."""


class _Caller(Protocol):
    async def call(self, arguments: dict[str, Any]) -> ToolResult: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """A function that the model may call."""

    name: str
    description: dict[Language, str]
    parameters: dict[str, Any]
    tool: HttpTool | PythonTool | McpServer
    caller: _Caller


@dataclass(frozen=True, slots=True)
class _OfServer:
    """One tool of an MCP server."""

    server: ByMcp
    name: str

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        return await self.server.call(self.name, arguments)


class Toolbox:
    """Shared by all answers of an engine. A result is for the model alone; `_guard` keeps raw ones from the voice."""

    def __init__(self, tools: tuple[HttpTool | PythonTool | McpServer, ...], clock: Clock) -> None:
        """Connects to nothing yet. ConfigError `function-unknown`, `mcp-not-installed`."""
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._servers: dict[str, tuple[McpServer, ByMcp]] = {}
        self._untold: set[str] = set()
        self._asked = 0.0
        self._asking: asyncio.Task[None] | None = None
        for tool in tools:
            if isinstance(tool, McpServer):
                self._servers[tool.name] = (tool, ByMcp(tool, clock))
                self._untold.add(tool.name)
            else:
                caller = ByHttp(tool, clock) if isinstance(tool, HttpTool) else ByPython(tool, clock)
                self._known[tool.name] = _Known(tool.name, dict(tool.description), tool.parameters, tool, caller)

    async def warm(self) -> None:
        """Ask the MCP servers what they have. One that does not answer is logged, and asked again later."""
        self._asked = self._clock.now()
        asked = [self._ask(name) for name in sorted(self._untold)]
        await asyncio.gather(*asked)

    def refresh(self) -> None:
        """Before an answer: ask again, beside it, the servers that have not told their tools."""
        idle = self._asking is None or self._asking.done()
        if self._untold and idle and self._clock.now() >= self._asked + AGAIN:
            self._asking = asyncio.create_task(self.warm(), name="tools again")

    async def close(self) -> None:
        """Leave the servers."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await asyncio.gather(*(server.close() for _, server in self._servers.values()), return_exceptions=True)

    def specs(self, language: Language) -> list[dict[str, Any]]:
        """The request's `tools`, by name: the same bytes each time, since servers put them into the cached prefix."""
        return [
            {"type": "function", "function": {"name": known.name, "description": _described(known, language),
                                              "parameters": known.parameters}}
            for _, known in sorted(self._known.items())
        ]  # fmt: skip

    def line(self, name: str, language: Language) -> str:
        """What may be said while it works; '' for nothing."""
        known = self._known.get(name)
        return known.tool.line.get(language, "") if known else ""

    def waits(self, names: Iterable[str]) -> bool:
        """Whether one of them may only be called when it is sure that the visitor's turn is over."""
        return any(not self._known[name].tool.safe for name in names if name in self._known)

    async def call(self, name: str, arguments: str, *, tentative: bool) -> ToolResult:
        """Call a function as the model asked. Never raises for what a model, a service or a function does wrong."""
        known = self._known.get(name)
        if known is None:
            return _failed("tool-unknown")
        if tentative and not known.tool.safe:
            return _failed("tool-tentative")
        given = _parsed(arguments)
        problem = wrong(given, known.parameters) if given is not None else "they are no JSON object"
        if given is None or problem:
            return _failed("tool-arguments", problem)
        began = self._clock.measure()
        result = await self._called(known, given)
        ms = round(1000 * (self._clock.measure() - began))
        _LOGGER.info("tool.done name=%s error=%s chars=%d ms=%d", name, result.error or "-", len(result.text), ms)
        return result

    async def _called(self, known: _Known, arguments: dict[str, Any]) -> ToolResult:
        """Whatever it raises is its own failure: a tool is foreign code, and an answer goes on without it."""
        (result,) = await asyncio.gather(known.caller.call(arguments), return_exceptions=True)
        if isinstance(result, TimeoutError):
            return _failed("tool-timeout")
        if isinstance(result, BaseException):
            error = _innermost(result)
            _LOGGER.warning("tool.failed name=%s: %s: %s", known.name, type(error).__name__, error)
            return _failed("tool-failed", type(error).__name__)
        return _bounded(result, known.tool.most)

    async def _ask(self, name: str) -> None:
        settings, server = self._servers[name]
        tools: tuple[McpTool, ...] | BaseException
        (tools,) = await asyncio.gather(server.tools(), return_exceptions=True)
        if isinstance(tools, BaseException):
            error = _innermost(tools)
            _LOGGER.warning("tools.missing server=%s: %s: %s", name, type(error).__name__, error)
            return
        for tool in tools:
            known = _of_server(tool, settings, server)
            self._known.setdefault(known.name, known)
        self._untold.discard(name)


def _innermost(error: BaseException) -> BaseException:
    """What happened, out of the groups that task groups wrap around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _of_server(tool: McpTool, settings: McpServer, server: ByMcp) -> _Known:
    name = _ODD.sub("_", f"{settings.name}_{tool.name}")[:64]
    described = tool.description[:_DESCRIBED] or tool.name
    return _Known(name, {"zh": described, "en": described}, tool.parameters, settings, _OfServer(server, tool.name))


def _described(known: _Known, language: Language) -> str:
    return known.description.get(language) or next(iter(known.description.values()))


def _parsed(arguments: str) -> dict[str, Any] | None:
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _failed(code: str, what: str = "") -> ToolResult:
    return ToolResult(SAID[code].format(what=what), code)


def _bounded(result: ToolResult, most: int) -> ToolResult:
    """Cut to what the model may get. Nothing at all would be taken for a mistake by some templates."""
    text = result.text.strip() or "(empty)"
    return ToolResult(text if len(text) <= most else text[: most - 1] + "…", result.error)
