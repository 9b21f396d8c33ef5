"""Makes the page of a comparison: two recordings side by side, turn by turn, in the report's own form."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from pipeline.recording.comparing.comparison import Comparison, Pair, Stats
from pipeline.recording.comparing.comparison import Side as Told
from pipeline.recording.comparing.table import change, modelled, summary, verdict
from pipeline.recording.comparing.turns import STAGES, Facts
from pipeline.recording.comparing.words import Piece
from pipeline.recording.report import about, glance, saved, side
from pipeline.recording.reporting import shell, totals
from pipeline.recording.reporting.card import Differing, anchor, content
from pipeline.recording.reporting.parts import both, chip, seconds
from pipeline.recording.reporting.turns import Turn
from pipeline.recording.reporting.waits import milliseconds, shown

CHANGES = {
    "missing": ("只在一边", "on one side only"), "words": ("听到的话", "words heard"), "language": ("语言", "language"),
    "emotion": ("情绪", "emotion"), "reply": ("回答", "reply"), "by": ("谁回答", "who answered"),
    "interruption": ("打断", "interruption"), "fillers": ("垫话", "fillers"), "apologies": ("致歉", "apologies"),
    "failures": ("故障", "failures"), "thoughts": ("思考", "thoughts"), "closures": ("闭唇", "closed lips"),
}  # fmt: skip
_MOMENTS = {
    "turn": ("断句", "turn"), "transcript": ("转写", "transcript"), "emotion": ("情绪", "emotion"),
    "question": ("提问", "question"), "reply": ("首句", "first sentence"), "speech": ("首段语音", "first speech"),
    "cues": ("首段动作", "first cues"), "answer": ("判定到首声", "turn end to sound"),
    "gap": ("说完到首声", "voice end to sound"),
}  # fmt: skip
_SIDES = ("A", "B")
_FILTER = (
    '<label><input type="radio" name="show" value="changed">'
    '<span lang="zh">有不同</span><span lang="en">different</span> <b data-count="changed"></b></label>'
)


def write_comparison(found: Comparison, path: Path) -> Path:
    """Write the page of a comparison to `path`, which is returned.

    VisavisError: `recording-unreadable` when a recording's sound is, `report-unwritable`.
    """
    return saved(page(found), path)


def page(found: Comparison) -> str:
    """The whole page."""
    turns = [_turns(found, name) for name in ("a", "b")]
    told = (found.a, found.b)
    return shell.filled(
        [side(one.recording, its) for one, its in zip(told, turns, strict=True)],
        totals.slow(turns[1]),
        facts="".join(_facts(name, one) for name, one in zip(_SIDES, told, strict=True)),
        summary=_tiles(found) + _summary(found),
        overview=_overview(told, turns),
        cards=_cards(found, turns),
        filters=_FILTER,
        more=about(found.a.recording, "A: ") + about(found.b.recording, "B: "),
    )


def _turns(found: Comparison, name: str) -> list[Turn]:
    """Of one side, by time."""
    facts: Iterable[Facts | None] = (getattr(pair, name) for pair in (*found.greetings, *found.pairs))
    return sorted((one.turn for one in facts if one), key=lambda turn: turn.span[0])


def _facts(name: str, one: Told) -> str:
    about_it = " · ".join(part for part in (one.folder, one.began, one.config) if part)
    return f'<span class="title"><b class="letter">{name}</b> {escape(about_it)}</span>'


def _overview(told: Sequence[Told], turns: Sequence[list[Turn]]) -> str:
    pairs = enumerate(zip(_SIDES, told, turns, strict=True))
    return "".join(
        glance(one.recording, its, number, f'<b class="letter">{name}</b>', f"{name}-")
        for number, (name, one, its) in pairs
    )


def _tiles(found: Comparison) -> str:
    gap_a, gap_b = (one.latency.get("gap", Stats(0, None, None)) for one in (found.a, found.b))
    cost_a, cost_b = found.a.spent, found.b.spent
    told = [
        (str(len(found.both)), both("轮对上", "turns aligned")),
        (f"{len(found.only_a)} / {len(found.only_b)}", both("只在 A / 只在 B", "only in A / only in B")),
        (str(len(found.changed("words"))), both("轮听到的话不同", "with other words heard")),
        (str(len(found.changed("reply"))), both("轮回答不同", "with another reply")),
        (
            change(gap_a.p50, gap_b.p50, " ms"),
            both("说完到首声，中位数", "voice end to sound, p50"),
        ),
        (change(gap_a.p95, gap_b.p95, " ms"), both("说完到首声，p95", "the same, p95")),
        (change(cost_a.total, cost_b.total, digits=".4g"), both("费用", "cost")),
        (_counted(found), both("次故障", "failures")),
    ]
    tiles = "".join(f"<div class='tile'><b>{escape(value)}</b><span>{label}</span></div>" for value, label in told)
    note = modelled(found)
    return tiles + (f'<p class="stages">{both(*note)}</p>' if note else "")


def _counted(found: Comparison) -> str:
    return change(sum(found.a.failures.values()), sum(found.b.failures.values()))


def _summary(found: Comparison) -> str:
    """As the command prints it."""
    text = escape("\n".join([*summary(found, None), "", *verdict(found)]))
    kind = "more bad" if found.verdict.violated else "more"
    opened = " open" if found.verdict.violated else ""
    return f'<details class="{kind}"{opened}><summary>{both("摘要", "Summary")}</summary><pre>{text}</pre></details>'


def _cards(found: Comparison, turns: Sequence[list[Turn]]) -> str:
    places = [{id(turn): number for number, turn in enumerate(its)} for its in turns]
    until = [shell.sounding(one.recording) for one in (found.a, found.b)]
    return "".join(_card(pair, places, until) for pair in (*found.greetings, *found.pairs) if pair.a or pair.b)


def _card(pair: Pair, places: Sequence[dict[int, int]], until: Sequence[float | None]) -> str:
    sides = "".join(
        _column(number, facts, _differing(pair, facts, name), places[number], until[number])
        for number, (name, facts) in enumerate((("a", pair.a), ("b", pair.b)))
    )
    chips = "".join(chip(f"≠ {both(*CHANGES.get(name, (name, name)))}", "bad") for name in pair.changes)
    chips = chips or chip(f"= {both('相同', 'the same')}", "good")
    said = (
        f'<p class="said">{both("实际说的", "really said")} <q>{escape(pair.reference)}</q></p>'
        if pair.reference
        else ""
    )
    kind = "turn pair" if (pair.a or pair.b) and _number(pair) else "turn pair aside"
    head = f'<header><div class="chips">{chips}</div></header>{said}{_latencies(pair)}'
    return f'<article class="{kind}" {_attributes(pair)}>{head}<div class="sides">{sides}</div></article>'


def _number(pair: Pair) -> int:
    return max((facts.number for facts in (pair.a, pair.b) if facts), default=0)


def _attributes(pair: Pair) -> str:
    """What the filter goes by: the wait of B, or of A where B has none."""
    turns = [facts.turn for facts in (pair.b, pair.a) if facts]
    waits = [turn.gap for turn in turns if turn.gap is not None]
    gap = f'data-gap="{shown(milliseconds(waits[0])):.3f}" ' if waits else ""
    failed, stopped = (int(any(getattr(turn, name) for turn in turns)) for name in ("failed", "interrupted"))
    return f'{gap}data-failed="{failed}" data-interrupted="{stopped}" data-changed="{int(bool(pair.changes))}"'


def _column(number: int, facts: Facts | None, differing: Differing, places: dict[int, int], until: float | None) -> str:
    letter = f'<b class="letter">{_SIDES[number]}</b>'
    if facts is None:
        return f'<div class="column">{letter}<p class="cough">{both("没有这一轮", "no such turn")}</p></div>'
    inner = content(facts.turn, number, places[id(facts.turn)], until, differing)
    return f'<div class="column" id="{_SIDES[number]}-{anchor(facts.turn)}">{letter}{inner}</div>'


def _differing(pair: Pair, facts: Facts | None, name: str) -> Differing:
    """Which signs of this side the other has not; none where a side is missing."""
    if facts is None or pair.a is None or pair.b is None:
        return Differing()
    flags, lines, at = _flags(pair.reply, name), {}, 0
    text = "".join(getattr(piece, name) for piece in pair.reply)
    for line in facts.turn.lines:
        found = text.find(line.sentence.text, at)
        if line.sentence.origin == "reply" and found >= 0:
            at = found + len(line.sentence.text)
            lines[line.sentence.id] = flags[found:at]
    return Differing(_flags(pair.words, name), lines)


def _flags(pieces: Sequence[Piece], name: str) -> list[bool]:
    return [not piece.same for piece in pieces for _ in getattr(piece, name)]


def _latencies(pair: Pair) -> str:
    """A small table: what took how long on either side."""
    sides = [facts.latency if facts else {} for facts in (pair.a, pair.b)]
    known = [stage for stage in STAGES if any(stage in side for side in sides)]
    if not known:
        return ""
    head = "".join(f"<th scope='col'>{both(*_MOMENTS.get(stage, (stage, stage)))}</th>" for stage in known)
    rows = "".join(
        f"<tr><th scope='row'>{name}</th>{''.join(_took(side.get(stage)) for stage in known)}</tr>"
        for name, side in zip(_SIDES, sides, strict=True)
    )
    changes = "".join(_change(sides[0].get(stage), sides[1].get(stage)) for stage in known)
    body = f"{rows}<tr><th scope='row'>B − A</th>{changes}</tr>"
    table = f'<table class="latencies"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _took(ms: float | None) -> str:
    return f"<td>{seconds(None if ms is None else ms / 1000)}</td>"


def _change(a: float | None, b: float | None) -> str:
    if a is None or b is None:
        return "<td>–</td>"
    worse = "worse" if b > 1.1 * a + 10 else "better" if b < 0.9 * a - 10 else ""
    return f'<td class="{worse}">{b - a:+.0f} ms</td>'
