"""Thoughts go to the screen, never to the voice, and end when they have taken long enough."""

from dataclasses import replace

import pytest

from pipeline.messages import Question, Thought
from stages.reply._router.plan import Plan, Policy
from stages.reply._thoughts import LINE, Circle, Shown
from tests.router_scene import ANSWER, QUESTION, Heard, Play, Plays, Scene, once, plain, play

LONG = "访客在问路，我先想想展厅在哪里，再想想怎么走最近，最后想想还要不要提醒他闭馆时间。" * 3
SLOW = Play(thought="".join(f"第{number}步，考虑第{number}种走法。" for number in range(300)), gap=0.1, size=4)


def thinker(name: str = "deep", *, can_rest: bool = False, rank: int = 0) -> Plan:
    return Plan(name, by=name, rank=rank, thinking="on", can_rest=can_rest)


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 50])
def test_a_thought_is_shown_whole_and_never_spoken(size: int, *, tagged: bool) -> None:
    heard, _ = once({"deep": Play(thought="访客在问路。\n他想去二楼。", tagged=tagged, size=size)}, plans=[thinker()])
    assert heard.thought == "访客在问路。\n他想去二楼。"
    assert plain(heard.text) == plain(ANSWER)


def test_past_the_budget_one_that_does_not_think_answers() -> None:
    plans = [thinker(), Plan("plain", by="plain", rank=1)]
    heard, scene = once({"deep": SLOW, "plain": Play()}, plans=plans, policy=Policy(thinking_budget=2.0))
    assert heard.error is None
    assert heard.sentences[-1].by == "plain"
    assert heard.first is not None
    assert 2.0 <= heard.first <= 2.5
    assert scene.router.counts["deep.thinking"] == 1
    assert [call.thinking for call in scene.scripted.asked] == ["on", "off"]


def test_the_same_model_answers_where_its_thinking_can_be_switched_off() -> None:
    heard, scene = once({"deep": SLOW}, plans=[thinker(can_rest=True)], policy=Policy(thinking_budget=2.0))
    assert plain(heard.text) == plain(ANSWER)
    assert [call.thinking for call in scene.scripted.asked] == ["on", "off"]


def test_one_that_thinks_although_it_was_told_not_to_is_not_asked_for_ever() -> None:
    stubborn = replace(SLOW, tagged=True)
    heard, scene = once({"deep": stubborn}, plans=[thinker(can_rest=True)], policy=Policy(thinking_budget=2.0))
    assert heard.error is not None
    assert heard.error.code == "thinking-too-long"
    assert len(scene.scripted.asked) == 2
    quiet = Plan("deep", can_rest=True)
    _, scene = once({"deep": stubborn}, plans=[quiet], policy=Policy(thinking_budget=2.0))
    assert len(scene.scripted.asked) == 1


def test_a_budget_ends_a_thought_that_stops_in_silence_too() -> None:
    plans = [thinker(), Plan("plain", by="plain", rank=1)]
    stuck = Play("silent", after=3, thought=LONG)
    heard, _ = once({"deep": stuck, "plain": Play()}, plans=plans, policy=Policy(thinking_budget=1.0))
    assert heard.sentences[-1].by == "plain"
    assert heard.first is not None
    assert heard.first < 1.5


def test_a_thought_that_goes_round_is_ended_before_its_budget() -> None:
    plans = [thinker(), Plan("plain", by="plain", rank=1)]
    circle = Play(thought="等等，让我再想一想展厅在哪里。" * 400, gap=0.01, size=8)
    heard, scene = once({"deep": circle, "plain": Play()}, plans=plans, policy=Policy(thinking_budget=60.0))
    assert heard.sentences[-1].by == "plain"
    assert heard.first is not None
    assert heard.first < 3.0
    assert scene.router.counts["deep.thinking"] == 1


def test_an_answer_in_the_reasoning_field_goes_to_the_next() -> None:
    plans = [thinker(), Plan("plain", by="plain", rank=1)]
    heard, scene = once({"deep": Play(thought="在二楼。", text=""), "plain": Play()}, plans=plans)
    assert plain(heard.text) == plain(ANSWER)
    assert scene.router.counts["deep.broken"] == 1


def test_a_thought_that_breaks_is_taken_up_by_the_next_and_numbered_on() -> None:
    plans = [thinker("one"), thinker("two", rank=1)]
    listed: Plays = {"one": Play("reset", after=60, thought=LONG, size=2), "two": Play(thought=LONG, size=2)}
    heard, _ = once(listed, plans=plans)
    thoughts = [message for message in heard.said if isinstance(message, Thought)]
    assert [thought.index for thought in thoughts] == list(range(len(thoughts)))
    assert plain(heard.text) == plain(ANSWER)


@pytest.mark.parametrize(("thoughts", "shown"), [("summary", ["先看地图"]), ("hidden", [])])
def test_a_screen_may_get_a_line_or_only_a_sign(thoughts: str, shown: list[str]) -> None:
    policy = replace(Policy(), thoughts=thoughts)  # type: ignore[arg-type]
    heard, _ = once({"deep": Play(thought="先看地图\n然后" + LONG)}, plans=[thinker()], policy=policy)
    thoughts_given = [message.text for message in heard.said if isinstance(message, Thought)]
    assert [text for text in thoughts_given if text] == shown
    assert len(thoughts_given) >= 2  # it still thinks: that is told in any case
    assert plain(heard.text) == plain(ANSWER)


def test_a_summary_is_the_first_line_and_later_headings_and_short() -> None:
    shown, texts = Shown("summary"), ["访客", "在问路\n他可能", "在一楼\n## 走哪条", "路\n左边近\n**结论**\n", "完"]
    told = [line for at, text in enumerate(texts)
            for line in shown.take(QUESTION.answer(Thought, index=at, text=text))]  # fmt: skip
    assert [line.text for line in told if line.text] == ["访客在问路", "走哪条路", "结论"]
    assert [line.index for line in told] == list(range(len(told)))
    (line,) = Shown("summary").take(QUESTION.answer(Thought, index=0, text="长" * 500))
    assert len(line.text) == LINE


def test_a_circle_needs_many_rounds() -> None:
    assert not Circle().feed("同一句话说了两遍，" * 2 + "这不算什么。" + LONG)
    circle = Circle()
    assert any(circle.feed("让我换一个角度来想这个问题，也许能找到更好的路线，再看看。") for _ in range(12))
    assert not Circle().feed("".join(f"考虑第{number}种情况，它与前面的都不一样。" for number in range(500)))


def test_an_endpoint_that_sends_thoughts_without_their_opening_tag_does_so_once() -> None:
    """What comes first cannot be told from an answer; from the second question on it is known to be a thought."""
    thought = "我先想想展厅在哪里。再想想怎么走。"
    heard: list[str] = []

    async def act(scene: Scene) -> None:
        for _ in range(2):
            said = await scene.hear()
            heard.append(said.text)

    play({"deep": Play(text=f"{thought}</think>{ANSWER}")}, act, plans=[Plan("deep", by="deep")])
    assert thought[:5] in heard[0]
    assert plain(heard[1]) == plain(ANSWER)


STRAY = Play(text="好的，</think>这是一个符号。瓷器在二楼东厅。")
TYPED = QUESTION.changed(text="请在回答里写一个</think>符号")


def answers(plays: list[Play], *questions: Question) -> tuple[list[Heard], Scene]:
    """Of one endpoint that was told not to think, question after question."""
    heard: list[Heard] = []

    async def act(scene: Scene) -> None:
        for question in questions:
            heard.append(await scene.hear(question))

    return heard, play({"plain": plays}, act, plans=[Plan("plain", by="plain", can_rest=True)])


@pytest.mark.parametrize("typed", ["</think>", "<think>", "</THINK >", "＜/think＞"])
def test_a_visitor_who_has_the_tag_written_makes_no_answer_late(typed: str) -> None:
    heard, scene = answers([STRAY, Play()], QUESTION.changed(text=f"写一个{typed}"), QUESTION, QUESTION)
    assert plain(heard[0].text) == plain("好的，这是一个符号。瓷器在二楼东厅。")
    assert [call.inside for call in scene.scripted.asked] == [False] * 3
    assert heard[1].first is not None
    assert heard[1].first < heard[1].ended / 2


def test_one_tag_from_an_endpoint_without_tags_is_dropped_and_a_second_one_counts() -> None:
    heard, scene = answers([Play(), STRAY, STRAY, Play(), Play()], *[QUESTION] * 5)
    assert plain(heard[1].text) == plain("好的，这是一个符号。瓷器在二楼东厅。")
    assert heard[2].error is not None
    assert heard[2].error.code == "thought-unmarked"
    assert [call.inside for call in scene.scripted.asked] == [False, False, False, True, False]


def test_an_answer_without_a_tag_takes_the_mark_away() -> None:
    heard, scene = answers([STRAY, Play()], *[QUESTION] * 3)
    assert [call.inside for call in scene.scripted.asked] == [False, True, False]
    assert plain(heard[1].text) == plain(heard[2].text) == plain(ANSWER)
    assert heard[2].first is not None
    assert heard[2].first < 0.5


def test_an_answer_that_was_cut_before_its_tag_takes_no_mark_away() -> None:
    heard, scene = answers([STRAY, Play("content", after=3), STRAY], *[QUESTION] * 3)
    assert heard[1].error is not None
    assert [call.inside for call in scene.scripted.asked] == [False, True, True]
