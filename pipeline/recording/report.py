"""Makes `report.html` of a recording: one page that needs nothing beside it."""

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from pathlib import Path
from statistics import median
from string import Template
from typing import Any

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.errors import VisavisError
from pipeline.recording.reading import Recording, Timing, read
from pipeline.recording.report_card import anchor, card, legend
from pipeline.recording.report_parts import STAGES, Sounds, both, seconds
from pipeline.recording.report_svg import Window, drawing, envelope
from pipeline.recording.report_turns import Turn, Visit


def write_report(folder: Path) -> Path:
    """Write `folder/report.html`; read only what the folder holds.

    VisavisError: `recording-unreadable` names file and line; `report-unwritable` when the page cannot be written.
    """
    path = folder / "report.html"
    content = page(read(folder))
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        text = f"{path} cannot be written ({error.strerror}); make room, or name another folder"
        raise VisavisError("report-unwritable", text) from error
    return path


def page(recording: Recording) -> str:
    """The whole page. Its only script is ours: the policy names its hash, so no text in a recording can ever run."""
    visit, sounds = Visit(recording.rows), Sounds(recording.labels)
    script = _part("report_face.js") + _part("report.js")
    cards = [(turn.span[0], card(turn, recording, sounds)) for turn in visit.turns]
    cards += [(at, _cough(at, dropped.voiced_ms)) for at, dropped in visit.dropped]
    return Template(_part("report.html.in")).substitute(
        policy=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_part("report.css"),
        script=script,
        facts=_facts(recording.session),
        summary=_summary(visit.turns, recording),
        overview=_overview(visit.turns, recording),
        legend=legend(),
        cards="".join(content for _, content in sorted(cards, key=lambda found: found[0])),
        timings=_timings(recording.timings),
        session=escape(json.dumps(recording.session, ensure_ascii=False, indent=2)),
    )


def _part(name: str) -> str:
    return (files("pipeline.recording") / name).read_text(encoding="utf-8")


def _facts(session: dict[str, Any]) -> str:
    versions = session.get("versions")
    known = versions.items() if isinstance(versions, dict) else ()
    title = f'<span class="title">{escape(str(session["title"]))}</span>' if session.get("title") else ""
    return title + "".join(f"<span><b>{escape(str(name))}</b> {escape(str(value))}</span>" for name, value in known)


def _cough(at: float, voiced_ms: int) -> str:
    text = both(
        f"咳嗽或短促的声音，没有当作一轮（{voiced_ms} 毫秒）", f"a cough or a short sound, no turn ({voiced_ms} ms)"
    )
    return f'<p class="cough"><span class="at">{at:.1f} s</span> {text}</p>'


def _summary(turns: list[Turn], recording: Recording) -> str:
    spoken = [turn for turn in turns if turn.ended and not turn.silent]
    sounded = [turn for turn in spoken if turn.answered and turn.first_sound is not None]
    felt = [turn.first_sound - turn.speech_end for turn in sounded if turn.first_sound and turn.speech_end]
    waited = [turn.first_sound - turn.ended[0] for turn in sounded if turn.first_sound and turn.ended]
    tiles = [
        (str(len(spoken)), both("轮对话", "turns")),
        (str(sum(turn.answered for turn in spoken)), both("轮已回答", "answered")),
        (seconds(median(felt) if felt else None), both("说完到首声，中位数", "voice end to first sound, median")),
        (seconds(median(waited) if waited else None), both("判定到首声，中位数", "turn end to first sound, median")),
    ]
    stages = {stage: [timing.total for timing in recording.timings if timing.stage == stage] for stage in STAGES}
    measured = "".join(
        f'<span class="stage"><i class="dot s-{stage}"></i>{both(*STAGES[stage])} <b>{median(taken):.1f} ms</b></span>'
        for stage, taken in stages.items()
        if taken
    )
    if measured:
        measured = f'<p class="stages">{both("实测 p50", "measured, p50")} {measured}</p>'
    return "".join(f"<div class='tile'><b>{value}</b><span>{label}</span></div>" for value, label in tiles) + measured


def _overview(turns: list[Turn], recording: Recording) -> str:
    """The whole visit at a glance, a link to each turn."""
    last = max((turn.span[1] for turn in turns), default=1.0)
    sounded = max(len(recording.visitor) / HEAR_RATE, len(recording.avatar) / SPEAK_RATE)
    window = Window(0.0, min(sounded, last + 1) if sounded else last)
    links = "".join(
        f'<a href="#{anchor(turn)}" style="left:{window.percent(turn.span[0])}%;'
        f'width:{window.percent(turn.span[1]) - window.percent(turn.span[0]):.2f}%">{turn.number}</a>'
        for turn in turns
        if turn.ended
    )
    heard = drawing(envelope(recording.visitor, HEAR_RATE, window, 900), "wave visitor")
    spoken = drawing(envelope(recording.avatar, SPEAK_RATE, window, 900), "wave avatar")
    return f'<div class="visit">{heard}{spoken}{links}</div><p class="length">0 s<span>{window.end:.0f} s</span></p>'


def _timings(timings: tuple[Timing, ...]) -> str:
    """What was really measured, by stage and engine: p50 and the slowest."""
    rows = []
    for stage, engine in dict.fromkeys((timing.stage, timing.engine) for timing in timings):
        taken = [timing for timing in timings if (timing.stage, timing.engine) == (stage, engine)]
        cells = [median(one.queued for one in taken), median(one.first for one in taken)]
        cells += [median(one.total for one in taken), max(one.total for one in taken)]
        numbers = "".join(f"<td>{cell:.1f}</td>" for cell in cells)
        name = f'<i class="dot s-{escape(stage)}"></i>{both(*STAGES.get(stage, (stage, stage)))}'
        rows.append(f"<tr><th scope='row'>{name}</th><td>{escape(engine)}</td><td>{len(taken)}</td>{numbers}</tr>")
    return "".join(rows)
