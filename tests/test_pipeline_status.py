"""What `visavis status` shows lines up, fits a terminal, and says what is missing in both languages."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import StageLoad
from pipeline.messages import Status
from pipeline.status import WIDTH, as_json, columns, problems, table

COUNTS = {"done": 120, "failed": 2, "interrupted": 7, "expired": 1, "bounced": 4, "handed-back": 3, "wasted": 5}
EDGE_COUNTS = {
    "sessions": 3,
    "sent": 90,
    "again": 4,
    "bounced": 8,
    "orphaned": 1,
    "silent": 2,
    "missed": 6,
    "poisoned": 5,
}


def load(stage: str, state: Literal["warming", "ready", "draining", "failed"] = "ready") -> StageLoad:
    times = {"queue_ms": (1.25, 210.0), "work_ms": (80.4, 1234.5)}
    return StageLoad(stage=stage, engine="espeak", state=state, concurrency=4, held=6, waits=2, counts=COUNTS, **times)


def node(name: str, *stages: StageLoad, state: str = "ready") -> Status:
    facts = {"arch": "aarch64", "npu": "ascend", "npu_model": "910B4", "npu_count": 8}
    return Status.model_validate({"node": name, "state": state, "stages": stages, "version": "0.1.0", "facts": facts})


def edge(name: str, state: str = "ready") -> Status:
    return Status.model_validate({"node": name, "edge": name, "state": state, "counts": EDGE_COUNTS})


def line_of(text: str, begins: str) -> str:
    """The line that begins so, with single spaces."""
    return " ".join(next(line for line in text.splitlines() if line.startswith(begins)).split())


def ends(line: str, word: str) -> int:
    """The column of a terminal in which a word ends."""
    return columns(line[: line.index(word) + len(word)])


def test_a_node_shows_its_state_version_machine_and_stages() -> None:
    line = line_of(table([node("kunpeng-1", load("speech"), load("transcript"))], {"kunpeng-1": 3.2}), "kunpeng-1")
    assert line == "kunpeng-1 就绪 ready 0.1.0 aarch64/ascend 910B4 ×8 transcript speech 3 s"


def test_a_stage_shows_all_that_became_of_its_jobs_and_how_long_they_took() -> None:
    line = line_of(table([node("a", load("speech"))], {}), "  speech")
    assert line == "speech espeak ready 4 6 2 120 2 7 1 4 3 5 1.2/210 80/1234"


def test_an_edge_shows_what_became_of_its_requests() -> None:
    status = edge("hall").model_copy(update={"counts": EDGE_COUNTS | {"open": 2, "reconnects": 9}})
    assert line_of(table([status], {"hall": 0.2}), "hall") == "hall 就绪 ready 3 2 90 4 8 1 2 6 5 9 0 s"


def test_who_is_not_there_is_shown_as_such_with_how_long_ago() -> None:
    statuses = [node("a", state="gone"), node("b", state="drained"), node("c", state="incompatible"), edge("d", "gone")]
    text = table(statuses, {"a": 90.0, "b": 7300.0, "c": 400_000.0, "d": 180.0})
    machine = "0.1.0 aarch64/ascend 910B4 ×8 —"
    assert line_of(text, "a ") == f"a 失联 gone {machine} 90 s"
    assert line_of(text, "b ") == f"b 已退出 drained {machine} 2 h"
    assert line_of(text, "c ") == f"c 版本不符 incompatible {machine} 5 d"
    assert line_of(text, "d ") == "d 失联 gone 3 0 90 4 8 1 2 6 5 0 3 min"


def test_what_was_never_heard_of_has_no_time() -> None:
    assert line_of(table([node("a")], {}), "a ").endswith(" — —")


def test_columns_line_up_beside_chinese_names() -> None:
    lines = table([node("东厅一号", load("speech")), node("b", load("speech"))], {}).splitlines()
    assert len({ends(line, "就绪") for line in lines if "就绪" in line}) == 1
    assert len({ends(line, "ready") for line in lines if line.startswith("  speech")}) == 1


def test_nothing_at_all_is_said_in_words() -> None:
    assert table([], {}) == "没有节点，也没有边缘 · no nodes and no edges"


def refuse(name: str) -> None:
    pytest.fail(f"{name} is no JSON")


NAMES = st.text(min_size=1, max_size=60)
LOADS = st.builds(
    StageLoad,
    stage=NAMES,
    engine=NAMES,
    state=st.sampled_from(["warming", "ready", "draining", "failed"]),
    concurrency=st.integers(1, 10**30),
    held=st.integers(0, 10**30),
    counts=st.dictionaries(st.sampled_from([*COUNTS]), st.integers(-(10**30), 10**30)),
    queue_ms=st.lists(st.floats(), max_size=4),
)
STATUSES = st.builds(
    Status,
    node=NAMES,
    edge=st.sampled_from(["", "hall"]),
    state=st.sampled_from(["warming", "ready", "draining", "drained", "gone", "incompatible"]),
    version=st.text(max_size=60),
    stages=st.lists(LOADS, max_size=3),
    facts=st.dictionaries(st.sampled_from(["arch", "npu", "npu_model", "npu_count"]), NAMES),
    counts=st.dictionaries(st.sampled_from([*EDGE_COUNTS]), st.integers(-(10**30), 10**30)),
)


@given(st.lists(STATUSES, max_size=4))
def test_whatever_the_network_says_fits_and_can_be_printed(statuses: list[Status]) -> None:
    lines = table(statuses, {}).split("\n")
    assert all(columns(line) <= WIDTH and line.isprintable() for line in lines)
    assert json.loads(as_json(statuses, {}), parse_constant=refuse)
    assert all(sentence.isprintable() for sentence in problems(statuses, ["speech"]))


def test_json_has_the_same_keys_for_all() -> None:
    told = json.loads(as_json([node("b"), node("a", load("speech")), edge("hall")], {"a": 1.26}))
    assert [row["name"] for row in told["nodes"]] == ["a", "b"]
    assert [row["heard_s"] for row in told["nodes"]] == [1.3, None]
    keys = ["name", "heard_s", "boot", "counts", "facts", "stages", "state", "version"]
    assert [sorted(row) for row in (*told["nodes"], *told["edges"])] == [sorted(keys)] * 3
    assert told["nodes"][0]["stages"][0] == load("speech").model_dump(mode="json")


def test_a_stage_that_nobody_runs_is_a_problem() -> None:
    assert problems([node("a", load("reply"))], ["reply", "speech"]) == ["没有节点运行 speech · no node runs speech"]


def test_a_stage_of_a_node_that_has_gone_is_run_by_nobody() -> None:
    for state in ("gone", "drained", "incompatible"):
        assert "没有节点运行 speech · no node runs speech" in problems(
            [node("a", load("speech"), state=state)], ["speech"]
        )


def test_one_ready_node_is_enough() -> None:
    others = [node("a", load("speech", "warming")), node("b", load("speech"), state="draining")]
    assert problems([*others, node("c", load("speech"))], ["speech"]) == []


def test_why_nobody_is_ready_is_said() -> None:
    assert problems([node("a", load("speech", "warming"))], ["speech"]) == [
        "speech 还在预热 · every node that runs speech is still warming up"
    ]
    assert problems([node("a", load("speech"), state="draining")], ["speech"]) == [
        "speech 的节点都在收尾 · every node that runs speech is on its way out"
    ]
    assert problems([node("a", load("speech", "failed"))], ["speech"]) == [
        "speech 在所有节点上都失败了 · speech failed on every node that should run it",
        "speech 在节点 a 上失败了 · speech failed on node a",
    ]


def test_another_protocol_is_a_problem() -> None:
    (sentence,) = problems([node("a", state="incompatible")], [])
    assert sentence == "节点 a 说另一种协议（0.1.0） · node a speaks another protocol (0.1.0)"
