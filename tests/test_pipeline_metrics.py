"""What operators read of a process is right, bounded, and holds nothing that a visitor said."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pipeline import messages as m
from pipeline.envelope import Message, StageLoad
from pipeline.jobs import Timing
from pipeline.metrics import CODES, VISITS, Meter
from pipeline.wire import UNKNOWN, from_dict
from tests.paying import stocked
from tests.scene import Scene, play

GRAFANA = (ROOT := Path(__file__).parent.parent) / "docker" / "grafana"
NAME = re.compile(r"visavis_[a-z_]+")


def samples(meter: Meter) -> list[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample, as Prometheus reads them."""
    families = text_string_to_metric_families(meter.text()[0].decode())
    return [(s.name, s.labels, s.value) for family in families for s in family.samples]


def value(meter: Meter, name: str, **labels: str) -> float:
    """0 for a series that is not there."""
    return sum(value for known, others, value in samples(meter) if (known, others) == (name, labels))


def counted(meter: Meter, name: str) -> dict[str, float]:
    """What is not 0 of one metric, by its labels' values."""
    return {" ".join(labels.values()): value for known, labels, value in samples(meter) if known == name and value}


def full() -> Meter:
    """A meter of which every metric has something."""
    meter = stocked()
    meter.timing(Timing("reply", "deepseek", "c", "s", 1, 1, 20.0, 100.0, 400.0, "done"))
    visit(meter, turn())
    meter.message(9.0, m.Failure(session="s", stage="reply", code="server-busy", text="busy"))
    meter.watch_loads(lambda: [StageLoad(stage="speech", concurrency=4, held=3, waits=2)])
    meter.watch_counts("visavis_requests", lambda: {"sent": 5, "again": 1})
    meter.watch_counts("visavis_bus_events", lambda: {"reconnects": 1, "lost_full": 2, "refused_wire-kind": 3})
    meter.watch_counts("visavis_recording_events", lambda: {"begun": 2, "failed": 1})
    meter.info("0.1.0", "kunpeng-1", "museum", {"arch": "aarch64", "npu_count": 8, "label.hall": "east"})
    return meter


# --- stages


@pytest.mark.parametrize(
    ("outcome", "waited", "worked", "answered"),
    [("done", 1, 1, 1), ("failed", 1, 1, 0), ("expired", 1, 0, 0), ("interrupted", 0, 0, 0), ("handed-back", 0, 0, 0)],
)
def test_a_job_is_counted_with_those_of_its_seconds_that_mean_something(
    outcome: str, waited: int, worked: int, answered: int
) -> None:
    meter = Meter()
    meter.timing(Timing("reply", "deepseek", "c", "s", 1, 1, 20.0, 100.0, 400.0, outcome))
    assert value(meter, "visavis_stage_jobs_total", stage="reply", engine="deepseek", outcome=outcome) == 1
    assert value(meter, "visavis_stage_queue_seconds_sum", stage="reply") == 0.02 * waited
    assert value(meter, "visavis_stage_service_seconds_sum", stage="reply", engine="deepseek") == 0.4 * worked
    assert value(meter, "visavis_stage_first_answer_seconds_sum", stage="reply") == 0.1 * answered


def test_loads_are_read_when_they_are_asked_for() -> None:
    meter, loads = Meter(), [StageLoad(stage="speech", concurrency=4, held=3, waits=2)]
    meter.watch_loads(lambda: loads)
    loads.append(StageLoad(stage="speech", concurrency=2, held=1))  # another engine takes over
    assert counted(meter, "visavis_stage_concurrency") == {"speech": 6}
    assert counted(meter, "visavis_stage_held") == {"speech": 4}
    assert counted(meter, "visavis_stage_waiting") == {"speech": 2}


def test_counts_are_read_when_they_are_asked_for() -> None:
    meter, counts = Meter(), {"sent": 1}
    meter.watch_counts("visavis_requests", lambda: counts)
    counts |= {"sent": 2, "orphaned": 3}
    assert counted(meter, "visavis_requests_total") == {"sent": 2, "orphaned": 3}


def test_unknown_fields_on_the_wire_are_counted() -> None:
    before = UNKNOWN.total()
    from_dict({"kind": "Presence", "screen": "hall", "present": True, "mood_of_the_sensor": "good"})
    assert counted(Meter(), "visavis_wire_unknown_fields_total") == {"": before + 1}


def test_a_process_says_what_it_is_and_on_which_machine() -> None:
    meter = full()
    meter.info("0.2.0", "kunpeng-1", "museum", {"arch": "aarch64"})
    assert [labels for name, labels, _ in samples(meter) if name == "visavis_build_info"] == [{"version": "0.2.0"}]
    (labels,) = [labels for name, labels, _ in samples(meter) if name == "visavis_node_info"]
    assert [labels[name] for name in ("node", "site", "arch", "npu_count")] == ["kunpeng-1", "museum", "aarch64", ""]


# --- turns


Said = list[tuple[float, Message]]
"""Messages with their seconds."""


def turn(number: int = 1, *, text: str = "hello", ended: float = 1.0) -> Said:
    """A turn that is answered half a second after its end."""
    place = {"session": "s", "turn": number, "revision": 1}
    question = m.Question(**place, text=text, language="en")
    sentence = question.answer(m.Sentence, index=0, text="an answer", language="en", last=True)
    return [
        (ended - 0.1, m.Transcript(**place, text=text, language="en", confidence=1)),
        (ended, m.TurnEnded(**place, end_sample=1, decided_sample=2)),
        (ended, sentence),
        (ended + 0.5, sentence.answer(m.Played, index=0, part=0, sample=0, state="started")),
        (ended + 0.9, sentence.answer(m.Played, index=0, part=0, sample=9, state="ended")),
    ]


def visit(meter: Meter, *turns: Said) -> dict[str, float]:
    """What became of the turns of a visit."""
    for at, message in (said for one in turns for said in one):
        meter.message(at, message)
    meter.message(99.0, m.SessionEnded(session="s", why="idle"))
    return counted(meter, "visavis_turns_total")


def latency(meter: Meter) -> tuple[float, float]:
    """Count and sum."""
    return value(meter, "visavis_turn_latency_seconds_count"), value(meter, "visavis_turn_latency_seconds_sum")


def test_a_turn_that_sounded_is_answered_and_its_latency_is_to_the_first_sound() -> None:
    meter = Meter()
    assert visit(meter, turn(1), turn(2, ended=5.0)) == {"answered": 2}
    assert latency(meter) == (2, 1.0)


def test_an_answer_that_was_prepared_before_the_turn_ended_counts() -> None:
    meter = Meter()
    transcript, ended, sentence, *played = turn()
    assert visit(meter, [transcript, (0.5, sentence[1]), ended, *played]) == {"answered": 1}
    assert latency(meter) == (1, 0.5)


def test_a_turn_without_a_sound_is_unanswered() -> None:
    meter = Meter()
    assert visit(meter, turn(1)[:3], turn(2)) == {"unanswered": 1, "answered": 1}


def test_a_filler_is_no_answer() -> None:
    meter, (_, ended, *_) = Meter(), turn()
    filler = ended[1].answer(m.Sentence, index=0, text="let me see", language="en", origin="filler")
    played = filler.answer(m.Played, index=0, part=0, sample=0, state="started")
    assert visit(meter, [ended, (2.0, filler), (2.1, played)]) == {"unanswered": 1}
    assert latency(meter) == (0, 0)


def test_an_apology_and_an_interruption_count_once_and_at_once() -> None:
    meter, (_, (at, ended), *_) = Meter(), turn()
    apology = ended.answer(m.Sentence, index=0, text="sorry", language="en", origin="apology")
    for message in (ended, apology, ended.answer(m.Interrupt, why="barge-in")):
        meter.message(at, message)
    assert counted(meter, "visavis_turns_total") == {"apologised": 1}
    cut = (9.0, turn(2)[1][1].answer(m.Interrupt, why="barge-in"))
    assert visit(meter, turn(2)[:4], [cut]) == {"apologised": 1, "interrupted": 1}


def test_a_turn_without_words_was_none() -> None:
    assert visit(Meter(), turn(text=" ")[:2]) == {}
    first, second = turn(text=" ")[:2]
    assert visit(Meter(), [second, first]) == {}


def test_a_turn_that_never_ended_was_none() -> None:
    said = turn()
    assert visit(Meter(), [said[0], (1.0, said[1][1].answer(m.Interrupt, why="barge-in"))]) == {}


def test_what_belongs_to_an_earlier_turn_changes_nothing() -> None:
    assert visit(Meter(), turn(1)[:3], turn(2)[:3], turn(1)[3:], turn(1)[:2]) == {"unanswered": 2}


def test_visits_are_told_apart_by_their_edge_too() -> None:
    meter = Meter()
    meter.message(0.0, turn()[1][1].changed(edge="hall"))
    assert visit(meter, turn()) == {"answered": 1}


def test_visits_are_counted_by_how_they_ended() -> None:
    meter = Meter()
    visit(meter)
    meter.message(1.0, m.SessionEnded(session="t", why="left"))
    assert counted(meter, "visavis_sessions_total") == {"idle": 1, "left": 1}


def test_a_whole_visit_of_the_real_session_is_counted() -> None:
    async def act(scene: Scene) -> None:
        for number, seconds in enumerate((10, 1, 10), start=1):  # the visitor speaks again while the second one sounds
            await scene.speaks(number)
            await scene.clock.sleep(seconds)
        await scene.visit.finish()
        await scene.clock.sleep(1)

    meter = Meter()
    for at, message in play(act).said:
        meter.message(at, message)
    assert counted(meter, "visavis_turns_total") == {"answered": 2, "interrupted": 1}
    assert latency(meter)[0] == 3
    assert counted(meter, "visavis_sessions_total") == {"ended": 1}


# --- bounds


def test_visits_do_not_fill_the_memory_whether_they_end_or_not() -> None:
    meter = Meter()
    visit(meter, turn())
    assert len(meter._turns) == 0
    for number in range(VISITS + 100):
        meter.message(1.0, m.TurnEnded(session=f"s{number}", turn=1, end_sample=1, decided_sample=2))
    assert len(meter._turns) == VISITS
    assert counted(meter, "visavis_turns_total") == {"answered": 1, "unanswered": 100}


def test_an_endless_answer_does_not_fill_the_memory() -> None:
    meter, said = Meter(), turn()
    for at, message in said[:2]:
        meter.message(at, message)
    for index in range(1000):
        meter.message(2.0, said[2][1].changed(index=index))
    assert len(meter._turns._latest["", "s"].replies) < 100


def test_codes_that_somebody_made_up_make_no_series_of_their_own() -> None:
    meter = Meter()
    made_up = [f"made-up-{chr(97 + n % 26)}{'k' * (n // 26 + 1)}" for n in range(300)]
    for code in ("server-busy", "我想问", "x" * 500, *made_up):
        meter.message(1.0, m.Failure(session="s", stage="nonsense", code=code, text="?"))
    found = counted(meter, "visavis_failures_total")
    assert found["server-busy other"] == 1
    assert found["other other"] > 2
    assert len(found) <= CODES + 1


def test_nothing_that_was_said_or_heard_is_in_a_metric() -> None:
    meter = Meter()
    visit(meter, turn(text="my secret is 42"))
    meter.message(1.0, m.Failure(session="s", stage="reply", code="server-busy", text="my secret is 42"))
    text = meter.text()[0].decode()
    assert "secret" not in text
    assert "an answer" not in text


# --- what is written about them


NAMES = {name for name, _, _ in samples(full()) if name.startswith("visavis_")}


def expressions() -> list[str]:
    board = json.loads((GRAFANA / "visavis.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def test_every_metric_of_the_dashboard_exists() -> None:
    used = {name for text in expressions() for name in NAME.findall(text)}
    assert len(used) >= 12
    assert used - NAMES == set()


def test_every_label_of_the_dashboard_exists() -> None:
    known = {name: {*labels, "instance", "job"} for name, labels, _ in samples(full())}
    for text in expressions():
        for name, matched in re.findall(r"(visavis_[a-z_]+)\{([^}]*)\}", text):
            assert set(re.findall(r"([a-z_]+)[=!]", matched)) <= known[name], text
        grouped = {label for labels in re.findall(r"by \(([^)]*)\)", text) for label in labels.split(", ")}
        assert grouped <= set().union(*(known[name] for name in NAME.findall(text))), text


def test_the_dashboard_takes_its_data_from_where_the_operator_says() -> None:
    board = json.loads((GRAFANA / "visavis.json").read_text(encoding="utf-8"))
    variables = [variable["name"] for variable in board["templating"]["list"] if variable["type"] == "datasource"]
    sources = {panel["datasource"]["uid"] for panel in board["panels"] if panel["type"] != "row"}
    assert (variables, sources) == (["datasource"], {"${datasource}"})
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_sample_for_prometheus_scrapes_metrics() -> None:
    jobs = yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {job.get("metrics_path", "/metrics") for job in jobs} == {"/metrics"}


def test_every_metric_is_explained_in_the_docs_and_no_other() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(visavis_[a-z_]+)` \|", text, re.MULTILINE)
    found = {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAMES}
    assert sorted(explained) == sorted(found)
