"""Which thresholds a comparison violates, and in which turns."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Literal

from pipeline.recording.comparing.comparison import Comparison, Pair, Verdict, Violation
from pipeline.recording.comparing.limits import Bound, Thresholds, option
from pipeline.recording.comparing.turns import Facts

Found = Violation | Literal["held", "unmeasured"]
SLACK = 1e-6
"""What floats may be wrong by."""


def judged(found: Comparison, wanted: Thresholds) -> Comparison:
    """The comparison with its verdict."""
    outcomes = {option(name): check(found, wanted) for name, check in CHECKS.items() if _asked(wanted, name)}
    return replace(
        found,
        verdict=Verdict(
            held=tuple(name for name, outcome in outcomes.items() if outcome == "held"),
            unmeasured=tuple(name for name, outcome in outcomes.items() if outcome == "unmeasured"),
            violated=tuple(outcome for outcome in outcomes.values() if isinstance(outcome, Violation)),
        ),
    )


def _asked(wanted: Thresholds, name: str) -> bool:
    value = getattr(wanted, name)
    return value is not None and value is not False  # 0 asks for much


def _labels(pairs: Iterable[Pair]) -> tuple[str, ...]:
    return tuple(pair.label for pair in pairs)


def _same(
    name: str, chinese: str, english: str, differs: Callable[[Pair], bool], found: Comparison, wanted: Thresholds
) -> Found:
    del wanted
    wrong = [pair for pair in found.pairs if differs(pair)]
    return Violation(option(name), "", _labels(wrong), chinese, english) if wrong else "held"


# --- words


def _errors(what: Literal["wer", "cer"], found: Comparison, wanted: Thresholds) -> Found:
    chinese, english, kind = RATES[what]
    value, most = getattr(found.errors_b, what), getattr(wanted, f"max_{what}")
    if value is None:
        return "unmeasured"
    if value <= most + SLACK:
        return "held"
    wrong = [pair for pair in found.pairs if pair.errors_b and getattr(pair.errors_b, kind)]
    numbers = f"{value:.1%}"
    return Violation(option(f"max_{what}"), f"{most:g}", _labels(wrong), f"{chinese} {numbers}", f"{english} {numbers}")


RATES = {
    "wer": ("词错误率", "word error rate", "word_errors"),
    "cer": ("字错误率", "character error rate", "character_errors"),
}


# --- time and money


def _latency(name: str, found: Comparison, wanted: Thresholds) -> Found:
    bound: Bound = getattr(wanted, name)
    which = name.rsplit("_", maxsplit=1)[-1]
    before, after = (getattr(side.latency["gap"], which) for side in (found.a, found.b))
    limit = bound.limit(before)
    if after is None:
        if before is None:
            return "unmeasured"
        return Violation(option(name), bound.text, (), "B 没有一句回答出声", "no answer of B sounded")
    if limit is None:
        return "unmeasured"
    if after <= limit + SLACK:
        return "held"
    late = [pair for pair in found.pairs if pair.b and pair.b.latency.get("gap", 0.0) > limit]
    was = f"{before:.0f} → " if before is not None else ""
    numbers = f"{which} {was}{after:.0f} ms"
    return Violation(
        option(name), bound.text, _labels(late),
        f"说完到首声 {numbers}，上限 {limit:.0f} ms", f"speech end to first sound {numbers}, limit {limit:.0f} ms",
    )  # fmt: skip


def _cost(found: Comparison, wanted: Thresholds) -> Found:
    bound = wanted.max_cost
    limit = bound.limit(found.a.spent.total) if bound else None
    if bound is None or limit is None:
        return "unmeasured"
    before, after = found.a.spent.total, found.b.spent.total
    if after <= limit + SLACK * 1e-3:
        return "held"
    dearer = [pair for pair in found.pairs if _pair_cost(pair.b) > _pair_cost(pair.a)]
    numbers = f"{before:.6g} → {after:.6g}"
    return Violation(
        option("max_cost"), bound.text, _labels(dearer),
        f"费用 {numbers}，上限 {limit:.6g}", f"cost {numbers}, limit {limit:.6g}",
    )  # fmt: skip


def _pair_cost(turn: Facts | None) -> float:
    return turn.spent.total if turn else 0.0


# --- lips


def _lips(found: Comparison, wanted: Thresholds) -> Found:
    least = wanted.min_viseme_correlation
    if least is None or not found.lips:
        return "unmeasured"
    wrong = [(pair, one.correlation) for pair, one in found.lips if one.correlation < least - SLACK]
    if not wrong:
        return "held"
    lowest = min(correlation for _, correlation in wrong)
    return Violation(
        option("min_viseme_correlation"), f"{least:g}", tuple(dict.fromkeys(_labels(pair for pair, _ in wrong))),
        f"口型相关最低 {lowest:.2f}", f"lowest viseme correlation {lowest:.2f}",
    )  # fmt: skip


def _closures(found: Comparison, wanted: Thresholds) -> Found:
    most = wanted.max_closure_errors
    if most is None or not found.lips:
        return "unmeasured"
    wrong = {pair.label: 0 for pair, one in found.lips if one.lost or one.added}
    total = sum(len(one.lost) + len(one.added) for _, one in found.lips)
    if total <= most:
        return "held"
    return Violation(
        option("max_closure_errors"), str(most), tuple(wrong),
        f"闭唇错误 {total} 处", f"{total} closures are in one of the two only",
    )  # fmt: skip


# --- what is new


def _apologies(found: Comparison, wanted: Thresholds) -> Found:
    def more(pair: Pair) -> bool:
        return len(pair.b.apologies if pair.b else ()) > len(pair.a.apologies if pair.a else ())

    return _same("no_new_apologies", "新出现致歉", "apologies that A has not", more, found, wanted)


def _failures(found: Comparison, wanted: Thresholds) -> Found:
    del wanted
    pairs = [pair for pair in (*found.greetings, *found.pairs) if pair.new_failures]
    outside = Counter(found.b.elsewhere) - Counter(found.a.elsewhere)
    codes = dict.fromkeys([*(code for pair in pairs for code in pair.new_failures), *outside])
    if not codes:
        return "held"
    names = ", ".join(codes)
    return Violation(option("no_new_failures"), "", _labels(pairs), f"新的故障 {names}", f"new failures {names}")


def _words_differ(pair: Pair) -> bool:
    return not pair.same_words


def _replies_differ(pair: Pair) -> bool:
    return not pair.same_reply


def _changed(what: str, pair: Pair) -> bool:
    return what in pair.changes


CHECKS: dict[str, Callable[[Comparison, Thresholds], Found]] = {
    "max_wer": partial(_errors, "wer"),
    "max_cer": partial(_errors, "cer"),
    "max_latency_p50": partial(_latency, "max_latency_p50"),
    "max_latency_p95": partial(_latency, "max_latency_p95"),
    "max_cost": _cost,
    "min_viseme_correlation": _lips,
    "max_closure_errors": _closures,
    "same_turns": partial(_same, "same_turns", "只有一边有", "only one side has it", partial(_changed, "missing")),
    "same_words": partial(_same, "same_words", "听到的话不同", "other words were heard", _words_differ),
    "same_replies": partial(_same, "same_replies", "回答不同", "another reply", _replies_differ),
    "same_emotions": partial(_same, "same_emotions", "情绪不同", "another emotion", partial(_changed, "emotion")),
    "same_interruptions": partial(
        _same, "same_interruptions", "打断不同", "interrupted on one side only", partial(_changed, "interruption")
    ),
    "no_new_apologies": _apologies,
    "no_new_failures": _failures,
}
"""By the names of the thresholds."""
