"""Functions for the tests of tools, and a real MCP server: `python tests/toolcraft.py` speaks on stdin and stdout."""

import threading
from typing import Any


def weather(city: str, days: int = 1) -> dict[str, Any]:
    """As JSON."""
    return {"city": city, "days": days, "sky": "晴"}


async def gate(hall: str) -> str:
    """As text."""
    return f"{hall} is open"


def breaks() -> str:
    """Raise what nobody expects."""
    raise ZeroDivisionError


def hangs() -> str:
    """Take for ever, in its thread."""
    threading.Event().wait(0.05)
    return "late"


def serve(*how: str) -> None:
    """An MCP server with a few tools."""
    import asyncio
    import os

    from mcp.server.mcpserver import MCPServer

    server = MCPServer("craft")

    @server.tool()
    def add(a: int, b: int) -> str:
        """Adds two numbers."""
        return str(a + b)

    @server.tool(name="odd.name")
    def odd() -> str:
        return os.environ.get("CRAFT", "nothing")

    @server.tool()
    def fail() -> str:
        raise ValueError

    @server.tool()
    def die() -> str:
        os._exit(1)

    @server.tool()
    async def slow() -> str:
        await asyncio.Event().wait()
        return "never"

    if how:
        server.run(transport="streamable-http", port=int(how[0]))
    else:
        server.run()


if __name__ == "__main__":
    import sys

    serve(*sys.argv[1:])
