"""A comparison of two recordings: everything that is known, for the terminal, for JSON and for a page."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any

from pipeline.recording.comparing.columns import named
from pipeline.recording.comparing.lips import Lips
from pipeline.recording.comparing.turns import Facts, Spent
from pipeline.recording.comparing.words import Errors, Piece
from pipeline.recording.reading import Recording

FORMAT = 1
"""Of the JSON; a field may be added without a new number."""
CHANGES = (
    "missing", "words", "language", "emotion", "reply", "by", "interruption", "fillers", "apologies", "failures",
    "thoughts", "closures",
)  # fmt: skip
"""What may differ between the two turns of a pair."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Of one latency, in ms."""

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two recordings."""

    folder: str
    config: str
    began: str
    """The calendar's time, where the recording tells it."""
    versions: dict[str, str]
    seconds: float
    turns: int
    answered: int
    """Turns whose own answer sounded."""
    latency: dict[str, Stats]
    """By the names of `turns.STAGES`, over all turns that have it."""
    measured: dict[str, Stats]
    """What jobs of each stage really took on the machine that ran them (`timings.jsonl`)."""
    modelled: bool
    """It is a replay on virtual time, and a stage that asks a server was live: nobody waited so long."""
    spent: Spent
    interruptions: int
    cut_before_answer: int
    """Of these: only a filler had sounded, and nothing of the answer."""
    fillers: int
    apologies: int
    failures: dict[str, int]
    """By `stage code`, those outside the turns too."""
    elsewhere: tuple[str, ...]
    """Failures outside the turns."""
    mended: tuple[str, ...]
    """What was torn in the recording, and left out."""
    recording: Recording = field(repr=False, compare=False, metadata={"json": False})


@dataclass(frozen=True)
class Pair:
    """A turn of A and the same turn of B; None where a side has none. With neither: said, and heard by nobody."""

    a: Facts | None
    b: Facts | None
    reference: str | None
    """What was really said; None: not known, or typed."""
    errors_a: Errors | None
    """Of A's words against the reference; None without one."""
    errors_b: Errors | None
    """Of B's words against the reference; without one against A's, where both have the turn."""
    words: tuple[Piece, ...]
    """Where what was heard differs."""
    reply: tuple[Piece, ...]
    """Where the answers differ."""
    reply_similarity: float
    """0 to 1."""
    same_words: bool
    """But for case, punctuation and width."""
    same_reply: bool
    """Letter by letter; of an answer that was interrupted as far as it came."""
    lips: tuple[Lips, ...]
    left_out: tuple[str, ...] = ()
    """Sides, of `a` and `b`, that are replays of other turns only: this one is no error of theirs."""
    changes: tuple[str, ...] = ()
    """Of `CHANGES`."""

    @property
    def label(self) -> str:
        """A's number of the turn; `B5` where only B has it; `?` where nobody heard it."""
        return self.a.label if self.a else f"B{self.b.label}" if self.b else "?"

    @property
    def new_failures(self) -> tuple[str, ...]:
        """Of B, that A has not."""
        before = Counter(self.a.failures if self.a else ())
        return tuple((Counter(self.b.failures if self.b else ()) - before).elements())


@dataclass(frozen=True, slots=True)
class Violation:
    """A threshold that does not hold."""

    option: str
    """As `--max-wer`."""
    limit: str
    """As it was given; empty for one that is only on or off."""
    turns: tuple[str, ...]
    """Labels of the turns that it is about; may be empty."""
    zh: str
    en: str

    @property
    def line(self) -> str:
        """In Chinese and English, on one line."""
        name = f"{self.option} {self.limit}".strip()
        where = named(self.turns, 12)
        chinese, english = (f"第 {where} 轮，", f"turn{'s' * (len(self.turns) > 1)} {where}: ") if where else ("", "")
        return f"{name}: {chinese}{self.zh} · {english}{self.en}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the thresholds, each by its option."""

    held: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """There was nothing in the recordings to measure it on."""
    violated: tuple[Violation, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two recordings, turn by turn."""

    a: Side
    b: Side
    pairs: tuple[Pair, ...]
    """In the order of the visits; each turn of both sides stands in one of them."""
    greetings: tuple[Pair, ...]
    """What the avatar said by itself, visit by visit; in no count of `summary`."""
    referenced: bool
    """There is a file of what was really said."""
    verdict: Verdict = Verdict()

    @cached_property
    def both(self) -> tuple[Pair, ...]:
        """Turns that both sides have."""
        return tuple(pair for pair in self.pairs if pair.a and pair.b)

    @cached_property
    def only_a(self) -> tuple[Pair, ...]:
        """Turns that B has not."""
        return tuple(pair for pair in self.pairs if pair.a and not pair.b)

    @cached_property
    def only_b(self) -> tuple[Pair, ...]:
        """Turns that A has not."""
        return tuple(pair for pair in self.pairs if pair.b and not pair.a)

    @cached_property
    def errors_a(self) -> Errors:
        """Of all turns of A, against the reference; empty without one."""
        return sum((pair.errors_a for pair in self.pairs if pair.errors_a), Errors())

    @cached_property
    def errors_b(self) -> Errors:
        """Of all turns of B, against the reference or, without one, against A."""
        return sum((pair.errors_b for pair in self.pairs if pair.errors_b), Errors())

    @cached_property
    def lips(self) -> tuple[tuple[Pair, Lips], ...]:
        """Every sentence that both sides spoke, the greetings too."""
        return tuple((pair, one) for pair in (*self.greetings, *self.pairs) for one in pair.lips)

    @property
    def same(self) -> bool:
        """Nothing differs but times and money."""
        return not any(pair.changes for pair in (*self.pairs, *self.greetings))

    def changed(self, name: str) -> tuple[Pair, ...]:
        """Pairs that differ in something of `CHANGES`."""
        return tuple(pair for pair in self.pairs if name in pair.changes)

    def to_json(self) -> dict[str, Any]:
        """All of it, in plain values; `docs/comparing.md` describes it."""
        return {
            "format": FORMAT,
            "summary": _summary(self),
            **dict(_plain(self)),
        }


def _summary(found: Comparison) -> dict[str, Any]:
    correlations = [one.correlation for _, one in found.lips]
    return {
        "aligned": len(found.both),
        "only_a": [pair.label for pair in found.only_a],
        "only_b": [pair.label for pair in found.only_b],
        "different": {name: [pair.label for pair in found.changed(name)] for name in CHANGES},
        "wer": {"a": found.errors_a.wer, "b": found.errors_b.wer},
        "cer": {"a": found.errors_a.cer, "b": found.errors_b.cer},
        "lips": {
            "sentences": len(correlations),
            "mean": round(sum(correlations) / len(correlations), 4) if correlations else None,
            "least": min(correlations, default=None),
            "closures_lost": sum(len(one.lost) for _, one in found.lips),
            "closures_added": sum(len(one.added) for _, one in found.lips),
        },
        "same": found.same,
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_fields(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Pair):
        yield "label", value.label
    for one in fields(value):
        if one.metadata.get("json", True):
            yield one.name, _plain(getattr(value, one.name))
    if isinstance(value, Errors):
        yield from (("wer", value.wer), ("cer", value.cer))
