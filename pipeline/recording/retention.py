"""Which recordings of a folder are deleted: the old ones, those that are too much, those that are to be forgotten."""

import datetime as dt
import json
import logging
import math
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import VisavisError
from pipeline.recording import form
from pipeline.recording.settings import Record

_LOGGER = logging.getLogger(__name__)
NAME = re.compile(r"(\d{8}-\d{6})-[A-Za-z0-9_-]{1,40}-[0-9A-Za-z_-]+")
"""How the folders are called that `record` makes: when, before which screen, the visit."""
QUIET = 600.0
"""Seconds after which what has no end and is not written on was left by a process that died."""
GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that is there."""

    path: Path
    session: str
    began: dt.datetime | None
    """By the calendar of where it was made; None: made on no calendar."""
    ended: bool
    written: float
    """When its files were last written to, as the file system says."""
    size: int
    """Bytes."""

    def busy(self, now: float) -> bool:
        """It is maybe being written."""
        return not self.ended and now - self.written < QUIET

    def minutes(self, now: float) -> int:
        """Until it is no longer taken for that, if nothing more is written."""
        return max(1, math.ceil((QUIET - (now - self.written)) / 60))


def kept(folder: Path) -> list[Kept]:
    """All recordings right inside a folder, oldest first. What is no recording is not looked at."""
    try:
        found = [one for path in folder.iterdir() if (one := _look(path)) is not None]
    except OSError:
        return []
    return sorted(found, key=lambda one: (one.began or dt.datetime.max, one.path.name))  # noqa: DTZ901  only to sort


def _look(path: Path) -> Kept | None:
    if path.is_symlink() or not path.is_dir():
        return None
    if not any((path / name).is_file() for name in (form.SESSION, form.MESSAGES)):
        return None
    session = _session(path)
    stats = [file.stat() for file in path.iterdir() if file.is_file()]
    return Kept(
        path, str(session.get("session", "")), _began(path, session), "ended" in session,
        max((stat.st_mtime for stat in stats), default=0.0), sum(stat.st_size for stat in stats),
    )  # fmt: skip


def _session(path: Path) -> dict[str, Any]:
    try:
        found = json.loads((path / form.SESSION).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _began(path: Path, session: dict[str, Any]) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(session.get("began", ""))).replace(tzinfo=None)
    except ValueError:
        named = NAME.fullmatch(path.name)
    try:
        return dt.datetime.strptime(named[1], "%Y%m%d-%H%M%S") if named else None  # noqa: DTZ007  the calendar there
    except ValueError:
        return None


def tidy(record: Record, now: dt.datetime, busy: Collection[Path]) -> list[Path]:
    """Delete what is too old or too much, and say what that was: only what `record` makes, and none of `busy`."""
    there = [one for one in kept(record.folder) if NAME.fullmatch(one.path.name) and one.path not in busy]
    return [one.path for one in _excess(record, there, now) if _delete(one.path)]


def _excess(record: Record, there: list[Kept], now: dt.datetime) -> Iterator[Kept]:
    total = sum(one.size for one in there)
    for one in there:
        if one.busy(now.timestamp()):
            continue
        age = now - one.began if one.began else dt.timedelta(0)
        old = record.keep_days is not None and age > dt.timedelta(days=record.keep_days)
        if old or (record.keep_gb is not None and total > record.keep_gb * GB):
            total -= one.size
            yield one


def _delete(path: Path) -> bool:
    why = _gone(path)
    if why:
        _LOGGER.warning("recording.stays path=%s: it cannot be deleted: %s", path, why)
    return not why


def _gone(path: Path) -> str:
    """Delete it; why that did not work, or ''."""
    try:
        shutil.rmtree(path)
    except OSError as error:
        return error.strerror or str(error)
    return ""


class Forgotten(NamedTuple):
    """What came of `forget`."""

    deleted: list[Path]
    skipped: list[tuple[Path, str]]
    """Meant or maybe meant, and still there; and why, in Chinese and English."""


def forget(folder: Path, *, before: dt.date | None = None, session: str | None = None, now: dt.datetime) -> Forgotten:
    """Delete recordings in `folder` (or itself, if it is one): those that began before a day, or in which a visit was.

    Skipped are, with `before`: what is maybe being written, and what does not say when it began.
    VisavisError: `forget-what` (neither is said), `recording-missing` (no such folder), `recording-busy` (with
    `session`: the visit is not over).
    """
    if before is None and not session:
        raise VisavisError("forget-what", "say what is to be forgotten: --before YYYY-MM-DD, or --session ID")
    if not folder.is_dir():
        raise VisavisError("recording-missing", f"{folder} is no folder: name the one that recordings are in")
    itself = _look(folder)
    found = [one for one in ([itself] if itself else kept(folder)) if _meant(one, before, session)]
    busy = [one for one in found if one.busy(now.timestamp())]
    if busy and session:
        text = (
            f"{busy[0].path} is being written: the visit is not over; try again when it is, or, if its server was "
            f"killed, in {busy[0].minutes(now.timestamp())} minutes"
        )
        raise VisavisError("recording-busy", text)
    done = Forgotten([], [])
    for one in found:
        why = _kept_for(one, now.timestamp(), before)
        if why:
            done.skipped.append((one.path, why))
        else:
            done.deleted.append(one.path)
    return done


def _kept_for(one: Kept, now: float, before: dt.date | None) -> str:
    """Delete it, unless something speaks against that."""
    if before is not None and one.began is None:
        return "没有写明开始时间，请用 --session · it does not say when it began: use --session"
    if one.busy(now):
        wait = one.minutes(now)
        return f"可能还在写，{wait} 分钟后再试 · it is maybe being written, try again in {wait} minutes"
    why = _gone(one.path)
    return f"删不掉 · it cannot be deleted: {why}" if why else ""


def _meant(one: Kept, before: dt.date | None, session: str | None) -> bool:
    if session and not (one.session == session or _mentions(one.path, session)):
        return False
    return before is None or one.began is None or one.began.date() < before


def _mentions(path: Path, session: str) -> bool:
    """A visit of that name is in it: one recording may hold several."""
    named = f'"session":{json.dumps(session)}'.encode()
    try:
        with (path / form.MESSAGES).open("rb") as lines:
            return any(named in line for line in lines)
    except OSError:
        return False
