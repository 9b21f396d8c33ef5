"""The engine whole: what a model wants called is called, and the visitor hears one answer."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.messages import Question, Sentence
from stages.reply.deepseek import Engine, Settings
from tests.rough_server import DONE, USAGE, chunk, event, serving, stream

WEATHER = {
    "kind": "python", "name": "weather", "function": "tests.toolcraft:weather", "description": {"zh": "查天气"},
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "line": {"zh": "我查一下。"},
}  # fmt: skip
QUESTION = Question(session="s", turn=1, text="天气", language="zh", persona="你是小河。")


def call(**piece: Any) -> bytes:
    """A piece of a tool call."""
    return event({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}]})


async def handle(request: web.Request) -> web.StreamResponse:
    """Wants the weather first, and answers with it then."""
    asked = await request.json()
    if any(message["role"] == "tool" for message in asked["messages"]):
        return await stream(request, chunk("北京今天是晴天。"), chunk("出门吧！"), chunk(finish="stop"), USAGE, DONE)
    return await stream(
        request, chunk("", role="assistant"), call(index=0, id="c1", function={"name": "weather", "arguments": ""}),
        call(index=0, function={"arguments": '{"city":'}), call(index=0, function={"arguments": '"北京"}'}),
        chunk(finish="tool_calls"), USAGE, DONE,
    )  # fmt: skip


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_a_function_is_called_while_a_line_is_said_and_the_answer_goes_on_with_what_it_gave(
    run: Callable[..., list[Sentence]],
) -> None:
    with serving(handle) as server:

        async def main(clock: Clock) -> list[Sentence]:
            settings = Settings.model_validate(
                {"base_url": server.url, "model": "m", "tools": [WEATHER], "prices": {"output": 4}}
            )
            engine = Engine(settings, clock)
            await engine.warm()
            said = [message async for message in engine.work(QUESTION) if isinstance(message, Sentence)]
            await engine.close()
            return said

        said = run(main)
    assert [(one.index, one.text, one.last, one.by) for one in said] == [
        (0, "我查一下。", False, "tools"), (1, "北京今天是晴天。", False, "m"), (2, "出门吧！", True, "m"),
    ]  # fmt: skip
    last = said[-1]
    assert (last.tokens_in, last.tokens_cached, last.tokens_out) == (240, 200, 18), "of both rounds"
    assert last.cost == 18 * 4 / 1e6
    assert server.bodies[0]["tools"] == server.bodies[1]["tools"]
    assert [message["role"] for message in server.bodies[1]["messages"]] == ["system", "user", "assistant", "tool"]
