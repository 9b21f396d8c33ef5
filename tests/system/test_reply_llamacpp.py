"""Against llama.cpp's own HTTP server, on a GGUF model that the test makes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import prefix
from benchmarks.prefix import AT_ONCE, ONE_BY_ONE, Turn
from pipeline.cli import main as visavis
from pipeline.clock import Clock, run_real
from pipeline.messages import Question, Sentence, Thought
from stages.reply import deepseek
from tests.system import llama_server, tiny_gguf
from tests.test_pipeline_config import STUBS

pytestmark = [pytest.mark.system, pytest.mark.servers]
QUESTION = Question(session="s", turn=1, revision=1, text="瓷器在哪里", language="zh", persona="你是小河。")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    tiny_gguf.write(model)
    with llama_server.serving(model) as address:
        yield address


@pytest.fixture(scope="module")
def unmarked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that does not find out that its model's template opens a thought."""
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    tiny_gguf.write(model, "unmarked")
    with llama_server.serving(model) as address:
        yield address


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[str]:
    """A server that has read nothing yet."""
    tiny_gguf.write(tmp_path / "tiny.gguf")
    with llama_server.serving(tmp_path / "tiny.gguf") as address:
        yield address


def endpoint(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": "hall", "base_url": url, "model": llama_server.NAME, "dialect": "llamacpp"} | fields


def answer(url: str, question: Question = QUESTION, **fields: Any) -> tuple[str, str, Sentence]:
    """Thought and answer as text, and the answer's last sentence."""

    async def main(clock: Clock) -> list[Any]:
        settings = {"endpoints": [endpoint(url, **fields)], "answer_within": 30}
        engine = deepseek.Engine(deepseek.Settings.model_validate(settings), clock)
        try:
            return [message async for message in engine.work(question)]
        finally:
            await engine.close()

    said = run_real(main)
    thought = "".join(message.text for message in said if isinstance(message, Thought))
    return thought, "".join(message.text for message in said if isinstance(message, Sentence)), said[-1]


def test_a_question_is_answered_and_its_tokens_are_counted(url: str) -> None:
    thought, text, last = answer(url)
    assert (thought, text) == ("", tiny_gguf.ANSWER + tiny_gguf.REST)
    assert last.last
    assert last.by == f"hall/{llama_server.NAME}"
    assert last.tokens_in > len(QUESTION.persona + QUESTION.text)
    assert last.tokens_out == len(text) + 1  # a token for each character, and the end


def test_the_dialect_switches_thinking_on_and_the_thought_is_not_spoken(url: str) -> None:
    assert answer(url, thinking="on")[:2] == (tiny_gguf.THOUGHT, tiny_gguf.ANSWER + tiny_gguf.REST)
    assert answer(url, thinking="auto")[0] == tiny_gguf.THOUGHT, "the template's own default"
    assert not answer(url, thinking="off")[0]


def test_a_thought_that_the_server_does_not_mark_is_not_spoken_where_the_config_says_that_it_thinks(
    unmarked: str,
) -> None:
    assert answer(unmarked, thinking="on")[:2] == (tiny_gguf.THOUGHT, tiny_gguf.ANSWER + tiny_gguf.REST)
    assert answer(unmarked, thinking="off")[:2] == ("", tiny_gguf.ANSWER + tiny_gguf.REST)


def test_a_broken_off_answer_is_gone_on_with_by_its_beginning(url: str) -> None:
    _, text, last = answer(url, QUESTION.model_copy(update={"said": (tiny_gguf.ANSWER,)}))
    assert text == tiny_gguf.REST
    assert (last.index, last.tokens_out) == (1, len(tiny_gguf.REST) + 1)


def test_the_prefix_cache_has_the_fixed_part_and_all_that_was_said(fresh: str) -> None:
    turns = prefix.turns(fresh, ONE_BY_ONE)
    visits = [turns[at : at + 4] for at in range(0, len(turns), 4)]
    first = turns[0]
    assert (first.turn, first.cached) == (0, 0)
    assert all(turn.cached >= 0.8 * first.tokens for turn in turns[1:])
    for visit in visits:
        assert [turn.cached for turn in visit[1:]] == sorted({turn.cached for turn in visit[1:]}), "grows with history"
    begun = [visit[0].cached for visit in visits[1:]]
    assert len(set(begun)) == 1, "what all visitors share"
    assert prefix.rate(turns) >= 75
    assert prefix.rate(turns[1:]) >= 82


def test_visitors_who_take_turns_keep_the_fixed_part_in_the_cache(fresh: str) -> None:
    turns = prefix.turns(fresh, AT_ONCE)
    assert all(turn.cached >= 0.8 * turns[0].tokens for turn in turns[1:])
    assert prefix.rate(turns) >= 72


def test_without_notes_beside_the_question_nearly_all_of_it_is_cached(fresh: str) -> None:
    """Also asks again within the instant in which the server closes the connection, which it said it would keep."""
    turns: list[Turn] = prefix.turns(fresh, ONE_BY_ONE, grounded=False)
    assert prefix.rate(turns[1:]) >= 95


def test_the_server_is_shown_as_usable(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert visavis(["endpoints", str(config(tmp_path, endpoint(url))), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["usable"], row["has_model"], row["reasoning"], row["problem"]) == (True, True, "none", "")
    assert visavis(["endpoints", str(config(tmp_path, endpoint(url, thinking="on"))), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["reasoning"] == "reasoning_content"


def test_a_server_that_does_not_mark_its_thoughts_is_found(
    unmarked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thinks = {"chat_template_kwargs": {"thinking": True}}
    assert visavis(["endpoints", str(config(tmp_path, endpoint(unmarked, thinking="auto", extra=thinks)))]) == 1
    assert "thinking: on" in capsys.readouterr().out


def config(folder: Path, listed: dict[str, Any]) -> Path:
    path = folder / "config.yaml"
    reply = f"engine: deepseek, endpoints: [{json.dumps(listed)}]"
    path.write_text(STUBS.replace("engine: benchmarks.stubs.reply", reply), "utf-8")
    return path
