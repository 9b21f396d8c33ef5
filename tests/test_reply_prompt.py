"""What the model is told."""

from pipeline.envelope import Exchange, Feeling
from pipeline.messages import Question
from stages.reply._prompt import messages


def question(**fields: object) -> Question:
    given: dict[str, object] = {"text": "几点开门", "language": "zh", "persona": "你是小维。"}
    return Question.model_validate(given | fields)


def test_the_fixed_part_comes_first_and_does_not_depend_on_the_question() -> None:
    """So that a server's prefix cache holds it."""
    one = messages(question())
    other = messages(question(text="几点关门", feeling=Feeling(label="angry", confidence=0.9), confidence=0.2))
    assert one[0] == other[0]
    assert one[0]["content"].startswith("你是小维。\n\n")
    assert "[happy]" in one[0]["content"]
    assert "{" not in one[0]["content"]


def test_english_is_asked_in_english() -> None:
    assert "spoken aloud" in messages(question(language="en", persona=""))[0]["content"]


def test_the_feeling_is_told_where_it_is_sure() -> None:
    sure = messages(question(feeling=Feeling(label="angry", confidence=0.72)))
    assert "生气" in sure[-1]["content"]
    assert "72%" in sure[-1]["content"]
    for feeling in (Feeling(label="angry", confidence=0.2), Feeling(label="neutral", confidence=0.9)):
        assert messages(question(feeling=feeling))[-1]["content"] == "几点开门"


def test_what_was_not_heard_clearly_is_marked() -> None:
    assert "没有听清楚" in messages(question(confidence=0.3))[-1]["content"]


def test_visitor_and_avatar_take_turns_beginning_with_the_visitor() -> None:
    """Some chat templates refuse anything else."""
    history = (
        Exchange(role="avatar", text="您好！"),
        Exchange(role="avatar", text="想看什么？"),
        Exchange(role="visitor", text="瓷器"),
        Exchange(role="avatar", text="瓷器在二", interrupted=True),
        Exchange(role="visitor", text="等等"),
    )
    turns = messages(question(history=history))
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert turns[2]["content"] == "您好！\n想看什么？"
    assert turns[4]["content"] == "瓷器在二——"
    assert turns[5]["content"] == "（访客打断了你上面的话。）\n等等\n几点开门"


def test_an_interruption_by_the_question_itself_is_told() -> None:
    turns = messages(question(history=(Exchange(role="avatar", text="瓷器", interrupted=True),)))
    assert turns[-1]["content"].startswith("（访客打断了")


def test_a_broken_answer_is_gone_on_with() -> None:
    turns = messages(question(said=("九点。", "周一闭馆。")))
    assert turns[-2] == {"role": "assistant", "content": "九点。周一闭馆。"}
    assert "不要重复" in turns[-1]["content"]
    assert messages(question(said=("Nine.", "Closed on Mondays."), language="en"))[-2]["content"].count(" ") == 3
