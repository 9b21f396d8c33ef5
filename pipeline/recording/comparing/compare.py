"""Puts two recordings side by side."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import VisavisError
from pipeline.recording.comparing.align import Spot, align
from pipeline.recording.comparing.comparison import Comparison, Pair, Side, Stats
from pipeline.recording.comparing.lips import lips
from pipeline.recording.comparing.replayed import Window, left_out, modelled, window
from pipeline.recording.comparing.turns import STAGES, Facts, Spent, Told, facts
from pipeline.recording.comparing.words import difference, errors, similarity, tokens
from pipeline.recording.reading import Recording, Timing, read
from pipeline.recording.reporting.waits import percentile

SIDES = ("a", "b")
Windows = tuple[Window | None, Window | None]
"""Of A and of B."""


def compare_folders(a: Path, b: Path, reference: Sequence[str] | None = None) -> Comparison:
    """Two recordings' folders. VisavisError: as `reading.read`, and `compare-empty`."""
    return compare_recordings(read(a), read(b), reference)


def compare_recordings(a: Recording, b: Recording, reference: Sequence[str] | None = None) -> Comparison:
    """`reference`: what was really said in each spoken turn. VisavisError `compare-empty`: neither holds a turn."""
    one, other = facts(a), facts(b)
    if not (one.turns or other.turns):
        raise VisavisError(
            "compare-empty", f"neither {a.folder} nor {b.folder} holds a turn: name recordings of a visit"
        )
    matches = align([_spot(turn) for turn in one.turns], [_spot(turn) for turn in other.turns])
    pairs = [(_at(one.turns, i), _at(other.turns, j)) for i, j in matches]
    return Comparison(
        _side(a, one),
        _side(b, other),
        tuple(_pairs(pairs, reference, (window(a.session), window(b.session)))),
        tuple(_pair(*pair, None, referenced=False) for pair in _by_order(one.greetings, other.greetings)),
        reference is not None,
    )


def _spot(turn: Facts) -> Spot:
    return Spot(turn.heard, turn.at, turn.utterance_seconds, turn.typed)


def _at(turns: Sequence[Facts], index: int | None) -> Facts | None:
    return None if index is None else turns[index]


def _by_order(a: Sequence[Facts], b: Sequence[Facts]) -> list[tuple[Facts | None, Facts | None]]:
    return [
        (a[at] if at < len(a) else None, b[at] if at < len(b) else None)
        for at in range(max(len(a), len(b)))
    ]  # fmt: skip


# --- pairs


def _pairs(
    found: list[tuple[Facts | None, Facts | None]], reference: Sequence[str] | None, windows: Windows
) -> Iterable[Pair]:
    """With what was really said, where that is known: it is aligned to the turns as they are to each other."""
    if reference is None:
        return [_pair(a, b, None, _absent(a, b, windows), referenced=False) for a, b in found]
    spoken = [at for at, pair in enumerate(found) if not any(turn and turn.typed for turn in pair)]
    heard = [max((turn.heard for turn in found[at] if turn), key=len, default="") for at in spoken]
    matches = align([Spot(text) for text in heard], [Spot(text) for text in reference])
    said: dict[int, str] = {}
    unheard: dict[int, list[str]] = {}
    before = 0
    for turn, text in matches:
        if turn is None:
            unheard.setdefault(before, []).append(reference[text or 0])
        else:
            said[spoken[turn]] = "" if text is None else reference[text]
            before = spoken[turn] + 1
    made: list[Pair] = []
    for at in range(len(found) + 1):
        absent = _outside(found, at, windows)
        if absent != SIDES:
            made += [_pair(None, None, text, absent, referenced=True) for text in unheard.get(at, ())]
        if at < len(found):
            made.append(_pair(*found[at], said.get(at), _absent(*found[at], windows), referenced=at in said))
    return made


def _absent(a: Facts | None, b: Facts | None, windows: Windows) -> tuple[str, ...]:
    """Sides that were not meant to have this turn."""
    sides = zip(SIDES, (a, b), (b, a), windows, strict=True)
    return tuple(name for name, facts, other, replayed in sides if left_out(facts, other, replayed))


def _outside(found: list[tuple[Facts | None, Facts | None]], place: int, windows: Windows) -> tuple[str, ...]:
    """Sides that replayed some turns only, none before or none behind this place: nothing said here was replayed."""
    names = []
    for side, replayed in enumerate(windows):
        there = [at for at, pair in enumerate(found) if pair[side]]
        if replayed and not (there and there[0] < place <= there[-1]):
            names.append(SIDES[side])
    return tuple(names)


def _pair(
    a: Facts | None, b: Facts | None, reference: str | None, absent: tuple[str, ...] = (), *, referenced: bool
) -> Pair:
    """`referenced`: the turn's words are compared with `reference`, and not with A's. `absent`: as `Pair.left_out`."""
    heard, other = (turn.heard if turn else "" for turn in (a, b))
    reply, other_reply = (turn.reply if turn else "" for turn in (a, b))
    replies = difference(reply, other_reply)
    spoken = not any(turn and turn.typed for turn in (a, b))
    known = "b" not in absent if referenced else bool(a and b)
    errors_b = errors((reference or "") if referenced else heard, other) if spoken and known else None
    pair = Pair(
        a=a, b=b, reference=reference,
        errors_a=errors(reference or "", heard) if referenced and "a" not in absent else None,
        errors_b=errors_b,
        words=difference(heard, other),
        reply=replies,
        reply_similarity=similarity(replies),
        same_words=tokens(heard) == tokens(other),
        same_reply=_same_reply(a, b),
        lips=lips([one.line for one in a.lines], [one.line for one in b.lines]) if a and b else (),
        left_out=absent,
    )  # fmt: skip
    return replace(pair, changes=tuple(_changes(pair)))


def _same_reply(a: Facts | None, b: Facts | None) -> bool:
    one, other = (turn.reply if turn else "" for turn in (a, b))
    if one == other:
        return True
    cut_short = (a if len(one) < len(other) else b) if a and b else None
    shorter, longer = sorted((one, other), key=len)
    return bool(cut_short and cut_short.interrupted and shorter and longer.startswith(shorter))


def _changes(pair: Pair) -> list[str]:
    a, b = pair.a, pair.b
    if not a or not b:
        return ["missing"]
    differs = {
        "words": not pair.same_words,
        "language": a.language != b.language,
        "emotion": _label(a) != _label(b),
        "reply": not pair.same_reply,
        "by": (a.by, a.sources) != (b.by, b.sources),
        "interruption": a.interrupted != b.interrupted,
        "fillers": len(a.fillers) != len(b.fillers),
        "apologies": len(a.apologies) != len(b.apologies),
        "failures": Counter(a.failures) != Counter(b.failures),
        "thoughts": bool(a.thoughts) != bool(b.thoughts),
        "closures": any(one.lost or one.added for one in pair.lips),
    }
    return [name for name, different in differs.items() if different]


def _label(turn: Facts) -> str:
    return turn.feeling.label if turn.feeling else ""


# --- sides


def _side(recording: Recording, told: Told) -> Side:
    session, turns = recording.session, told.turns
    everything = (*turns, *told.greetings)
    failures = Counter([*told.elsewhere, *(code for turn in everything for code in turn.failures)])
    versions = session.get("versions")
    return Side(
        folder=str(recording.folder),
        config=_config(recording),
        began=str(session.get("began") or ""),
        versions={str(name): str(one) for name, one in versions.items()} if isinstance(versions, dict) else {},
        seconds=round(max((row.at for row in recording.rows), default=0.0), 4),
        turns=len(turns),
        answered=sum("sound" in turn.moments for turn in turns),
        latency={stage: stats([turn.latency[stage] for turn in turns if stage in turn.latency]) for stage in STAGES},
        measured=_measured(recording.timings),
        modelled=modelled(session),
        spent=sum((turn.spent for turn in everything), Spent()),
        interruptions=sum(turn.interrupted for turn in turns),
        cut_before_answer=sum(turn.turn.cut_before_answer for turn in turns),
        fillers=sum(len(turn.fillers) for turn in turns),
        apologies=sum(len(turn.apologies) for turn in everything),
        failures=dict(sorted(failures.items())),
        elsewhere=told.elsewhere,
        mended=recording.mended,
        recording=recording,
    )


def _config(recording: Recording) -> str:
    name = recording.session.get("config_name") or recording.session.get("config")
    return name if isinstance(name, str) else ""


def _measured(timings: Sequence[Timing]) -> dict[str, Stats]:
    done = [timing for timing in timings if timing.outcome == "done"]
    stages = sorted({timing.stage for timing in done})
    return {stage: stats([timing.total for timing in done if timing.stage == stage]) for stage in stages}


def stats(values: Sequence[float]) -> Stats:
    """Median and 95th percentile."""
    return Stats(len(values), percentile(values, 0.5), percentile(values, 0.95))
