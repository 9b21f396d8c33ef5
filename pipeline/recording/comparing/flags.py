"""The words of `visavis compare` and `visavis regress`. Light to import: a command line's help needs no more."""

import argparse
from pathlib import Path
from typing import Any

STAGES = ("turn", "transcript", "emotion", "reply", "speech", "cues")
"""As in `pipeline.flow`, which takes too long to load for a command line's help."""
VALUES = {
    "max_wer": ("RATE", "word errors of B, as 0.1 or 10%%  英文词错误率上限"),
    "max_cer": ("RATE", "the same of Chinese characters  中文字错误率上限"),
    "max_latency_p50": ("BOUND", "speech end to first sound, median: +10%%, +50ms or 800ms  首声延迟中位数上限"),
    "max_latency_p95": ("BOUND", "its 95th percentile  首声延迟 p95 上限"),
    "max_cost": ("BOUND", "of all answers: +20%%, +0.01 or 0.05  费用上限"),
    "min_viseme_correlation": ("R", "of each sentence that both spoke, as 0.9  口型相关下限"),
    "max_closure_errors": ("N", "lips that close on one side only  闭唇错误上限"),
}
FLAGS = {
    "same_turns": "no turn is missing on a side  轮次一致",
    "same_words": "the same was heard in each turn  听到的话一致",
    "same_replies": "the same was answered in each turn  回答一致",
    "same_emotions": "the same emotion was felt in each turn  情绪一致",
    "same_interruptions": "the same turns were interrupted  打断一致",
    "no_new_apologies": "B apologises nowhere where A does not  没有新的致歉",
    "no_new_failures": "B has no failure that A has not  没有新的故障",
}
"""Thresholds by the names of the fields of `limits.Thresholds`."""


def add_compare(commands: Any) -> argparse.ArgumentParser:
    """`visavis compare`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "compare", help="two recordings, turn by turn 逐轮比较两次录音"
    )
    parser.add_argument("a", type=Path, metavar="A", help="a recording's folder: how it was")
    parser.add_argument("b", type=Path, metavar="B", help="another one: how it is")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="what was really said: a text or YAML file")
    parser.add_argument("--turns", "--verbose", action="store_true", help="every turn, and where it differs")
    parser.add_argument("--json", action="store_true", help="everything, for scripts")
    parser.add_argument("--html", type=Path, metavar="OUT", help="also write a page")
    _add_thresholds(parser)
    return parser


def add_regress(commands: Any) -> argparse.ArgumentParser:
    """`visavis regress`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "regress", help="replay a folder of recordings, and compare each with itself 用录音做回归测试"
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="recordings, at any depth")
    parser.add_argument("--config", type=Path, required=True, metavar="C", help="that they are replayed with")
    parser.add_argument("--live", nargs="+", default=[], choices=STAGES, metavar="STAGE",
                        help="these are run; all others answer from the recording")  # fmt: skip
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the outcome as JUnit XML")
    parser.add_argument("--out", type=Path, default=Path("regress-out"), metavar="DIR", help="where the replays go")
    _add_thresholds(parser)
    return parser


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("thresholds: exit status 1 where one does not hold 阈值：不满足时退出码为 1")
    for name, (metavar, text) in VALUES.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    for name, text in FLAGS.items():
        group.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=text)


def thresholds(options: argparse.Namespace) -> dict[str, str | bool]:
    """Those that were given, by the names of the fields of `limits.Thresholds`."""
    found = {name: getattr(options, name) for name in (*VALUES, *FLAGS)}
    return {name: value for name, value in found.items() if value is not None and value is not False}
