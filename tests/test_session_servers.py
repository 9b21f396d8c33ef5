"""A model server may do what it wants: the visitor always hears something, and the next one is answered."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.session.settings import Conversing
from stages.reply import deepseek, knowledge
from tests.rough_server import DONE, Handler, chunk, forever, serving, stream
from tests.scene import Make, Scene, play

MUSEUM = Path(__file__).resolve().parent.parent / "configs" / "knowledge" / "museum"


async def busy(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="服务器繁忙，请稍后再试")


async def silent(_: web.Request) -> web.StreamResponse:
    await forever()
    raise AssertionError


async def half_an_event(request: web.Request) -> web.StreamResponse:
    return await stream(request, b'data: {"choices": [{"index": 0, "del')


async def no_json(request: web.Request) -> web.StreamResponse:
    return await stream(request, b"data: <html>oh</html>\n\n")


async def nothing(request: web.Request) -> web.StreamResponse:
    return await stream(request)


async def drops(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    raise asyncio.CancelledError


async def whole(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk("Down the hall, "), chunk("on the left."), chunk(finish="stop"), DONE)


BAD: dict[str, Handler] = {
    "busy": busy, "silent": silent, "half an event": half_an_event, "no JSON": no_json,
    "nothing": nothing, "drops": drops,
}  # fmt: skip


def model(url: str) -> Make:
    """The engine with short real deadlines."""

    def make(clock: Clock) -> Any:
        settings = deepseek.Settings(base_url=url, model="m", first_token_seconds=0.8, between_tokens_seconds=0.5)
        return deepseek.Engine(settings, clock)

    return make


def local(clock: Clock) -> Any:
    return knowledge.Engine(knowledge.Settings(folder=MUSEUM), clock)


def visit(bad: Handler, *, fallback: Make | None = None) -> Scene:
    """The first turn meets a bad server, the second one a good one."""
    mood: list[Handler] = [bad]

    async def handler(request: web.Request) -> web.StreamResponse:
        return await mood[0](request)

    with serving(handler) as server:

        async def act(scene: Scene) -> None:
            await scene.speaks(1)
            await scene.clock.sleep(12)
            mood[0] = whole
            await scene.clock.sleep(60)
            await scene.speaks(2)
            await scene.clock.sleep(12)

        return play(
            act,
            settings=Conversing(idle_seconds=1000),
            engines={"reply": model(server.url)},
            fallbacks={"reply": fallback} if fallback else None,
        )


def heard(scene: Scene, turn: int) -> list[tuple[str, str]]:
    """Origin and text of what began to sound in a turn."""
    known = {sentence.id: (sentence.origin, sentence.text) for sentence in scene.all(m.Sentence)}
    return [known[said.cause] for said in scene.all(m.Played) if said.state == "started" and said.turn == turn]


@pytest.mark.parametrize("case", BAD)
def test_without_a_fallback_the_visitor_hears_an_apology_and_the_next_turn_is_answered(case: str) -> None:
    scene = visit(BAD[case])
    origins = [origin for origin, _ in heard(scene, 1)]
    assert origins[-1] == "apology"
    assert set(origins) <= {"apology", "filler"}
    assert [text for _, text in heard(scene, 2)] == ["Down the hall, on the left."]


@pytest.mark.parametrize("case", BAD)
def test_with_a_fallback_the_visitor_is_answered_all_the_same(case: str) -> None:
    scene = visit(BAD[case], fallback=local)
    assert [origin for origin, _ in heard(scene, 1)][-1] == "reply"
    assert {sentence.by for sentence in scene.all(m.Sentence) if sentence.turn == 1} == {"knowledge"}
    assert not scene.all(m.Failure)


def test_an_answer_that_breaks_off_is_not_begun_again() -> None:
    asked: list[int] = []

    async def breaks_once(request: web.Request) -> web.StreamResponse:
        asked.append(1)
        if len(asked) == 1:
            return await stream(request, chunk("The hall is old. And it is"))
        return await stream(request, chunk("It is also large."), chunk(finish="stop"), DONE)

    with serving(breaks_once) as server:

        async def act(scene: Scene) -> None:
            await scene.speaks(1)
            await scene.clock.sleep(12)

        scene = play(act, engines={"reply": model(server.url)})
        assert server.bodies[1]["messages"][-2:] != server.bodies[0]["messages"][-2:]
    assert [text for _, text in heard(scene, 1)] == ["The hall is old.", "It is also large."]


def test_interrupting_stops_the_stream_of_the_model() -> None:
    gone = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = await stream(request, chunk("One sentence is here. "))
        try:
            for _ in range(1000):
                await response.write(chunk("and on "))
                await asyncio.sleep(0.01)  # noqa: TID251  a server's own pace
        finally:
            gone.set()
        return response

    with serving(slow) as server:

        async def act(scene: Scene) -> None:
            await scene.speaks(1)
            await scene.clock.sleep(1)
            await scene.starts(2)
            await scene.clock.sleep(5)

        scene = play(act, engines={"reply": model(server.url)})
    assert gone.is_set()
    assert [order.why for order in scene.all(m.Interrupt)] == ["barge-in"]


async def says_it_is_busy(request: web.Request) -> web.StreamResponse:
    return await stream(request, chunk("服务器繁忙，请稍后再试。"), chunk(finish="stop"), DONE)


def test_a_busy_server_that_says_so_as_a_model_would_is_never_read_aloud() -> None:
    with_help, alone = visit(says_it_is_busy, fallback=local), visit(says_it_is_busy)
    for scene in (with_help, alone):
        assert not [text for _, text in heard(scene, 1) if "繁忙" in text]
    assert heard(alone, 1)[-1][0] == "apology"
    assert heard(with_help, 1)[-1][0] == "reply"


def test_a_model_that_begins_again_is_not_heard_twice() -> None:
    async def breaks_always(request: web.Request) -> web.StreamResponse:
        return await stream(request, chunk("The hall is old. And it is"))

    scene = visit(breaks_always)
    assert [text for origin, text in heard(scene, 1) if origin == "reply"] == ["The hall is old."]
    assert heard(scene, 1)[-1][0] == "apology"
