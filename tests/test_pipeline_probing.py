"""`visavis endpoints` says in plain words what is wrong with a server, and how to mend it."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.cli import main
from pipeline.probing import table
from stages.reply._probe import Finding
from tests.rough_server import DONE, USAGE, Handler, chunk, serving, stream
from tests.test_pipeline_config import STUBS

GOOD = [chunk("你"), chunk("好，"), chunk("我是小河。", "stop"), USAGE, DONE]


async def good(request: web.Request) -> web.StreamResponse:
    return await stream(request, *GOOD)


async def thinks(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk(reasoning="想"), chunk("好。", "stop"), DONE)


async def only_thinks(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk(reasoning_content="想"), chunk("", "length"), DONE)


async def tags(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk("<think>想</think>好。", "stop"), DONE)


async def excuses(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk("服务器繁忙，"), chunk("请稍后再试。", "stop"), DONE)


async def unmarked(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk("我想一想。</thi"), chunk("nk>好。", "stop"), DONE)


async def refuses(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "bad key"}}, status=401)


async def no_model(request: web.Request) -> web.StreamResponse:
    if request.method == "GET":
        return web.json_response({"data": [{"id": "deepseek-flash"}, {"id": "deepseek-v4-pro"}]})
    return web.json_response({"error": {"message": "Model Not Exist"}}, status=400)


async def cut(request: web.Request) -> web.StreamResponse:
    return await stream(request, GOOD[0])


SERVERS: dict[str, Handler] = {"good": good, "thinks": thinks, "only": only_thinks, "tags": tags, "busy": excuses,
                               "unmarked": unmarked, "key": refuses,
                               "model": no_model, "cut": cut}  # fmt: skip


def config(folder: Path, urls: dict[str, str]) -> Path:
    listed = ", ".join(
        f"{{name: {name}, base_url: '{url}', model: m, dialect: openai, price: {{input: 1, output: 4}}}}"
        for name, url in urls.items()
    )
    path = folder / "config.yaml"
    path.write_text(
        STUBS.replace("engine: benchmarks.stubs.reply", f"engine: deepseek, endpoints: [{listed}]"), "utf-8"
    )
    return path


def test_each_endpoint_is_told_with_what_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serving(handler)).url for name, handler in SERVERS.items()}
        path = config(tmp_path, urls | {"away": "http://127.0.0.1:9"})
        assert main(["endpoints", str(path), "--json"]) == 1
        found = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
        assert main(["endpoints", str(path)]) == 1
        table = capsys.readouterr().out
    usable = {name: row["usable"] for name, row in found.items()}
    assert usable == {"good": True, "thinks": True, "only": False, "tags": True, "busy": False,
                      "unmarked": False, "key": False, "model": False,
                      "cut": False, "away": False}  # fmt: skip
    assert found["good"]["first_token_ms"] > 0
    assert found["good"]["price"] == "0/1/4"
    assert {name: found[name]["reasoning"] for name in ("good", "thinks", "tags")} == {
        "good": "none", "thinks": "reasoning", "tags": "tags"}  # fmt: skip
    assert "thinking: off" in found["only"]["problem"]
    assert "服务器繁忙" in found["busy"]["problem"]
    assert "thinking: on" in found["unmarked"]["problem"]
    assert found["key"]["authorised"] is False
    assert "api_key" in found["key"]["problem"]
    assert found["model"]["has_model"] is False
    assert "deepseek-flash, deepseek-v4-pro" in found["model"]["problem"]
    assert found["away"]["reachable"] is False
    assert "base_url" in found["away"]["problem"]
    lines = table.splitlines()
    assert lines[0].startswith("端点")
    assert lines[1].startswith("endpoint")
    assert sum(line.startswith("✗ ") for line in lines) == 7


@pytest.mark.parametrize(("price", "told"), [("", True), ("0/1/4", False)])
def test_what_a_dash_means_is_told_where_there_is_one(price: str, told: bool) -> None:
    found = Finding("hall", "m", "vllm", reachable=True, authorised=True, has_model=True, first_token_ms=80.0,
                    tokens_per_second=25.0, reasoning="none", price=price)  # fmt: skip
    lines = table([found]).splitlines()
    assert ("—" in lines[2]) == told
    assert [line for line in lines if "未知" in line and "not known" in line] == lines[3:]
    assert len(lines[3:]) == told


def test_all_well_is_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(good) as rough:
        assert main(["endpoints", str(config(tmp_path, {"good": rough.url}))]) == 0
    assert "✗" not in capsys.readouterr().out


def test_a_config_without_servers_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(STUBS, "utf-8")
    assert main(["endpoints", str(path)]) == 2
    assert "endpoints-none" in capsys.readouterr().err
