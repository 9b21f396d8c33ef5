"""Each dialect is asked in its own words, and goes on with an answer in its own way."""

from typing import Any

import pytest

from pipeline.clock import Clock, run_virtual
from pipeline.messages import Question
from stages.reply._dialects import DIALECTS, Name
from stages.reply._router.plan import Call, Plan
from stages.reply._settings import Endpoint, Settings, Thinking
from stages.reply._transport import Http, body
from tests.asking import QUESTION

SAID = QUESTION.model_copy(update={"said": ("瓷器在二楼。",)})
OFF: dict[str, dict[str, Any]] = {
    "deepseek": {"thinking": {"type": "disabled"}},
    "vllm": {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}},
    "sglang": {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}},
    "mindie": {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}},
    "llamacpp": {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}},
    "ollama": {"reasoning_effort": "none"},
    "openai": {},
    "maas": {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}},
    "bailian": {"enable_thinking": False},
    "qianfan": {"thinking": {"type": "disabled"}},
    "ark": {"thinking": {"type": "disabled"}},
    "tencent": {"thinking": {"type": "disabled"}},
    "siliconflow": {"enable_thinking": False},
}
USUAL = {"model", "messages", "stream", "stream_options", "max_tokens", "temperature"}


def asked(
    dialect: Name, question: Question = QUESTION, thinking: Thinking = "off", **fields: Any
) -> tuple[dict[str, Any], bool]:
    """The request's body, and whether it goes on by a prefix."""
    base_url = fields.pop("base_url", None if DIALECTS[dialect].base_url else "http://node:8000")
    endpoint = Endpoint.model_validate({"name": "e", "model": "m", "dialect": dialect, "base_url": base_url} | fields)
    settings = Settings(endpoints=(endpoint,))
    call = Call(Plan("e"), question, thinking, 1.0, 1.0)

    async def main(clock: Clock) -> bool:
        return Http(settings, clock)._prefixes(call, endpoint)

    goes_on = run_virtual(main)
    return body(settings, endpoint, call, goes_on=goes_on), goes_on


def test_every_dialect_has_a_source_and_a_test() -> None:
    assert OFF.keys() == DIALECTS.keys()
    assert all(dialect.source for dialect in DIALECTS.values())


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_thinking_is_switched_off_as_the_dialect_has_it(dialect: Name) -> None:
    found, _ = asked(dialect)
    assert {key: value for key, value in found.items() if key not in USUAL} == OFF[dialect]
    assert {key for key in asked(dialect, thinking="auto")[0] if key not in USUAL} == set()


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_an_answer_is_gone_on_with_in_the_dialects_way(dialect: Name) -> None:
    found, goes_on = asked(dialect, SAID)
    last = found["messages"][-1]
    match DIALECTS[dialect].prefix:
        case "message":
            assert last == {"role": "assistant", "content": "瓷器在二楼。", "prefix": True}
        case "final":
            assert last == {"role": "assistant", "content": "瓷器在二楼。"}
            assert (found["continue_final_message"], found["add_generation_prompt"]) == (True, False)
        case "last":
            assert last == {"role": "assistant", "content": "瓷器在二楼。"}
        case "field":
            assert last["role"] == "user"
            assert found["prefix"] == "瓷器在二楼。"
        case _:
            assert not goes_on
            assert last["role"] == "user"
            assert found["messages"][-2]["content"] == "瓷器在二楼。"


def test_a_model_that_thinks_is_told_to_go_on() -> None:
    assert not asked("vllm", SAID, thinking="on")[1]
    assert not asked("vllm", SAID, thinking="auto")[1]


def test_only_deepseeks_own_server_has_its_second_address() -> None:
    assert asked("deepseek", SAID)[1]
    assert not asked("deepseek", SAID, base_url="http://node:8000")[1]


def test_extra_fields_join_the_dialects_own() -> None:
    found, _ = asked("vllm", extra={"chat_template_kwargs": {"tools": 1}, "seed": 3}, max_tokens=50, temperature=0.1)
    assert found["chat_template_kwargs"] == {"thinking": False, "enable_thinking": False, "tools": 1}
    assert (found["seed"], found["max_tokens"], found["temperature"]) == (3, 50, 0.1)
