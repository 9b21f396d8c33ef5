"""`visavis regress`: a folder of recordings as a regression suite. Each is replayed and compared with itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipeline import calendar
from pipeline.errors import ConfigError, VisavisError
from pipeline.recording.comparing.columns import fit, pad, plain
from pipeline.recording.comparing.compare import compare_folders
from pipeline.recording.comparing.comparison import Comparison
from pipeline.recording.comparing.junit import Case, document, write
from pipeline.recording.comparing.limits import Thresholds, beside, from_words
from pipeline.recording.comparing.reference import read_reference
from pipeline.recording.comparing.table import change
from pipeline.recording.comparing.verdict import judged
from pipeline.recording.form import SESSION

Replay = Callable[[Path, Path], None]
"""Replays a recording into a folder. VisavisError: it could not."""
COLUMNS = ((26, "录音 recording"), (8, "轮次"), (8, "听到"), (8, "回答"), (20, "首声 p95 ms"), (14, "费用 cost"),
           (8, "结果"))  # fmt: skip
ENGLISH = ("", "turns", "words", "replies", "first sound", "", "result")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told."""

    folder: Path
    out: Path
    config: Path
    """Is only named: the replay reads it."""
    live: tuple[str, ...] = ()
    junit: Path | None = None
    thresholds: Mapping[str, str | bool] = field(default_factory=dict)
    """As `flags.thresholds` gives them."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one recording: a comparison, or the error that prevented it."""

    name: str
    seconds: float
    found: Comparison | None
    error: VisavisError | None = None
    config: bool = False
    """The replay found the config wrong, which is the same for every recording."""


def regress(
    asked: Asked, replay: Replay, say: Callable[[str], None], now: Callable[[], datetime] = calendar.local_time
) -> int:  # fmt: skip
    """Run the suite, and tell of each recording as soon as it is known.

    0: all thresholds hold; 1: some recording violates one; 2: some recording could not be replayed or compared.
    VisavisError: `threshold-invalid`, `regress-empty`, `regress-out`, and `regress-unwritable` for the JUnit file.
    ConfigError: what is wrong with the config, as soon as the first replay says so.
    """
    wanted = from_words(asked.thresholds)
    if asked.out.resolve() in {asked.folder.resolve(), *asked.folder.resolve().parents}:
        text = f"{asked.out} holds the recordings themselves: name another folder with --out"
        raise VisavisError("regress-out", text)
    folders = list(recordings(asked.folder, asked.out))
    if not folders:
        text = f"{asked.folder} holds no recording: no folder in it has a {SESSION}"
        raise VisavisError("regress-empty", text)
    began, rows = now(), list[Row]()
    for folder in folders:
        row = _run(asked, folder, wanted, replay, now)
        if row.error and row.config and not any(one.found for one in rows):
            raise row.error
        for line in [*([] if rows else _header()), *_told(row)]:
            say(line)
        rows.append(row)
    say(_end(rows))
    if asked.junit is not None:
        facts = {"config": str(asked.config), "live": " ".join(asked.live), "folder": str(asked.folder)}
        write(asked.junit, document([_case(row) for row in rows], began, facts))
    return 2 if any(row.error for row in rows) else 1 if any(map(_violated, rows)) else 0


def recordings(folder: Path, out: Path) -> Iterator[Path]:
    """Folders with a `session.json`, at any depth, by name; none of those that an earlier run wrote to `out`."""
    written = out.resolve()
    for path in sorted(folder.rglob(SESSION)):
        if written not in path.resolve().parents:
            yield path.parent


def _run(asked: Asked, folder: Path, wanted: Thresholds, replay: Replay, now: Callable[[], datetime]) -> Row:
    name = folder.name if folder == asked.folder else folder.relative_to(asked.folder).as_posix()
    began = now()

    def seconds() -> float:
        return max(0.0, (now() - began).total_seconds())

    replaying = False
    try:
        expected = beside(folder)
        said = read_reference(expected.reference) if expected.reference else None
        out = asked.out / name
        replaying = True
        replay(folder, out)
        replaying = False
        found = judged(compare_folders(folder, out, said), wanted.overridden(expected.thresholds))
    except (VisavisError, BaseExceptionGroup) as error:
        known = _first(error)
        if known is None:
            raise
        return Row(name, seconds(), None, known, replaying and isinstance(known, ConfigError))
    return Row(name, seconds(), found)


def _first(error: BaseException) -> VisavisError | None:
    """The first of ours; None where a group holds anything that is not."""
    if isinstance(error, BaseExceptionGroup):
        inner = [_first(one) for one in error.exceptions]
        return None if None in inner else inner[0]
    return error if isinstance(error, VisavisError) else None


def _violated(row: Row) -> bool:
    return bool(row.found and row.found.verdict.violated)


# --- what is said


def _header() -> list[str]:
    return [
        " ".join(pad(text, columns) for (columns, text) in COLUMNS).rstrip(),
        " ".join(pad(text, columns) for (columns, _), text in zip(COLUMNS, ENGLISH, strict=True)).rstrip(),
    ]


def _told(row: Row) -> Iterator[str]:
    name = pad(plain(row.name), COLUMNS[0][0])
    if row.found is None:
        yield f"{name} ✗ 错误 error"
        yield from (f"    {plain(line)}" for line in str(row.error).splitlines())
        return
    cells = [pad(text, columns) for (columns, _), text in zip(COLUMNS[1:], _cells(row.found), strict=True)]
    yield " ".join([name, *cells]).rstrip()
    for violation in row.found.verdict.violated:
        yield f"    ✗ {plain(violation.line)}"


def _cells(found: Comparison) -> list[str]:
    missing = len(found.changed("missing"))
    turns = f"{len(found.both)}{f' ({missing})' if missing else ''}"
    before, after = (side.latency["gap"].p95 for side in (found.a, found.b))
    result = "✗ 1" if found.verdict.violated else "✓ 0"
    count = len(found.both)
    same = [f"{count - len(found.changed(what))}/{count}" for what in ("words", "reply")]
    return [turns, *same, change(before, after), change(found.a.spent.total, found.b.spent.total, digits=".4g"), result]


def _end(rows: list[Row]) -> str:
    held = sum(1 for row in rows if row.found and not _violated(row))
    violated, errors = sum(map(_violated, rows)), sum(1 for row in rows if row.error)
    mark = "✓" if held == len(rows) else "✗"
    chinese = f"{len(rows)} 份录音：{held} 通过，{violated} 不满足，{errors} 出错"
    return f"{mark} {chinese} · {len(rows)} recordings: {held} held, {violated} violated, {errors} errors"


def _case(row: Row) -> Case:
    if row.found is None:
        text = str(row.error)
        code = row.error.code if row.error else ""
        return Case(row.name, row.seconds, "error", code, fit(plain(text), 200), text)
    violated = row.found.verdict.violated
    if not violated:
        return Case(row.name, row.seconds, "held")
    kind = " ".join(one.option for one in violated)
    return Case(row.name, row.seconds, "violated", kind, violated[0].line, "\n".join(one.line for one in violated))
