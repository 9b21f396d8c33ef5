"""What a connected screen costs its server: CPU, memory, and how soon a cut is there."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import aiohttp
import numpy as np

from benchmarks.flow import speech_and_silence
from benchmarks.robot import Robot
from benchmarks.row import Row
from benchmarks.serving import Serving, serving
from pipeline.audio import Samples
from pipeline.clock import Clock, run_real

COUNTS, SECONDS = (1, 10, 30), 15
"""Screens at the same time, and for how long each number of them is measured."""
STUBS = {
    "transcript": "{engine: benchmarks.stubs.transcript}", "emotion": "{engine: benchmarks.stubs.emotion}",
    "reply": "{engine: benchmarks.stubs.reply}", "cues": "{engine: benchmarks.stubs.cues}",
    "speech": "{engine: benchmarks.stubs.speech, milliseconds: 600, parts: 3}",
}  # fmt: skip


def config(turn: str) -> str:
    """Stub stages, these ears, and a screen for each robot."""
    stages = "\n".join(f"{stage}: {engine}" for stage, engine in STUBS.items())
    screens = "\n".join(f"  - name: s{number}" for number in range(max(COUNTS)))
    top = f"site: bench\nsession: {{deadlines: {{turn: 10}}}}\nturn: {turn}\n{stages}\n"
    return f"{top}screen: {{port: 0}}\nscreens:\n{screens}\n"


def cpu(pid: int) -> float:
    """Seconds that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """KB."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4.096


class Crowd:
    """Robots before one server."""

    def __init__(self, server: Serving, client: aiohttp.ClientSession, clock: Clock) -> None:
        self._server, self._client, self._clock = server, client, clock
        self.robots: list[Robot] = []

    async def grow(self, count: int) -> None:
        """Until there are so many."""
        while len(self.robots) < count:
            address = f"{self._server.address}/screen/s{len(self.robots)}"
            self.robots.append(await Robot.enter(self._client, address, self._clock))

    async def hears(self, sound: Samples) -> tuple[float, float]:
        """All of them hear this, each from another place on; CPU of the server a screen-second, ms, and its memory."""
        pid, count = self._server.process.pid, len(self.robots)
        began, worked = self._clock.now(), cpu(pid)
        places = [len(sound) * number // count for number in range(count)]
        await asyncio.gather(*(
            robot.microphone(np.roll(sound, -place)) for robot, place in zip(self.robots, places, strict=True)
        ))  # fmt: skip
        spent = (cpu(pid) - worked) / (self._clock.now() - began) / count
        for robot in self.robots:
            robot.heard.clear()
            robot.played.clear()
        return spent * 1000, resident(pid)

    async def cut_after(self, times: int = 40) -> list[float]:
        """From `stop` to `cut`, ms, while an answer of seconds is being played."""
        robot, taken = self.robots[0], []
        for number in range(times):
            before = len(robot.reported("started"))
            await robot.say("typed", text=f"Question {number}?")
            await robot.until(lambda before=before: len(robot.reported("started")) > before)  # type: ignore[misc]
            cuts, began = len(robot.all("cut")), time.perf_counter()
            await robot.say("control", stop=True)
            await robot.until(lambda cuts=cuts: len(robot.all("cut")) > cuts)  # type: ignore[misc]
            taken.append((time.perf_counter() - began) * 1000)
            await self._clock.sleep(2.0)  # a visitor asks no faster
        return taken

    async def leave(self) -> None:
        """All of them."""
        await asyncio.gather(*(robot.leave() for robot in self.robots))


def _with_crowd(turn: str, act: Callable[[Crowd], Coroutine[None, None, list[Row]]]) -> list[Row]:
    async def main(clock: Clock) -> list[Row]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            crowd = Crowd(server, client, clock)
            try:
                return await act(crowd)
            finally:
                await crowd.leave()

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), config(turn)) as server:
        return run_real(main)


async def _silence(crowd: Crowd, what: str) -> list[Row]:
    rows: list[Row] = []
    silence = np.zeros(SECONDS * 16_000, np.int16)
    sizes = []
    for count in COUNTS:
        await crowd.grow(count)
        spent, size = await crowd.hears(silence)
        sizes.append(size)
        rows.append(Row(f"CPU of a screen-second, {count} screens, {what}", spent, "ms", ""))
    more = (sizes[-1] - sizes[0]) / (COUNTS[-1] - COUNTS[0])
    rows.append(Row(f"memory of one more connected screen, {what}", more, "kB", "≤ 1024"))
    return rows


async def _plain(crowd: Crowd) -> list[Row]:
    return await _silence(crowd, "no voice activity")


async def _silero(crowd: Crowd, sound: Samples) -> list[Row]:
    rows = await _silence(crowd, "silence, voice activity on")
    spent, _ = await crowd.hears(sound)
    rows.append(Row(f"CPU of a screen-second, {len(crowd.robots)} screens that talk and answer", spent, "ms", ""))
    return rows


async def _cuts(crowd: Crowd) -> list[Row]:
    await crowd.grow(1)
    p50, p95 = np.percentile(await crowd.cut_after(), [50, 95])
    return [
        Row("from a stop that is touched to the cut at the screen, p50", p50, "ms", ""),
        Row("the same, p95", p95, "ms", "≤ 100"),
    ]


def measure() -> list[Row]:
    """Everything in this file: about three minutes."""
    stub, silero = "{engine: benchmarks.stubs.turn}", "{engine: silero}"
    sound = speech_and_silence(SECONDS)
    rows = _with_crowd(stub, _plain) + _with_crowd(silero, lambda crowd: _silero(crowd, sound))
    return rows + _with_crowd(stub, _cuts)
