"""An edge and its screen on virtual time: what a visitor does at the glass, and what is said and shown."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from benchmarks.stubs import turn as stub_turn
from pipeline.audio import Samples
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Language, Message
from pipeline.flow import ALL
from pipeline.messages import Sentence
from pipeline.recording.filescreen import FileScreen
from pipeline.session.crew import Crew
from pipeline.session.edge import Edge
from pipeline.session.lines import Script, render
from pipeline.session.settings import Conversing
from pipeline.session.tape import Blank, Tape
from pipeline.session.visit import Venue
from tests.scene import ENGINES, Make, stages

M = TypeVar("M", bound=Message)
LOUD: Samples = np.full(320, 3000, np.int16)
QUIET: Samples = np.zeros(320, np.int16)
SCRIPTS: dict[Language, Script] = {
    "zh": Script(greeting=("您好。",), morning=("早上好。",), farewell=("再见。",), attract=("来聊聊吧。",)),
    "en": Script(greeting=("Hello.",), farewell=("Goodbye.",), attract=("Talk to me.",)),
}


@dataclass
class EdgeScene:
    """One screen."""

    edge: Edge
    screen: FileScreen
    clock: Clock
    said: list[Message] = field(default_factory=list)

    def all(self, kind: type[M]) -> list[M]:
        """Every message of a class on the bus so far."""
        return [message for message in self.said if isinstance(message, kind)]

    def shown(self, kind: type[M]) -> list[M]:
        """Every message of a class that the visitor saw."""
        return [message for _, message in self.screen.shown if isinstance(message, kind)]

    def spoken(self) -> list[str]:
        """Texts of the sentences that were shown."""
        return [sentence.text for sentence in self.shown(Sentence)]

    async def hears(self, pcm: Samples, seconds: float) -> None:
        """So much of the same sound."""
        for _ in range(round(seconds * 50)):
            await self.clock.sleep(0.02)
            await self.edge.hear(pcm)


def at_edge(
    act: Callable[[EdgeScene], Coroutine[Any, Any, None]],
    settings: Conversing,
    *,
    hour: float | None = None,
    tape: Tape | None = None,
    **engines: Make,
) -> EdgeScene:
    """Run `act` before a screen."""

    async def main(clock: Clock) -> EdgeScene:
        async with stages(clock, {**ENGINES, **engines}) as bus:
            lines = await render(SCRIPTS, bus, clock, voice="stub", folders=[])
            turn = stub_turn.Engine(stub_turn.Settings(), clock)
            venue = Venue(
                bus, clock, turn, lines, settings, "", {}, Crew(clock), lambda: hour, lambda _screen: tape or Blank()
            )
            screen = FileScreen(clock)
            scene = EdgeScene(Edge(venue, screen, "hall", "seed"), screen, clock)

            async def collect() -> None:
                async with bus.subscribe(*ALL) as heard:
                    async for message in heard:
                        scene.said.append(message)

            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(collect()), tasks.create_task(scene.edge.run())]
                await clock.sleep(0)
                await act(scene)
                for task in background:
                    task.cancel()
            return scene

    return run_virtual(main)
