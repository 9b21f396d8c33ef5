"""MCP servers, spoken to with the official package: they come, answer, fail, die and come back."""

import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.errors import ConfigError
from stages.reply._tools import settings
from stages.reply._tools.box import AGAIN, SAID, Toolbox
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.settings import McpServer, check
from tests.rough_server import Run

pytest.importorskip("mcp", reason="pip install 'visavis[mcp]'")
T = TypeVar("T")
CRAFT = str(Path(__file__).parent / "toolcraft.py")


def server(**fields: Any) -> McpServer:
    given = {"kind": "mcp", "name": "craft", "command": (sys.executable, CRAFT), "connect": 30, "deadline": 20}
    return McpServer.model_validate(given | fields)


def with_box(main: Callable[[Toolbox], Awaitable[T]], run: Run = run_real, **fields: Any) -> T:
    async def whole(clock: Clock) -> T:
        box = Toolbox((server(**fields),), clock)
        await box.warm()
        try:
            return await main(box)
        finally:
            await box.close()

    return run(whole)


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_a_servers_tools_are_functions_of_the_model(run: Run) -> None:
    async def main(box: Toolbox) -> tuple[list[Any], ToolResult, ToolResult, ToolResult]:
        return (
            box.specs("zh"),
            await box.call("craft_add", '{"a": 2, "b": 3}', tentative=False),
            await box.call("craft_add", '{"a": "two"}', tentative=False),
            await box.call("craft_odd_name", "{}", tentative=False),
        )

    specs, five, wrong, odd = with_box(main, run, env={"CRAFT": "lantern"}, only=("add", "odd.name"))
    assert [spec["function"]["name"] for spec in specs] == ["craft_add", "craft_odd_name"]
    assert specs[0]["function"]["description"] == "Adds two numbers."
    assert set(specs[0]["function"]["parameters"]["properties"]) == {"a", "b"}
    assert five == ToolResult("5")
    assert wrong.error == "tool-arguments"
    assert odd == ToolResult("lantern")


def test_a_server_that_fails_dies_or_hangs_costs_one_result() -> None:
    async def main(box: Toolbox) -> list[ToolResult]:
        names = ("fail", "slow", "die", "add")
        return [await box.call(f"craft_{name}", '{"a": 1, "b": 1}', tentative=False) for name in names]

    failed, late, died, again = with_box(main, deadline=5)
    assert failed.error == "tool-failed"
    assert late == ToolResult(SAID["tool-timeout"], "tool-timeout")
    assert died.error == "tool-failed"
    assert again == ToolResult("2"), "it was started anew"


def test_a_server_that_is_not_there_is_logged_and_asked_again_later(caplog: pytest.LogCaptureFixture) -> None:
    async def main(clock: Clock) -> list[list[Any]]:
        box = Toolbox((server(command=("/no/such/program",)),), clock)
        await box.warm()
        seen = [box.specs("zh")]
        box.refresh()
        box._servers["craft"] = (server(), Toolbox((server(),), clock)._servers["craft"][1])
        await clock.sleep(AGAIN)
        box.refresh()
        while box._untold:
            await clock.sleep(1)
        seen.append(box.specs("zh"))
        await box.close()
        return seen

    nothing, all_of_it = run_virtual(main)
    assert nothing == []
    assert len(all_of_it) == 5
    assert "tools.missing server=craft: FileNotFoundError" in caplog.text


@pytest.fixture
def over_http() -> Iterator[str]:
    """The same server on a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, CRAFT, str(port)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert any("running on" in line for line in process.stderr)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize("key", [None, "sesame"])
def test_a_server_may_be_elsewhere(over_http: str, key: str | None) -> None:
    async def main(box: Toolbox) -> ToolResult:
        return await box.call("craft_add", '{"a": 2, "b": 3}', tentative=False)

    assert with_box(main, command=(), url=over_http, key=key) == ToolResult("5")


def test_without_the_package_the_config_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    (told,) = check((server(),))
    assert "pip install 'visavis[mcp]'" in told
    with pytest.raises(ConfigError) as caught:
        settings.installed()
    assert caught.value.code == "mcp-not-installed"
