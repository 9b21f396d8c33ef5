"""A comparison as text: a summary to be read in ten seconds, and the verdict. `details` has each turn."""

from collections.abc import Iterable

from pipeline.recording.comparing.columns import fit, named, pad, plain
from pipeline.recording.comparing.comparison import Comparison, Pair, Side, Stats, Verdict

WIDTH = 98
LABEL = 19
CHANGED = {
    "missing": "缺失 missing", "words": "听到 words", "language": "语言 language", "emotion": "情绪 emotion",
    "reply": "回答 reply", "by": "回答者 by", "interruption": "打断 interruption", "fillers": "垫话 fillers",
    "apologies": "致歉 apologies", "failures": "故障 failures", "thoughts": "思考 thoughts",
    "closures": "闭唇 closures",
}  # fmt: skip


def summary(found: Comparison, columns: int | None = WIDTH) -> list[str]:
    """A few lines in Chinese and English, cut where they are wider than `columns`; None: whole. That a latency is
    modelled is never cut.
    """
    waits, note = latencies(found.a.latency["gap"], found.b.latency["gap"]), modelled(found)
    lines = [
        _recording("A", found.a), _recording("B", found.b),
        _line("轮次 turns", _turns(found)),
        _line("听到 words", _words(found)),
        _line("回答 replies", _tally(found, "reply", "by")),
        _line("情绪 emotions", _tally(found, "emotion")),
        _line("延迟 latency", f"说完到首声 to first sound: {waits}"),
        _line("费用 cost", _cost(found)),
        _line("口型 lips", _lips(found)),
        _line("打断 interrupted", _interrupted(found)),
        _line("故障 failures", _trouble(found)),
    ]  # fmt: skip
    lines = lines if columns is None else [fit(line, columns) for line in lines]
    return [*lines[:7], *([_line("", " · ".join(note))] if note else []), *lines[7:]]


def modelled(found: Comparison) -> tuple[str, str] | None:
    """In Chinese and English: whose latency nobody measured. None: everybody's was."""
    names = [name for name, side in (("A", found.a), ("B", found.b)) if side.modelled]
    if not names:
        return None
    whose = f"{names[0]}'s latency is" if len(names) == 1 else "the latencies of A and B are"
    which = "it" if len(names) == 1 else "them"
    return (
        f"{' 和 '.join(names)} 的延迟是模拟的，不是实测",
        f"{whose} modelled, not measured: replay {which} with --real-time",
    )


def verdict(found: Comparison) -> list[str]:
    """A line for each threshold that does not hold, and what comes of all; these lines are as long as they need be."""
    told = found.verdict
    lines = [f"✗ {plain(one.line)}" for one in told.violated]
    if told.unmeasured:
        names = ", ".join(told.unmeasured)
        lines.append(f"– {names}: 录音里没有可量的 · nothing in the recordings to measure it on")
    return [*lines, _end(found, told)]


def _end(found: Comparison, told: Verdict) -> str:
    asked = len(told.held) + len(told.violated) + len(told.unmeasured)
    if told.violated:
        count = len(told.violated)
        return f"✗ 判定：{count}/{asked} 个阈值不满足 · verdict: {count} of {asked} thresholds violated"
    if asked:
        return f"✓ 判定：{asked} 个阈值都满足 · verdict: all {asked} thresholds hold"
    if found.same:
        return "✓ 判定：内容没有差别 · verdict: nothing differs but times and money"
    return "≠ 判定：有差别，没有设阈值 · verdict: they differ; no thresholds were given"


def _line(label: str, text: str) -> str:
    return f"{pad(label, LABEL)}{text}"


def _recording(name: str, side: Side) -> str:
    facts = [part for part in (side.began, side.config) if part]
    torn = ["残缺 torn"] if side.mended else []
    about = f"  ({plain(', '.join(facts + torn))})" if facts or torn else ""
    return _line(name, f"{plain(side.folder)}{about}")


def _turns(found: Comparison) -> str:
    parts = [f"{len(found.both)} 轮对上 aligned"]
    for name, pairs in (("A", found.only_a), ("B", found.only_b)):
        if pairs:
            parts.append(f"{len(pairs)} 只在 only in {name} ({named(_labels(pairs), 5)})")
    absent = [pair.label for pair in found.pairs if pair.left_out]
    if absent:
        parts.append(f"{len(absent)} 没有重放 not replayed ({named(absent, 5)})")
    return " · ".join(parts)


def _words(found: Comparison) -> str:
    parts = [_tally(found, "words")]
    for name in ("wer", "cer"):
        before, after = (getattr(errors, name) for errors in (found.errors_a, found.errors_b))
        if after is not None and (found.referenced or after):
            was = f"{before:.1%} → " if found.referenced and before is not None else ""
            parts.append(f"{name.upper()} {was}{after:.1%}")
    if len(parts) > 1 and not found.referenced and found.changed("missing"):
        parts.append("缺轮不计 missing turns aside")
    return " · ".join(parts)


def _tally(found: Comparison, what: str, *more: str) -> str:
    pairs = found.changed(what)
    same = f"{len(found.both) - len(pairs)} 相同 same"
    text = f"{same}, {len(pairs)} 不同 different ({named(_labels(pairs))})" if pairs else same
    for other in more:
        if found.changed(other):
            text += f" · {CHANGED[other]} ≠ ({named(_labels(found.changed(other)), 4)})"
    return text


def _labels(pairs: Iterable[Pair]) -> list[str]:
    return [pair.label for pair in pairs]


def latencies(a: Stats, b: Stats) -> str:
    """Median and 95th percentile of A and B."""
    return f"p50 {change(a.p50, b.p50, ' ms')} · p95 {change(a.p95, b.p95, ' ms')}"


def change(before: float | None, after: float | None, unit: str = "", digits: str = ".0f") -> str:
    """`640 → 700 ms (+9%)`; a dash for what is not known."""
    one, other = ("–" if value is None else f"{value:{digits}}" for value in (before, after))
    percent = f" ({(after - before) / before:+.0%})" if before and after is not None and one != other else ""
    return f"{one} → {other}{unit}{percent}" if one != other else f"{one}{unit}"


def _cost(found: Comparison) -> str:
    a, b = found.a.spent, found.b.spent
    tokens = change(a.tokens_in + a.tokens_out, b.tokens_in + b.tokens_out)
    dropped = f" · 作废 dropped {b.dropped_cost:.6g}" if b.dropped_cost else ""
    return f"{change(a.total, b.total, digits='.6g')} · 词元 tokens {tokens}{dropped}"


def _lips(found: Comparison) -> str:
    if not found.lips:
        return "没有同样的句子 · no sentence that both spoke"
    low, one = min(found.lips, key=lambda pair: pair[1].correlation)
    mean = sum(other.correlation for _, other in found.lips) / len(found.lips)
    lost, added = (sum(len(getattr(other, name)) for _, other in found.lips) for name in ("lost", "added"))
    least = f", 最低 least {one.correlation:.2f} ({low.label})" if one.correlation < 0.995 else ""
    closures = f" · 闭唇 closures −{lost} +{added}" if lost or added else ""
    return f"{len(found.lips)} 句 sentences, r {mean:.2f}{least}{closures}"


def _interrupted(found: Comparison) -> str:
    pairs = found.changed("interruption")
    where = f" ({named(_labels(pairs))})" if pairs else ""
    before, after = found.a.cut_before_answer, found.b.cut_before_answer
    name = "打断在回答出声之前 · interrupted before its first sound"
    early = f" · {name} {change(before, after)}" if before or after else ""
    return f"{change(found.a.interruptions, found.b.interruptions)}{where}{early}"


def _trouble(found: Comparison) -> str:
    a, b = found.a, found.b
    parts = [change(sum(a.failures.values()), sum(b.failures.values()))]
    parts.append(f"致歉 apologies {change(a.apologies, b.apologies)}")
    parts.append(f"垫话 fillers {change(a.fillers, b.fillers)}")
    new = [pair for pair in (*found.greetings, *found.pairs) if pair.new_failures]
    return " · ".join(parts) + (f" · 新 new in {named(_labels(new))}" if new else "")
