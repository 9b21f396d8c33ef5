"""Where but for endpoints on trial only the fallback could answer, nobody waits long for them, and they recover."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.reply._router.plan import Plan, Policy
from tests.router_scene import ANSWER, QUESTION, Heard, Play, Plays, Scene, plain, play
from tests.test_router_answers import in_time, well

LONGEST = Policy().alone
BAD = [Play("reset"), Play("reset")]
"""After two of these a breaker is open."""


async def opened(scene: Scene, rest: float = 2.0) -> None:
    """All breakers are open, and so much time has passed."""
    for _ in range(2):
        await scene.hear()
    await scene.clock.sleep(rest)


def nobody(heard: Heard, within: float) -> None:
    assert heard.error is not None
    assert (heard.error.code, heard.said) == ("endpoints-resting", [])
    assert heard.ended <= within + 1e-6


@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_visitor_waits_a_second_at_most_for_trials_that_are_silent(others: int) -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        heard = await scene.hear()
        assert heard.error is not None
        assert heard.ended == pytest.approx(LONGEST)

    play({f"e{at}": [*BAD, Play("silent")] for at in range(1 + others)}, act)


def test_a_word_that_is_the_beginning_of_nothing_keeps_nobody_waiting() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        nobody(await scene.hear(), LONGEST)

    play({"a": [*BAD, Play("silent", after=1, size=2)]}, act)


def test_a_trial_that_is_quick_answers() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        heard = await scene.hear()
        assert (plain(heard.text), heard.error) == (plain(ANSWER), None)
        assert scene.router.counts["a.unwaited"] == 0

    play({"a": [*BAD, Play(first=0.5)]}, act)


def test_an_endpoint_that_begins_slowly_comes_back_though_nobody_waits_for_its_trial() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        nobody(await scene.hear(), LONGEST)
        assert scene.scripted.under_way["a"] == scene.router.gate.inside["a"] == 1
        nobody(await scene.hear(), 0.0)  # one trial at a time
        await scene.clock.sleep(1.2)
        assert scene.scripted.under_way["a"] == 0  # its first sentence was enough
        assert scene.router.counts["a.tokens_dropped"] > 0
        heard = await scene.hear()
        assert (plain(heard.text), heard.sentences[-1].by) == (plain(ANSWER), "a")
        assert heard.first is not None
        assert heard.first > LONGEST

    scene = play({"a": [*BAD, Play(first=2.0)]}, act)
    assert (scene.router.counts["a.unwaited"], scene.scripted.most["a"]) == (1, 1)


@pytest.mark.parametrize("fault", ["silent", "excuse", "reset", "empty", "keep-alive"])
def test_a_trial_that_fails_when_nobody_waits_makes_the_rest_longer(fault: str) -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        nobody(await scene.hear(), LONGEST)
        await scene.clock.sleep(3.0)  # past its share, within the rest of 4 s
        assert scene.scripted.under_way["a"] == 0
        nobody(await scene.hear(), 0.0)
        assert len(scene.scripted.asked) == 3

    play({"a": [*BAD, Play(fault, first=1.5)]}, act)  # type: ignore[arg-type]


def test_what_is_wrong_with_the_request_itself_is_no_endpoints_fault_on_a_trial_either() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        nobody(await scene.hear(), LONGEST)
        await scene.clock.sleep(1.0)
        assert (await scene.hear()).error is None

    play({"a": [*BAD, Play("rejected", first=1.5), Play(first=0.1)]}, act)


def test_a_trial_that_fails_in_time_leaves_the_rest_of_the_second_to_the_next() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        heard = await scene.hear()
        assert heard.error is not None
        assert heard.ended == pytest.approx(LONGEST)
        assert [call.plan.name for call in scene.scripted.asked][-2:] == ["a", "b"]

    play({"a": [*BAD, Play("reset", first=0.4)], "b": [*BAD, Play("silent")]}, act)


def test_an_endpoint_that_failed_just_now_leaves_a_second_to_one_on_trial() -> None:
    async def act(scene: Scene) -> None:
        for _ in range(2):
            await scene.hear()
        scene.scripted.plays["b"] = [Play("reset")]
        await scene.clock.sleep(2.0)
        scene.router._book.breakers["b"].begin(scene.clock.now())
        scene.router._book.breakers["b"].worked()
        heard = await scene.hear()  # a on trial is asked first, b at its side fails
        assert heard.error is not None
        assert heard.ended <= Policy().trial + 0.05 + LONGEST + 1e-6

    play({"a": [*BAD, Play("silent")], "b": BAD}, act)


def test_waiting_for_a_place_is_waiting_too() -> None:
    async def act(scene: Scene) -> None:
        scene.scripted.plays["a"] = [Play(gap=2.0), Play("reset")]
        long = asyncio.ensure_future(scene.hear())
        await scene.clock.sleep(0.1)
        breaker = scene.router._book.breakers["a"]
        for _ in range(2):
            breaker.failed(scene.clock.now(), trial=False)
        await scene.clock.sleep(2.0)
        heard = await scene.hear()
        assert heard.error is not None
        assert heard.error.code == "server-busy"
        assert heard.ended <= LONGEST
        await long

    play({"a": Play()}, act, plans=[Plan("a", concurrency=1)])


def test_who_interrupts_takes_the_trial_along() -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        with pytest.raises(TimeoutError):
            async with scene.clock.timeout(0.5):
                await scene.hear()
        assert scene.scripted.under_way.total() == scene.router.gate.inside.total() == 0
        assert scene.router._book.breakers["a"].free(scene.clock.now())

    play({"a": [*BAD, Play("silent")]}, act)


@pytest.mark.parametrize("after", [0.0, 0.5])
def test_who_closes_the_router_breaks_off_its_trials(after: float) -> None:
    async def act(scene: Scene) -> None:
        await opened(scene)
        nobody(await scene.hear(), LONGEST)
        if after:
            await scene.clock.sleep(after)
        await scene.router.close()
        assert scene.scripted.under_way.total() == scene.router.gate.inside.total() == 0

    play({"a": [*BAD, Play("silent")], "b": [*BAD, Play("silent")]}, act)


def test_what_was_given_already_gives_the_others_their_whole_time() -> None:
    listed: Plays = {"a": [Play("silent", after=6)], "b": [*BAD, Play(first=1.5)]}

    async def act(scene: Scene) -> None:
        breaker = scene.router._book.breakers["b"]
        for _ in range(2):
            breaker.failed(0.0, trial=False)
        scene.scripted.plays["b"] = [Play(first=1.5)]
        await scene.clock.sleep(2.0)
        heard = await scene.hear()
        assert (plain(heard.text), heard.sentences[-1].by) == (plain(ANSWER), "b")

    play(listed, act)


def test_where_two_are_asked_after_one_that_failed_the_change_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    listed: Plays = {"a": Play("reset"), "b": [*BAD, Play(first=3.0)], "c": [*BAD, Play()]}

    async def act(scene: Scene) -> None:
        await opened(scene)
        scene.router._book.breakers["a"].worked()
        caplog.clear()
        with caplog.at_level(logging.INFO):
            assert (await scene.hear()).sentences[-1].by == "c"

    play(listed, act)
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events.count("reply.failover") == events.count("reply.hedge") == 1


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[tuple[int, list[Play]]], list[float]]:
    paces = {"first": st.sampled_from([0.0, 0.05, 0.6, 1.5, 2.5, 9.0]), "gap": st.sampled_from([0.0, 0.1])}
    whole = st.builds(Play, **paces)
    never = st.builds(Play, fault=st.sampled_from(["busy", "silent", "excuse", "empty"]), **paces)
    broken = st.builds(Play, fault=st.sampled_from(["reset", "silent", "keep-alive", "cut"]),
                       after=st.sampled_from([0, 1, 6]), **paces)  # fmt: skip
    one = st.one_of(whole, never, broken)
    ends = draw(st.lists(st.tuples(st.integers(1, 2), st.lists(one, min_size=1, max_size=5)), min_size=1, max_size=3))
    return ends, draw(st.lists(st.sampled_from([0.0, 0.05, 0.5, 1.1, 2.0, 5.0]), min_size=2, max_size=8))


def noting(name: str, worked: Callable[[], bool], closed: list[str]) -> Callable[[], bool]:
    def note() -> bool:
        closed.append(name)
        return worked()

    return note


@settings(max_examples=200, deadline=None)
@given(schedules())
def test_with_every_breaker_open_nobody_waits_long_and_nothing_is_asked_too_often(
    schedule: tuple[list[tuple[int, list[Play]]], list[float]],
) -> None:
    ends, pauses = schedule
    plans = [Plan(f"e{at}", by=f"e{at}", rank=at, concurrency=most) for at, (most, _) in enumerate(ends)]
    listed: Plays = {f"e{at}": [*BAD, *script] for at, (_, script) in enumerate(ends)}

    closed: list[str] = []
    """Breakers that closed, in their order: the promise is for who comes and goes while all are open."""

    async def visit(scene: Scene, visitor: int) -> None:
        breakers, before = scene.router._book.breakers.values(), len(closed)
        all_open = all(breaker.state(scene.clock.now()) != "closed" for breaker in breakers)
        heard = await scene.hear(QUESTION.model_copy(update={"session": f"v{visitor}"}))
        well(heard)
        in_time(heard, Policy())
        if all_open and len(closed) == before and not heard.said:
            assert heard.ended <= LONGEST + 1e-6

    async def act(scene: Scene) -> None:
        await opened(scene, 0.0)
        for name, breaker in scene.router._book.breakers.items():
            breaker.worked = noting(name, breaker.worked, closed)  # type: ignore[method-assign]
        async with asyncio.TaskGroup() as tasks:
            for visitor, pause in enumerate(pauses):
                await scene.clock.sleep(pause)
                tasks.create_task(visit(scene, visitor))

    scene = play(listed, act, plans=plans)
    for plan in plans:
        assert scene.scripted.most[plan.name] <= plan.concurrency
