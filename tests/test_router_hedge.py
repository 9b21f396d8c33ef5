"""A second endpoint is asked only when the first is unusually slow, seldom, and the loser goes at once."""

from stages.reply._router.latency import ENOUGH, Latency, Purse
from stages.reply._router.plan import Plan, Policy
from tests.router_scene import ANSWER, Play, Plays, Scene, plain, play

HEDGED = Policy(hedge_share=0.5)


def test_a_percentile_needs_enough_and_forgets_the_old() -> None:
    latency = Latency()
    for number in range(ENOUGH - 1):
        latency.add(number)
        assert latency.p95 is None
    latency.add(100.0)
    assert latency.p95 == ENOUGH - 2
    for _ in range(200):
        latency.add(1.0)
    assert latency.p95 == 1.0


def test_a_purse_lets_only_its_share_through() -> None:
    purse, spent = Purse(0.05), 0
    for _ in range(1000):
        purse.earn()
        if purse.full:
            purse.spend()
            spent += 1
    assert spent == 50
    assert not Purse(0.0).full


async def warmed(scene: Scene, count: int = ENOUGH) -> None:
    for _ in range(count):
        heard = await scene.hear()
        assert heard.sentences[-1].by == "a"


def test_past_its_own_p95_a_second_one_is_asked_and_the_slower_is_broken_off() -> None:
    listed: Plays = {"a": [Play()] * ENOUGH + [Play(first=3.0)], "b": Play(first=0.2)}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        heard = await scene.hear()
        assert heard.sentences[-1].by == "b"
        assert plain(heard.text) == plain(ANSWER)
        assert heard.first is not None
        assert heard.first < 0.5
        assert scene.scripted.under_way.total() == 0
        assert scene.router.counts["a.lost"] == scene.router.counts["a.hedged"] == 1

    scene = play(listed, act, policy=HEDGED)
    assert scene.scripted.together == 2


def test_the_first_may_still_win() -> None:
    listed: Plays = {"a": [Play()] * ENOUGH + [Play(first=0.2)], "b": Play(first=1.0)}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        assert (await scene.hear()).sentences[-1].by == "a"
        assert scene.router.counts["b.lost"] == 1

    play(listed, act, policy=HEDGED)


def test_no_second_one_without_a_share_or_without_a_past() -> None:
    listed: Plays = {"a": [Play()] * ENOUGH + [Play(first=1.0)], "b": Play()}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        assert (await scene.hear()).sentences[-1].by == "a"

    assert play(listed, act).scripted.together == 1

    async def early(scene: Scene) -> None:
        await warmed(scene, 3)

    assert play({"a": Play(first=1.0), "b": Play()}, early, policy=HEDGED).scripted.together == 1


def test_both_may_fail_and_a_third_answers() -> None:
    listed: Plays = {"a": [Play()] * ENOUGH + [Play("reset", first=0.5)], "b": Play("busy", first=0.2), "c": Play()}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        heard = await scene.hear()
        assert heard.error is None
        assert heard.sentences[-1].by == "c"
        assert plain(heard.text) == plain(ANSWER)

    play(listed, act, policy=HEDGED)


def test_a_hedge_waits_at_no_gate() -> None:
    plans = [Plan("a", by="a"), Plan("b", by="b", rank=1, concurrency=1)]
    listed: Plays = {"a": [Play()] * ENOUGH + [Play(first=0.5)], "b": Play()}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        assert scene.router.gate.enter("b", "someone")
        assert (await scene.hear()).sentences[-1].by == "a"
        scene.router.gate.leave("b", "someone")

    play(listed, act, plans=plans, policy=HEDGED)


def test_a_share_that_is_used_up_asks_no_second_one() -> None:
    listed: Plays = {"a": [Play()] * ENOUGH + [Play(first=1.0)], "b": Play(first=0.2)}

    async def act(scene: Scene) -> None:
        await warmed(scene)
        assert [(await scene.hear()).sentences[-1].by for _ in range(3)] == ["b", "a", "a"]

    scene = play(listed, act, policy=Policy(hedge_share=0.05))
    assert scene.router.counts["a.hedged"] == 1
