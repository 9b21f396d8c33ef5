"""A model that thinks: the visitor sees it, hears a filler now and then, and is not given up too early."""

from collections.abc import AsyncIterator
from itertools import pairwise

from benchmarks.stubs import reply
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import EngineError
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


# --- what may not be done before the turn has ended


class Careful:
    """Wants a tool with an effect: not while the turn may go on."""

    def __init__(self, clock: Clock) -> None:
        self.inner, self.asked = stub(reply)(clock), 0

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, m.Question)
        if message.tentative:
            raise EngineError("tool-tentative", "the turn may go on", retry=True)
        async for answer in self.inner.work(message):
            yield answer


def test_what_may_not_be_done_yet_is_asked_again_when_the_turn_has_ended() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        utterance = scene.utterance()
        await scene.hears(utterance)
        await scene.clock.sleep(0.5)  # asked, and put off
        await scene.ends(utterance)
        await scene.clock.sleep(5)

    scene = play(act, reply=Careful)
    assert [question.tentative for question in scene.all(m.Question)] == [True, False]
    assert origins(scene) == ["reply", "reply"]


def test_nobody_else_answers_meanwhile() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance())
        await scene.clock.sleep(0.5)

    scene = play(act, reply=Careful, fallbacks={"reply": stub(reply)})
    assert not [line for line in scene.all(m.Sentence) if line.origin == "reply"]


def test_a_turn_that_ends_while_it_is_put_off_is_answered() -> None:
    scene = play(asks, reply=Careful)
    assert origins(scene) == ["reply", "reply"]
