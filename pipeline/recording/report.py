"""Makes `report.html` of a recording: one page that needs nothing beside it."""

import json
from html import escape
from pathlib import Path

from pipeline.errors import VisavisError
from pipeline.recording.reading import Recording, read
from pipeline.recording.reporting import shell, totals
from pipeline.recording.reporting.card import anchor, card
from pipeline.recording.reporting.drawn import Notes, drawn, tracks
from pipeline.recording.reporting.parts import WHYS, both, clock
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.turns import Turn

_CROWDED = 40
"""Turns beyond which their numbers find no room in the picture of the whole visit."""


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write `folder/report.html`, or the file `out`, which is returned; read only what the folder holds.

    VisavisError: `recording-unreadable` names file and line; `report-unwritable` when the page cannot be written.
    """
    return saved(page(read(folder)), out or folder / "report.html")


def saved(content: str, path: Path) -> Path:
    """The page, written. VisavisError: `report-unwritable`."""
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        text = f"{path} cannot be written ({error.strerror}); make room, or name another file"
        raise VisavisError("report-unwritable", text) from error
    return path


def page(recording: Recording) -> str:
    """The whole page."""
    visit = Visit(recording)
    return shell.filled(
        [side(recording, visit.turns)],
        totals.slow(visit.turns),
        facts=shell.facts(recording.session),
        summary=totals.tiles(visit) + totals.measured(recording.timings),
        overview=glance(recording, visit.turns),
        cards=_cards(visit, recording),
        filters="",
        more=_more(visit, recording),
    )


def side(recording: Recording, turns: list[Turn]) -> shell.Side:
    """What the page draws and plays of it; `turns` by time."""
    notes = Notes(recording)
    numbers = {
        **tracks(recording),
        "length": round(1000 * _length(recording, turns)),
        "turns": [drawn(turn, notes) for turn in turns],
    }
    return shell.Side(numbers, shell.sound(recording))


def glance(recording: Recording, turns: list[Turn], number: int = 0, title: str = "", prefix: str = "") -> str:
    """The whole visit, with a link to each turn where it was; the keyboard comes to the cards without them."""
    length, links = _length(recording, turns), []
    for turn in turns:
        left, right = (min(100.0, 100 * at / length) for at in turn.span)
        kind = "failed" if turn.failed else "interrupted" if turn.interrupted else ""
        if turn.ended:
            place = f'style="left:{left:.2f}%;width:{max(0.0, right - left):.2f}%" tabindex="-1"'
            links.append(f'<a href="#{prefix}{anchor(turn)}" class="{kind}" {place}><b>{turn.number}</b></a>')
    return shell.glance(number, "".join(links), title, dense=len(turns) > _CROWDED)


def _length(recording: Recording, turns: list[Turn]) -> float:
    """Seconds of it that have something in them."""
    last, sounded = max((turn.span[1] for turn in turns), default=1.0), shell.lasting(recording)
    return min(sounded, last + 1) if sounded else last


def _cards(visit: Visit, recording: Recording) -> str:
    until = shell.sounding(recording)
    cards = [(turn.span[0], card(turn, number, until)) for number, turn in enumerate(visit.turns)]
    for at, dropped in visit.dropped:
        text = f"咳嗽或短促的声音，没有当作一轮（{dropped.voiced_ms} 毫秒）"
        cards.append((at, _aside(at, text, f"a cough or a short sound, no turn ({dropped.voiced_ms} ms)")))
    if len(visit.begun) > 1:
        cards += [(at, _aside(at, "一次来访开始", "a visit begins")) for at, _ in visit.begun]
    for at, ended in visit.ended:
        why = WHYS.get(ended.why, (ended.why, ended.why))
        cards.append((at, _aside(at, f"来访结束：{why[0]}", f"the visit is over: {why[1]}")))
    return "".join(content for _, content in sorted(cards, key=lambda found: found[0]))


def _aside(at: float, chinese: str, english: str) -> str:
    return f'<p class="cough"><span class="at">{clock(at)}</span> {both(chinese, english)}</p>'


def _more(visit: Visit, recording: Recording) -> str:
    """Tables that are opened when somebody asks for them."""
    numbers = [("排队", "queued"), ("首个结果", "first"), ("全部", "total"), ("最慢", "slowest")]
    head = [both("环节", "stage"), both("引擎", "engine"), "n", *(f"{both(*one)} ms" for one in numbers)]
    told = _table(("每个环节的实测耗时", "Measured time of every stage"), head, totals.times(recording.timings))
    names = [("谁回答", "who answered"), ("次", "answers"), ("入", "in"), ("缓存", "cached"), ("出", "out")]
    head = [both(*one) for one in [*names, ("作废", "dropped"), ("费用", "cost")]]
    told += _table(("词元与费用", "Tokens and cost"), head, totals.bills(visit.turns))
    head = [both("代码", "code"), both("环节", "stage"), "n"]
    told += _table(("故障", "Failures"), head, totals.failures(visit.turns))
    if recording.mended:
        told += _details(
            ("录音有缺损", "The recording is torn"), f"<pre>{escape(chr(10).join(recording.mended))}</pre>"
        )
    return told + about(recording)


def about(recording: Recording, name: str = "") -> str:
    """Its `session.json`."""
    session = escape(json.dumps(recording.session, ensure_ascii=False, indent=2))
    return _details((f"{name}配置与版本", f"{name}Configuration and versions"), f"<pre>{session}</pre>")


def _table(title: tuple[str, str], head: list[str], rows: str) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in head)
    inner = f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    return _details(title, inner) if rows else ""


def _details(title: tuple[str, str], inner: str) -> str:
    return f'<details class="more"><summary>{both(*title)}</summary>{inner}</details>'
