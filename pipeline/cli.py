"""The command `visavis`. Heavy things are imported by the command that needs them."""

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import VisavisError

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
DEMO = CONFIGS / "demo.yaml"
VISIT = CONFIGS / "visits" / "museum" / "visit.yaml"


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; 0: all went well, 1: it ran and found something wrong, 2: it could not run."""
    options = _parser().parse_args(words)
    logging.basicConfig(level=options.log.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot write a sign shows a question mark
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.path.append(str(Path.cwd()))  # a config may name an engine of the deployer's own, as `python -m` would find it
    run = {"demo": _demo, "replay": _replay, "check": _check}[options.command]
    try:
        return run(options)
    except KeyboardInterrupt:
        print("\n已中断，录到的内容都在 · stopped; what was recorded so far is kept", file=sys.stderr)
        return 130
    except (VisavisError, BrokenPipeError, BaseExceptionGroup) as error:
        known = _first(error)
        if isinstance(known, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more at its end
            return 141
        if known is None:
            raise
        print(f"visavis: {known}", file=sys.stderr)
        return 2


def _first(error: BaseException) -> VisavisError | BrokenPipeError | None:
    """The first error in what was raised that needs no traceback: one of ours, or a reader of the output that left."""
    if isinstance(error, BaseExceptionGroup):
        return next((known for inner in error.exceptions if (known := _first(inner))), None)
    return error if isinstance(error, (VisavisError, BrokenPipeError)) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="visavis", description="Visavis (面对面): talk with a digital human, face to face."
    )
    parser.add_argument(
        "--log", default="warning", choices=["debug", "info", "warning", "error"], help="what is logged"
    )
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="a recorded visit through the live pipeline 演示一次完整的参观对话")
    demo.add_argument("--once", action="store_true", help="end after the recorded visit (it always does, for now)")
    demo.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where the recording goes")
    demo.add_argument("--config", type=Path, default=DEMO, help="another config")
    demo.add_argument("--visit", type=Path, default=VISIT, help="another recorded visit")
    demo.add_argument("--real-time", action="store_true", help="at the pace of a real visit")

    replay = commands.add_parser("replay", help="any recording through the live pipeline 重放一段录音")
    replay.add_argument("sound", type=Path, metavar="FILE", help="WAV, FLAC, OGG …")
    replay.add_argument("--out", type=Path, required=True, metavar="DIR")
    replay.add_argument("--config", type=Path, default=DEMO)
    replay.add_argument("--real-time", action="store_true", help="at its own pace, not as fast as it can")
    replay.add_argument("--seed", default="replay", help="another one gives other session ids")

    check = commands.add_parser("check", help="every error of a config, before anything runs 检查配置")
    check.add_argument("config", type=Path)
    return parser


def _demo(options: argparse.Namespace) -> int:
    from pipeline.demo import demo

    return demo(options.config, options.visit, options.out, real_time=options.real_time)


def _replay(options: argparse.Namespace) -> int:
    from pipeline.demo import replay_file

    return replay_file(options.config, options.sound, options.out, real_time=options.real_time, seed=options.seed)


def _check(options: argparse.Namespace) -> int:
    from pipeline.config import read_config
    from pipeline.errors import ConfigError

    try:
        config = read_config(options.config)
    except ConfigError as error:
        problems = error.text.split("\n")
        print(*problems, sep="\n")
        print(f"{options.config}: {len(problems)} 个问题 · {len(problems)} problem(s)")
        return 1
    engines = ", ".join(f"{stage}={chosen.name}" for stage, chosen in config.stages.items())
    print(f"{options.config}: 没有问题 · no problems ({engines})")
    return 0
