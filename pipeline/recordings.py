"""The commands about recordings: their words, and what runs them. Light to import: each loads what it needs."""

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Any

from pipeline.errors import VisavisError
from pipeline.recording.comparing.flags import STAGES, add_compare, add_regress, thresholds
from pipeline.verbosity import Wanted

FORMATS = ("vtt", "srt", "arkit-csv", "vrma", "live2d-motion3", "wav", "messages-parquet")


def add_replay(commands: Any) -> argparse.ArgumentParser:
    """`visavis replay`."""
    replay: argparse.ArgumentParser = commands.add_parser(
        "replay", help="a recorded visit, or any sound, once more 重放一次访问或一段录音"
    )
    replay.add_argument("sound", type=Path, metavar="RECORDING|FILE", help="a recording's folder; or WAV, FLAC, OGG …")
    replay.add_argument("--out", type=Path, metavar="DIR", help="where the new recording goes")
    replay.add_argument("--config", type=Path, metavar="C", help="for the stages that are live (of sound: the demo's)")
    replay.add_argument("--seed", default="", help="another one gives other session ids")
    visit = replay.add_argument_group("a recorded visit 一次录下的访问")
    visit.add_argument("--live", nargs="+", default=[], choices=STAGES, metavar="STAGE",
                       help="these are run; all others answer from the recording")  # fmt: skip
    visit.add_argument("--timing", choices=["follow", "recorded"],
                       help="the visitor follows the answers (default with --live), or keeps her times")  # fmt: skip
    visit.add_argument("--from", type=int, dest="first", metavar="TURN", help="begin with this turn")
    visit.add_argument("--to", type=int, dest="last", metavar="TURN", help="end with this turn")
    visit.add_argument("--speed", type=_speed, default=0.0, metavar="max|X", help="1.0 is real time (default: max)")
    visit.add_argument("--twice", action="store_true", help="run it twice, and show where the two differ")
    visit.add_argument("--turn", type=int, metavar="TURN", help="with --stage: only what it was asked in this turn")
    visit.add_argument("--stage", choices=STAGES[1:], help="run this stage's engine alone, and print what it answers")
    sound = replay.add_argument_group("sound 一段声音")
    sound.add_argument("--screen", default="replay", metavar="NAME", help="what sensors and other programs call it")
    sound.add_argument("--wait", action="store_true", help="the visit begins when somebody speaks, or a sensor says so")
    return replay


def _speed(word: str) -> float:
    if word == "max":
        return 0.0
    try:
        speed = float(word)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"{word!r} should be max, or a number from 0.01 to 1000")
    return speed


def is_recording(path: Path) -> bool:
    """A folder, or what stands for one: everything else is sound."""
    return path.is_dir() or path.suffix == ""


def replay(options: argparse.Namespace, words: list[str], log: Wanted) -> int:
    """`visavis replay RECORDING`. `words`: as the command was given."""
    if options.stage or options.turn is not None:
        return _single(options)
    if options.out is None:
        raise VisavisError("replay-out", "a replay is recorded too: say where with --out DIR")
    if options.twice and options.real_time:
        raise VisavisError("replay-config", "in real time no two runs are the same: leave out --twice, or --real-time")
    if options.visitors > 1:
        raise VisavisError("replay-config", "a recording has its own visitors: --visitors is for a sound file")
    from pipeline.recording.again.command import Asked, replay_recording, replay_twice

    turns = None
    if options.first is not None or options.last is not None:
        turns = (options.first or 1, options.last if options.last is not None else 1 << 30)
    asked = Asked(
        options.sound, options.out, options.config, tuple(options.live), options.timing, turns, options.seed,
        options.speed, options.real_time, log,
    )  # fmt: skip
    return replay_twice(asked, _without(words, "--twice", "--out")) if options.twice else replay_recording(asked)


def add_others(commands: Any) -> None:
    """`visavis compare`, `regress`, `export`, `redact`, `forget`."""
    add_compare(commands)
    add_regress(commands).add_argument(
        "--real-time", action="store_true", help="on the machine's clock: what is live takes the time that it takes"
    )
    export = commands.add_parser(
        "export", help="captions, movements, sound or messages of a recording 导出字幕、动画、声音、消息"
    )
    export.add_argument("recording", type=Path, metavar="RECORDING")
    export.add_argument("--format", dest="form", required=True, choices=FORMATS)
    export.add_argument("--out", type=Path, metavar="FILE|DIR", help="default: here, named after the recording")
    export.add_argument("--turn", type=int, metavar="N", help="this turn only (0: before the first)")
    export.add_argument("--track", choices=["mix", "visitor", "avatar", "speech"],
                        help="of wav: mix is the visitor left, the avatar right (default)")  # fmt: skip

    report = commands.add_parser("report", help="a page of a recording: every turn, to see and to hear 录音的报告页面")
    report.add_argument("recording", type=Path, metavar="RECORDING")
    report.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in the recording")
    redact = commands.add_parser("redact", help="a copy without words and sound, with all its times 去掉话语和声音")
    redact.add_argument("recording", type=Path, metavar="RECORDING")
    redact.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    forget = commands.add_parser("forget", help="delete recordings 删除录音")
    forget.add_argument(
        "folder", type=Path, metavar="DIR|CONFIG", help="with recordings in it, or a config that keeps some"
    )
    forget.add_argument("--before", type=_date, metavar="DATE", help="those that began before this day, as 2026-11-25")
    forget.add_argument("--session", metavar="ID", help="the one of this visit")


def _date(word: str) -> dt.date:
    try:
        return dt.date.fromisoformat(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word!r} should be a day, as 2026-11-25") from error


def run(options: argparse.Namespace, log: Wanted) -> int:
    """One of those."""
    commands = {"compare": _compare, "regress": _regress, "export": _export, "redact": _redact, "forget": _forget,
                "report": _report}  # fmt: skip
    return commands[options.command](options, log)


def _compare(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.recording.comparing.command import Asked, compare
    from pipeline.recording.report_comparison import write_comparison

    del log
    asked = Asked(
        options.a, options.b, options.reference, thresholds(options), options.turns, options.json, options.html
    )
    return compare(asked, say, lambda found, path: say(f"{write_comparison(found, path)}"))


def _regress(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.recording.again.command import quietly
    from pipeline.recording.comparing.regress import Asked, regress

    live = tuple(options.live)
    asked = Asked(options.folder, options.out, options.config, live, options.junit, thresholds(options))
    return regress(asked, quietly(options.config, live, log, real_time=options.real_time), say)


def _export(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.recording.exporting.command import export

    del log
    return export(options.recording, options.form, options.out, options.turn, options.track)


def _report(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.recording.report import write_report

    del log
    say(f"报告 · report: {write_report(options.recording, options.out)}")
    return 0


def _redact(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.recording.redact import redact

    del log
    say(f"已去掉话语和声音 · without words and sound: {redact(options.recording, options.out)}")
    return 0


def _forget(options: argparse.Namespace, log: Wanted) -> int:
    from pipeline.calendar import local_time
    from pipeline.recording.retention import forget

    del log
    folder = _record_folder(options.folder) if options.folder.is_file() else options.folder
    gone, skipped = forget(folder, before=options.before, session=options.session, now=local_time())
    for path in gone:
        say(f"已删除 · deleted {path}")
    for path, why in skipped:
        say(f"跳过 · skipped {path}: {why}")
    none = options.session and not gone and not skipped
    if none:
        when = f" before {options.before}" if options.before else ""
        say(f"没有这次访问的录音 · no recording of visit {options.session} in {folder}{when}")
    say(f"{len(gone)} 份录音已删除 · {len(gone)} recordings deleted")
    return 1 if skipped or none else 0


def _record_folder(config: Path) -> Path:
    """Where a config keeps recordings."""
    from pipeline.config import nowhere, read_config

    record = read_config(config, nowhere, unfilled=True).record
    if record is None:
        raise VisavisError("forget-what", f"{config} keeps no recordings: it has no `record:`; name their folder")
    return record.folder


def _single(options: argparse.Namespace) -> int:
    if not options.stage or options.turn is None or options.config is None:
        text = "one stage alone needs all of --turn N --stage NAME --config FILE"
        raise VisavisError("replay-config", text)
    from pipeline.recording.again.single import run_single

    return run_single(options.sound, options.config, options.stage, options.turn, print)


def _without(words: list[str], flag: str, option: str) -> list[str]:
    """A command's words less a flag, and less an option with its value."""
    left, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == option:
            skip = True
        elif word != flag and not word.startswith(f"{option}="):
            left.append(word)
    return left


def say(text: str) -> None:
    """To the terminal, at once."""
    print(text, file=sys.stdout, flush=True)
