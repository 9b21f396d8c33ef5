"""A keeper and one or two screens on virtual time; its writer's thread is waited for, not timed."""

import datetime as dt
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import FRAME, Frame
from pipeline.clock import Clock, run_virtual
from pipeline.messages import SessionEnded, SessionStarted
from pipeline.recording.keeper import Keeper
from pipeline.recording.reading import Recording, read
from pipeline.recording.scribe import Scribe
from pipeline.recording.settings import Record
from pipeline.session.tape import Tape

NOISE = np.random.default_rng(7).integers(-9000, 9000, 16_000 * 20).astype(np.int16)
"""What the microphone of a test hears, sample by sample."""
TODAY = dt.datetime(2026, 11, 25, 14, 5)  # noqa: DTZ001  a kiosk's own calendar


@dataclass
class Scene:
    """What a test has at hand."""

    keeper: Keeper
    scribe: Scribe
    clock: Clock
    folder: Path
    samples: dict[str, int] = field(default_factory=dict)
    tapes: dict[str, Tape] = field(default_factory=dict)

    def tape(self, screen: str = "hall") -> Tape:
        """Of a screen."""
        if screen not in self.tapes:
            self.tapes[screen] = self.keeper.tapes({"persona": "who I am", "edge": "k1"})(screen)
        return self.tapes[screen]

    async def hears(self, frames: int, screen: str = "hall", voice: float | None = None) -> None:
        """So many frames of microphone, in their time."""
        for _ in range(frames):
            await self.clock.sleep(0.02)
            sample = self.samples.get(screen, 0)
            self.tape(screen).hear(Frame(sample, NOISE[sample : sample + FRAME]), voice)
            self.samples[screen] = sample + FRAME

    def misses(self, samples: int, screen: str = "hall") -> None:
        """So many are lost."""
        self.samples[screen] = self.samples.get(screen, 0) + samples

    def begin(self, session: str = "s1", screen: str = "hall") -> None:
        """Somebody comes."""
        self.tape(screen).note("begin", session, sample=self.samples.get(screen, 0))
        self.keeper.message(SessionStarted(session=session, screen=screen, language="zh"))

    def end(self, session: str = "s1") -> None:
        """The visit is over."""
        self.keeper.message(SessionEnded(session=session, why="left"))

    async def settled(self) -> None:
        """All that was said is written."""
        assert self.scribe.flush().wait(30)

    def recordings(self) -> dict[str, Recording]:
        """By visit."""
        found = [read(path) for path in sorted(self.folder.iterdir())]
        return {str(one.session["session"]): one for one in found}

    @property
    def one(self) -> Recording:
        """The only one."""
        (found,) = self.recordings().values()
        return found


def at_screens(
    folder: Path, act: Callable[[Scene], Coroutine[Any, Any, None]], scribe: Scribe | None = None, **record: Any
) -> Scene:
    """Run `act`; then everything is finished."""

    async def main(clock: Clock) -> Scene:
        writer = scribe or Scribe()
        keeper = Keeper(
            Record(folder=folder, **record), clock, {"versions": {"visavis": "1"}}, scribe=writer, today=lambda: TODAY
        )
        scene = Scene(keeper, writer, clock, folder)
        try:
            await act(scene)
        finally:
            await keeper.close()
        return scene

    return run_virtual(main)
