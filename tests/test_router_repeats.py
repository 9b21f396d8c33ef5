"""What was said is not said again, and what is new is not left out."""

import pytest

from stages.reply._router.repeats import Repeats

SAID = ("瓷器在二楼东厅，", "从这里上楼梯，然后左转。")


@pytest.mark.parametrize(
    "text",
    ["瓷器在二楼东厅。", "从这里上楼梯然后左转", "瓷器就在二楼东厅。", "从这里上楼梯，然后左转", "然后左转。",
     "瓷器在二楼东厅，从这里上楼梯，然后左转。", "瓷器在二楼东厅的。"],
)  # fmt: skip
def test_what_was_said_is_dropped(text: str) -> None:
    assert Repeats(SAID).new(text) == ""


@pytest.mark.parametrize(
    "text",
    ["瓷器在三楼东厅。", "瓷器不在二楼东厅。", "书画在二楼东厅。", "左转。", "闭馆时间是五点。", "瓷器在二楼西厅。",
     "从这里下楼梯，然后左转。"],
)  # fmt: skip
def test_what_is_new_is_kept(text: str) -> None:
    assert Repeats(SAID).new(text) == text


def test_of_a_sentence_that_was_begun_only_the_rest_is_new() -> None:
    repeats = Repeats(("您好，欢迎来到博物馆，",))
    assert repeats.new("您好，欢迎来到博物馆，今天想看什么？") == "今天想看什么？"
    assert Repeats(SAID).new("然后左转。") == ""
    assert Repeats(SAID).new("从这里上楼梯，然后左转。就到了。") == "就到了。"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("It is on the second floor.", ""),
        ("It's on the second floor.", ""),
        ("It is not on the second floor.", "It is not on the second floor."),
        ("It is on the third floor.", "It is on the third floor."),
        ("Yes, it is on the second floor.", ""),
    ],
)
def test_english_is_compared_alike(text: str, new: str) -> None:
    assert Repeats(("It is on the second floor.",)).new(text) == new


def test_with_nothing_said_all_is_new() -> None:
    assert Repeats(()).new("好。") == "好。"
    assert Repeats(("……",)).new("好。") == "好。"


def test_a_short_sentence_is_a_repeat_only_when_it_is_the_same() -> None:
    repeats = Repeats(("好的。", "三楼。"))
    assert repeats.new("好的！") == ""
    assert repeats.new("好。") == "好。"
    assert repeats.new("二楼。") == "二楼。"
