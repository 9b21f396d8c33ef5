"""What was heard: each sentence once, cut where its screen stopped."""

from benchmarks.stubs import speech
from pipeline import messages as m
from pipeline.clock import Clock
from pipeline.envelope import Message
from tests.scene import Scene, play


class Slow:
    """A voice whose parts come a second apart."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.inner = clock, speech.Engine(speech.Settings(), clock)

    async def work(self, message: Message):  # type: ignore[no-untyped-def]
        first = True
        async for part in self.inner.work(message):
            if not first:
                await self.clock.sleep(1.0)
            first = False
            yield part


def test_a_screen_that_goes_in_mid_sentence_leaves_it_in_the_history_once() -> None:
    async def act(scene: Scene) -> None:
        await scene.speaks(1)
        while not scene.screen._now:
            await scene.clock.sleep(0.02)
        await scene.clock.sleep(0.1)
        scene.screen.cut()  # by itself: nobody ordered it
        await scene.clock.sleep(6)
        await scene.speaks(2)
        await scene.clock.sleep(1)

    scene = play(act, speech=Slow)
    history = [line.text for line in scene.all(m.Question)[-1].history if line.role == "avatar"]
    assert len(history) <= 1
    assert not any(text.count("next to") > 1 for text in history)
