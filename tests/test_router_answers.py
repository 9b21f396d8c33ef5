"""Whatever breaks wherever, the visitor hears exactly one answer, in time, with nothing twice and nothing missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.reply._router.latency import ENOUGH
from stages.reply._router.plan import Plan, Policy
from tests.router_scene import ANSWER, FATAL, QUESTION, SENTENCES, Fault, Heard, Play, Plays, Scene, once, plain, play

FAULTS: list[Fault] = [
    "", "refused", "unreachable", "busy", "busy-after", "excuse", "missing", "silent", "keep-alive", "reset", "cut",
    "nonsense", "empty", "rejected", "content",
]  # fmt: skip
EARLY = frozenset({"refused", "unreachable", "busy", "busy-after", "excuse", "missing", "rejected", "empty"})
"""Faults that come in place of an answer."""


@st.composite
def plays(draw: st.DrawFn) -> Play:
    fault = draw(st.sampled_from(FAULTS))
    return Play(
        fault=fault,
        after=0 if fault in EARLY else draw(st.integers(0, 40)),
        first=draw(st.sampled_from([0.0, 0.05, 0.6, 2.0, 9.0])),
        gap=draw(st.sampled_from([0.0, 0.01, 0.1])),
        size=draw(st.sampled_from([1, 2, 3, 7, 40])),
        thought=draw(st.sampled_from(["", "访客在问路，我想一想。"])),
        tagged=draw(st.booleans()),
        going=draw(st.sampled_from(["on", "again", "last"])),
    )


def well(heard: Heard) -> None:
    """One answer, or a part of one and an error."""
    sentences = heard.sentences
    assert [sentence.index for sentence in sentences] == list(range(len(sentences)))
    assert [sentence.last for sentence in sentences[:-1]] == [False] * (len(sentences) - 1 if sentences else 0)
    assert "think" not in heard.text
    assert "想一想" not in heard.text
    assert "繁忙" not in heard.text
    if heard.error is None:
        assert sentences[-1].last
        assert plain(heard.text) == plain(ANSWER)
    else:
        assert not sentences or not sentences[-1].last
        assert plain(ANSWER).startswith(plain(heard.text))


def in_time(heard: Heard, policy: Policy) -> None:
    assert heard.first is not None
    if not heard.thought:
        assert heard.first <= policy.answer_within + 1e-6


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(plays(), min_size=1, max_size=3), min_size=1, max_size=4), st.booleans())
def test_a_question_has_exactly_one_answer(scripts: list[list[Play]], again: bool) -> None:
    listed: Plays = {f"e{number}": script for number, script in enumerate(scripts)}
    policy = Policy()

    async def act(scene: Scene) -> None:
        for _ in range(2 if again else 1):
            heard = await scene.hear()
            well(heard)
            in_time(heard, policy)

    scene = play(listed, act, policy=policy)
    assert scene.scripted.together <= 2  # the second one only beside an endpoint on trial
    if not again:
        assert scene.scripted.together <= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(plays(), min_size=2, max_size=4), st.sampled_from([0.0, 0.05, 1.0]))
def test_a_question_that_two_are_asked_has_one_answer(scripts: list[Play], usual: float) -> None:
    policy = Policy(hedge_share=1.0)

    async def act(scene: Scene) -> None:
        for latency in scene.router._book.latencies.values():
            for _ in range(ENOUGH):
                latency.add(usual)
        heard = await scene.hear()
        well(heard)
        in_time(heard, policy)

    scene = play({f"e{number}": script for number, script in enumerate(scripts)}, act, policy=policy)
    assert scene.scripted.together <= 2


@settings(max_examples=200, deadline=None)
@given(st.lists(plays(), min_size=1, max_size=3), st.integers(0, 3))
def test_while_one_endpoint_is_well_every_question_is_answered_whole(scripts: list[Play], at: int) -> None:
    listed: Plays = {f"e{number}": script for number, script in enumerate(scripts)}
    names = list(listed)
    names.insert(min(at, len(names)), "well")
    heard, _ = once({name: listed.get(name, Play()) for name in names})
    if heard.error is None:
        well(heard)
    else:  # only one that would refuse it everywhere comes before
        assert any(script.fault in FATAL for script in scripts)


def test_endpoints_that_hang_after_their_first_words_leave_time_to_the_next() -> None:
    hangs = [Play("silent", after=after, first=0.6, gap=0.1, size=1) for after in (1, 2)]
    heard, _ = once({"one": hangs[0], "two": hangs[1], "well": Play()})
    assert heard.error is None
    assert heard.sentences[-1].by == "well"
    in_time(heard, Policy())


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault and fault not in FATAL])
@pytest.mark.parametrize("after", [0, 1, 4, 9, 12, 13])
def test_each_fault_at_each_place_is_made_good_by_the_next(fault: Fault, after: int) -> None:
    heard, scene = once({"bad": Play(fault, 0 if fault in EARLY else after), "good": Play()})
    well(heard)
    assert heard.error is None
    assert [call.plan.name for call in scene.scripted.asked] == ["bad", "good"]
    assert heard.sentences[-1].by == "good"
    if after >= 9 and fault not in EARLY:
        assert heard.sentences[0].by == "bad"
        assert scene.scripted.asked[1].question.said == tuple(
            sentence.text for sentence in heard.sentences if sentence.by == "bad"
        )


@pytest.mark.parametrize("fault", sorted(FATAL))
def test_what_every_endpoint_would_refuse_is_asked_once(fault: Fault) -> None:
    heard, scene = once({"first": Play(fault), "second": Play()})
    assert heard.error is not None
    assert not heard.error.retry
    assert [call.plan.name for call in scene.scripted.asked] == ["first"]


def test_a_refusal_after_text_leaves_what_was_said_and_nobody_goes_on() -> None:
    heard, scene = once({"first": Play("content", after=6), "second": Play()})
    assert heard.error is not None
    assert heard.error.code == "server-content"
    assert heard.text == SENTENCES[0]
    assert len(scene.scripted.asked) == 1


def test_when_all_fail_the_error_names_each() -> None:
    heard, _ = once({"one": Play("reset"), "two": Play("busy"), "three": Play("refused")})
    assert heard.error is not None
    assert heard.error.retry
    assert all(name in heard.error.text for name in ("one: ", "two: ", "three: "))
    assert heard.error.code == "server-refused"


def test_a_single_endpoint_keeps_its_own_error() -> None:
    heard, _ = once({"one": Play("busy-after")})
    assert heard.error is not None
    assert (heard.error.code, heard.error.text) == ("server-busy", "one busy-after")


def test_the_rest_of_an_answer_of_a_stage_before_is_not_said_again() -> None:
    asked = QUESTION.model_copy(update={"said": SENTENCES[:2]})
    heard, _ = once({"one": Play(going="again")}, question=asked)
    assert [sentence.index for sentence in heard.sentences] == [2, 3]
    assert heard.text == "".join(SENTENCES[2:])


def test_a_continuation_that_has_nothing_new_ends_the_answer() -> None:
    heard, _ = once({"one": Play(going="again")}, question=QUESTION.model_copy(update={"said": SENTENCES}))
    assert heard.error is None
    assert [(sentence.text, sentence.last, sentence.index) for sentence in heard.sentences] == [("", True, 4)]


def test_left_time_of_a_request_bounds_the_answer() -> None:
    question = QUESTION.model_copy(update={"left_ms": 1000})
    heard, _ = once({"one": Play("silent"), "two": Play("silent")}, question=question)
    assert heard.error is not None
    assert heard.ended <= 1.0


def test_who_answered_and_what_it_took_is_on_the_last_sentence() -> None:
    plan = Plan("main", by="main/m", cost=lambda usage: float(usage.tokens_out))
    heard, scene = once({"main": Play()}, plans=[plan])
    last = heard.sentences[-1]
    assert (last.by, last.tokens_in, last.tokens_out, last.cost) == ("main/m", 10, 20, 20.0)
    assert scene.router.counts["main.answered"] == 1
    assert scene.router.counts["main.tokens_out"] == 20
