"""A reply stage on a bus of one process, with engines that are slow or broken."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.engines import Engine
from pipeline.envelope import M, Message
from pipeline.flow import OF_WORKERS, WORKERS
from pipeline.jobs import Timing
from pipeline.messages import Failure, Question, Sentence
from pipeline.stage import Running, StageLoop

REPLY = next(stage for stage in WORKERS if stage.name == "reply")


@dataclass
class Slow:
    """Says one sentence a second, `count` times; notes what was stopped."""

    clock: Clock
    count: int = 3
    stopped: list[str] = field(default_factory=list)

    async def work(self, message: Message) -> AsyncIterator[Message]:
        try:
            for index in range(self.count):
                await self.clock.sleep(1.0)
                last = index == self.count - 1
                yield message.answer(Sentence, index=index, text=f"{index}", language="en", last=last)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped.append(message.id)
            raise


@dataclass
class Broken:
    """Says `after` sentences and fails."""

    error: Exception
    after: int = 0

    async def work(self, message: Message) -> AsyncIterator[Message]:
        for index in range(self.after):
            yield message.answer(Sentence, index=index, text="half", language="en")
        raise self.error


@dataclass
class Scene:
    """A reply stage on a bus, with everything it says."""

    bus: MemoryBus
    clock: Clock
    loop: StageLoop
    said: list[Message] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)

    async def ask(self, turn: int = 1, revision: int = 1, session: str = "s", **fields: Any) -> Question:
        question = Question(session=session, turn=turn, revision=revision, text="?", language="en", **fields)
        await self.bus.publish(question)
        return question

    def texts(self) -> list[str]:
        return [message.text for message in self.said if isinstance(message, Sentence)]

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.said if isinstance(message, kind)]

    def failures(self) -> list[Failure]:
        return [message for message in self.said if isinstance(message, Failure)]


def play(
    make: Callable[[Clock], Engine], act: Callable[[Scene], Coroutine[Any, Any, None]], *,
    fallback: Callable[[Clock], Engine] | None = None, concurrency: int = 4, waiting: int = 4, shares: bool = False,
) -> Scene:  # fmt: skip
    """Run `act` beside a stage; what was said when nothing more happens."""

    async def main(clock: Clock) -> Scene:
        bus, timings = MemoryBus(), list[Timing]()
        second = Running("second", fallback(clock)) if fallback else None
        loop = StageLoop(
            REPLY, Running("first", make(clock)), bus=bus, clock=clock, fallback=second,
            concurrency=concurrency, waiting=waiting, shares=shares, note=timings.append,
        )  # fmt: skip
        scene = Scene(bus, clock, loop, timings=timings)
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(loop.run(listening)), tasks.create_task(collect(scene))]
            await listening.wait()
            await act(scene)
            await clock.sleep(30)
            for task in background:
                task.cancel()
        return scene

    async def collect(scene: Scene) -> None:
        async with scene.bus.subscribe(*OF_WORKERS) as said:
            async for message in said:
                scene.said.append(message)

    return run_virtual(main)
