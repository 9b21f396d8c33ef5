"""Visits side by side, and one after the other."""

import asyncio
from collections.abc import Sequence

import numpy as np

from benchmarks.stubs import turn as stub_turn
from pipeline import messages as m
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.flow import ALL
from pipeline.recording.filescreen import FileScreen
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.session.lines import PLAIN, render
from pipeline.session.settings import Conversing
from pipeline.session.visit import Venue
from tests.scene import ENGINES, Scene, stages, visiting

LOUD = np.full(320, 3000, np.int16)
QUIET = np.zeros(320, np.int16)


async def two_turns(scene: Scene) -> None:
    """Ask twice, the second time into the first answer."""
    await scene.speaks(1)
    await scene.clock.sleep(0.5)
    await scene.speaks(2)
    await scene.clock.sleep(5)


def trace(scene: Scene) -> list[tuple[float, str, str]]:
    """When what was said."""
    return [
        (round(at - scene.screen.start, 6), type(said).__name__, said.id)
        for at, said in scene.said
        if said.session == "a"
    ]


async def alone(clock: Clock) -> Scene:
    """One visit."""
    async with stages(clock, ENGINES) as bus:
        lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
        return await visiting(two_turns, bus, clock, lines, Conversing(), "a")


async def together(clock: Clock) -> list[Scene]:
    """Two visits at the same moments."""
    async with stages(clock, ENGINES) as bus:
        lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
        visits = [visiting(two_turns, bus, clock, lines, Conversing(), name) for name in ("a", "b")]
        return list(await asyncio.gather(*visits))


def test_a_visitor_is_answered_the_same_whether_or_not_another_one_speaks() -> None:
    assert trace(run_virtual(together)[0]) == trace(run_virtual(alone))


def test_two_visitors_never_hear_each_others_answers() -> None:
    a, b = run_virtual(together)
    assert {cues.session for _, _, cues in a.screen.cued} == {"a"}
    assert {cues.session for _, _, cues in b.screen.cued} == {"b"}
    assert len(a.screen.cued) == len(b.screen.cued) > 0


def edge_hears(
    *pieces: tuple[np.ndarray, float], idle: float = 60.0, orders: Sequence[Message] = (), in_visit: bool = False
) -> list[Message]:
    """What is said when an edge hears these sounds, each for so many seconds; `orders` come after the first of them."""

    async def main(clock: Clock) -> list[Message]:
        said: list[Message] = []
        async with stages(clock, ENGINES) as bus:
            lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
            turn = stub_turn.Engine(stub_turn.Settings(), clock)
            settings = Conversing(idle_seconds=idle)
            edge = Edge(
                Venue(bus, clock, turn, lines, settings, "", {}, Crew(clock)), FileScreen(clock), "hall", "seed"
            )

            async def collect() -> None:

                async with bus.subscribe(*ALL) as heard:
                    async for message in heard:
                        said.append(message)

            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(collect()), tasks.create_task(edge.run())]
                await clock.sleep(0)
                for number, (pcm, seconds) in enumerate(pieces):
                    for _ in range(round(seconds * 50)):
                        await clock.sleep(0.02)
                        await edge.hear(pcm)
                    for order in orders if number == 0 else ():
                        await bus.publish(order.changed(session=edge.visit.session) if in_visit else order)
                await edge.finish()
                await clock.sleep(0.1)
                for task in background:
                    task.cancel()
        return said

    return run_virtual(main)


def test_the_next_visitor_after_an_idle_end_has_a_visit_of_their_own() -> None:
    said = edge_hears((LOUD, 1), (QUIET, 20), (LOUD, 1), (QUIET, 3), idle=5)
    sessions = [message.session for message in said if isinstance(message, m.SessionStarted)]
    assert len(sessions) == len(set(sessions)) == 2
    questions = [message for message in said if isinstance(message, m.Question)]
    assert [question.session for question in questions] == sessions
    assert questions[1].history == ()


def test_no_visit_begins_while_nobody_speaks() -> None:
    assert not [message for message in edge_hears((QUIET, 10)) if isinstance(message, m.SessionStarted)]


def test_the_end_of_the_sound_ends_the_visit() -> None:
    said = edge_hears((LOUD, 1), (QUIET, 5))
    assert [message.why for message in said if isinstance(message, m.SessionEnded)] == ["ended"]


def test_every_session_has_the_same_ids_when_it_is_run_again() -> None:
    first, second = (edge_hears((LOUD, 1), (QUIET, 5)) for _ in range(2))
    assert [message.id for message in first] == [message.id for message in second]


def test_no_two_messages_of_a_visit_share_an_id() -> None:
    said = edge_hears((LOUD, 1), (QUIET, 1), (LOUD, 1), (QUIET, 5))
    ids = [message.id for message in said]
    assert len(ids) == len(set(ids))


def test_a_sensor_that_sees_somebody_begins_a_visit_and_anybody_can_have_a_line_spoken() -> None:
    presence = m.Presence(screen="hall", present=True)
    order = m.Say(screen="hall", text="We close in ten minutes.", language="en")
    said = edge_hears((QUIET, 1), (QUIET, 4), orders=[presence, order, m.Say(screen="other", text="not here")])
    assert len([message for message in said if isinstance(message, m.SessionStarted)]) == 1
    spoken = [message.text for message in said if isinstance(message, m.Sentence) and message.origin == "say"]
    assert spoken == ["We close in ten minutes."]
    assert [message.state for message in said if isinstance(message, m.Played)][-1] == "ended"


def test_what_another_program_types_into_a_visit_is_asked_once() -> None:
    typed = m.Typed(text="Where is the toilet?")
    said = edge_hears((LOUD, 1), (QUIET, 3), (QUIET, 3), orders=[typed], in_visit=True)
    assert [message.turn for message in said if isinstance(message, m.Question)] == [1, 3]  # what was spoken goes on
