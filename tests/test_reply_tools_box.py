"""Tools are called within their bounds, and whatever they do, an answer goes on."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.errors import ConfigError
from stages.reply._tools.box import SAID, Toolbox, _innermost
from stages.reply._tools.calls import ToolResult
from stages.reply._tools.settings import HttpTool, McpServer, PythonTool, Tools, check
from tests.rough_server import Run, forever, serving

CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}


def python(function: str = "weather", **fields: Any) -> PythonTool:
    given = {"name": "weather", "description": {"zh": "查天气", "en": "Weather"}, "parameters": CITY}
    return PythonTool.model_validate({"kind": "python", "function": f"tests.toolcraft:{function}"} | given | fields)


def http(url: str, **fields: Any) -> HttpTool:
    given = {"kind": "http", "name": "weather", "description": {"zh": "查天气"}, "parameters": CITY, "method": "POST"}
    return HttpTool.model_validate(given | {"url": url} | fields)


def call(*tools: Any, name: str = "weather", arguments: str = '{"city":"北京"}', tentative: bool = False,
         run: Run = run_virtual) -> ToolResult:  # fmt: skip
    async def main(clock: Clock) -> ToolResult:
        box = Toolbox(tools, clock)
        await box.warm()
        result = await box.call(name, arguments, tentative=tentative)
        await box.close()
        return result

    return run(main)


def test_a_function_is_called_and_its_result_is_text_for_the_model() -> None:
    assert json.loads(call(python()).text) == {"city": "北京", "days": 1, "sky": "晴"}
    gate = python("gate", parameters={"type": "object", "properties": {"hall": {"type": "string"}}})
    assert call(gate, arguments='{"hall":"A"}') == ToolResult("A is open")


def test_the_model_is_told_the_same_bytes_each_time() -> None:
    def specs(clock_language: Any) -> Callable[[Clock], Any]:
        async def main(clock: Clock) -> Any:
            return Toolbox((python(name="b"), python(name="a", description={"zh": "甲"})), clock).specs(clock_language)

        return main

    one = run_virtual(specs("en"))
    assert [spec["function"]["name"] for spec in one] == ["a", "b"]
    assert [spec["function"]["description"] for spec in one] == ["甲", "Weather"]
    assert one[1] == {"type": "function", "function": {"name": "b", "description": "Weather", "parameters": CITY}}
    assert json.dumps(one) == json.dumps(run_virtual(specs("en")))


@pytest.mark.parametrize(
    "arguments", ["[", "[]", "1", '{"city": 1}', "{}", '{"city": "x", "days": "y"}', "[" * 100_000]
)
def test_wrong_arguments_reach_no_function(arguments: str) -> None:
    result = call(python("breaks"), arguments=arguments)
    assert result.error == "tool-arguments"
    assert "arguments" in result.text


def test_an_unknown_function_is_said_to_be_none() -> None:
    assert call(python(), name="rm").error == "tool-unknown"


def test_before_the_turn_is_over_only_safe_tools_are_called() -> None:
    assert call(python("breaks"), tentative=True) == ToolResult(SAID["tool-tentative"], "tool-tentative")
    assert call(python(safe=True), tentative=True).error == ""


def test_what_a_function_raises_is_its_own_failure() -> None:
    result = call(python("breaks", parameters={"type": "object"}), arguments="")
    assert (result.error, result.text) == ("tool-failed", "It did not work: ZeroDivisionError")


def test_a_result_that_comes_too_late_is_none() -> None:
    result = call(python("hangs", parameters={"type": "object"}, deadline=1, seconds=2), arguments="{}")
    assert result == ToolResult(SAID["tool-timeout"], "tool-timeout")


def test_long_results_are_cut_and_empty_ones_are_named() -> None:
    long = call(python(most=50), arguments=json.dumps({"city": "x" * 400}))
    assert len(long.text) == 50
    assert long.text.endswith("…")
    gate = python("gate", parameters={"type": "object", "properties": {"hall": {"type": "string"}}})
    assert call(gate, arguments='{"hall":"   "}').text == "is open"


def test_what_may_be_said_meanwhile_is_in_the_config() -> None:
    async def main(clock: Clock) -> list[str]:
        box = Toolbox((python(line={"zh": "我查一下。"}),), clock)
        return [box.line("weather", "zh"), box.line("weather", "en"), box.line("nothing", "zh")]

    assert run_virtual(main) == ["我查一下。", "", ""]


async def echo(request: web.Request) -> web.Response:
    return web.json_response({"path": request.rel_url.raw_path_qs, "body": await request.json(), "sky": "晴"})


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_an_endpoint_gets_the_arguments_and_the_key(run: Run) -> None:
    with serving(echo) as server:
        tool = http(server.url + "/w/{city}?v=1", headers={"X-Hall": "east"}, key="sesame")
        result = call(tool, arguments='{"city":"北 京/../x","days":2}', run=run)
    told = json.loads(result.text)
    assert told["path"] == "/v1/w/%E5%8C%97%20%E4%BA%AC%2F..%2Fx?v=1"
    assert told["body"] == {"days": 2}
    assert server.headers[0]["Authorization"] == "Bearer sesame"
    assert server.headers[0]["X-Hall"] == "east"


def test_a_place_in_the_path_cannot_climb() -> None:
    with serving(echo) as server:
        result = call(http(server.url + "/w/{city}/now"), arguments='{"city":".."}', run=run_real)
    assert json.loads(result.text)["path"] == "/v1/w//now"


async def fails(_: web.Request) -> web.Response:
    return web.Response(status=503, text="closed")


async def moves(_: web.Request) -> web.Response:
    raise web.HTTPFound("http://elsewhere.invalid/")


async def floods(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * 3_000_000)


async def hangs(_: web.Request) -> web.Response:
    await forever()
    raise AssertionError


@pytest.mark.parametrize(
    ("handler", "error", "text"),
    [(fails, "tool-failed", "answered 503"), (moves, "tool-failed", "answered 302"), (floods, "", "xxx"),
     (hangs, "tool-timeout", "no result in time")],
)  # fmt: skip
def test_what_a_service_does_wrong_is_told_to_the_model(handler: Any, error: str, text: str) -> None:
    with serving(handler) as server:
        result = call(http(server.url, deadline=0.3), run=run_real)
    assert result.error == error
    assert text in result.text
    assert len(result.text) <= 2000


def test_a_service_that_is_not_there_is_a_failure() -> None:
    assert call(http("http://127.0.0.1:9/"), run=run_real).error == "tool-failed"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"kind": "http", "url": "ftp://x"}, "http"),
        ({"kind": "http", "url": "http://{city}/"}, "http"),
        ({"kind": "http", "url": "http://x/{town}"}, "no parameter 'town'"),
        ({"kind": "python", "function": "os.system"}, "function"),
        ({"kind": "python", "function": "a:b", "description": {}}, "description"),
        ({"kind": "python", "function": "a:b", "parameters": {"type": "array"}}, "type: object"),
        ({"kind": "mcp"}, "either"),
        ({"kind": "mcp", "command": ["x"], "url": "http://x"}, "either"),
        ({"kind": "sql"}, "kind"),
        ({"kind": "python", "function": "a:b", "name": "a b"}, "name"),
    ],
)
def test_a_config_that_cannot_work_is_refused(wrong: dict[str, Any], what: str) -> None:
    given: dict[str, Any] = {"name": "t"}
    if wrong["kind"] != "mcp":
        given |= {"description": {"zh": "x"}, "parameters": CITY}
    with pytest.raises(ValidationError, match=what):
        TypeAdapter(Tools).validate_python([given | wrong])


def test_check_tells_of_functions_that_are_not_there_and_of_names_that_stand_twice() -> None:
    told = check(
        (python("none"), python(), python(function="x", name="third").model_copy(update={"function": "no.such:f"}))
    )
    assert len(told) == 3
    assert "two tools 'weather'" in told[0]
    assert all("there is no function" in one for one in told[1:])
    with pytest.raises(ConfigError):
        call(python("none"))
    assert check((python(),)) == []


def test_check_tells_of_a_server_s_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.reply._tools.settings.installed", lambda: None)
    lost = McpServer(kind="mcp", name="craft", command=("no-such-program", "x"))
    (told,) = check((lost,))
    assert "tools (craft): command: there is no program 'no-such-program'" in told
    there = (lost.model_copy(update={"command": (sys.executable,)}), McpServer(kind="mcp", name="far", url="http://x"))
    assert check(there) == []


def test_of_a_group_of_errors_the_innermost_is_told() -> None:
    inner = ConnectionRefusedError("refused")
    group = BaseExceptionGroup("unhandled errors in a TaskGroup", [ExceptionGroup("again", [inner])])
    assert _innermost(group) is inner
    assert _innermost(inner) is inner
