"""An endpoint that fails is left alone, longer each time, and tried again by one request at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reply._router.breaker import LONGEST_AFTER, Breaker
from stages.reply._router.plan import Plan, Policy
from tests.router_scene import Play, Plays, Scene, plain, play


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(failures=2, rest=2.0)
    assert breaker.failed(0.0, trial=False) == 0.0
    breaker.worked()
    assert breaker.failed(1.0, trial=False) == 0.0
    assert breaker.failed(2.0, trial=False) == 2.0
    assert [breaker.state(at) for at in (2.0, 3.9, 4.0)] == ["open", "open", "half-open"]
    assert breaker.wait(3.0) == 1.0


def test_one_trial_at_a_time_and_each_that_fails_doubles_the_rest() -> None:
    breaker = Breaker(failures=1, rest=2.0, longest=10.0)
    now, rests = 0.0, [breaker.failed(0.0, trial=False)]
    for _ in range(4):
        now += rests[-1]
        assert breaker.free(now)
        assert breaker.begin(now)
        assert not breaker.free(now)
        assert not breaker.begin(now)
        rests.append(breaker.failed(now, trial=True))
    assert rests == [2.0, 4.0, 8.0, 10.0, 10.0]
    now += 10.0
    assert breaker.begin(now)
    assert breaker.worked()
    assert breaker.failed(now, trial=False) == 2.0


def test_a_trial_that_was_broken_off_may_be_made_again() -> None:
    breaker = Breaker(failures=1)
    breaker.failed(0.0, trial=False)
    assert breaker.begin(2.0)
    breaker.dropped()
    assert breaker.free(2.0)


def test_a_refusal_opens_at_once_for_long() -> None:
    assert Breaker(failures=5, longest=60.0).failed(0.0, trial=False, at_once=True) == 60.0


@pytest.mark.parametrize(("after", "rests"), [(30.0, 30.0), (0.5, 2.0), (9e9, LONGEST_AFTER)])
def test_retry_after_opens_at_once_for_so_long(after: float, rests: float) -> None:
    assert Breaker(failures=5).failed(0.0, trial=False, after=after) == rests


def test_requests_that_began_before_do_not_make_the_rest_longer() -> None:
    breaker = Breaker(failures=1)
    assert breaker.failed(0.0, trial=False) == 2.0
    assert breaker.failed(0.1, trial=False) == 0.0
    assert breaker.wait(0.1) == pytest.approx(1.9)


@given(st.lists(st.tuples(st.sampled_from(["fail", "work", "drop", "begin"]), st.floats(0, 5))))
def test_it_never_stays_open_for_ever(steps: list[tuple[str, float]]) -> None:
    breaker, now, trial = Breaker(), 0.0, False
    for what, wait in steps:
        now += wait
        if what == "begin":
            trial = breaker.begin(now) or trial
        elif what == "fail":
            breaker.failed(now, trial=trial)
            trial = False
        else:
            breaker.dropped() if what == "drop" else breaker.worked()
            trial = False
        assert breaker.wait(now) <= 60.0
    breaker.dropped()
    assert breaker.free(now + 60.0)


def test_a_resting_endpoint_is_not_asked_and_comes_back_by_a_trial() -> None:
    listed: Plays = {"a": [Play("reset"), Play("reset"), Play()], "b": Play()}

    async def act(scene: Scene) -> None:
        by = []
        for _ in range(4):
            by.append((await scene.hear()).sentences[-1].by)
        assert [call.plan.name for call in scene.scripted.asked] == ["a", "b", "a", "b", "b", "b"]
        await scene.clock.sleep(2.0)
        by.append((await scene.hear()).sentences[-1].by)
        by.append((await scene.hear()).sentences[-1].by)
        assert by == ["b", "b", "b", "b", "a", "a"]

    play(listed, act)


def test_with_every_endpoint_resting_the_error_comes_at_once() -> None:
    async def act(scene: Scene) -> None:
        await scene.hear()
        heard = await scene.hear()
        assert heard.error is not None
        assert heard.error.code == "endpoints-resting"
        assert heard.ended == 0.0
        assert len(scene.scripted.asked) == 2

    play({"a": Play("refused"), "b": Play("busy-after")}, act)


def test_a_visitor_never_waits_long_for_a_trial_where_another_can_answer() -> None:
    listed: Plays = {"a": [Play("reset"), Play("reset"), Play("silent"), Play(first=0.3)], "b": Play(first=0.1)}

    async def act(scene: Scene) -> None:
        for _ in range(2):
            await scene.hear()
        await scene.clock.sleep(2.0)
        heard = await scene.hear()
        assert heard.sentences[-1].by == "b"
        assert heard.first is not None
        assert heard.first < Policy().trial + 0.2
        assert scene.router.counts["a.lost"] == 1
        await scene.clock.sleep(3.0)  # the trial counts as failed: it rests twice as long
        assert (await scene.hear()).sentences[-1].by == "b"
        await scene.clock.sleep(1.0)
        heard = await scene.hear()
        assert heard.sentences[-1].by == "a"
        assert plain(heard.text)

    play(listed, act)


def test_a_rest_of_one_endpoint_is_none_of_another_and_ours_are_never_blamed() -> None:
    async def act(scene: Scene) -> None:
        for _ in range(5):
            heard = await scene.hear()
            assert heard.error is not None
            assert heard.error.code == "server-rejected"

    scene = play({"a": Play("rejected")}, act)
    assert len(scene.scripted.asked) == 5


def test_who_had_no_time_is_not_blamed_for_being_slow() -> None:
    plans = [Plan("a", by="a", first_seconds=3.2), Plan("b", by="b", rank=1)]

    async def act(scene: Scene) -> None:
        for _ in range(2):
            heard = await scene.hear()
            assert heard.error is not None
        assert scene.router.counts["b.slow"] == 2
        heard = await scene.hear()  # a rests now, so that b has its time
        assert heard.sentences[-1].by == "b"

    play({"a": Play("silent"), "b": Play(first=0.5)}, act, plans=plans)
