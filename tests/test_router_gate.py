"""Never more requests than an endpoint may have, and no visitor starves another."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from stages.reply._router.gate import Gate, part
from stages.reply._router.plan import Plan, Policy
from tests.router_scene import ANSWER, QUESTION, Heard, Play, Plays, Scene, plain, play


def test_a_full_endpoint_passes_to_the_next() -> None:
    plans = [Plan("a", by="a", concurrency=1), Plan("b", by="b", rank=1, concurrency=1)]

    async def act(scene: Scene) -> None:
        heard = await asyncio.gather(*(scene.hear() for _ in range(2)))
        assert sorted(one.sentences[-1].by for one in heard) == ["a", "b"]

    scene = play({"a": Play(), "b": Play()}, act, plans=plans)
    assert scene.router.counts["a.full"] == 1


def test_where_all_are_full_a_question_waits_for_the_first_place() -> None:
    async def act(scene: Scene) -> None:
        heard = await asyncio.gather(*(scene.hear() for _ in range(3)))
        assert all(plain(one.text) == plain(ANSWER) for one in heard)
        firsts = sorted(one.first or 0 for one in heard)
        assert firsts[2] > firsts[0]

    scene = play({"a": Play()}, act, plans=[Plan("a", concurrency=1)])
    assert scene.scripted.most["a"] == 1


def test_who_waits_too_long_is_told_that_they_are_busy() -> None:
    async def act(scene: Scene) -> None:
        heard = await asyncio.gather(*(scene.hear() for _ in range(2)))
        late = next(one for one in heard if one.error)
        assert late.error is not None
        assert late.error.code == "server-busy"
        assert late.ended <= Policy().answer_within

    play({"a": Play(size=9, gap=1.5)}, act, plans=[Plan("a", concurrency=1)])


def test_a_place_goes_to_who_holds_fewest_and_then_to_who_came_first() -> None:
    served: list[str] = []

    async def ask(gate: Gate, clock: Clock, visitor: str) -> None:
        await gate.wait(["a"], visitor)
        served.append(visitor)
        await clock.sleep(1.0)
        gate.leave("a", visitor)

    async def main(clock: Clock) -> None:
        gate = Gate({"a": 2})
        order = ["crowd", "crowd", "crowd", "crowd", "shy", "late"]
        async with asyncio.TaskGroup() as tasks:
            for visitor in order:
                tasks.create_task(ask(gate, clock, visitor))
                await clock.sleep(0.01)
        assert gate.inside["a"] == 0

    run_virtual(main)
    assert served == ["crowd", "crowd", "shy", "crowd", "late", "crowd"]


def test_who_gives_up_waiting_takes_no_place() -> None:
    async def main(clock: Clock) -> None:
        gate = Gate({"a": 1})
        assert gate.enter("a", "one")
        waiting = asyncio.ensure_future(gate.wait(["a"], "two"))
        await clock.sleep(0.01)
        waiting.cancel()
        gate.leave("a", "one")
        await asyncio.gather(waiting, return_exceptions=True)
        assert gate.inside["a"] == 0
        waiting = asyncio.ensure_future(gate.wait(["a"], "three"))
        await clock.sleep(0.01)
        gate.leave("a", "three")
        assert gate.enter("a", "four")
        waiting = asyncio.ensure_future(gate.wait(["a"], "five"))
        await clock.sleep(0.01)
        gate.leave("a", "four")
        waiting.cancel()  # in the moment in which it was given the place
        await asyncio.gather(waiting, return_exceptions=True)
        assert gate.inside["a"] == 0

    run_virtual(main)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.05, 0.5, 3.0])), min_size=1, max_size=14),
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["", "", "reset", "busy", "silent"])), min_size=1, max_size=3
    ),
    st.sampled_from([0.0, 0.3]),
)
def test_never_more_than_the_allowed_requests_are_under_way(
    visits: list[tuple[int, float]], endpoints: list[tuple[int, str]], gives_up: float
) -> None:
    plans = [Plan(f"e{at}", rank=at, concurrency=most) for at, (most, _) in enumerate(endpoints)]
    listed: Plays = {f"e{at}": Play(fault, after=5) for at, (_, fault) in enumerate(endpoints)}  # type: ignore[arg-type]
    done: list[Heard] = []

    async def visit(scene: Scene, visitor: int, at: float) -> None:
        await scene.clock.sleep(at)
        try:
            async with scene.clock.timeout(gives_up or 60.0):
                done.append(await scene.hear(QUESTION.model_copy(update={"session": f"v{visitor}"})))
        except TimeoutError:
            pass  # the visitor interrupted

    async def act(scene: Scene) -> None:
        async with asyncio.TaskGroup() as tasks:
            for visitor, at in visits:
                tasks.create_task(visit(scene, visitor, at))

    scene = play(listed, act, plans=plans)
    for plan in plans:
        assert scene.scripted.most[plan.name] <= plan.concurrency
    assert gives_up or len(done) == len(visits)


def test_a_place_at_an_endpoint_that_failed_meanwhile_is_not_taken() -> None:
    async def act(scene: Scene) -> None:
        heard = await asyncio.gather(*(scene.hear() for _ in range(3)))
        assert [one.error.code if one.error else "" for one in heard] == [
            "server-refused", "endpoints-resting", "endpoints-resting",
        ]  # fmt: skip
        assert max(one.ended for one in heard) < 1.0

    scene = play({"a": Play("refused", first=0.5)}, act, plans=[Plan("a", concurrency=1)])
    assert len(scene.scripted.asked) == 1


@given(st.integers(1, 4096), st.integers(1, 300))
def test_the_shares_of_all_workers_are_the_whole_and_each_can_ask(limit: int, workers: int) -> None:
    shares = [part(limit, place, workers) for place in range(workers)]
    assert sum(shares) == max(limit, workers)
    assert min(shares) >= 1
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)  # what cannot be divided goes to the first


def test_places_that_are_added_go_to_who_waits_and_places_that_are_taken_away_are_not_given_again() -> None:
    async def main(clock: Clock) -> None:
        gate = Gate({"a": 2})
        assert gate.enter("a", "one")
        assert gate.enter("a", "two")
        waiting = [asyncio.ensure_future(gate.wait(["a"], name)) for name in ("three", "four")]
        await clock.sleep(0.01)
        gate.allow({"a": 1})
        gate.leave("a", "one")
        await clock.sleep(0.01)
        assert (gate.inside["a"], any(one.done() for one in waiting)) == (1, False)
        gate.allow({"a": 3})
        assert await asyncio.gather(*waiting) == ["a", "a"]
        assert gate.inside["a"] == 3

    run_virtual(main)
