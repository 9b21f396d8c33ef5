"""Visits that are recorded in a moment, to be run again."""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.cli import main
from pipeline.clock import Clock, run_virtual
from pipeline.config import read_config
from pipeline.house import house
from pipeline.recording.again.rerun import Rerun, Told, rerun
from pipeline.recording.filescreen import FileScreen
from pipeline.recording.reading import read
from pipeline.recording.recorder import recording
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.session.edge import Edge

SOUNDS = ("visitor.flac", "speech.flac", "avatar.flac")
COMPARED = ("messages.jsonl", *SOUNDS)
CONFIG = """\
session: {language: auto, greeting_language: en, deadlines: {turn: 7}}
turn: {engine: benchmarks.stubs.turn}
transcript: {engine: benchmarks.stubs.transcript, seconds: 0.1}
emotion: {engine: benchmarks.stubs.emotion}
reply: {engine: tests.moody_reply%s}
speech: {engine: benchmarks.stubs.speech, seconds: 0.01, milliseconds: 800}
cues: {engine: benchmarks.stubs.cues}
"""
SPOKEN = ((1.0, 1.5), (6.0, 6.5), (7.5, 8.2), (13.0, 14.0))
"""Seconds at which the visitor speaks; the third time into an answer."""


def write_config(folder: Path, moods: Sequence[dict[str, Any]] = ()) -> Path:
    """A config whose reply engine is in these moods, turn by turn."""
    path = folder / "config.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG % (f", moods: {json.dumps(list(moods))}" if moods else ""))
    return path


def speak(spoken: Sequence[tuple[float, float]] = SPOKEN, quiet: float = 4.0) -> Any:
    """A visitor's sound at 16 kHz."""
    samples = np.zeros(round(16_000 * (max(end for _, end in spoken) + quiet)), np.int16)
    for start, end in spoken:
        samples[round(start * 16_000) : round(end * 16_000)] = 3000
    return samples


def record(folder: Path, moods: Sequence[dict[str, Any]] = (), spoken: Sequence[tuple[float, float]] = SPOKEN) -> Path:
    """A visit, recorded."""
    config = read_config(write_config(folder / "config", moods))
    job = Replay(config, speak(spoken), folder / "visit", begin_at=64.0)
    run_virtual(lambda clock: replay(job, clock, Watcher()))
    return folder / "visit"


def record_touched(folder: Path, acts: Sequence[tuple[float, Callable[[Edge], Any]]], seconds: float) -> Path:
    """A visit in which a hand does these things at these times, and nobody speaks."""
    config = read_config(write_config(folder / "config"))

    async def main(clock: Clock) -> None:
        async with house(config, clock) as home, asyncio.TaskGroup() as tasks:
            await clock.sleep(64.0 - clock.now())
            async with recording(folder / "visit", clock, home.bus) as (recorder, said):
                recorder.describe({"config": config.source, "microphone": {"start": 0}})
                venue = dataclasses.replace(home.venue, tapes=lambda _screen: recorder.tape())
                screen = FileScreen(clock, recorder.avatar)
                edge = Edge(venue, screen, "touched", "seed")
                background = [tasks.create_task(recorder.run(said)), tasks.create_task(edge.run())]
                await clock.sleep(0)
                await _touch(edge, clock, acts, seconds)
                screen.render(round((clock.now() - screen.start) * 24_000))
                for task in background:
                    task.cancel()

    run_virtual(main)
    return folder / "visit"


async def _touch(
    edge: Edge, clock: Clock, acts: Sequence[tuple[float, Callable[[Edge], Any]]], seconds: float
) -> None:  # fmt: skip
    start, left = clock.now(), list(acts)
    for number in range(1, round(seconds * 50) + 1):
        await clock.sleep(start + number * 0.02 - clock.now())
        await edge.hear(np.zeros(320, np.int16))
        while left and left[0][0] <= number * 0.02:
            done = left.pop(0)[1](edge)
            if asyncio.iscoroutine(done):
                await done
    await edge.finish()
    await clock.sleep(0.05)


def again(folder: Path, out: Path, moods: Sequence[dict[str, Any]] | None = None, **how: Any) -> Told:
    """The visit once more; with `moods`, the reply engine is live in these."""
    config = None if moods is None else read_config(write_config(out.parent / f"{out.name}-config", moods))
    live = () if moods is None else ("reply",)
    given = {"config": config, "live": live, "timing": "follow" if live else "recorded", **how}
    job = Rerun(read(folder), out, **given)
    return run_virtual(lambda clock: rerun(job, clock, Watcher()))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """What two equal replays have in common."""
    return {name: (folder / name).read_bytes() for name in COMPARED}


def rows(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """Lines of the recording, of these kinds."""
    found = [json.loads(line) for line in (folder / "messages.jsonl").read_text().splitlines()]
    return [row for row in found if not kinds or row["message"]["kind"] in kinds]


def conversation(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What was said, and what was heard and broken into, each in its order; not when, and not who carried it."""
    told: dict[str, list[tuple[Any, ...]]] = {"said": [], "heard": []}
    for row in rows(folder, "Transcript", "Sentence", "Interrupt", "Played", "Thought", "Failure", "SessionEnded"):
        message = row["message"]
        if message["kind"] != "Played" or message["state"] != "progress":
            side = "heard" if message["kind"] in {"Played", "Interrupt", "SessionEnded"} else "said"
            told[side].append((message["kind"], message["turn"], message.get("text"), message.get("why"),
                         message.get("state"), message.get("sample"), message.get("code")))  # fmt: skip
    return told


def write_wav(path: Path) -> Path:
    """The visitor's sound as a file."""
    soundfile.write(path, speak(), 16_000)
    return path


def command(*words: str | Path) -> int:
    """`visavis …`, in this process."""
    return main([str(word) for word in words])
