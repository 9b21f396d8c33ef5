"""A comparison as text: latency of each stage, then turn by turn where two recordings differ."""

from collections.abc import Iterator, Sequence

from pipeline.recording.comparing.columns import pad, plain, wrap
from pipeline.recording.comparing.comparison import Comparison, Pair, Stats
from pipeline.recording.comparing.table import CHANGED, WIDTH, change, latencies
from pipeline.recording.comparing.turns import Facts
from pipeline.recording.comparing.words import Errors, Piece

LATENCIES = {
    "turn": "断句 turn", "transcript": "转写 transcript", "emotion": "情绪 emotion", "question": "提问 question",
    "reply": "首句 reply", "speech": "首段语音 speech", "cues": "动作 cues", "answer": "判定到首声 answer",
    "gap": "说完到首声 gap",
}  # fmt: skip
INDENT = 20
"""Of the second line of a long text: where the first one's text begins."""
SEEN = 0.95
"""A sentence's lips are told of below this correlation."""
NOTHING = Stats(0, None, None)


def details(found: Comparison) -> list[str]:
    """Latency of each stage, then every turn: a line where nothing differs, and more where something does."""
    lines = ["", f"{pad('阶段 stage', 22)}p50 · p95, ms"]
    for stage, name in LATENCIES.items():
        a, b = found.a.latency[stage], found.b.latency[stage]
        if a.count or b.count:
            lines.append(f"{pad(name, 22)}{latencies(a, b).replace(' ms', '')}")
    for stage in sorted({*found.a.measured, *found.b.measured}):
        both = [side.measured.get(stage, NOTHING) for side in (found.a, found.b)]
        lines.append(f"{pad(f'实测 measured {stage}', 26)}{latencies(*both).replace(' ms', '')}")
    for pair in (*found.greetings, *found.pairs):
        lines += ["", *(row for line in _pair(pair) for row in wrap(line, WIDTH, INDENT))]
    return lines


def _pair(pair: Pair) -> Iterator[str]:
    a, b = pair.a, pair.b
    mark = "≠" if pair.changes else "="
    names = ", ".join(CHANGED[name] for name in pair.changes)
    before, after = (turn.latency.get("gap") if turn else None for turn in (a, b))
    yield f"{mark} {_name(pair)}  {names or '相同 same'} · {change(before, after, ' ms')}"
    if pair.reference is not None:
        yield f"    {pad('原话 said', 15)} {plain(pair.reference)}{_rates(pair.errors_a, pair.errors_b)}"
    yield from _two("听到 heard", a, b, pair.words, "heard", same=pair.same_words)
    yield from _two("回答 reply", a, b, pair.reply, "reply", same=pair.same_reply)
    for label, values in _facts(pair):
        yield f"    {pad(label, 15)} {values}"
    for one in pair.lips:
        if one.lost or one.added or one.correlation < SEEN:
            numbers = f"r {one.correlation:.2f}, 闭唇 closures −{len(one.lost)} +{len(one.added)}"
            yield f"    {pad('口型 lips', 15)} {numbers}: {plain(one.text)}"


def _name(pair: Pair) -> str:
    if not pair.a and not pair.b:
        return "没有一边听到 · heard by neither"
    turn = pair.a or pair.b
    if turn and not turn.number:
        return "开场 · greeting"
    one, other = (turn.label if turn else "–" for turn in (pair.a, pair.b))
    where = one if one == other else f"{one} / {other}"
    return f"第 {where} 轮 · turn {where}" + (" (键入 typed)" if turn and turn.typed else "")


def _rates(a: Errors | None, b: Errors | None) -> str:
    counts = [str(one.total) if one else "–" for one in (a, b)]
    return f"  [错 errors {counts[0]} → {counts[1]}]" if any(one and one.total for one in (a, b)) else ""


def _two(
    label: str, a: Facts | None, b: Facts | None, pieces: Sequence[Piece], what: str, *, same: bool
) -> Iterator[str]:  # fmt: skip
    """The text once where it is the same; else both, with what differs in brackets."""
    texts = [getattr(turn, what) if turn else None for turn in (a, b)]
    if same and a and b:
        yield f"    {pad(label, 15)} {plain(texts[0] or '–')}"
        return
    for name, text, side in (("A", texts[0], "a"), ("B", texts[1], "b")):
        shown = "—" if text is None else marked(pieces, side) if all(texts) else plain(text) or "–"
        yield f"    {pad(label, 13)} {name} {shown}"


def marked(pieces: Sequence[Piece], side: str) -> str:
    """The text of one side, with what the other has not in brackets."""
    texts = [(piece.same, plain(getattr(piece, side))) for piece in pieces]
    return "".join(text if same else f"[{text}]" if text else "‸" for same, text in texts)


def _facts(pair: Pair) -> Iterator[tuple[str, str]]:
    """What differs, in a few words."""
    a, b = pair.a, pair.b
    if not a or not b:
        return
    told: dict[str, tuple[str, str]] = {
        "emotion": (_felt(a), _felt(b)),
        "by": (_by(a), _by(b)),
        "interruption": (_cut(a), _cut(b)),
        "fillers": (" ".join(a.fillers), " ".join(b.fillers)),
        "apologies": (" ".join(a.apologies), " ".join(b.apologies)),
        "failures": (", ".join(a.failures), ", ".join(b.failures)),
        "thoughts": (a.thoughts, b.thoughts),
    }
    for name, (one, other) in told.items():
        if name in pair.changes:
            yield CHANGED[name], f"{plain(one) or '–'} → {plain(other) or '–'}"
    if a.spent.total != b.spent.total:
        yield "费用 cost", change(a.spent.total, b.spent.total, digits=".6g")


def _felt(turn: Facts) -> str:
    felt = turn.feeling
    return f"{felt.label} {felt.confidence:.0%} ({felt.valence:+.2f}, {felt.arousal:+.2f})" if felt else ""


def _by(turn: Facts) -> str:
    sources = f" [{', '.join(turn.sources)}]" if turn.sources else ""
    return f"{', '.join(turn.by)}{sources}"


def _cut(turn: Facts) -> str:
    if turn.turn.cut_before_answer:
        return "打断在回答出声之前 interrupted before its first sound"
    cut = next((line for line in turn.lines if line.cut_ms is not None and line.begun is not None), None)
    if cut:
        return f"✂ “…{cut.heard[-24:]}”"
    return "出声前 before it sounded" if turn.interrupted else ""
