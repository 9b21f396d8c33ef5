"""A whole visit by a connection, on virtual time: what is played, lost and taken up, and what history holds."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from avatars._link import Closed, Link
from avatars._lobby import Lobby
from avatars._outbox import Part
from avatars._stand import Shared, Stand
from avatars._webscreen import WebScreen
from benchmarks.stubs import reply, speech
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.flow import ALL
from pipeline.gateway import Post
from pipeline.messages import Played, Question, SessionEnded, SessionStarted
from pipeline.screens import ScreenPlan
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.session.lines import PLAIN, render
from pipeline.session.settings import Conversing
from pipeline.session.visit import Venue, Visit
from tests.scene import ENGINES, Deaf, stages, stub
from tests.screens import Wire

SENTENCES = ("The first sentence is rather long.", "The second one too.", "And the third.")


@dataclass
class Show:
    """One screen `hall` with its edge."""

    clock: Clock
    lobby: Lobby
    edge: Edge
    shared: Shared
    tasks: asyncio.TaskGroup
    said: list[Message] = field(default_factory=list)

    async def enter(self, **fields: Any) -> Wire:
        """A screen that reports nothing by itself."""
        wire = Wire()
        self.tasks.create_task(self.lobby.attend(wire, "hall", local=True, peer="test"))
        wire.say("hello", **{"protocol": 1, **fields})
        await self.clock.sleep(0.01)
        return wire

    def all(self, kind: type[Message]) -> list[Any]:
        """Every message of a class so far."""
        return [message for message in self.said if type(message) is kind]


def show(act: Callable[[Show], Coroutine[Any, Any, None]], milliseconds: int = 1000) -> Show:
    """Run `act` with stubs that speak parts of so many milliseconds, two a sentence."""
    engines = {
        **ENGINES, "reply": stub(reply, seconds=0.1, sentences=SENTENCES),
        "speech": stub(speech, seconds=0.05, milliseconds=milliseconds),
    }  # fmt: skip

    async def main(clock: Clock) -> Show:
        async with stages(clock, engines) as bus:
            lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
            venue = Venue(bus, clock, Deaf(), lines, Conversing(), "persona", {}, Crew(clock))
            shared = Shared(clock, "0.1.0", "mei")
            screen = WebScreen("hall", clock, shared.counts)
            edge = Edge(venue, screen, "hall", "seed")
            post = Post(ScreenPlan(name="hall"), edge, {}, "stub", {}, {})
            lobby = Lobby({"hall": Stand(post, screen, shared)}, shared, 8)
            return await _acting(act, bus, clock, lobby, edge, shared)

    return run_virtual(main)


async def _acting(
    act: Callable[[Show], Coroutine[Any, Any, None]], bus: MemoryBus, clock: Clock, lobby: Lobby, edge: Edge,
    shared: Shared,
) -> Show:  # fmt: skip
    async with bus.subscribe(*ALL) as said, asyncio.TaskGroup() as tasks:
        scene = Show(clock, lobby, edge, shared, tasks)

        async def collect() -> None:
            async for message in said:
                scene.said.append(message)

        background = [tasks.create_task(collect()), tasks.create_task(edge.run())]
        await clock.sleep(0)
        await act(scene)
        await lobby.restart()
        for task in background:
            task.cancel()
    return scene


def played_to(wire: Wire, place: int, samples: int, state: str = "ended") -> None:
    """The screen reports on the part that it was given as number `place`."""
    wire.say("played", handle=wire.told("play")[place]["handle"], sample=samples, state=state)


def history(scene: Show) -> list[tuple[str, bool]]:
    """What the avatar said, as the last question has it."""
    lines = scene.all(Question)[-1].history
    return [(line.text, line.interrupted) for line in lines if line.role == "avatar"]


def test_history_holds_what_was_heard_when_the_connection_was_lost() -> None:
    async def act(scene: Show) -> None:
        wire = await scene.enter()
        wire.say("typed", text="Where?", language="en")
        await scene.clock.sleep(1)
        played_to(wire, 0, 24_000)
        played_to(wire, 1, 12_000, "progress")
        await scene.clock.sleep(0.1)
        wire.says(Closed())
        await scene.clock.sleep(3)
        again = await scene.enter(resume=wire.told("welcome")[0]["resume"], visitor=True)
        assert again.told("welcome")[0]["resumed"]
        again.say("typed", text="And then?", language="en")
        await scene.clock.sleep(1)
        assert again.told("play")[0]["turn"] == 2

    scene = show(act)
    assert len(scene.all(SessionStarted)) == 1
    whole = SENTENCES[0]
    assert history(scene) == [(whole[: len(whole) * 36_000 // 48_000], True)]


def test_a_cut_keeps_what_the_screen_says_that_it_played() -> None:
    async def act(scene: Show) -> None:
        wire = await scene.enter()
        wire.say("typed", text="Where?", language="en")
        await scene.clock.sleep(1)
        played_to(wire, 0, 0, "started")
        wire.say("control", stop=True)
        await scene.clock.sleep(0.01)
        assert wire.told("cut")
        played_to(wire, 0, 12_000, "cut")
        wire.say("typed", text="And then?", language="en")
        await scene.clock.sleep(3)

    scene = show(act)
    assert history(scene)[0] == (SENTENCES[0][: len(SENTENCES[0]) // 4], True)


def test_a_whole_answer_is_remembered_whole() -> None:
    async def act(scene: Show) -> None:
        wire = await scene.enter()
        wire.say("typed", text="Where?", language="en")
        await scene.clock.sleep(1)
        for place in range(6):
            played_to(wire, place, 24_000)
        wire.say("typed", text="And then?", language="en")
        await scene.clock.sleep(1)

    assert history(show(act)) == [(" ".join(SENTENCES), False)]


def test_a_lost_screen_that_does_not_come_back_ends_its_visit_after_30_seconds() -> None:
    async def act(scene: Show) -> None:
        wire = await scene.enter()
        wire.say("typed", text="Where?", language="en")
        await scene.clock.sleep(1)
        wire.says(Closed())
        await scene.clock.sleep(29)
        assert not scene.all(SessionEnded)
        await scene.clock.sleep(2)
        assert [ended.why for ended in scene.all(SessionEnded)] == ["left"]
        late = await scene.enter(resume=wire.told("welcome")[0]["resume"], visitor=True)
        assert not late.told("welcome")[0]["resumed"]
        late.say("typed", text="And then?", language="en")
        await scene.clock.sleep(1)

    scene = show(act)
    assert len(scene.all(SessionStarted)) == 2
    assert history(scene) == []


def test_every_sentence_that_is_ordered_is_reported_over_whatever_happens() -> None:
    async def act(scene: Show) -> None:
        for _ in range(5):
            wire = await scene.enter()
            for _ in range(3):
                wire.say("typed", text="Where?", language="en")
                await scene.clock.sleep(0.17)
            wire.says(Closed(1000))
            await scene.clock.sleep(0.01)
        await scene.clock.sleep(5)

    scene = show(act)
    assert len(scene.all(SessionEnded)) == 5
    assert not scene.edge.visit.begun
    assert {report.state for report in scene.all(Played)} <= {"cut"}


def test_what_was_typed_when_the_visit_ended_is_said_in_the_next() -> None:
    async def act(scene: Show) -> None:
        wire = await scene.enter()
        for _ in range(3):
            wire.say("typed", text="Where?", language="en")
            wire.say("new")
        await scene.clock.sleep(2)

    scene = show(act)
    assert len(scene.all(SessionStarted)) == 3


def test_a_hundred_visits_leave_nothing_behind() -> None:
    async def act(scene: Show) -> None:
        for number in range(100):
            wire = await scene.enter()
            wire.say("typed", text="Where?", language="en")
            await scene.clock.sleep(0.3)
            wire.says(Closed(1000 if number % 2 else 1006))
            await scene.clock.sleep(0.01)
        await scene.clock.sleep(60)
        scene.said.clear()
        gc.collect()
        alive = [one for one in gc.get_objects() if isinstance(one, (Link, Visit, Wire, Part))]
        assert [type(one).__name__ for one in alive if not isinstance(one, Wire)] == ["Visit"]
        assert len(alive) <= 2  # the visit that waits, and the last wire, which this test holds

    show(act)
