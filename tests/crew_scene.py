"""Worker nodes that die, hang, come back, stammer and are late, on virtual time and a bus with a broker's semantics."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.stubs import cues, emotion, transcript
from pipeline.bus.contract import Kinds, Subscription
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message, StageLoad
from pipeline.flow import WORKERS
from pipeline.messages import Question, Sentence, Speech, Status
from pipeline.session.crew import Crew
from pipeline.session.lines import PLAIN, Lines, render
from pipeline.session.settings import Conversing
from pipeline.stage import Running, StageLoop
from tests.scene import Scene, stub, visiting

ANSWER = ("One.", "Two.", "Three.")
WILL = 0.02
"""Seconds after a death until the broker publishes the last will; measured on mosquitto: 2 to 25 ms."""


class Teller:
    """A reply engine that streams: a sentence every 0.3 s, after those that were said."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, Question)
        for index in range(len(message.said), len(ANSWER)):
            await self._clock.sleep(0.3)
            last = index == len(ANSWER) - 1
            yield message.answer(Sentence, index=index, text=ANSWER[index], language="en", last=last)


class Voice:
    """A speech engine that gives three parts of 0.2 s, one every 50 ms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def work(self, message: Message) -> AsyncIterator[Message]:
        assert isinstance(message, Sentence)
        for part in range(3):
            await self._clock.sleep(0.05)
            yield message.answer(
                Speech, index=message.index, part=part, start=part * 4800, last=part == 2, pcm=bytes(9600),
                text=message.text, language=message.language, origin=message.origin,
            )  # fmt: skip


ENGINES: dict[str, Callable[[Clock], Any]] = {
    "transcript": stub(transcript, seconds=0.1), "emotion": stub(emotion), "reply": Teller, "speech": Voice,
    "cues": stub(cues),
}  # fmt: skip


class _Wire:
    """A node's connection: it can be cut, held up, and say everything twice."""

    edge = ""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self.dead = False
        self.twice = False
        self.moves = asyncio.Event()
        self.moves.set()
        self._held: list[tuple[Message, str, str]] = []

    async def publish(self, message: Message, *, to: str = "", stage: str = "") -> None:
        if self.dead:
            return
        self._held.append((message, to, stage))
        if self.moves.is_set():
            await self.flush()

    async def flush(self) -> None:
        while self._held:
            message, to, stage = self._held.pop(0)
            for _ in range(2 if self.twice else 1):
                await self._bus.publish(message, to=to, stage=stage)

    async def reconnected(self) -> None:
        await asyncio.Event().wait()

    @asynccontextmanager
    async def subscribe(
        self, *kinds: type[Message], session: str = "", jobs: Kinds = (), stage: str = "", node: str = ""
    ) -> AsyncIterator[Subscription]:
        async with self._bus.subscribe(*kinds, session=session, jobs=jobs, stage=stage, node=node) as heard:
            yield _Held(heard, self.moves)


class _Held:
    """A subscription that gives nothing while its node stands still."""

    def __init__(self, heard: Subscription, moves: asyncio.Event) -> None:
        self._heard, self._moves = heard, moves
        self.lost = 0

    def __aiter__(self) -> "_Held":
        return self

    async def __anext__(self) -> Message:
        message = await anext(aiter(self._heard))
        await self._moves.wait()
        return message

    async def leave(self) -> None:
        await self._heard.leave()


@dataclass
class Node:
    """A worker node with every stage."""

    name: str
    bus: MemoryBus
    clock: Clock
    tasks: asyncio.TaskGroup
    engines: dict[str, Callable[[Clock], Any]] = field(default_factory=lambda: ENGINES)
    boot: int = 0
    loops: list[StageLoop] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = _Wire(self.bus)

    async def start(self) -> None:
        self.boot += 1
        self.wire = _Wire(self.bus)
        self.loops.clear()
        for stage in WORKERS:
            engine = Running(stage.name, self.engines[stage.name](self.clock))
            loop, listening = StageLoop(stage, engine, bus=self.wire, clock=self.clock, node=self.name, shares=True,
                                        concurrency=2), asyncio.Event()  # fmt: skip
            self.running.append(self.tasks.create_task(self._guarded(loop, listening)))
            self.loops.append(loop)
            await listening.wait()
        await self.bus.publish(self._status("ready"))

    def _status(self, state: Any) -> Status:
        loads = tuple(StageLoad(stage=stage.name, concurrency=2) for stage in WORKERS) if state == "ready" else ()
        return Status(node=self.name, state=state, stages=loads, boot=f"{self.name}-{self.boot}")

    async def _guarded(self, loop: StageLoop, listening: asyncio.Event) -> None:
        try:
            await loop.run(listening)
        except asyncio.CancelledError:
            if not self.wire.dead:
                raise

    async def die(self) -> None:
        """As by SIGKILL: nothing more is said, and the broker publishes the last will."""
        if self.wire.dead:
            return
        self.wire.dead = True
        for task in self.running:
            task.cancel()
        self.running.clear()
        await self.clock.sleep(WILL)
        await self.bus.publish(self._status("gone"))

    async def hang(self) -> None:
        """As by SIGSTOP: it takes nothing, says nothing, and nobody is told."""
        self.wire.moves.clear()

    async def go_on(self) -> None:
        """As by SIGCONT: what it has made meanwhile is said late."""
        self.wire.moves.set()
        if not self.wire.dead:
            await self.wire.flush()

    async def stammer(self) -> None:
        """From now on it says everything twice."""
        self.wire.twice = True

    async def drain(self) -> None:
        """As by SIGTERM."""
        if self.wire.dead or not self.wire.moves.is_set():
            return
        await asyncio.gather(*(loop.drain(10) for loop in self.loops))
        await self.bus.publish(self._status("drained"))

    async def stop(self) -> None:
        for task in self.running:
            task.cancel()

    @property
    def held(self) -> int:
        return sum(loop.load.held for loop in self.loops) if not self.wire.dead else 0


Act = Callable[[Scene, list[Node]], Coroutine[Any, Any, None]]


def play(act: Act, *, nodes: int = 2, settings: Conversing | None = None,
         engines: dict[str, Callable[[Clock], Any]] | None = None) -> tuple[Scene, list[Node]]:  # fmt: skip
    """Run `act` in a visit whose stages are run by `nodes` nodes."""

    async def main(clock: Clock) -> tuple[Scene, list[Node]]:
        bus, crew, listening = MemoryBus(), Crew(clock), asyncio.Event()
        lines = await _lines(bus, clock)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(crew.run(bus, listening))
            await listening.wait()
            team = [Node(f"n{number}", bus, clock, tasks, {**ENGINES, **(engines or {})}) for number in range(nodes)]
            for node in team:
                await node.start()
            scene = await visiting(
                lambda scene: act(scene, team), bus, clock, lines, settings or Conversing(idle_seconds=1e4), crew=crew
            )
            watching.cancel()
            for node in team:
                await node.stop()
        return scene, team

    return run_virtual(main)


async def _lines(bus: MemoryBus, clock: Clock) -> Lines:
    async with asyncio.TaskGroup() as tasks:
        node = Node("renderer", bus, clock, tasks)
        await node.start()
        lines = await render(PLAIN, bus, clock, voice="stub", folders=[])
        node.wire.dead = True
        await node.stop()
    return lines
