"""The tools of a Model Context Protocol server, by the official SDK (package `mcp`, extra `mcp`)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TypeVar

from pipeline.clock import Clock
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.settings import McpServer, installed

T = TypeVar("T")


class McpTool(NamedTuple):
    """A tool as its server tells of it."""

    name: str
    description: str
    parameters: dict[str, Any]


class ByMcp:
    """One server and the connection to it, made when it is first needed, and anew when it broke.

    The SDK's client must be left in the task that entered it, so a task of its own holds it. That task lives where the
    network is: on a virtual clock that is another loop (`Clock.outside`).
    """

    def __init__(self, server: McpServer, clock: Clock) -> None:
        """ConfigError `mcp-not-installed`."""
        installed()
        self._server, self._clock = server, clock
        self._client: Any = None
        self._held: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def tools(self) -> tuple[McpTool, ...]:
        """What it has and the config lets through, by name. TimeoutError; OSError and others of the SDK."""
        return await self._outside(self._tools, self._server.connect)

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call one of its tools. TimeoutError after the deadline."""

        async def work() -> ToolResult:
            from mcp import MCPError
            from mcp_types import CONNECTION_CLOSED

            try:
                return _result(await self._client.call_tool(name, arguments))
            except MCPError as error:
                if error.code == CONNECTION_CLOSED:
                    self._drop()
                raise

        return await self._outside(work, self._server.deadline)

    async def close(self) -> None:
        """Leave the server; one that was started here is stopped."""
        if self._held is not None:
            await self._outside(self._leave, self._server.connect, connect=False)

    async def _outside(self, work: Callable[[], Awaitable[T]], seconds: float, *, connect: bool = True) -> T:
        async def items(clock: Clock) -> AsyncIterator[T]:
            async with clock.timeout(seconds):
                if connect:
                    await self._connected()
                yield await work()

        async for item in self._clock.outside(items, seconds=self._server.seconds):
            return item
        raise AssertionError  # pragma: no cover

    async def _connected(self) -> None:
        if self._held is not None and not self._held.done():
            return
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        held = self._held = asyncio.create_task(self._hold(ready), name=f"mcp {self._server.name}")
        try:
            await asyncio.wait({ready, held}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # out of time
            self._drop()
            held.cancel()
            raise
        if held.done():
            self._drop()
            held.result()

    async def _hold(self, ready: "asyncio.Future[None]") -> None:
        """Be connected until it is over."""
        async with AsyncExitStack() as stack:
            self._client = await stack.enter_async_context(await self._made(stack))
            ready.set_result(None)
            await self._over.wait()

    async def _made(self, stack: AsyncExitStack) -> Any:
        """The SDK's client, not yet connected."""
        from mcp import Client, StdioServerParameters

        server = self._server
        if server.url is None:
            program, *arguments = server.command
            return Client(StdioServerParameters(command=program, args=arguments, env=dict(server.env)))
        if server.key is None:
            return Client(server.url)
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        headers = {"Authorization": f"Bearer {server.key.get_secret_value()}"}
        client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=server.deadline))
        return Client(streamable_http_client(server.url, http_client=client))

    def _drop(self) -> None:
        """What is connected is of no more use: the next call connects anew."""
        self._over.set()
        self._held = self._client = None

    async def _tools(self) -> tuple[McpTool, ...]:
        found: list[McpTool] = []
        cursor: str | None = None
        while True:
            page = await self._client.list_tools(cursor=cursor)
            found += [McpTool(tool.name, tool.description or "", dict(tool.input_schema)) for tool in page.tools]
            cursor = page.next_cursor
            if not cursor:
                break
        only = self._server.only
        return tuple(sorted(tool for tool in found if not only or tool.name in only))

    async def _leave(self) -> None:
        held = self._held
        self._drop()
        if held is not None:
            await asyncio.gather(held, return_exceptions=True)


def _result(answer: Any) -> ToolResult:
    """The texts of a result; pictures and sound are no use here."""
    texts = [part.text for part in answer.content if part.type == "text"]
    if not texts and answer.structured_content is not None:
        texts = [json.dumps(answer.structured_content, ensure_ascii=False)]
    return ToolResult("\n".join(texts), "tool-failed" if answer.is_error else "")
