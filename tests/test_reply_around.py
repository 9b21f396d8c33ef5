"""From a question to what is said: told, grounded, guarded, with tools, whatever the model does."""

import datetime as dt
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from pipeline.aigc import Labelling
from pipeline.clock import Clock, run_virtual
from pipeline.errors import EngineError
from pipeline.messages import Question, Sentence, Thought
from pipeline.yamlfile import YamlFile
from stages.reply._around import Around, Surroundings, check
from stages.reply._guard import REFUSALS
from stages.reply._told import Told
from stages.reply._tools.calls import ToolCall, Wanted

MUSEUM = Path(__file__).parent.parent / "configs" / "knowledge" / "museum"
WEATHER = {
    "kind": "python", "name": "weather", "function": "tests.toolcraft:weather", "description": {"zh": "查天气"},
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "line": {"zh": "我查一下。"}, "deadline": 3, "seconds": 1,
}  # fmt: skip
CALL = Wanted((ToolCall("c1", "weather", '{"city":"北京"}'),))
Script = list[list[Any]]
"""What the model gives in each round: texts, thoughts, calls."""


class Model:
    """Gives what a script says."""

    def __init__(self, *rounds: list[Any]) -> None:
        self._rounds = list(rounds)
        self.asked: list[tuple[Question, Told]] = []

    async def __call__(self, question: Question, told: Told) -> AsyncGenerator[Thought | Sentence | Wanted]:
        self.asked.append((question, told))
        script = self._rounds.pop(0)
        for at, item in enumerate(script):
            if isinstance(item, str):
                last = at == len(script) - 1
                yield question.answer(
                    Sentence, index=len(question.said) + at, text=item, language="zh", last=last, by="m"
                )
            else:
                yield item


def answered(
    model: Model, text: str = "北京天气怎么样", fields: dict[str, Any] | None = None, **settings: Any
) -> list[Any]:
    async def main(clock: Clock) -> list[Any]:
        nine = dt.datetime(2026, 11, 25, 9, 5, tzinfo=dt.UTC)
        around = Around(Surroundings.model_validate(settings), clock, lambda: nine)
        await around.warm()
        asked = Question.model_validate({"session": "s", "turn": 1, "text": text, "language": "zh"} | (fields or {}))
        found = [item async for item in around.answer(asked, model)]
        await around.close()
        return found

    return run_virtual(main)


def texts(found: list[Any]) -> list[str]:
    return [one.text for one in found if isinstance(one, Sentence)]


def test_a_model_is_told_place_time_and_knowledge_and_its_sentences_name_what_they_used() -> None:
    model = Model(["您好！", "常设展厅是免费的，特别展览三十元。"])
    found = answered(model, "门票多少钱？", venue={"zh": "大厅东侧有取款机。"}, grounding={"folder": MUSEUM})
    ((_, told),) = model.asked
    assert (told.venue, told.time) == ("大厅东侧有取款机。", "2026年11月25日星期三，09:05")
    assert told.entries[0].id == "tickets"
    assert [one.sources for one in found] == [(), ("tickets",)]


def test_a_function_is_called_while_a_line_is_said_and_the_answer_goes_on() -> None:
    model = Model([CALL], ["北京今天是晴天。"])
    found = answered(model, tools=[WEATHER])
    assert texts(found) == ["我查一下。", "北京今天是晴天。"]
    assert [(one.index, one.last) for one in found] == [(0, False), (1, True)]
    asked, told = model.asked[1]
    assert asked.said == ("我查一下。",)
    (done,) = told.rounds
    assert (done.said, done.calls) == (("我查一下。",), CALL.calls)
    assert "晴" in done.results[0].text
    assert told.tools == model.asked[0][1].tools, "the cached prefix stays"


def test_no_line_is_said_where_the_model_has_spoken() -> None:
    assert texts(answered(Model(["好的，", CALL], ["晴。"]), tools=[WEATHER])) == ["好的，", "晴。"]


def test_calls_of_one_round_are_made_at_once() -> None:
    async def main(clock: Clock) -> float:
        around = Around(Surroundings.model_validate({"tools": [WEATHER]}), clock)
        wanted = Wanted(tuple(ToolCall(f"c{at}", "weather", '{"city":"x"}') for at in range(4)))
        asked = Question(session="s", turn=1, text="x", language="zh")
        async for _ in around.answer(asked, Model([wanted], ["好。"])):
            pass
        return clock.now()

    assert run_virtual(main) == pytest.approx(1.0)


def test_a_model_that_only_calls_is_stopped() -> None:
    model = Model([CALL], [CALL], [CALL])
    with pytest.raises(EngineError) as caught:
        answered(model, tools=[WEATHER])
    assert caught.value.code == "answer-empty"
    assert [told.last_round for _, told in model.asked] == [False, False, True]


def test_before_the_turn_is_over_nothing_with_an_effect_is_done() -> None:
    with pytest.raises(EngineError) as caught:
        answered(Model([CALL]), fields={"tentative": True}, tools=[WEATHER])
    assert (caught.value.code, caught.value.retry) == ("tool-tentative", True)
    safe = WEATHER | {"safe": True}
    assert texts(answered(Model([CALL], ["晴。"]), fields={"tentative": True}, tools=[safe]))[-1] == "晴。"


def test_a_raw_result_is_not_read_aloud() -> None:
    found = answered(Model([CALL], ['{"city": "北京", "sky": "晴"}', "再见。"]), tools=[WEATHER])
    assert texts(found) == ["我查一下。", REFUSALS["zh"].answer]


def test_a_refused_visitor_is_answered_without_the_model(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("坏词", encoding="utf-8")
    model = Model()
    assert texts(answered(model, "坏词！", safety={"words": tmp_path / "w"})) == [REFUSALS["zh"].visitor]
    assert model.asked == []


def test_a_refused_sentence_ends_the_answer_and_the_stream(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("坏词", encoding="utf-8")
    found = answered(Model(["好。", "坏词。", "还有。"]), safety={"words": tmp_path / "w"})
    assert texts(found) == ["好。", REFUSALS["zh"].answer]
    assert found[-1].last


def test_thoughts_are_shown_unless_they_quote_the_prompt() -> None:
    asked = Question(session="s", turn=1, text="x", language="zh")
    good, bad = (asked.answer(Thought, index=at, text=text) for at, text in enumerate(
        ("想想。", "提示说：用口语化的中文回答，两三句话、八十个字以内，第一句要短")))  # fmt: skip
    assert answered(Model([good, bad, "好。"]))[0] == good
    assert len(answered(Model([good, bad, "好。"]))) == 2


def test_without_its_knowledge_the_model_answers_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    found = answered(Model(["好。"]), fields={"knowledge": "zoo"}, grounding={"folder": MUSEUM})
    assert texts(found) == ["好。"]
    assert "grounding.missing session=s" in caplog.text


def test_check_tells_everything_at_once(tmp_path: Path) -> None:
    missing = {"folder": tmp_path / "none"}
    broken = WEATHER | {"function": "no.such:thing"}
    told = check(Surroundings.model_validate(
        {"grounding": missing, "safety": {"words": tmp_path / "no"}, "tools": [broken]}))  # fmt: skip
    assert len(told) == 3
    assert check(Surroundings.model_validate({})) == []


DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["tools.md", "safety.md", "knowledge.md"])
def test_the_examples_of_the_docs_can_be_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEATHER_KEY", "sesame")
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)
    examples = [block for block in blocks if block.startswith("reply:")]
    assert examples
    for block in examples:
        path = tmp_path / "config.yaml"
        path.write_text(block.replace("…", "x"), encoding="utf-8")
        file = YamlFile(path)
        assert file.read(Surroundings, file.data["reply"], ("reply",), skip=("engine",)) is not None, file.problems
        assert file.problems == []
        if "label" in file.data:
            assert Labelling.model_validate(file.data["label"]).producer


@pytest.mark.parametrize(
    ("tool", "problem"),
    [
        ("key: written-down", "reply.tools.0.key: a key must not stand in a file"),
        ("dedline: 3", "unknown key"),
        ("url: nowhere", "http"),
    ],
)
def test_what_is_wrong_with_a_tool_is_told_with_its_place(tool: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    url = "" if "url" in tool else "url: https://x.example, "
    path.write_text(
        f"reply:\n  tools:\n    - {{name: t, kind: http, {url}description: {{zh: x}}, {tool}}}\n", encoding="utf-8"
    )
    file = YamlFile(path)
    assert file.read(Surroundings, file.data["reply"], ("reply",)) is None
    assert any(problem in told and "config.yaml:3" in told for told in file.problems), file.problems
