"""A model that thinks: the visitor sees it, hears a filler now and then, and is not given up too early."""

from collections.abc import AsyncIterator
from itertools import pairwise

from benchmarks.stubs import reply
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.session.settings import Conversing, Deadlines
from tests.scene import Scene, origins, play, stub


async def asks(scene: Scene) -> None:
    """One turn."""
    await scene.speaks()
    await scene.clock.sleep(40)


def test_a_model_that_thinks_for_ten_seconds_is_waited_for() -> None:
    scene = play(asks, reply=stub(reply, thoughts=20))
    assert "apology" not in origins(scene)
    assert origins(scene)[-2:] == ["reply", "reply"]


def test_meanwhile_fillers_are_spoken_and_none_twice_in_a_row() -> None:
    scene = play(asks, reply=stub(reply, thoughts=20))
    fillers = [line.text for line in scene.all(m.Sentence) if line.origin == "filler"]
    assert len(fillers) == 2
    assert all(one != other for one, other in pairwise(fillers))


def test_what_it_thinks_is_shown_and_never_spoken() -> None:
    scene = play(asks, reply=stub(reply, thoughts=3))
    shown = [message.text for _, message in scene.screen.shown if isinstance(message, m.Thought)]
    assert shown == ["thought 0", "thought 1", "thought 2"]
    assert not any("thought" in line.text for line in scene.all(m.Sentence))


def test_a_thought_that_never_ends_ends_in_an_apology() -> None:
    scene = play(asks, reply=stub(reply, thoughts=200), settings=Conversing(deadlines=Deadlines(thinking=12.0)))
    assert origins(scene)[-1] == "apology"
    ended = scene.at(m.TurnEnded)[0]
    apology = next(at for at, line in scene.said if isinstance(line, m.Sentence) and line.origin == "apology")
    assert 11.9 <= apology - ended <= 12.3


def test_a_thought_without_words_is_a_sign_of_life_and_nothing_to_show() -> None:
    class Hidden:
        def __init__(self, clock: Clock) -> None:
            self.inner = stub(reply, thoughts=20)(clock)

        async def work(self, message: Message) -> AsyncIterator[Message]:
            async for said in self.inner.work(message):
                yield said.changed(text="") if isinstance(said, m.Thought) else said

    scene = play(asks, reply=Hidden)
    assert not [message for _, message in scene.screen.shown if isinstance(message, m.Thought)]
    assert origins(scene)[-1] == "reply"
