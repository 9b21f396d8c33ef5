"""What goes wrong in a stage ends in an answer, a filler or an apology: never in silence, never in an error text."""

from collections.abc import AsyncIterator

import pytest

from benchmarks.stubs import reply, speech, transcript
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import ServerError
from pipeline.session.lines import RENDERING
from pipeline.session.settings import Conversing, Deadlines
from tests.scene import Scene, origins, play, started, stub


class Never:
    """An engine that hangs."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        await self.clock.sleep(1e6)
        yield message


class NeverAgain:
    """A voice that speaks the fixed lines at start, and then hangs."""

    def __init__(self, clock: Clock) -> None:
        self.inner, self.clock = stub(speech)(clock), clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        if message.session != RENDERING:
            await self.clock.sleep(1e6)
        async for answer in self.inner.work(message):
            yield answer


class Fails:
    """An engine that fails on turn 1 (the others are answered by a stub)."""

    def __init__(self, inner: object, *, retry: bool = False) -> None:
        self.inner, self.retry, self.asked = inner, retry, 0

    async def work(self, message: Message) -> AsyncIterator[Message]:
        if message.turn == 1:
            self.asked += 1
            raise ServerError("server-unreachable", "the server is away", retry=self.retry)
        async for answer in self.inner.work(message):  # type: ignore[attr-defined]
            yield answer


async def one_turn(scene: Scene) -> None:
    await scene.speaks()
    await scene.clock.sleep(10)


@pytest.mark.parametrize("stage", ["transcript", "reply", "speech"])
def test_a_stage_that_hangs_ends_in_an_apology_within_the_turns_deadline(stage: str) -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(20)

    scene = play(act, engines={stage: NeverAgain if stage == "speech" else Never})
    assert origins(scene)[-1] == "apology"
    waited = [at for at, said in scene.said if isinstance(said, m.Sentence) and said.origin == "apology"]
    assert waited[0] - scene.at(m.TurnEnded)[0] <= Deadlines().turn
    assert scene.visit.conversation.quiet


@pytest.mark.parametrize("stage", ["transcript", "reply", "speech"])
@pytest.mark.parametrize("retry", [False, True])
def test_a_stage_that_fails_ends_in_an_apology_and_the_next_turn_is_answered(stage: str, *, retry: bool) -> None:
    inner = {"transcript": stub(transcript), "reply": stub(reply), "speech": stub(speech)}[stage]
    made: list[Fails] = []

    def make(clock: Clock) -> Fails:
        made.append(Fails(inner(clock), retry=retry))
        return made[-1]

    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(10)
        await scene.speaks(2)
        await scene.clock.sleep(10)

    scene = play(act, engines={stage: make})
    heard = origins(scene)
    assert heard[0] == "apology"
    assert heard[1:] == ["reply", "reply"]
    if stage != "speech":
        assert made[0].asked == (2 if retry else 1)


@pytest.mark.parametrize("stage", ["emotion", "cues"])
def test_without_emotion_or_cues_the_answer_comes_all_the_same(stage: str) -> None:
    hanging = play(one_turn, engines={stage: Never})
    failing = play(one_turn, engines={stage: Fails})
    assert len(started(hanging)) == len(started(failing)) == 2
    assert origins(hanging) == ["reply", "reply"]


def test_an_apology_is_in_the_visitors_language() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(10)

    scene = play(act, reply=Never)
    apology = next(sentence for sentence in scene.all(m.Sentence) if sentence.origin == "apology")
    assert apology.language == "en"


def test_no_error_text_is_ever_spoken_or_shown() -> None:
    scene = play(one_turn, reply=Fails)
    assert scene.all(m.Failure)
    shown = [getattr(message, "text", "") for _, message in scene.screen.shown]
    assert not any("server" in text for text in [*shown, *started(scene)])


def test_a_slow_answer_is_bridged_by_a_filler_and_never_the_same_twice_in_a_row() -> None:
    async def act(scene: Scene) -> None:
        for turn in (1, 2):
            await scene.speaks(turn)
            await scene.clock.sleep(10)

    scene = play(act, reply=stub(reply, seconds=2.0))
    fillers = [sentence.text for sentence in scene.all(m.Sentence) if sentence.origin == "filler"]
    assert len(fillers) == len(set(fillers)) == 2
    assert origins(scene) == ["filler", "reply", "reply"] * 2


def test_a_stream_that_dies_goes_on_where_it_stopped() -> None:
    class Dies:
        """Says one sentence and dies; the second attempt is told what was said."""

        def __init__(self, clock: Clock) -> None:
            del clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            assert isinstance(message, m.Question)
            texts = ["First.", "Second."]
            for index in range(len(message.said), 2):
                yield message.answer(m.Sentence, index=index, text=texts[index], language="en", last=index == 1)
                if message.sent == 1:
                    raise ServerError("server-broken", "cut", retry=True)

    scene = play(one_turn, reply=Dies)
    assert started(scene) == ["First.", "Second."]
    assert origins(scene) == ["reply", "reply"]


def test_a_worker_that_falls_silent_is_replaced_by_another_attempt() -> None:
    class SilentOnce:
        """The first attempt hangs the whole loop's heart: nothing at all is heard of it."""

        def __init__(self, clock: Clock) -> None:
            self.clock = clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            if message.sent == 1:
                await self.clock.sleep(1e6)
            yield message.answer(m.Sentence, index=0, text="Second attempt.", language="en", last=True)

    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(10)

    import pipeline.stage

    beat, pipeline.stage.BEAT = pipeline.stage.BEAT, 1e5
    try:
        scene = play(act, reply=SilentOnce)
    finally:
        pipeline.stage.BEAT = beat
    assert started(scene)[-1] == "Second attempt."


def test_a_line_that_was_ordered_survives_what_happens_to_the_turn() -> None:
    async def act(scene: Scene) -> None:
        await scene.starts()
        await scene.hears(scene.utterance())
        await scene.bus.publish(m.Say(session=scene.visit.session, text="We close soon.", language="en"))
        await scene.clock.sleep(0.05)
        await scene.starts(revision=1, sure=False, at=20_000)
        await scene.clock.sleep(10)

    assert started(play(act, speech=stub(speech, seconds=0.3))) == ["We close soon."]


def test_a_line_can_be_ordered_after_an_apology() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(10)
        await scene.bus.publish(m.Say(session=scene.visit.session, text="We close soon.", language="en"))
        await scene.clock.sleep(5)

    assert started(play(act, reply=Fails))[-1] == "We close soon."


def test_an_ordered_line_that_cannot_be_spoken_leaves_no_visit_open_for_ever() -> None:
    async def act(scene: Scene) -> None:
        await scene.bus.publish(m.Say(session=scene.visit.session, text="We close soon.", language="en"))
        await scene.clock.sleep(60)

    scene = play(act, settings=Conversing(idle_seconds=10), speech=NeverAgain)
    assert [ended.why for ended in scene.all(m.SessionEnded)] == ["idle"]


def test_a_sentence_that_dies_half_way_is_heard_to_there_and_then_apologised_for() -> None:
    class Half:
        """Speaks the first part of two, and fails for good; the fixed lines are whole."""

        def __init__(self, clock: Clock) -> None:
            self.inner, self.clock = stub(speech)(clock), clock

        async def work(self, message: Message) -> AsyncIterator[Message]:
            async for answer in self.inner.work(message):
                yield answer
                if message.session != RENDERING:
                    await self.clock.sleep(0.5)
                    raise ServerError("server-broken", "cut")

    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        await scene.clock.sleep(10)

    scene = play(act, speech=Half)
    assert origins(scene) == ["reply", "apology"]
    assert scene.visit.conversation.quiet
