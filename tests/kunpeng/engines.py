"""Lets the worker engines of a config answer fixed jobs on this machine, without any network; `compare.py` reads it.

Run by script/test-kunpeng with two Pythons: `engines.py --config C --visit VISIT.yaml --out DIR`. The jobs are what the
visitor of a recorded visit says, cut out as the turn stage would, and three sentences. Time is virtual: however
slow a machine is, nothing comes too late. `DIR` is a recording like any other.
"""

import argparse
import asyncio
import json
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import yaml

from pipeline.audio import HEAR_RATE, Samples
from pipeline.bus.contract import Subscription
from pipeline.bus.memory import MemoryBus
from pipeline.clock import Clock, run_virtual
from pipeline.config import read_config
from pipeline.envelope import Message
from pipeline.messages import Cues, Emotion, Failure, Sentence, Speech, Transcript, Utterance
from pipeline.node import workers
from pipeline.recording.recorder import recording
from pipeline.sound import read_sound

STAGES = ("transcript", "emotion", "speech", "cues")
LIBRARIES = ("ctranslate2", "espeakng-loader", "faster-whisper", "numpy", "onnxruntime", "soxr")
BEFORE, AFTER = 0.3, 0.25
"""Seconds of room that the turn stage leaves around what was said."""
PATIENCE = 120.0
"""Virtual seconds for one job: an engine that never answers ends the run."""
SESSION = "kunpeng"
SENTENCES = (
    Sentence(
        index=0, text="欢迎来到河畔博物馆，我们今天开放到下午六点。", language="zh", emotion="happy", strength=0.7,
        gesture="wave", last=True,
    ),
    Sentence(
        index=0, text="The bronze hall is on the second floor, next to the lift.", language="en", gesture="point",
        last=True,
    ),
    Sentence(
        index=0, text="非常抱歉让您久等了，3 号窗口的 Anna 马上就来，大约 10 分钟。", language="zh", emotion="sad",
        strength=0.6, last=True,
    ),
)  # fmt: skip
"""Both languages, numbers, a foreign word, three moods."""


def utterances(visit: Path) -> Iterator[Utterance]:
    """What the visitor says, turn by turn."""
    described = yaml.safe_load(visit.read_text("utf-8"))
    sound: Samples = read_sound(visit.parent / described["sound"])
    spoken = [turn for turn in described["turns"] if "says" in turn]
    for number, turn in enumerate(spoken, 1):
        start, end = (round(at * HEAR_RATE) for at in (turn["at"] - BEFORE, turn["ends"] + AFTER))
        pcm = sound[start:end].astype("<i2").tobytes()
        yield Utterance(session=SESSION, turn=number, revision=1, start_sample=start, pcm=pcm)


def jobs(visit: Path) -> list[Message]:
    """Everything that is asked."""
    heard = list(utterances(visit))
    said = [sentence.changed(session=SESSION, turn=turn) for turn, sentence in enumerate(SENTENCES, len(heard) + 1)]
    return [*heard, *said]


async def answered(job: Message, said: Subscription) -> None:
    """Wait for all that follows from `job`: a transcript and two emotions, or all speech and the cues for it."""
    parts = cued = feelings = 0
    last = False
    async for message in said:
        if isinstance(message, Failure):
            raise SystemExit(f"{message.stage} failed, {message.code}: {message.text}")
        if message.turn != job.turn:
            continue
        feelings += isinstance(message, Emotion)
        cued += isinstance(message, Cues)
        if isinstance(message, Speech):
            parts, last = parts + 1, last or message.last
        if feelings == 2 or (last and cued == parts):
            return


async def ask(config: Path, visit: Path, out: Path, clock: Clock) -> None:
    """One job after the other, recorded into `out`."""
    bus = MemoryBus()
    began = clock.measure()
    async with recording(out, clock, bus) as (recorder, said), asyncio.TaskGroup() as tasks:
        async with workers(read_config(config), bus, clock, only=STAGES, note=recorder.timing):
            writing = tasks.create_task(recorder.run(said))
            ready = clock.measure()
            for job in jobs(visit):
                async with (
                    bus.subscribe(Transcript, Emotion, Speech, Cues, Failure) as heard,
                    clock.timeout(PATIENCE),
                ):
                    await bus.publish(job)
                    await answered(job, heard)
        recorder.describe(machine() | {"warm_s": round(ready - began, 2), "work_s": round(clock.measure() - ready, 2)})
        writing.cancel()


def machine() -> dict[str, object]:
    """What `session.json` says of where this ran."""
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--visit", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    run_virtual(lambda clock: ask(options.config, options.visit, options.out, clock))
    told = json.loads((options.out / "session.json").read_text("utf-8"))
    print(f"{told['machine']}: warm in {told['warm_s']} s, answered in {told['work_s']} s")  # noqa: T201


if __name__ == "__main__":
    main()
