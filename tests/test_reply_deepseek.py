"""The language model: what it streams becomes thoughts and sentences."""

import asyncio
import json
from contextlib import aclosing

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.envelope import Message
from pipeline.messages import Sentence, Thought
from stages.reply import deepseek
from tests.asking import QUESTION, abort, asked, hang, sends, sentences
from tests.rough_server import DONE, USAGE, Run, chunk, forever, serving

ANSWER = "[happy]瓷器在二楼。[gesture:point]从**这里**上去，左转就到！"
RUNS = pytest.mark.parametrize("run", [run_real, run_virtual])


def thoughts(said: list[Message]) -> str:
    return "".join(message.text for message in said if isinstance(message, Thought))


@RUNS
def test_an_answer_streams_as_sentences_with_emotion_and_gesture(run: Run) -> None:
    pieces = [chunk(character) for character in ANSWER]
    prices = {"input": 1000, "cached": 20, "output": 4000}
    said, error = asked(sends(*pieces, chunk("", "stop"), USAGE, DONE), run, prices=prices)
    assert error is None
    first, last = said
    assert isinstance(first, Sentence)
    assert isinstance(last, Sentence)
    assert [first.text, last.text] == ["瓷器在二楼。", "从这里上去，左转就到！"]
    assert (first.emotion, first.gesture, first.index, first.last) == ("happy", "", 0, False)
    assert (last.emotion, last.gesture, last.index, last.last) == ("happy", "point", 1, True)
    assert (last.by, last.tokens_in, last.tokens_out) == ("m", 120, 9)
    assert last.cost == round((20 * 1000 + 100 * 20 + 9 * 4000) / 1e6, 4)
    assert (last.session, last.turn, last.cause, last.language) == ("s", 1, QUESTION.id, "zh")


def test_the_request_is_what_the_settings_say() -> None:
    with serving(sends(chunk("好。", "stop"), DONE)) as rough:

        async def main(clock: Clock) -> None:
            settings = deepseek.Settings.model_validate(
                {"base_url": rough.url, "model": "m", "api_key": "sk-1", "headers": {"X-A": "b"},
                 "extra": {"seed": 1}, "max_tokens": 50, "temperature": None, "tell_time": False}
            )  # fmt: skip
            engine = deepseek.Engine(settings, clock)
            assert [message async for message in engine.work(QUESTION)]
            await engine.close()

        run_real(main)
    assert rough.headers[0]["Authorization"] == "Bearer sk-1"
    assert rough.headers[0]["X-A"] == "b"
    body = rough.bodies[0]
    assert body["messages"][-1] == {"role": "user", "content": "瓷器在哪里"}
    assert {name: body[name] for name in body if name != "messages"} == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 50,
        "thinking": {"type": "disabled"},
        "seed": 1,
    }


@pytest.mark.parametrize(("thinking", "sent"), [("on", {"type": "enabled"}), ("auto", None)])
def test_thinking_is_asked_for_only_where_it_is_set(thinking: str, sent: object) -> None:
    with serving(sends(chunk("好。", "stop"), DONE)) as rough:

        async def main(clock: Clock) -> None:
            settings = deepseek.Settings.model_validate({"base_url": rough.url, "model": "m", "thinking": thinking})
            engine = deepseek.Engine(settings, clock)
            assert [message async for message in engine.work(QUESTION)]
            await engine.close()

        run_real(main)
    assert rough.bodies[0].get("thinking") == sent


def test_an_answer_that_broke_is_gone_on_with_at_the_next_index() -> None:
    question = QUESTION.model_copy(update={"said": ("瓷器在二楼。", "很近。")})
    said, error = asked(sends(chunk("左转，", "stop"), DONE), question=question)
    assert error is None
    assert [(message.index, message.text) for message in said if isinstance(message, Sentence)] == [(2, "左转，")]


SHAPES = {
    "reasoning_content": [chunk(reasoning_content="用户在"), chunk(reasoning_content="问路"), chunk("在二楼。")],
    "reasoning": [chunk(reasoning="用户在"), chunk(reasoning="问路"), chunk("在二楼。")],
    "tags": [chunk("<thi"), chunk("nk>用户在"), chunk("问路</th"), chunk("ink>\n\n在二楼。")],
}


@pytest.mark.parametrize("thinking", ["on", "off", "auto"])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_reasoning_in_each_shape_is_a_thought_and_not_spoken(shape: str, thinking: str) -> None:
    said, error = asked(sends(*SHAPES[shape], chunk("", "stop"), USAGE, DONE), thinking=thinking)
    assert error is None
    assert thoughts(said) == "用户在问路"
    assert sentences(said) == ["在二楼。"]
    assert [message.index for message in said if isinstance(message, Thought)] == [0, 1]


def test_a_template_that_opens_the_thought_itself_needs_thinking_on() -> None:
    pieces = [chunk("用户在问路。他想去二楼。"), chunk("</think>"), chunk("在二楼。"), chunk("", "stop"), DONE]
    said, error = asked(sends(*pieces), thinking="on")
    assert error is None
    assert sentences(said) == ["在二楼。"]
    said, error = asked(sends(*pieces), thinking="auto")
    assert error is not None
    assert error.code == "thought-unmarked"
    assert "thinking: on" in error.text
    assert "他想去二楼。" not in sentences(said)


def test_an_answer_in_the_reasoning_field_is_noticed() -> None:
    said, error = asked(sends(chunk(reasoning_content="在二楼。"), chunk("", "stop"), DONE))
    assert sentences(said) == []
    assert error is not None
    assert (error.code, error.retry) == ("answer-in-reasoning", True)


def test_tokens_that_all_went_into_thinking_are_noticed() -> None:
    said, error = asked(sends(chunk(reasoning_content="嗯"), chunk("", "length"), DONE))
    assert sentences(said) == []
    assert error is not None
    assert error.code == "answer-empty"
    assert "max_tokens" in error.text


def test_an_empty_answer_is_an_error() -> None:
    _, error = asked(sends(chunk("", "stop"), DONE))
    assert error is not None
    assert (error.code, error.retry) == ("answer-empty", True)


def test_max_tokens_ends_with_the_last_whole_sentence() -> None:
    said, error = asked(sends(chunk("在二楼。从这里上去，再往", "length"), USAGE, DONE))
    assert error is None
    assert sentences(said) == ["在二楼。", ""]
    assert isinstance(said[-1], Sentence)
    assert (said[-1].last, said[-1].index, said[-1].tokens_out) == (True, 1, 9)


def test_max_tokens_within_the_first_sentence_speaks_what_there_is() -> None:
    assert sentences(asked(sends(chunk("从这里上去", "length"), DONE))[0]) == ["从这里上去"]


def test_an_answer_without_done_ends_all_the_same() -> None:
    for then in (None, hang, abort):
        said, error = asked(sends(chunk("在二楼。"), chunk("", "stop"), then=then))
        assert error is None
        assert sentences(said) == ["在二楼。"]
        assert isinstance(said[-1], Sentence)
        assert said[-1].last


def test_usage_after_the_end_is_waited_for() -> None:
    said, _ = asked(sends(chunk("在二楼。", "stop"), USAGE))
    assert isinstance(said[-1], Sentence)
    assert said[-1].tokens_in == 120


def test_the_last_sentence_does_not_wait_for_the_connection_to_end() -> None:
    async def main(clock: Clock) -> None:
        engine = deepseek.Engine(deepseek.Settings(base_url=rough.url, model="m"), clock)
        async with aclosing(engine.work(QUESTION)) as answers:
            sentence = await anext(answers)
            assert isinstance(sentence, Sentence)
            assert sentence.last
        await engine.close()

    with serving(sends(chunk("好。", "stop"), DONE, then=hang)) as rough:
        run_real(main)


def test_a_server_that_does_not_stream_is_understood() -> None:
    async def handler(_: web.Request) -> web.Response:
        choice = {"message": {"role": "assistant", "content": "在二楼。左转。"}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 6}})

    said, error = asked(handler)
    assert error is None
    assert sentences(said) == ["在二楼。", "左转。"]


def test_a_cancelled_answer_drops_the_connection() -> None:
    gone = asyncio.Event()

    async def watch(_: web.Request) -> None:
        try:
            await forever()
        finally:
            gone.set()

    async def main(clock: Clock) -> None:
        engine = deepseek.Engine(deepseek.Settings(base_url=rough.url, model="m"), clock)
        async with aclosing(engine.work(QUESTION)) as answers:
            await anext(answers)
        await engine.close()

    with serving(sends(chunk("在二楼。左转"), then=watch)) as rough:
        run_real(main)
    assert gone.is_set()


def test_the_same_stream_gives_the_same_messages_however_the_network_cuts_it() -> None:
    pieces = [
        chunk(reasoning_content="想"),
        *(chunk(word) for word in ("[hap", "py]在", "二楼。", "左转，", "再上楼！")),
    ]
    body = b"".join([*pieces, chunk("", "stop"), USAGE, DONE])
    told = []
    for size in (1, 7, 1000):
        cut = [body[at : at + size] for at in range(0, len(body), size)]
        said, _ = asked(sends(*cut), run_virtual)
        told.append([json.loads(message.model_dump_json()) | {"id": message.id} for message in said])
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 3
