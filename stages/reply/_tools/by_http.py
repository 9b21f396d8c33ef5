"""A tool that is an endpoint of an HTTP service."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

from pipeline.clock import Clock
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.settings import HttpTool

_LARGEST: Final = 1_000_000
"""Bytes of a body that are read; more is cut off."""
_PLACE = re.compile(r"\{(\w+)\}")


class ByHttp:
    """Asks the endpoint. No redirects, cookies or proxy of the environment: what is called is what is configured."""

    def __init__(self, tool: HttpTool, clock: Clock) -> None:
        self._tool, self._clock = tool, clock

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        """Its answer, as text. TimeoutError after the deadline."""
        items = self._clock.outside(lambda clock: self._items(clock, arguments), seconds=self._tool.seconds)
        async for result in items:
            return result
        raise AssertionError  # pragma: no cover

    async def close(self) -> None:
        """Nothing is kept open: a tool is called rarely, and a service may be gone by then."""

    async def _items(self, clock: Clock, arguments: dict[str, Any]) -> AsyncIterator[ToolResult]:
        import aiohttp

        url, rest = _filled(self._tool.url, arguments)
        body: dict[str, Any] = {"params": _query(rest)} if self._tool.method == "GET" else {"json": rest}
        headers = dict(self._tool.headers)
        if self._tool.key is not None and self._tool.key.get_secret_value():
            headers["Authorization"] = f"Bearer {self._tool.key.get_secret_value()}"
        try:
            async with (
                clock.timeout(self._tool.deadline),
                aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as session,
                session.request(self._tool.method, url, allow_redirects=False, **body) as response,
            ):
                data = await _read(response.content)
                text = data.decode(response.charset or "utf-8", errors="replace")
                status = response.status
        except aiohttp.ClientError as error:
            yield ToolResult(f"The service could not be reached ({type(error).__name__}).", "tool-failed")
            return
        yield ToolResult(text) if status < 300 else ToolResult(f"The service answered {status}: {text}", "tool-failed")


async def _read(content: Any) -> bytes:
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) >= _LARGEST:
            break
    return bytes(body[:_LARGEST])


def _filled(url: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address with its places filled, and the arguments that are left. No value leaves its place in the path."""
    rest = dict(arguments)
    parts = _PLACE.split(url)
    for at in range(1, len(parts), 2):
        value = _plain(arguments.get(parts[at], ""))
        rest.pop(parts[at], None)
        parts[at] = quote(value, safe="") if value.strip(".") else ""
    return "".join(parts), rest


def _query(arguments: dict[str, Any]) -> dict[str, str]:
    return {key: _plain(value) for key, value in arguments.items() if value is not None}


def _plain(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
