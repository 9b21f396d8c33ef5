"""Visitors before the screens of one edge, who ask again and again; what each of them heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.audio import FRAME, Samples
from pipeline.clock import Clock
from pipeline.config import Config, at_edge, read_config
from pipeline.envelope import Message
from pipeline.flow import ALL
from pipeline.house import House, house
from pipeline.messages import Interrupt, Played, Sentence, TurnEnded
from pipeline.recording.filescreen import FileScreen
from pipeline.session.edge import Edge

LOUD = np.full(FRAME, 3000, np.int16)
QUIET: Samples = np.zeros(FRAME, np.int16)
SENTENCES = ("{text} one.", "{text} two.")
"""What the stub answers: the question holds the session and the turn, so an answer shows whose it is."""
CONFIG = """
site: {site}
bus: {bus}
broker: {{user: "${{VISAVIS_USER:-lobby}}", password: "${{VISAVIS_PASSWORD:-}}"}}
session: {{idle_seconds: 100000, language: en, greeting_language: en, deadlines: {{first_sentence: 3.6}}}}
turn: {{engine: benchmarks.stubs.turn, quiet_frames: 1}}
transcript: {{engine: benchmarks.stubs.transcript, text: "{{session}} {{turn}}"{transcript}}}
emotion: {{engine: benchmarks.stubs.emotion}}
reply: {{engine: benchmarks.stubs.reply, sentences: ["{{text}} one.", "{{text}} two."]{reply}}}
speech: {{engine: benchmarks.stubs.speech, milliseconds: 50{speech}}}
cues: {{engine: benchmarks.stubs.cues}}
"""


def write_config(path: Path, bus: str, *, site: str = "test", **more: str) -> Path:
    """A config of stub engines; `transcript`, `reply` and `speech` take more keys, as `, key: value`."""
    path.write_text(CONFIG.format(bus=bus, site=site, **{"transcript": "", "reply": "", "speech": ""} | more), "utf-8")
    return path


@dataclass(slots=True)
class Heard:
    """One turn, as its visitor heard it."""

    session: str
    turn: int
    ended: float
    first: float | None = None
    """When something first sounded."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Origin and text of what began to sound."""
    cut: bool = False
    """The visitor interrupted."""

    @property
    def latency(self) -> float:
        """Seconds from the end of the turn to the first sound."""
        return (self.first if self.first is not None else float("inf")) - self.ended

    @property
    def outcome(self) -> str:
        """answered, apologised, interrupted, crossed (somebody else's answer), garbled or lost."""
        own = [text for origin, text in self.lines if origin == "reply"]
        wanted = [text.format(text=f"{self.session} {self.turn}") for text in SENTENCES]
        if any(not text.startswith(f"{self.session} {self.turn} ") for text in own):
            return "crossed"
        if own != wanted[: len(own)]:
            return "garbled"
        if any(origin == "apology" for origin, _ in self.lines):
            return "apologised"
        return "interrupted" if self.cut else "answered" if own == wanted else "lost"


class Ears:
    """Listens to everything that the edge hears."""

    def __init__(self) -> None:
        self.turns: dict[tuple[str, int], Heard] = {}
        self._sentences: dict[str, Sentence] = {}
        self.first_sound = asyncio.Event()

    def take(self, at: float, message: Message) -> None:
        """A message that came at second `at`."""
        if isinstance(message, TurnEnded):
            self.turns[message.session, message.turn] = Heard(message.session, message.turn, at)
        elif isinstance(message, Sentence):
            self._sentences[message.id] = message
        elif isinstance(message, Interrupt) and message.why == "barge-in" and not message.cause:
            if heard := self.turns.get((message.session, message.turn)):
                heard.cut = True
        elif isinstance(message, Played) and message.state == "started":
            self._began(at, message)

    def _began(self, at: float, played: Played) -> None:
        heard, sentence = self.turns.get((played.session, played.turn)), self._sentences.pop(played.cause, None)
        if heard is None or sentence is None:
            return
        heard.lines.append((sentence.origin, sentence.text))
        if heard.first is None and sentence.origin != "filler":
            heard.first = at
            self.first_sound.set()
            self.first_sound = asyncio.Event()


class Visitor:
    """Asks, and waits until the answer has sounded."""

    def __init__(self, edge: Edge, clock: Clock) -> None:
        self.edge, self._clock = edge, clock

    async def speak(self, frames: int = 5) -> None:
        """Say something, and be silent: the turn ends at once."""
        for _ in range(frames):
            await self.edge.hear(LOUD)
        await self.edge.hear(QUIET)

    async def ask(self, patience: float = 15.0) -> None:
        """A whole turn."""
        await self.speak()
        until = self._clock.now() + patience
        await self._clock.sleep(0.01)
        while not self.edge.visit.conversation.quiet and self._clock.now() < until:
            await self._clock.sleep(0.01)


@dataclass(slots=True)
class Fleet:
    """An edge with its visitors."""

    home: House
    ears: Ears
    visitors: list[Visitor]

    def outcomes(self) -> dict[str, int]:
        """How many turns ended how."""
        found: dict[str, int] = {}
        for heard in self.ears.turns.values():
            found[heard.outcome] = found.get(heard.outcome, 0) + 1
        return found


@asynccontextmanager
async def fleet(
    config: Config, clock: Clock, visitors: int, screen: Callable[[Clock], FileScreen] = FileScreen
) -> AsyncIterator[Fleet]:
    """Visitors who have come, and said nothing yet."""
    ears = Ears()
    async with house(config, clock) as home, home.bus.subscribe(*ALL) as said, asyncio.TaskGroup() as tasks:

        async def listen() -> None:
            async for message in said:
                ears.take(clock.now(), message)

        background = [tasks.create_task(listen())]
        edges = [Edge(home.venue, screen(clock), f"screen-{number}", home.boot) for number in range(visitors)]
        home.edges += edges
        background += [tasks.create_task(edge.run()) for edge in edges]
        await clock.sleep(0.01)
        for edge in edges:
            edge.visit.begin()
        yield Fleet(home, ears, [Visitor(edge, clock) for edge in edges])
        for edge in edges:
            await edge.finish()
        for task in background:
            task.cancel()


def read(path: Path) -> Config:
    """As an edge reads it."""
    return read_config(path, at_edge)
