"""`visavis replay RECORDING`: reads what is asked for, runs it, and says what came of it."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.config import Config, at_machine, read_config
from pipeline.errors import ConfigError, VisavisError
from pipeline.facts import detect
from pipeline.pace import pace
from pipeline.plans import Plan
from pipeline.recording import form
from pipeline.recording.again.rerun import BEGIN, Rerun, Told, rerun
from pipeline.recording.again.steps import Timing
from pipeline.recording.again.venue import needed
from pipeline.recording.narrator import Narrator
from pipeline.recording.places import is_free
from pipeline.recording.reading import Recording, read
from pipeline.recording.replay import Watcher
from pipeline.recording.report import write_report
from pipeline.verbosity import Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told."""

    recording: Path
    out: Path
    config: Path | None = None
    live: tuple[str, ...] = ()
    timing: Timing | None = None
    """None: `recorded` where nothing is live, `follow` where something is."""
    turns: tuple[int, int] | None = None
    seed: str = ""
    speed: float = 0.0
    """Of the virtual clock: 1 is real time, 0 as fast as it can."""
    real_time: bool = False
    """On the machine's clock: what is live takes the time that it takes."""
    log: Wanted = field(default_factory=Wanted)
    report: bool = True


def replay_recording(asked: Asked) -> int:
    """Run it; 0: it was run. VisavisError: what is wrong with the recording, the config or the turns."""
    recording = read(asked.recording)
    for text in recording.mended:
        print(f"录音有残缺 · the recording was torn: {text}")
    known = len(recording.mended)
    config = _config(asked, recording)
    narrator = Narrator()
    told = run(_job(asked, recording, config), narrator, asked)
    for text in recording.mended[known:]:
        print(f"录音有残缺 · the recording was torn: {text}")
    _say(asked, told)
    if asked.report:
        print(f"录音与报告 · recording and report: {write_report(asked.out)}")
    return 0


def quietly(
    config_path: Path, live: tuple[str, ...], log: Wanted, *, real_time: bool = False
) -> Callable[[Path, Path], None]:
    """Runs a recording (the first path) with a config, and writes what comes of it (the second); says nothing."""

    def replay(recording: Path, out: Path) -> None:
        asked = Asked(recording, out, config_path, live, log=log)
        found = read(recording)
        job = _job(asked, found, _config(asked, found))
        if real_time:
            run_real(lambda clock: rerun(dataclasses.replace(job, begin_at=0.0, real_time=True), clock, Watcher()))
        else:
            run_virtual(lambda clock: rerun(job, clock, Watcher()))

    return replay


def run(job: Rerun, narrator: Narrator, asked: Asked) -> Told:
    """On the clock that is asked for."""
    watcher = Watcher(narrator.message, narrator.timing, narrator.progress, narrator.ready, narrator.missing)

    async def main(clock: Clock) -> Told:
        return await rerun(job, clock, watcher)

    if asked.real_time:
        return run_real(lambda clock: rerun(dataclasses.replace(job, begin_at=0.0, real_time=True), clock, watcher))
    return run_virtual(main, pace(asked.speed, BEGIN))


def _job(asked: Asked, recording: Recording, config: Config | None) -> Rerun:
    _check_turns(asked, recording)
    if asked.out.resolve() == asked.recording.resolve():
        raise ConfigError("replay-out", f"{asked.out} is the recording itself: name another folder with --out")
    if not is_free(asked.out):
        raise ConfigError("replay-out", f"{asked.out} holds something that is no replay: name a new folder with --out")
    timing: Timing = asked.timing or ("follow" if asked.live else "recorded")
    return Rerun(recording, asked.out, config, asked.live, timing, asked.turns, asked.seed)


def _config(asked: Asked, recording: Recording) -> Config | None:
    """Of the stages that are live, and of those behind them."""
    if asked.config is None:
        if asked.live:
            name = recording.session.get("config_name") or "another config"
            text = f"--live {' '.join(asked.live)} needs engines: add --config FILE (it was recorded with {name})"
            raise ConfigError("replay-config", text)
        return None
    wanted = {*needed(asked.live), "turn"}  # which is read with what the session and the persona say

    def runs(stage: str, plan: Plan, alone: bool) -> bool:
        del plan, alone
        return stage in wanted

    config = at_machine(read_config(asked.config, runs), detect)
    asked.log.apply(config.log)
    return config


def _check_turns(asked: Asked, recording: Recording) -> None:
    if not recording.sessions:
        raise VisavisError("recording-empty", f"{recording.folder} holds no visit: nobody came while it was recorded")
    if asked.turns is None:
        return
    there = {row.message.turn for row in recording.rows if type(row.message).__name__ == "TurnEnded"}
    if not any(asked.turns[0] <= turn <= asked.turns[1] for turn in there):
        wanted = (
            f"{asked.turns[0]} or later"
            if asked.turns[1] > max(there, default=0)
            else f"{asked.turns[0]} to {asked.turns[1]}"
        )
        known = f"{min(there)} to {max(there)}" if there else "none"
        text = f"no turn {wanted} in {recording.folder}: it has {known}"
        raise VisavisError("replay-turns", text)


def _say(asked: Asked, told: Told) -> None:
    print()
    for text in told.remarks:
        print(f"· {text}")
    live = {stage: counts for stage, counts in told.counts.items() if stage not in asked.live}
    for what, text in (
        ("live", "录音里没有、现场生成 · not in the recording, done live"),
        ("near", "录音里对应的请求略有不同 · recorded for a request that was a little different"),
        ("unknown", "录音里没有回答 · no answer in the recording"),
    ):
        found = ", ".join(f"{stage} {counts[what]}" for stage, counts in live.items() if counts.get(what))
        if found:
            print(f"· {text}: {found}")


# --- twice


def replay_twice(asked: Asked, words: list[str]) -> int:
    """The same replay in two processes with other hash seeds; 0 when every byte is the same."""
    folders = [asked.out / "first", asked.out / "second"]
    for number, folder in enumerate(folders):
        environment = {**os.environ, "PYTHONHASHSEED": str(number + 1)}
        command = [sys.executable, "-m", "pipeline", *words, "--out", str(folder)]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603  us
        if done.returncode:
            print(done.stdout, done.stderr, sep="", file=sys.stderr)
            return done.returncode
    return differences(*folders)


COMPARED = (form.MESSAGES, form.EVENTS, form.VISITOR, form.SPEECH, form.AVATAR)


def differing(first: Path, second: Path) -> list[str]:
    """The files of two replays that are not equal."""
    return [
        name for name in COMPARED
        if (first / name).exists() and (first / name).read_bytes() != (second / name).read_bytes()
    ]  # fmt: skip


def differences(first: Path, second: Path) -> int:
    """Say where two replays begin to differ; 0: nowhere."""
    unequal = differing(first, second)
    if not unequal:
        print("✓ 两次重放逐字节相同 · both replays are the same, byte for byte")
        return 0
    print(f"✗ 两次重放不同 · the replays differ in: {', '.join(unequal)}")
    lines = [(folder / form.MESSAGES).read_text(encoding="utf-8").splitlines() for folder in (first, second)]
    for number, (one, other) in enumerate(zip(*lines, strict=False), 1):
        if one != other:
            print(f"  第一处 · first at {form.MESSAGES}:{number}\n  < {one[:600]}\n  > {other[:600]}")
            return 1
    if len(lines[0]) != len(lines[1]):
        print(f"  {len(lines[0])} · {len(lines[1])} 条消息 · messages")
    return 1
