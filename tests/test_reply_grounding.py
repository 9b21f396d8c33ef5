"""A model is told what the house knows, and the screen is told what of it was used."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Exchange
from pipeline.errors import ConfigError, EngineError
from pipeline.messages import Question
from stages.reply._grounding import Grounding, Settings, check, shortened, used
from stages.reply._told import Reference

MUSEUM = Path(__file__).parent.parent / "configs" / "knowledge" / "museum"


def found(text: str, folder: Path = MUSEUM, history: tuple[Exchange, ...] = (), knowledge: str = "",
          **settings: Any) -> tuple[Reference, ...]:  # fmt: skip
    async def main(clock: Clock) -> tuple[Reference, ...]:
        grounding = Grounding(Settings(folder=folder, **settings), clock)
        language = "zh" if text[0] > "z" else "en"
        asked = Question.model_validate(
            {"text": text, "language": language, "history": history, "knowledge": knowledge}
        )
        return await grounding.find(asked)

    return run_virtual(main)


def ids(text: str, **fields: Any) -> list[str]:
    return [entry.id for entry in found(text, **fields)]


def test_the_best_entries_are_told_best_first() -> None:
    assert ids("洗手间在哪里？")[0] == "toilet"
    assert ids("How much is it for students?")[:2] == ["discounts", "tickets"]
    assert len(ids("门票多少钱", threshold=0.01)) == 3
    assert len(ids("门票多少钱", threshold=0.01, most=1)) == 1


def test_what_the_house_does_not_know_is_not_told() -> None:
    assert ids("法国的首都是哪里？") == []


def test_a_short_question_is_understood_with_the_one_before() -> None:
    before = (Exchange(role="visitor", text="特别展览的门票多少钱？"), Exchange(role="avatar", text="三十元。"))
    assert ids("那呢？") == []
    assert "tickets" in ids("那呢？", history=before)


def test_an_answer_is_told_in_the_visitors_language() -> None:
    assert all("\u4e00" <= entry.answer[0] <= "\u9fff" for entry in found("洗手间在哪里？"))
    assert all(entry.answer.isascii() for entry in found("Where is the toilet?"))


def test_long_answers_are_cut_after_a_sentence() -> None:
    (entry, *_) = found("常设展厅多少钱", entry_chars=20)
    assert entry.answer == "常设展厅是免费的。"
    assert shortened("One. Two is longer.", 10) == "One."
    assert shortened("一" * 50, 10) == "一" * 9 + "…"


@given(st.text("a。. ，好\n", max_size=80), st.integers(1, 40))
def test_no_answer_is_longer_than_it_may_be(text: str, most: int) -> None:
    cut = shortened(text, most)
    assert len(cut) <= most
    assert text.startswith(cut.removesuffix("…"))


def test_a_folder_is_chosen_by_the_question_and_errors_are_those_of_the_knowledge_engine(tmp_path: Path) -> None:
    assert ids("洗手间在哪里？", folder=MUSEUM.parent, knowledge="museum")[0] == "toilet"
    with pytest.raises(EngineError) as caught:
        found("x", knowledge="zoo")
    assert caught.value.code == "knowledge-unknown"
    with pytest.raises(ConfigError) as missing:
        found("x", folder=tmp_path / "none")
    assert missing.value.code == "knowledge-missing"
    assert check(Settings(folder=MUSEUM)) == []
    assert len(check(Settings(folder=tmp_path))) == 1


@pytest.mark.parametrize(
    ("sentence", "sources"),
    [
        ("常设展览免费，特别展览要三十元。", ("tickets",)),
        ("您好呀！", ()),
        ("", ()),
        ("学生可以半价。", ("discounts",)),
        ("今天天气不错。", ()),
    ],
)
def test_a_sentence_names_the_entries_that_it_was_made_from(sentence: str, sources: tuple[str, ...]) -> None:
    entries = (
        Reference("tickets", "门票多少钱？", "常设展厅是免费的。特别展览的门票是三十元。"),
        Reference("discounts", "有优惠吗？", "学生半价，十四岁以下免费。"),
        Reference("lift", "电梯在哪？", "电梯在大楼梯后面。"),
    )
    assert used(sentence, entries) == sources


def test_english_too() -> None:
    entries = (Reference("lift", "Where is the lift?", "The lift is behind the big staircase."),)
    assert used("You will find the lift behind the staircase.", entries) == ("lift",)
    assert used("I am glad to help.", entries) == ()
