"""A day's budget holds: what is spent is known, survives a restart, and decides who may still be asked."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.clock import Clock, run_virtual
from pipeline.errors import EngineError
from pipeline.facts import Fact, Facts
from stages.reply._budget import Budget, SpentFile
from stages.reply._usage import Usage
from stages.reply.deepseek import Engine, Settings, budget_of, check, here
from tests.router_scene import QUESTION

HALL = {"name": "hall", "base_url": "http://hall:8000", "model": "m"}
CLOUD = {"name": "cloud", "model": "m", "dialect": "deepseek", "price": {"input": 1, "output": 4}}
DEAREST = {"name": "big", "model": "b", "dialect": "deepseek", "price": {"input": 4, "output": 16}}


class Days:
    """A calendar that is set."""

    def __init__(self) -> None:
        self.date = "2026-11-25"

    def __call__(self) -> str:
        return self.date


def settings(*endpoints: dict[str, Any], **budget: Any) -> Settings:
    return Settings.model_validate({"endpoints": list(endpoints), "budget": {"day": 20} | budget})


# --- the sum


def test_a_day_begins_at_midnight_with_nothing_spent() -> None:
    days = Days()
    budget = Budget(1.0, {"cloud"}, days)
    budget.add(1.0)
    assert not budget.allows("cloud")
    days.date = "2026-11-26"
    assert (budget.spent, budget.allows("cloud")) == (0.0, True)


def test_the_cheap_go_on_when_all_is_spent() -> None:
    budget = Budget(1.0, {"cloud"})
    budget.add(5.0)
    assert (budget.allows("hall"), budget.allows("cloud")) == (True, False)


def test_nothing_is_prepared_of_the_last_tenth() -> None:
    budget = Budget(1.0, {"cloud"})
    found = []
    for cost in (0.0, 0.85, 0.05, 0.05, 0.05):
        budget.add(cost)
        found.append(budget.low)
    assert found == [False, False, True, True, False]


def test_without_a_budget_everything_may_be_spent() -> None:
    budget = Budget()
    budget.add(1e9)
    assert (budget.allows("cloud"), budget.low) == (True, False)


def test_that_it_is_spent_is_told_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    days = Days()
    budget = Budget(1.0, {"cloud"}, days)
    with caplog.at_level(logging.INFO):
        for _ in range(30):
            budget.add(0.1)
        days.date = "2026-11-26"
        budget.add(1.5)
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events == [
        "reply.budget-low", "reply.budget-spent", "reply.day", "reply.budget-low", "reply.budget-spent",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 1.0)), max_size=30))
def test_what_others_spend_counts_once_and_ours_is_not_counted_twice(answers: list[tuple[bool, float]]) -> None:
    budget = Budget(1e6)
    budget.site(7.0)  # before we listened: a file may hold it
    total, late, ours = 7.0, 0.0, 0.0
    for own, cost in answers:
        if own:
            budget.add(cost)
            budget.said(cost)
            late, ours = late + cost, ours + cost  # its message is still on its way
        else:
            total += late + cost
            late = 0.0
            budget.site(total)
    budget.site(total + late)
    assert budget.spent == pytest.approx(sum(cost for _, cost in answers))


# --- over a restart


def test_a_restart_does_not_forget_what_was_spent(tmp_path: Path) -> None:
    days, path = Days(), tmp_path / "spent.json"
    Budget(1.0, {"cloud"}, days, SpentFile(path)).add(0.75)
    again = Budget(1.0, {"cloud"}, days, SpentFile(path))
    assert again.spent == 0.75
    assert [file.name for file in tmp_path.iterdir()] == ["spent.json"]
    days.date = "2026-11-26"
    assert Budget(1.0, {"cloud"}, days, SpentFile(path)).spent == 0.0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"day": "2026-11-25"}', '{"day": "x", "spent": "much"}', '{"day": "x", "spent": -1}',
             '{"day": "x", "spent": NaN}', "\x00\x00\x00"],
)  # fmt: skip
def test_a_broken_file_is_put_aside_and_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path / "spent.json"
    path.write_text(text, encoding="utf-8")
    budget = Budget(1.0, {"cloud"}, Days(), SpentFile(path))
    budget.add(0.25)
    budget.add(0.25)
    assert (tmp_path / "spent.json.broken").read_text(encoding="utf-8") == text
    assert json.loads(path.read_text(encoding="utf-8")) == {"day": "2026-11-25", "spent": 0.5}
    assert [record.getMessage().split()[0] for record in caplog.records] == ["reply.budget-unreadable"]


def test_a_file_that_cannot_be_written_stops_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget(10.0, {"cloud"}, Days(), SpentFile(tmp_path / "nowhere" / "spent.json"))
    budget.add(0.5)
    budget.add(0.5)
    assert budget.spent == 1.0
    assert [record.getMessage().split()[0] for record in caplog.records] == ["reply.budget-not-kept"]


# --- what a config says


@pytest.mark.parametrize(
    ("endpoints", "budget", "dear"),
    [
        ([HALL, CLOUD], {}, {"cloud"}),
        ([HALL, CLOUD, DEAREST], {}, {"big"}),
        ([HALL, CLOUD, DEAREST], {"cheaper": ["hall"]}, {"cloud", "big"}),
        ([HALL, CLOUD], {"then": "knowledge"}, {"hall", "cloud"}),
        ([CLOUD], {}, {"cloud"}),
    ],
)
def test_who_is_dear(endpoints: list[dict[str, Any]], budget: dict[str, Any], dear: set[str]) -> None:
    assert settings(*endpoints, **budget).dear == dear


def test_without_a_budget_nobody_is_dear() -> None:
    chosen = Settings.model_validate({"endpoints": [HALL, CLOUD]})
    assert chosen.dear == frozenset()
    assert budget_of(chosen).allows("cloud")


@pytest.mark.parametrize(
    ("endpoints", "budget", "words"),
    [
        ([HALL, CLOUD], {"cheaper": ["hell"]}, "'hell', which is no endpoint: there are cloud, hall"),
        ([HALL], {}, "no endpoint has a price"),
        ([CLOUD], {"day": 0}, "greater than 0"),
        ([CLOUD], {"timezone": "Moon/Sea"}, "no time zone"),
        ([CLOUD], {"then": "nobody"}, "knowledge"),
    ],
)
def test_what_cannot_be_meant_is_refused(endpoints: list[dict[str, Any]], budget: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(*endpoints, **budget)


def test_a_single_server_may_have_a_budget_too() -> None:
    one = {"base_url": "http://hall:8000", "model": "m", "prices": {"output": 4}, "budget": {"day": 1}}
    assert Settings.model_validate(one).dear == {"model"}


def test_a_file_without_a_folder_is_a_problem(tmp_path: Path) -> None:
    chosen = settings(CLOUD, file=str(tmp_path / "nowhere" / "spent.json"))
    assert any("make it" in problem for problem in check(chosen))
    assert check(settings(CLOUD, file=str(tmp_path / "spent.json"))) == []


def test_who_is_cheap_is_told_by_all_endpoints_and_not_by_those_of_one_machine() -> None:
    chosen = settings(HALL, CLOUD | {"place": {"label.hall": "east"}})
    found = here(chosen, Facts({"label.hall": Fact("west", "given by --label")}))
    assert [endpoint.name for endpoint in found.endpoints] == ["hall"]
    assert found.dear == frozenset()


def test_the_engine_takes_its_share_and_what_others_spent() -> None:
    async def main(clock: Clock) -> None:
        engine = Engine(settings(HALL | {"concurrency": 5}, CLOUD, then="knowledge"), clock)
        engine.site(0, 2, 3.0)
        engine.site(0, 2, 25.0)
        with pytest.raises(EngineError) as caught:
            _ = [message async for message in engine.work(QUESTION)]
        assert caught.value.code == "budget-spent"
        await engine.close()

    run_virtual(main)


def test_prices_are_compared_by_a_whole_answer() -> None:
    chosen = settings(CLOUD | {"price": {"input": 1, "output": 1}}, DEAREST | {"price": {"input": 0.5, "output": 4}})
    assert chosen.dear == {"cloud"}
    assert Usage(5, 1, 2).plus(Usage(1, 1, 1)) == Usage(6, 2, 3)
