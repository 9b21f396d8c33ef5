"""A visit with engines that the test makes: messages in, messages and sound out, on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmarks.stubs import cues, emotion, reply, speech, transcript
from pipeline.audio import Frame, Hint
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.flow import ALL, WORKERS
from pipeline.messages import Played, Sentence, SpeechDropped, SpeechStarted, TurnEnded, Utterance
from pipeline.recording.filescreen import FileScreen
from pipeline.session.crew import Crew
from pipeline.session.lines import PLAIN, Lines, render
from pipeline.session.settings import Conversing
from pipeline.session.tape import Blank
from pipeline.session.visit import Venue, Visit
from pipeline.stage import Running, StageLoop

M = TypeVar("M", bound=Message)
Make = Callable[[Clock], Any]
"""Makes an engine."""
SECOND = 16_000


def stub(module: Any, **settings: Any) -> Make:
    """An engine of `benchmarks.stubs`."""
    return lambda clock: module.Engine(module.Settings(**settings), clock)


ENGINES: dict[str, Make] = {
    "transcript": stub(transcript, seconds=0.1), "emotion": stub(emotion), "reply": stub(reply, seconds=0.2),
    "speech": stub(speech, seconds=0.01), "cues": stub(cues),
}  # fmt: skip


class Deaf:
    """A turn engine that hears nothing: the scene says what it says."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []

    def open(self, session: str) -> "Deaf":
        del session
        return self

    def hear(self, frame: Frame) -> list[Message]:
        del frame
        return []

    def hint(self, hint: Hint) -> list[Message]:
        self.hints.append(hint)
        return []

    def hold(self, *, on: bool) -> None:
        del on

    def flush(self) -> list[Message]:
        return []


@dataclass
class Scene:
    """One visit, played by hand."""

    visit: Visit
    screen: FileScreen
    bus: MemoryBus
    clock: Clock
    turn: Deaf
    said: list[tuple[float, Message]] = field(default_factory=list)

    def all(self, kind: type[M]) -> list[M]:
        """Every message of a class so far."""
        return [message for _, message in self.said if isinstance(message, kind)]

    def at(self, kind: type[M]) -> list[float]:
        """When each of them came."""
        return [at for at, message in self.said if isinstance(message, kind)]

    async def hears(self, *messages: Message) -> None:
        """The turn engine says this."""
        await self.visit._heard(list(messages))

    def utterance(self, turn: int = 1, revision: int = 1, at: int = 0) -> Utterance:
        """A tentative utterance of a second."""
        return Utterance(
            session=self.visit.session, turn=turn, revision=revision, start_sample=at, pcm=bytes(2 * SECOND)
        )

    async def starts(self, turn: int = 1, revision: int = 0, *, sure: bool = True, at: int = 0) -> None:
        """The visitor begins to speak."""
        place = {"session": self.visit.session, "turn": turn, "revision": revision, "at_sample": at}
        await self.hears(SpeechStarted(**place))
        if sure:
            await self.hears(SpeechStarted(**place, sure=True))

    async def drops(self, turn: int = 1) -> None:
        """It was a cough."""
        await self.hears(SpeechDropped(session=self.visit.session, turn=turn, at_sample=0, voiced_ms=90))

    async def ends(self, utterance: Utterance) -> None:
        """The endpoint is decided."""
        place = {"session": utterance.session, "turn": utterance.turn, "revision": utterance.revision}
        await self.hears(TurnEnded(**place, cause=utterance.id, end_sample=SECOND, decided_sample=SECOND))

    async def speaks(self, turn: int = 1) -> None:
        """A whole turn, at once."""
        await self.starts(turn)
        utterance = self.utterance(turn)
        await self.hears(utterance)
        await self.ends(utterance)


def play(
    act: Callable[[Scene], Coroutine[Any, Any, None]],
    *,
    settings: Conversing | None = None,
    engines: dict[str, Make] | None = None,
    fallbacks: dict[str, Make] | None = None,
    **named: Make,
) -> Scene:
    """Run `act` in a visit whose stages are stubs but for `engines`; settings as given."""

    async def main(clock: Clock) -> Scene:
        async with stages(clock, {**ENGINES, **(engines or {}), **named}, fallbacks or {}) as bus:
            lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
            return await visiting(act, bus, clock, lines, settings or Conversing())

    return run_virtual(main)


@asynccontextmanager
async def stages(
    clock: Clock, engines: dict[str, Make], fallbacks: dict[str, Make] | None = None
) -> AsyncIterator[MemoryBus]:
    """Every worker stage on a bus."""
    bus, made = MemoryBus(), {name: make(clock) for name, make in engines.items()}
    second = {name: Running("fallback", make(clock)) for name, make in (fallbacks or {}).items()}
    async with asyncio.TaskGroup() as tasks:
        running = []
        for stage in WORKERS:
            primary, fallback = Running(stage.name, made[stage.name]), second.get(stage.name)
            loop = StageLoop(stage, primary, fallback=fallback, bus=bus, clock=clock)
            listening = asyncio.Event()
            running.append(tasks.create_task(loop.run(listening)))
            await listening.wait()
        yield bus
        for task in running:
            task.cancel()
    for engine in (*made.values(), *(running.engine for running in second.values())):
        if hasattr(engine, "close"):
            await engine.close()


async def visiting(  # noqa: PLR0917  what a visit stands on
    act: Callable[[Scene], Coroutine[Any, Any, None]], bus: MemoryBus, clock: Clock, lines: Lines,
    settings: Conversing, session: str = "s", crew: Crew | None = None,
) -> Scene:  # fmt: skip
    """One visit on a bus, from its begin to the end of `act`."""
    turn, screen = Deaf(), FileScreen(clock)
    venue = Venue(bus, clock, turn, lines, settings, "persona", {}, crew or Crew(clock))
    scene = Scene(Visit(venue, screen, session, "hall", 0, Blank()), screen, bus, clock, turn)
    screen.open(scene.visit.report)
    async with bus.subscribe(*ALL) as said, asyncio.TaskGroup() as tasks:

        async def collect() -> None:
            async for message in said:
                scene.said.append((clock.now(), message))

        background = [tasks.create_task(collect()), tasks.create_task(scene.visit.run())]
        await clock.sleep(0)
        scene.visit.begin()
        await act(scene)
        for task in background:
            task.cancel()
    return scene


def started(scene: Scene) -> list[str]:
    """Texts of the sentences that began to sound, in order."""
    texts = {sentence.id: sentence.text for sentence in scene.all(Sentence)}
    return [texts[played.cause] for played in scene.all(Played) if played.state == "started"]


def origins(scene: Scene) -> list[str]:
    """Origins of the sentences that began to sound, in order."""
    known = {sentence.id: sentence.origin for sentence in scene.all(Sentence)}
    return [known[played.cause] for played in scene.all(Played) if played.state == "started"]
