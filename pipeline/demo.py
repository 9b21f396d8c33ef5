"""`visavis demo` and `visavis replay`: run a recording through the live pipeline, tell it, and report it."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.config import Config, at_edge, at_machine, read_config
from pipeline.errors import ConfigError
from pipeline.facts import detect
from pipeline.recording.narrator import Narrator
from pipeline.recording.places import is_served
from pipeline.recording.replay import Replay, Watcher, replay
from pipeline.recording.report import write_report
from pipeline.recording.visit import read_visit, shortcomings
from pipeline.sound import read_sound
from pipeline.verbosity import Wanted

BEGIN = 64.0
"""Virtual seconds that the start may take, with or without fixed lines to speak: so each run is the same."""


@dataclass(frozen=True, slots=True)
class How:
    """What the command said of the manner."""

    real_time: bool = False
    visitors: int = 1
    metrics: int | None = None
    """Port for `/metrics`."""
    log: Wanted = field(default_factory=Wanted)


def demo(config_path: Path, visit_path: Path, out: Path, how: How) -> int:
    """A recorded visit; 0 only when every turn was answered as `visit.yaml` expects."""
    config, visit = _read(config_path, how), read_visit(visit_path)
    print(f"Visavis 面对面 · {visit.title}")
    _say_what_is_heard(config)
    job = Replay(config, read_sound(visit.sound), out, about={"title": visit.title}, visitors=how.visitors)
    narrator = _run(job, how)
    by_visitor = narrator.outcomes.by_visitor()
    found = [text for outcomes in by_visitor for text in shortcomings(visit, outcomes)]
    if len(by_visitor) != how.visitors:
        there = len(by_visitor)
        found.append(f"访客 {there} 位，应为 {how.visitors} 位 · {there} visitors were there, not {how.visitors}")
    _say_where(job)
    for text in found:
        print(f"✗ {text}")
    turns = len(narrator.outcomes.turns)
    if not found:
        print(f"✓ {turns} 轮全部答对，播放到最后或被访客打断处")
        print(f"✓ all {turns} turns were answered as expected and heard to the end, or to the visitor's interruption")
    return 1 if found else 0


def replay_file(
    config_path: Path, sound: Path, out: Path, how: How, *, seed: str = "replay", screen: str = "replay",
    waits: bool = False,
) -> int:  # fmt: skip
    """Any recording; 0 when every turn that was heard was answered."""
    config = _read(config_path, how)
    _say_what_is_heard(config)
    job = Replay(
        config, read_sound(sound), out, seed=seed, name=screen, waits=waits, about={"title": sound.name},
        visitors=how.visitors,
    )  # fmt: skip
    narrator = _run(job, how)
    _say_where(job)
    turns = [turn for turn in narrator.outcomes.turns.values() if turn.heard or turn.apologies]
    apologies = [turn.turn for turn in turns if turn.apologies]
    if not turns:
        print("没有听到说话 · no speech was heard")
    if apologies:
        print(f"✗ 这些轮次没有得到回答 · not answered: {', '.join(map(str, apologies))}")
    return 1 if apologies else 0


def _read(path: Path, how: How) -> Config:
    config = at_machine(read_config(path, at_edge), detect)
    how.log.apply(config.log)
    return config


def _run(job: Replay, how: How) -> Narrator:
    for folder in job.folders():
        if is_served(folder):
            text = f"{folder} holds a real visit, which cannot be made again: name another folder with --out"
            raise ConfigError("replay-out", text)
    real_time = how.real_time or job.config.broker is not None  # a network's answers take what they take
    if not real_time:
        _say_what_is_modelled(job.config)
    narrator = Narrator()
    watcher = Watcher(narrator.message, narrator.timing, narrator.progress, narrator.ready, narrator.missing)

    async def main(clock: Clock) -> None:
        await replay(job if real_time else dataclasses.replace(job, begin_at=BEGIN), clock, watcher, how.metrics)

    (run_real if real_time else run_virtual)(main)
    for folder in job.folders():
        write_report(folder)
    return narrator


def _say_what_is_heard(config: Config) -> None:
    transcript = config.stages.get("transcript")
    model = str(getattr(transcript.settings, "model", "")) if transcript else ""
    if model.endswith("demo_model"):
        print("注意：演示用的识别模型只认识演示里的句子；配置 model: small 即可听懂所有人（首次使用时下载）。")
        print("Note: the demo's speech model only knows the demo's sentences; with `model: small` it hears everybody.")


def _say_what_is_modelled(config: Config) -> None:
    remote = ", ".join(stage for stage, chosen in config.stages.items() if hasattr(chosen.settings, "base_url"))
    if remote:
        print(f"注意：{remote} 由服务器运行；虚拟时钟下其耗时是模拟的，要遵守真实时限请加 --real-time。")
        print(
            f"Note: {remote} by a server. On the virtual clock its time is modelled; --real-time meets real deadlines."
        )


def _say_where(job: Replay) -> None:
    print()
    for folder in job.folders():
        print(f"录音与报告 · recording and report: {folder / 'report.html'}")
