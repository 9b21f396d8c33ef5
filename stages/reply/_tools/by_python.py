"""A tool that is a function of a module of the deployer's own."""

import inspect
import json
from typing import Any

from pipeline.clock import Clock
from pipeline.engines import function
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.settings import PythonTool


class ByPython:
    """Calls it: a coroutine function in the loop, any other in a thread."""

    def __init__(self, tool: PythonTool, clock: Clock) -> None:
        """ConfigError `function-unknown`."""
        self._tool, self._clock = tool, clock
        self._function = function(tool.function)

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        """What it returns: text as it is, anything else as JSON. TimeoutError after the deadline.

        A function in a thread that takes longer runs out there, and nobody hears of its result.
        """
        async with self._clock.timeout(self._tool.deadline):
            if inspect.iscoroutinefunction(self._function):
                result = await self._function(**arguments)
            else:
                result = await self._clock.thread(self._run, arguments, seconds=self._tool.seconds)
        return ToolResult(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str))

    async def close(self) -> None:
        """Nothing is open."""

    def _run(self, arguments: dict[str, Any]) -> Any:
        return self._function(**arguments)
