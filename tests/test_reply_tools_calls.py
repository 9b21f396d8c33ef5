"""A model's tool calls are put together whole, however servers cut and mix them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reply._tools.calls import LONGEST, MOST_CALLS, CallPart, ToolCall, ToolCalls
from stages.reply._tools.schema import wrong


def part(index: int | None = None, id: str | None = None, name: str | None = None, text: str | None = None) -> CallPart:  # noqa: A002
    function = {"name": name, "arguments": text} if name is not None or text is not None else None
    return CallPart.model_validate({"index": index, "id": id, "function": function})


def calls(*parts: CallPart) -> tuple[ToolCall, ...]:
    made = ToolCalls()
    for one in parts:
        made.feed([one])
    return made.end()


def test_a_call_comes_in_pieces() -> None:
    made = calls(part(0, "c1", "weather", ""), part(0, text='{"ci'), part(0, text='ty":"北京"}'))
    assert made == (ToolCall("c1", "weather", '{"city":"北京"}'),)


def test_all_of_it_in_one_piece() -> None:
    assert calls(part(0, "c1", "weather", '{"a":1}')) == (ToolCall("c1", "weather", '{"a":1}'),)


@pytest.mark.parametrize(
    "parts",
    [
        [part(None, "a", "f", "{}"), part(None, "b", "g", "{}")],
        [part(None, "a", "f"), part(None, text="{}"), part(None, "b", "g"), part(None, text="{}")],
        [part(0, "a", "f", "{}"), part(0, "a", "f", ""), part(1, "b", "g", "{}")],
        [part(1, "b", "g", "{}"), part(0, "a", "f", "{}")],
        [part(0, "a", ""), part(0, name="f", text="{}"), part(1, "b", None), part(1, name="g"), part(1, text="{}")],
    ],
)
def test_the_ways_of_servers_come_to_the_same(parts: list[CallPart]) -> None:
    assert calls(*parts) == (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))


def test_what_servers_leave_out_is_filled_in() -> None:
    assert calls(part(0, None, "f"), part(2, "", "g", "  ")) == (
        ToolCall("call_0", "f", "{}"),
        ToolCall("call_2", "g", "{}"),
    )


def test_a_call_without_a_name_is_none() -> None:
    assert calls(part(0, "a", None, "{}")) == ()
    assert not ToolCalls()


def test_a_model_that_never_ends_is_bounded() -> None:
    assert len(calls(*(part(at, f"c{at}", "f", "{}") for at in range(50)))) == MOST_CALLS
    (long,) = calls(part(0, "a", "f"), *(part(0, text="x" * 1000) for _ in range(100)))
    assert len(long.arguments) <= LONGEST + 1000


NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
ASKED = st.lists(st.tuples(NAMES, st.dictionaries(st.text(max_size=4), st.text(max_size=9))), min_size=1, max_size=4)


@given(ASKED, st.lists(st.integers(1, 5), max_size=60), st.randoms(use_true_random=False), st.booleans())
def test_cuts_and_order_do_not_matter(
    asked: list[tuple[str, Any]], sizes: list[int], order: Any, several: bool
) -> None:
    """Parts of different calls may be mixed in any way, and several may come in one delta."""
    queues: list[list[CallPart]] = []
    cuts = iter(sizes)
    for at, (name, arguments) in enumerate(asked):
        text, queue = json.dumps(arguments, ensure_ascii=False), [part(at, f"id{at}", name, "")]
        while text:
            size = next(cuts, 7)
            queue.append(part(at, text=text[:size]))
            text = text[size:]
        queues.append(queue)
    mixed: list[CallPart] = []
    while any(queues):
        mixed.append(order.choice([queue for queue in queues if queue]).pop(0))
    made = ToolCalls()
    for at in range(0, len(mixed), 3 if several else 1):
        made.feed(mixed[at : at + (3 if several else 1)])
    assert [(call.id, call.name, json.loads(call.arguments)) for call in made.end()] == [
        (f"id{at}", name, arguments) for at, (name, arguments) in enumerate(asked)
    ]


SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["北京", "上海"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}},
        "deep": {"type": "object", "properties": {"x": {"type": ["number", "null"]}}, "additionalProperties": False},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({}, "'city' is missing"),
        ({"city": "东京"}, "one of"),
        ({"city": "北京", "days": "2"}, "of type integer"),
        ({"city": "北京", "days": True}, "of type integer"),
        ({"city": "北京", "days": 9}, "maximum is 7"),
        ({"city": "北京", "days": 0}, "minimum is 1"),
        ({"city": "北京", "tags": ["ok", "x"]}, "tags[1]: minLength"),
        ({"city": "北京", "deep": {"y": 1}}, "there is no 'y'"),
        ([], "of type object"),
        ({"city": "北京", "days": 2.0, "tags": [], "deep": {"x": None}, "more": 1}, ""),
    ],
)
def test_wrong_arguments_are_told_to_the_model(value: Any, what: str) -> None:
    assert what in wrong(value, SCHEMA)
    assert bool(wrong(value, SCHEMA)) == bool(what)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON, JSON)
def test_no_value_and_no_schema_break_the_check(value: Any, schema: Any) -> None:
    wrong(value, schema)
