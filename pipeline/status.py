"""What `visavis status` shows: nodes, their stages, the edges, and what is missing."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from pipeline.envelope import StageLoad
from pipeline.flow import STAGES
from pipeline.messages import Status

WIDTH = 120
"""Columns of a terminal that everything fits into; of which a Chinese character takes two."""
SHORTEST = 6
"""Columns that a cell keeps however narrow it gets."""
UNKNOWN = "—"
STATES = {
    "warming": "预热中 warming", "ready": "就绪 ready", "draining": "收尾中 draining", "drained": "已退出 drained",
    "gone": "失联 gone", "incompatible": "版本不符 incompatible", "failed": "失败 failed",
}  # fmt: skip
_NODES = (("节点", "node"), ("状态", "state"), ("版本", "version"), ("机器", "arch/npu"), ("阶段", "stages"),
          ("上次消息", "last heard"))  # fmt: skip
_COUNTED = (("完成", "done", "done"), ("失败", "failed", "failed"), ("打断", "stopped", "interrupted"),
            ("过期", "expired", "expired"), ("转走", "bounced", "bounced"), ("交还", "back", "handed-back"),
            ("白做", "wasted", "wasted"))  # fmt: skip
"""Two headers, and the name in `StageLoad.counts`."""
_STAGES = (("阶段", "stage"), ("引擎", "engine"), ("状态", "state"), ("并发", "slots"), ("在手", "held"),
           ("等待", "waits"), *((zh, en) for zh, en, _ in _COUNTED), ("排队ms", "p50/p95"),
           ("工作ms", "p50/p95"))  # fmt: skip
_EDGE_COUNTS = (("会话", "sessions"), ("在途", "open"), ("发出", "sent"), ("重发", "again"), ("转走", "bounced"),
                ("失主", "orphaned"), ("无声", "silent"), ("超时", "missed"), ("致死", "poisoned"),
                ("重连", "reconnects"))  # fmt: skip
_EDGES = (("边缘", "edge"), ("状态", "state"), *_EDGE_COUNTS, ("上次消息", "last heard"))
_LEGEND = (
    "打断 stopped: 不再需要 not wanted any more · 转走 bounced: 满员 full · 交还 back: 退出时 handed back on leaving",
    "白做 wasted: 停不下来 could not be stopped · p50/p95: 最近 256 个 of the last 256, ms",
)


def table(statuses: Iterable[Status], heard: Mapping[str, float]) -> str:
    """Nodes, stages and edges as lines of at most `WIDTH` columns, with headers in Chinese and English.

    `heard` says how many seconds ago each was last heard of, by `name_of`.
    """
    known = _sorted(statuses)
    nodes = [status for status in known if not status.edge]
    edges = [status for status in known if status.edge]
    parts: list[list[str]] = []
    if nodes:
        parts.append(aligned(_NODES, [_node(status, heard) for status in nodes], shrinks=(0, 2, 3, 4)))
    if any(status.stages for status in known):
        rows = [row for status in known for row in _stages(status)]
        parts.append([*aligned(_STAGES, rows, shrinks=(0, 1), numbers=range(3, len(_STAGES)), space=1), *_LEGEND])
    if edges:
        rows = [_edge(status, heard) for status in edges]
        parts.append(aligned(_EDGES, rows, shrinks=(0,), numbers=range(2, len(_EDGES) - 1), space=1))
    if not parts:
        return "没有节点，也没有边缘 · no nodes and no edges"
    return "\n\n".join("\n".join(lines) for lines in parts)


def as_json(statuses: Iterable[Status], heard: Mapping[str, float]) -> str:
    """`{"nodes": […], "edges": […]}`, each with `name`, `state`, …, and `heard_s` (null: never)."""
    rows = [(status, _plain(status, heard)) for status in _sorted(statuses)]
    sides = {
        "nodes": [row for status, row in rows if not status.edge],
        "edges": [row for status, row in rows if status.edge],
    }
    return json.dumps(sides, ensure_ascii=False, indent=2)


def problems(statuses: Iterable[Status], stages: Iterable[str]) -> list[str]:
    """Sentences on `stages` that nobody is ready for, stages that failed, and nodes that cannot be talked to."""
    known = _sorted(statuses)
    found = [sentence for stage in stages if (sentence := _missing(stage, known))]
    for status in known:
        name = _clean(name_of(status))
        if status.state == "incompatible":
            version = _clean(status.version)
            found.append(f"节点 {name} 说另一种协议（{version}） · node {name} speaks another protocol ({version})")
        elif status.state in {"ready", "warming"}:
            failed = [_clean(load.stage) for load in status.stages if load.state == "failed"]
            found += [f"{stage} 在节点 {name} 上失败了 · {stage} failed on node {name}" for stage in failed]
    return found


def name_of(status: Status) -> str:
    """What a node or an edge is called."""
    return status.node


def _missing(stage: str, statuses: Sequence[Status]) -> str:
    """A sentence when no node is ready for a stage; '' when one is."""
    states = {
        status.state if status.state != "ready" else load.state
        for status in statuses
        for load in status.stages
        if load.stage == stage and status.state in {"ready", "warming", "draining"}
    }
    if "ready" in states:
        return ""
    if "warming" in states:
        return f"{stage} 还在预热 · every node that runs {stage} is still warming up"
    if "draining" in states:
        return f"{stage} 的节点都在收尾 · every node that runs {stage} is on its way out"
    if "failed" in states:
        return f"{stage} 在所有节点上都失败了 · {stage} failed on every node that should run it"
    return f"没有节点运行 {stage} · no node runs {stage}"


def _sorted(statuses: Iterable[Status]) -> list[Status]:
    return sorted(statuses, key=lambda status: (bool(status.edge), name_of(status)))


def _plain(status: Status, heard: Mapping[str, float]) -> dict[str, object]:
    seconds = heard.get(name_of(status))
    return {
        "name": name_of(status),
        "heard_s": None if seconds is None else round(seconds, 1),
        **json.loads(status.model_dump_json(include={"state", "version", "boot", "facts", "counts", "stages"})),
    }


# --- rows


def _node(status: Status, heard: Mapping[str, float]) -> list[str]:
    facts = status.facts
    npu = " ".join(str(facts[key]) for key in ("npu", "npu_model") if facts.get(key))
    boards = f" ×{facts['npu_count']}" if facts.get("npu_count") else ""
    machine = f"{facts.get('arch', '?')}/{npu or '?'}{boards}"
    stages = " ".join(load.stage for load in _in_order(status)) or UNKNOWN
    return [name_of(status), STATES[status.state], status.version or UNKNOWN, machine, stages, _ago(status, heard)]


def _stages(status: Status) -> list[list[str]]:
    """A line with the node's name, and one for each of its stages."""
    rows = []
    for load in _in_order(status):
        counts = [_number(load.counts.get(name, 0)) for _, _, name in _COUNTED]
        own = [_number(load.concurrency), _number(load.held), _number(load.waits)]
        times = [_times(load.queue_ms), _times(load.work_ms)]
        rows.append([f"  {load.stage}", load.engine or UNKNOWN, load.state, *own, *counts, *times])
    return [[name_of(status)], *rows] if rows else []


def _in_order(status: Status) -> list[StageLoad]:
    return sorted(status.stages, key=lambda load: STAGES.index(load.stage) if load.stage in STAGES else len(STAGES))


def _edge(status: Status, heard: Mapping[str, float]) -> list[str]:
    counts = [_number(status.counts.get(name, 0)) for _, name in _EDGE_COUNTS]
    return [status.edge, STATES[status.state], *counts, _ago(status, heard)]


def _ago(status: Status, heard: Mapping[str, float]) -> str:
    seconds = heard.get(name_of(status))
    if seconds is None:
        return UNKNOWN
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _number(value: int) -> str:
    """In at most five columns, whatever somebody on the network says."""
    value = min(max(0, value), 999 * 10**9)
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= 100 * size:
            return f"{value // size}{unit}"
    return str(value)


def _times(quantiles: Sequence[float]) -> str:
    return "/".join(_ms(value) for value in quantiles[:2]) or UNKNOWN


def _ms(value: float) -> str:
    """In at most four columns."""
    value = min(max(0.0, value), 999_000.0)
    if value < 10:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 9999.5 else f"{value / 1000:.0f}s"


# --- columns


def aligned(
    headers: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], *, shrinks: Sequence[int],
    numbers: Sequence[int] = (), space: int = 2,
) -> list[str]:  # fmt: skip
    """Lines of columns. A row of one cell is a title: no column is as wide as it.

    Where all does not fit, the widest of the columns in `shrinks` gives way. Those in `numbers` end together.
    """
    titles = [[header[line] for header in headers] for line in (0, 1)]
    cells = [*titles, *([_clean(cell) for cell in row] for row in rows)]
    full = [row for row in cells if len(row) == len(headers)]
    widths = [max(columns(row[at]) for row in full) for at in range(len(headers))]
    excess = sum(widths) + space * (len(widths) - 1) - WIDTH
    for _ in range(excess):
        widest = max(shrinks, key=lambda at: widths[at])
        widths[widest] = max(SHORTEST, widths[widest] - 1)
    return [_row(row, widths, numbers, " " * space) if len(row) > 1 else _cut(row[0], WIDTH) for row in cells]


def _row(row: Sequence[str], widths: Sequence[int], numbers: Sequence[int], space: str) -> str:
    cells = []
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text = _cut(cell, width)
        margin = " " * (width - columns(text))
        cells.append(margin + text if at in numbers else text + margin)
    return space.join(cells).rstrip()


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_wide(sign) for sign in text)


def _wide(sign: str) -> int:
    if unicodedata.category(sign) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _cut(text: str, width: int) -> str:
    """Its beginning, where it is too long."""
    if columns(text) <= width:
        return text
    kept = ""
    for sign in text:
        if columns(kept + sign) > width - 1:
            break
        kept += sign
    return f"{kept}…"


def _clean(text: str) -> str:
    """Without what a terminal would obey: names come from the network."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
