"""An edge chooses among the nodes by what they say of themselves, and forgets those that say nothing."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import StageLoad
from pipeline.messages import Claim, Status
from pipeline.session.crew import SILENT, SUSPECTED, Crew


@dataclass
class Watch:
    """Time that the test sets."""

    time: float = 0.0
    lost: list[str] = field(default_factory=list)

    def now(self) -> float:
        return self.time


def status(node: str, held: int = 0, concurrency: int = 4, boot: str = "1", **more: str) -> Status:
    load = StageLoad(stage="reply", held=held, concurrency=concurrency)
    return Status(node=node, boot=boot, stages=(load,)).changed(**more)


def crew(*known: Status) -> tuple[Crew, Watch]:
    watch = Watch()
    made = Crew(watch)
    made.watch(lambda gone: watch.lost.append(gone.node if gone else "(the bus is back)"))
    for one in known:
        made.hear(one)
    return made, watch


def test_who_holds_least_for_its_size_is_chosen() -> None:
    team, _ = crew(status("small", held=1, concurrency=1), status("large", held=3, concurrency=8))
    assert team.choose("reply", set()) == "large"


def test_what_was_sent_to_a_node_counts_until_it_says_itself_what_it_holds() -> None:
    team, _ = crew(status("a"), status("b"))
    assert {team.choose("reply", set()) for _ in range(2)} == {"a", "b"}
    team.claimed(Claim(node="a", stage="reply", held=4))
    assert team.choose("reply", set()) == "b"


def test_who_is_full_is_not_taken_for_idle() -> None:
    team, _ = crew(status("a"), status("b", held=3))
    team.claimed(Claim(node="a", stage="reply", accepted=False, held=2))
    assert team.choose("reply", set()) == "b"


def test_a_node_that_fell_silent_is_not_chosen_until_it_is_heard_of() -> None:
    team, watch = crew(status("a"))
    team.suspect("a")
    assert team.choose("reply", set()) == ""
    team.claimed(Claim(node="a", stage="reply", held=1))
    assert team.choose("reply", set()) == "a"
    team.suspect("a")
    watch.time = SUSPECTED
    assert team.choose("reply", set()) == "a"


def test_a_node_of_which_nothing_is_heard_any_more_is_forgotten_though_nobody_said_that_it_went() -> None:
    team, watch = crew(status("a"))
    watch.time = SILENT + 0.1
    assert not team.runs("reply")
    assert team.choose("reply", set()) == ""


def test_who_goes_and_who_begins_anew_is_told_to_those_who_wait_for_it() -> None:
    team, watch = crew(status("a"), status("b"), status("c"))
    team.hear(status("a", state="gone"))
    team.hear(status("b", boot="2"))
    team.hear(status("c", state="drained"))
    assert watch.lost == ["a", "b", "c"]
    assert team.choose("reply", set()) == "b"


def test_the_late_last_will_of_an_earlier_start_does_not_hide_the_node() -> None:
    team, watch = crew(status("a", boot="2"))
    team.hear(status("a", boot="1", state="gone"))
    assert team.runs("reply")
    assert watch.lost == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["ready", "warming", "draining", "gone"])), max_size=12)
)
def test_only_nodes_that_are_ready_are_ever_chosen(said: list[tuple[str, str]]) -> None:
    team, _ = crew(*(status(node, state=state) for node, state in said))
    last = dict(said)
    chosen = team.choose("reply", set())
    assert (chosen == "") == ("ready" not in last.values())
    assert chosen == "" or last[chosen] == "ready"
