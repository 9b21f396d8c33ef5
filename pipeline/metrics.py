"""What an operator's Prometheus reads of this process: counts, durations and loads, never what a visitor said."""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from pipeline.envelope import Message, StageLoad
from pipeline.flow import STAGES
from pipeline.jobs import Timing
from pipeline.messages import Failure, Interrupt, Played, Sentence, SessionEnded, Transcript, TurnEnded
from pipeline.spending import Spending, Till
from pipeline.wire import UNKNOWN

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0)
"""Seconds. The deadlines of the blueprint are among them, so that a quantile near one is exact."""
VISITS = 4096
"""Visits whose latest turn is remembered; the oldest is given up for one more."""
NOTED = 32
"""Sentences of an answer of which one has to sound first."""
CODES = 200
"""Codes of failures that are counted apart: ours are fewer, and a foreign client may make up as many as it likes."""
OTHER = "other"
KIND = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of what is served: the format that every Prometheus reads."""
FACTS = ("arch", "cpu", "cpu_model", "cores", "memory_mb", "npu", "npu_model", "npu_count", "gpu", "gpu_count", "os",
         "os_version")  # fmt: skip
"""Of a machine, as labels of `visavis_node_info`."""

Outcome = Literal["answered", "apologised", "interrupted", "unanswered"]
Whys = SessionEnded.model_fields["why"].annotation
_CODE = re.compile(r"[a-z]{1,20}(-[a-z]{1,20}){0,4}")
_COUNTS = {
    "visavis_requests": "What became of the requests that sessions sent, by kind.",
    "visavis_screen_events": "What happened at the screens and at their doors.",
    "visavis_reply_events": "What became of requests to the reply's endpoints, as ENDPOINT.what.",
    "visavis_recording_events": "What became of recordings, and lines of them that were lost.",
    "visavis_bus_events": "What happened to the connection to the broker, and messages that were not sent or not read.",
}
"""Help of `<prefix>_total`."""


@dataclass(slots=True)
class _Turn:
    """The latest turn of a visit."""

    number: int
    revision: int
    words: bool | None = None
    """The transcript has some; None: not there yet."""
    ended_at: float | None = None
    replies: set[str] = field(default_factory=set)
    """`id`s of the first sentences of its answer."""
    sounded: bool = False
    told: bool = False
    """What became of it is counted."""


class _Turns:
    """Follows the latest turn of each visit. Its memory is bounded, however long it runs."""

    def __init__(self, latency: Callable[[float], None], over: Callable[[Outcome], None]) -> None:
        self._latency, self._over = latency, over
        self._latest: OrderedDict[tuple[str, str], _Turn] = OrderedDict()

    def __len__(self) -> int:
        return len(self._latest)

    def message(self, at: float, message: Message) -> None:
        """Take a message that came at second `at`."""
        if isinstance(message, SessionEnded):
            self._settle(self._latest.pop((message.edge, message.session), None))
        elif isinstance(message, Transcript) and not message.partial:
            if (turn := self._begun(message)) and turn.words is None:
                turn.words = bool(message.text.strip())
        elif isinstance(message, TurnEnded):
            if (turn := self._begun(message)) and turn.ended_at is None:
                turn.ended_at = at
        elif isinstance(message, (Sentence, Played, Interrupt)):
            turn = self._latest.get((message.edge, message.session))
            if turn is not None and (turn.number, turn.revision) == (message.turn, message.revision):
                self._follow(turn, at, message)

    def _begun(self, message: Message) -> _Turn | None:
        """The turn of a message, begun with it or before; None when the visit is past it."""
        visit, place = (message.edge, message.session), (message.turn, message.revision)
        known = self._latest.get(visit)
        if known is not None and place <= (known.number, known.revision):
            return known if place == (known.number, known.revision) else None
        self._settle(known)
        turn = self._latest[visit] = _Turn(*place)
        self._latest.move_to_end(visit)
        if len(self._latest) > VISITS:
            self._settle(self._latest.popitem(last=False)[1])
        return turn

    def _follow(self, turn: _Turn, at: float, message: Sentence | Played | Interrupt) -> None:
        if isinstance(message, Sentence):
            if message.origin == "reply" and len(turn.replies) < NOTED:
                turn.replies.add(message.id)
            elif message.origin == "apology":
                self._tell(turn, "apologised")
        elif isinstance(message, Interrupt):
            if message.why == "barge-in":
                self._tell(turn, "interrupted")
        elif message.state == "started" and message.cause in turn.replies and turn.ended_at is not None:
            if not turn.sounded:
                self._latency(max(0.0, at - turn.ended_at))
            turn.sounded = True

    def _settle(self, turn: _Turn | None) -> None:
        """Nothing more comes of this turn."""
        if turn is not None:
            self._tell(turn, "answered" if turn.sounded else "unanswered")

    def _tell(self, turn: _Turn, outcome: Outcome) -> None:
        """Count it once; what never ended, or had no words, was no turn."""
        if not turn.told and turn.ended_at is not None and turn.words is not False:
            turn.told = True
            self._over(outcome)


class Meter:
    """The metrics of one process; `docs/metrics.md` lists them. A name that is not used by a process stays empty."""

    def __init__(self) -> None:
        # When a counter was made is of no use to anybody here, and would double the number of series.
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        self._jobs = prometheus.Counter(
            "visavis_stage_jobs_total", "Jobs that are over.", ["stage", "engine", "outcome"], registry=registry
        )
        self._queued = _seconds("stage_queue", "How long jobs waited before work on them began.", ["stage"], registry)
        self._worked = _seconds("stage_service", "How long the work on a job took.", ["stage", "engine"], registry)
        self._first = _seconds("stage_first_answer", "From the start of the work to its first answer.", ["stage"],
                               registry)  # fmt: skip
        self._failures = prometheus.Counter(
            "visavis_failures_total", "Failures, by error code (docs/errors.md).", ["stage", "code"], registry=registry
        )
        self._visits = prometheus.Counter(
            "visavis_sessions_total", "Visits that are over, by why.", ["why"], registry=registry
        )
        latency = _seconds("turn_latency", "From the end of a turn to the first sound of its answer.", [], registry)
        turns = prometheus.Counter(
            "visavis_turns_total", "Turns, by what became of them.", ["outcome"], registry=registry
        )
        for outcome in get_args(Outcome):
            turns.labels(outcome)  # from 0 on, or the first of each would be no increase
        for why in get_args(Whys):
            self._visits.labels(why)
        self._spending = Spending(Till(registry))
        self._turns = _Turns(latency.observe, lambda outcome: turns.labels(outcome).inc())
        self._codes: set[str] = set()
        self._loads: list[Callable[[], Sequence[StageLoad]]] = []
        self._counts: dict[str, list[Callable[[], Mapping[str, int]]]] = {}
        self._about: dict[str, dict[str, str]] = {}
        registry.register(_AtScrape(self._read))

    def timing(self, timing: Timing) -> None:
        """Take what a stage of this process measured of a job that is over."""
        self._jobs.labels(timing.stage, timing.engine, timing.outcome).inc()
        if timing.outcome in {"done", "failed", "expired"}:  # the others may never have begun
            self._queued.labels(timing.stage).observe(timing.queued_ms / 1000)
        if timing.outcome in {"done", "failed"}:
            self._worked.labels(timing.stage, timing.engine).observe(timing.total_ms / 1000)
        if timing.outcome == "done":  # a failed one may have had no answer
            self._first.labels(timing.stage).observe(timing.first_ms / 1000)

    def message(self, at: float, message: Message) -> None:
        """Take a message that was on the bus at second `at`, of one clock for all of them. For edges."""
        if isinstance(message, Failure):
            self._failures.labels(message.stage if message.stage in STAGES else OTHER, self._code(message.code)).inc()
        elif isinstance(message, SessionEnded):
            self._visits.labels(message.why).inc()
        self._turns.message(at, message)
        self._spending.message(message)

    def _code(self, code: str) -> str:
        if code not in self._codes:
            if len(self._codes) >= CODES or not _CODE.fullmatch(code):
                return OTHER
            self._codes.add(code)
        return code

    def watch_loads(self, read: Callable[[], Sequence[StageLoad]]) -> None:
        """Ask `read` at each scrape how the stages of this process are doing."""
        self._loads.append(read)

    def watch_counts(self, prefix: str, read: Callable[[], Mapping[str, int]]) -> None:
        """Ask `read` at each scrape for counts that only grow: `<prefix>_total`, by `what`.

        `visavis_requests` are `Crew.counts`, `visavis_bus_events` are `MqttBus.counts`.
        """
        self._counts.setdefault(prefix, []).append(read)

    def info(self, version: str, node: str, site: str, facts: Mapping[str, str | int]) -> None:
        """Say what this process is; `facts` are those of its `Status`, of which `FACTS` are shown."""
        self._about["visavis_build_info"] = {"version": version}
        known = {name: str(facts.get(name, "")) for name in FACTS}
        self._about["visavis_node_info"] = {"node": node, "site": site, **known}

    def text(self) -> tuple[bytes, str]:
        """Body and content type of `/metrics`."""
        return prometheus.generate_latest(self._registry), KIND

    # --- read at scrape

    def _read(self) -> Iterator[Metric]:
        for name, labels in self._about.items():
            about = GaugeMetricFamily(name, "Always 1; the labels say what this process is.", labels=list(labels))
            about.add_metric(list(labels.values()), 1)
            yield about
        if self._loads:
            yield from _loads([load for read in self._loads for load in read()])
        for prefix, reads in self._counts.items():
            text = _COUNTS.get(prefix, f"Counts of {prefix}.")
            total: Counter[str] = Counter()  # `sum` would drop what is 0, and so the first increase of each
            for read in reads:
                total.update(read())
            yield _family(CounterMetricFamily(prefix, text, labels=["what"]), total)
        unknown = "Fields of messages that were ignored because this version does not know them."
        yield CounterMetricFamily("visavis_wire_unknown_fields", unknown, value=UNKNOWN.total())


class _AtScrape:
    """Something that is read when Prometheus asks for it."""

    def __init__(self, read: Callable[[], Iterable[Metric]]) -> None:
        self.collect = read


def _seconds(
    name: str, text: str, labels: Sequence[str], registry: prometheus.CollectorRegistry
) -> prometheus.Histogram:
    return prometheus.Histogram(f"visavis_{name}_seconds", text, labels, buckets=BUCKETS, registry=registry)


def _loads(loads: Sequence[StageLoad]) -> Iterator[Metric]:
    """Of each stage; one that is replaced is there twice for a while, and counts as one."""
    texts = {
        "held": "Jobs that are taken and not over.",
        "waiting": "Those of them that are not begun.",
        "concurrency": "Jobs that are worked on at once.",
    }
    for name, text in texts.items():
        values: Counter[str] = Counter()
        for load in loads:
            values[load.stage] += {"held": load.held, "waiting": load.waits, "concurrency": load.concurrency}[name]
        yield _family(GaugeMetricFamily(f"visavis_stage_{name}", text, labels=["stage"]), values)


def _family(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, int]) -> Metric:
    for label, value in sorted(values.items()):
        family.add_metric([label], value)
    return family
