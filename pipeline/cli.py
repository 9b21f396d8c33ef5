"""The command `visavis`. Heavy things are imported by the command that needs them."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import recordings
from pipeline.errors import VisavisError
from pipeline.verbosity import Wanted

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
DEMO = CONFIGS / "demo.yaml"
VISIT = CONFIGS / "visits" / "museum" / "visit.yaml"
WORKER_STAGES = ("transcript", "emotion", "reply", "speech", "cues")
"""As in `pipeline.flow`, which takes too long to load for a command line's help."""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; 0: all went well, 1: it ran and found something wrong, 2: it could not run."""
    options = _parser().parse_args(words)
    options.words = words
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot write a sign shows a question mark
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    _wanted(options).apply(None)
    sys.path.append(str(Path.cwd()))  # a config may name an engine of the deployer's own, as `python -m` would find it
    commands = {"demo": _demo, "replay": _replay, "check": _check, "node": _node, "status": _status,
                "facts": _facts, "render": _render, "serve": _serve, "endpoints": _endpoints}  # fmt: skip
    run = commands.get(options.command)
    try:
        return run(options) if run else recordings.run(options, _wanted(options))
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
    parser.add_argument("--log-format", choices=["human", "json"], help="instead of the config's log.format")
    commands = parser.add_subparsers(dest="command", required=True)
    _edge_commands(commands)
    _serve_command(commands)
    _operator_commands(commands)
    recordings.add_others(commands)
    return parser


def _edge_commands(commands: Any) -> None:
    demo = commands.add_parser("demo", help="a recorded visit through the live pipeline 演示一次完整的参观对话")
    demo.add_argument("--once", action="store_true", help="end after the recorded visit, and do not open the page")
    demo.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="where the recording goes")
    demo.add_argument("--config", type=Path, default=DEMO, help="another config")
    demo.add_argument("--port", type=_port, metavar="PORT", help="of the page (default: the config's, or any free one)")
    demo.add_argument("--visit", type=Path, default=VISIT, help="another recorded visit")

    replay = recordings.add_replay(commands)
    for command in (demo, replay):
        command.add_argument("--real-time", action="store_true", help="at its own pace, not as fast as it can")
        command.add_argument("--visitors", type=_count, default=1, metavar="N", help="so many visits at once")
        command.add_argument("--metrics", type=_port, metavar="PORT", help="serve /metrics, /healthz and /readyz")


def _serve_command(commands: Any) -> None:
    serve = commands.add_parser("serve", help="a kiosk: the page, and the stages placed here 打开数字人页面")
    serve.add_argument("config", type=Path)
    serve.add_argument(
        "--port", type=_port, metavar="PORT", help="instead of the config's screen.port (0: any free one)"
    )
    serve.add_argument("--label", action="append", default=[], metavar="K=V", help="a fact, for endpoints' place")
    serve.add_argument("--metrics", type=_port, metavar="PORT", help="serve /metrics, /healthz and /readyz")


def _operator_commands(commands: Any) -> None:
    node = commands.add_parser("node", help="a worker node: runs what the config places here 工作节点")
    node.add_argument("config", type=Path)
    node.add_argument("--name", default=os.environ.get("VISAVIS_NODE", ""), help="default: the machine's")
    node.add_argument("--label", action="append", default=[], metavar="K=V", help="a fact about this machine")
    node.add_argument("--stage", action="append", default=[], choices=WORKER_STAGES, help="this stage, wherever placed")
    node.add_argument("--metrics", type=_port, metavar="PORT", help="serve /metrics, /healthz and /readyz")
    node.add_argument("--metrics-host", default="", help="address to serve them on (default: loopback)")

    status = commands.add_parser("status", help="nodes, stages, load and latencies, live 查看节点与负载")
    status.add_argument("config", type=Path)
    status.add_argument("--json", action="store_true", help="once, for scripts")
    status.add_argument("--once", action="store_true", help="once, as a table")

    endpoints = commands.add_parser("endpoints", help="ask every model server: reached, allowed, how fast 检查模型服务")
    endpoints.add_argument("config", type=Path)
    endpoints.add_argument("--json", action="store_true", help="for scripts")

    facts = commands.add_parser("facts", help="what this machine is, and how that was found 本机信息")
    facts.add_argument("--json", action="store_true", help="for `visavis check --facts`")
    facts.add_argument("--label", action="append", default=[], metavar="K=V")

    check = commands.add_parser("check", help="every error of a config, before anything runs 检查配置")
    check.add_argument("config", type=Path)
    check.add_argument("--facts", type=Path, nargs="+", default=[], metavar="FILE",
                       help="of the known nodes: says which stages none of them could run")  # fmt: skip

    render = commands.add_parser("render", help="Compose or Kubernetes files of a config 生成部署文件")
    render.add_argument("config", type=Path)
    render.add_argument("--to", choices=["compose", "kubernetes"], required=True)


def _wanted(options: argparse.Namespace) -> Wanted:
    return Wanted(options.log, options.log_format)


def _count(word: str) -> int:
    return _number(word, 1, 1000)


def _port(word: str) -> int:
    return _number(word, 0, 65535)


def _number(word: str, least: int, most: int) -> int:
    if not word.isdecimal() or not least <= int(word) <= most:
        raise argparse.ArgumentTypeError(f"{word!r} should be a number from {least} to {most}")
    return int(word)


def _demo(options: argparse.Namespace) -> int:
    from pipeline.demo import demo

    if not options.once and options.port:
        from pipeline.serve import claim

        claim(options.port)
    done = demo(options.config, options.visit, options.out, _how(options))
    if options.config == DEMO and not done:
        from pipeline.recording.again.samples import replay_samples

        done = 0 if replay_samples(print) else 1
    if options.once:
        return done
    return _open(options, any_port=options.port is None)


def _serve(options: argparse.Namespace) -> int:
    return _open(options, any_port=False, labels=options.label)


def _open(options: argparse.Namespace, *, any_port: bool, labels: Sequence[str] = ()) -> int:
    from pipeline.serve import Job, serve

    job = Job(options.config, options.port, options.metrics, any_port, labels)
    return serve(job, _wanted(options), lambda text: print(text, flush=True))


def _replay(options: argparse.Namespace) -> int:
    if recordings.is_recording(options.sound):
        words = list(sys.argv[1:] if options.words is None else options.words)
        return recordings.replay(options, words, _wanted(options))
    from pipeline.demo import replay_file

    if options.out is None:
        raise VisavisError("replay-out", "a replay is recorded too: say where with --out DIR")
    how = {"seed": options.seed or "replay", "screen": options.screen, "waits": options.wait}
    return replay_file(options.config or DEMO, options.sound, options.out, _how(options), **how)


def _how(options: argparse.Namespace) -> Any:
    from pipeline.demo import How

    return How(real_time=options.real_time, visitors=options.visitors, metrics=options.metrics, log=_wanted(options))


def _node(options: argparse.Namespace) -> int:
    from pipeline.operator import node
    from pipeline.worker import Job

    job = Job(options.config, options.name, options.label, options.stage, options.metrics, options.metrics_host)
    return node(job, _wanted(options))


def _status(options: argparse.Namespace) -> int:
    from pipeline.operator import status

    return status(options.config, as_json=options.json, once=options.once)


def _endpoints(options: argparse.Namespace) -> int:
    from pipeline.probing import endpoints

    return endpoints(options.config, as_json=options.json)


def _facts(options: argparse.Namespace) -> int:
    from pipeline.facts import detect, labels, table

    facts = detect().overridden(labels(options.label))
    print(facts.as_json() if options.json else table(facts))
    return 0


def _check(options: argparse.Namespace) -> int:
    from pipeline.operator import check

    return check(options.config, options.facts)


def _render(options: argparse.Namespace) -> int:
    from pipeline.config import nowhere, read_config
    from pipeline.render import render

    config = read_config(options.config, nowhere, unfilled=True)  # its engines run elsewhere
    print(render(config, options.to), end="")
    return 0
