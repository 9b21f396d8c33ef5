"""What a visit comes to: turns, waits, tokens, cost, failures; and the measured times of its stages."""

from collections import Counter
from html import escape
from statistics import median

from pipeline.recording.reading import Timing
from pipeline.recording.reporting.parts import STAGES, both, price, seconds
from pipeline.recording.reporting.sorting import Visit
from pipeline.recording.reporting.turns import Spent, Turn, spent
from pipeline.recording.reporting.waits import milliseconds, percentile, shown


def spoken(turns: list[Turn]) -> list[Turn]:
    """Those in which the visitor said something."""
    return [turn for turn in turns if turn.ended and not turn.silent]


def gaps(turns: list[Turn]) -> list[float]:
    """Ms from the end of the visitor's voice to the answer's first sound, of the turns that have both."""
    return [milliseconds(turn.gap) for turn in turns if turn.gap is not None]


def slow(turns: list[Turn]) -> float | None:
    """The 95th percentile of the gaps, in seconds, in whole milliseconds as the cards have them: some turn always is
    as slow.
    """
    return _of(gaps(turns), 0.95)


def _of(waits: list[float], share: float) -> float | None:
    found = percentile(waits, share)
    return None if found is None else shown(found)


def tiles(visit: Visit) -> str:
    """The summary's numbers."""
    asked, felt = spoken(visit.turns), gaps(visit.turns)
    waited = [
        milliseconds(turn.first_sound - turn.ended[0]) for turn in asked if turn.gap and turn.first_sound and turn.ended
    ]
    stood, vain = totals(visit.turns)
    failures = sum(len(turn.failures) for turn in visit.turns)
    told = [
        (str(len(asked)), both("轮对话", "turns")),
        (str(sum(turn.answered for turn in asked)), both("轮已回答", "answered")),
        (seconds(_of(felt, 0.5)), both("说完到首声，中位数", "voice end to first sound, median")),
        (seconds(slow(visit.turns)), both("说完到首声，p95", "the same, p95")),
        (seconds(_of(waited, 0.5)), both("判定到首声，中位数", "turn end to first sound, median")),
        (str(sum(turn.interrupted for turn in visit.turns)), both("轮被打断", "interrupted")),
        (str(failures), both("次故障", "failures")),
        _bill(stood, vain),
    ]
    return "".join(f"<div class='tile'><b>{value}</b><span>{label}</span></div>" for value, label in told)


def totals(turns: list[Turn]) -> tuple[Spent, Spent]:
    """What the answers that stood took, and those that were prepared in vain."""
    bills = [turn.spent() for turn in turns]
    return sum((stood for stood, _ in bills), Spent()), sum((vain for _, vain in bills), Spent())


def _bill(stood: Spent, vain: Spent) -> tuple[str, str]:
    total = stood + vain
    dropped = f"，作废 {vain.tokens}" if vain.tokens else "", f", {vain.tokens} dropped" if vain.tokens else ""
    cost = f"，费用 {price(total.cost)}" if total.cost else "", f", cost {price(total.cost)}" if total.cost else ""
    label = both(
        f"词元（入 {total.taken}，出 {total.given}{dropped[0]}）{cost[0]}",
        f"tokens (in {total.taken}, out {total.given}{dropped[1]}){cost[1]}",
    )
    return f"{total.tokens:,}", label


def measured(timings: tuple[Timing, ...]) -> str:
    """The median of each stage's measured times, in a line."""
    stages = {stage: [timing.total for timing in timings if timing.stage == stage] for stage in STAGES}
    found = "".join(
        f'<span class="stage"><i class="dot s-{stage}"></i>{both(*STAGES[stage])} <b>{median(taken):.1f} ms</b></span>'
        for stage, taken in stages.items()
        if taken
    )
    return f'<p class="stages">{both("实测 p50", "measured, p50")} {found}</p>' if found else ""


def times(timings: tuple[Timing, ...]) -> str:
    """Rows of a table: what was really measured, by stage and engine: p50 and the slowest."""
    rows = []
    for stage, engine in dict.fromkeys((timing.stage, timing.engine) for timing in timings):
        taken = [timing for timing in timings if (timing.stage, timing.engine) == (stage, engine)]
        cells = [median(one.queued for one in taken), median(one.first for one in taken)]
        cells += [median(one.total for one in taken), max(one.total for one in taken)]
        numbers = "".join(f"<td>{cell:.1f}</td>" for cell in cells)
        name = f'<i class="dot s-{escape(stage)}"></i>{both(*STAGES.get(stage, (stage, stage)))}'
        rows.append(f"<tr><th scope='row'>{name}</th><td>{escape(engine)}</td><td>{len(taken)}</td>{numbers}</tr>")
    return "".join(rows)


def bills(turns: list[Turn]) -> str:
    """Rows of a table: who answered, how often, tokens and cost."""
    sentences = [
        (said, one is turn.final) for turn in turns for one in turn.revisions.values() for said in one.sentences
    ]
    rows = []
    for by in dict.fromkeys(said.by for said, _ in sentences if said.by):
        every = [said for said, _ in sentences if said.by == by]
        total, vain = spent(every), spent([said for said, stood in sentences if said.by == by and not stood])
        answers = len({said.cause for said in every})
        numbers = (answers, total.taken, total.cached, total.given, vain.tokens, price(total.cost))
        rows.append(f"<tr><th scope='row'>{escape(by)}</th>{''.join(f'<td>{number}</td>' for number in numbers)}</tr>")
    return "".join(rows)


def failures(turns: list[Turn]) -> str:
    """Rows of a table: which failures, at which stage, how often."""
    counted = Counter((failure.code, failure.stage) for turn in turns for _, failure in turn.failures)
    return "".join(
        f"<tr><th scope='row'><code>{escape(code)}</code></th><td>{escape(stage)}</td><td>{count}</td></tr>"
        for (code, stage), count in counted.most_common()
    )
