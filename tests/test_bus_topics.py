"""A topic says what is under it, and every filter catches what it should and nothing else."""

import itertools
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pipeline.bus import topics
from pipeline.bus.topics import NAME, Address, address
from pipeline.envelope import Message
from pipeline.errors import WireError
from pipeline.flow import ALL, WORKERS
from pipeline.messages import Presence, Say, Status

RESERVED = {topics.NODE, topics.SCREEN, topics.EDGE}
NAMES = st.from_regex(NAME, fullmatch=True)
FREE = NAMES.filter(lambda name: name not in RESERVED)
SITE, EDGE, OTHER, SESSION, HALL, NODE = "here", "lobby", "hall", "5e55", "window", "n1"
STAGES = [stage.name for stage in WORKERS]
OF_VISITS = [kind for kind in ALL if kind is not Status]
AT_SCREENS = (Presence, Say)
JOBS = [kind for kind in ALL if kind.requests]


def matches(pattern: str, topic: str) -> bool:
    """By the rules of MQTT 5, section 4.7; of a shared subscription, the filter in it."""
    if pattern.startswith("$share/"):
        pattern = pattern.split("/", 2)[2]
    for wanted, level in itertools.zip_longest(pattern.split("/"), topic.split("/")):
        if wanted == "#":
            return True
        if wanted is None or level is None or wanted not in {"+", level}:
            return False
    return True


def made(kind: Any, **place: str) -> Message:
    """A message of which only the place matters."""
    message: Message = kind.model_construct(**place)
    return message


def everywhere(site: str = SITE, edge: str = EDGE) -> dict[str, tuple[type[Message], str]]:
    """Every topic of an edge and of a node, with its class and what it is called below."""
    found: dict[str, tuple[type[Message], str]] = {}
    for kind in OF_VISITS:
        visit = made(kind, edge=edge, session=SESSION)
        found[topics.topic(site, visit)] = kind, "visit"
        if kind.requests:
            found |= {topics.topic(site, visit, node=NODE, stage=stage): (kind, stage) for stage in STAGES}
        if issubclass(kind, AT_SCREENS):
            found[topics.topic(site, made(kind, edge=edge, screen=HALL))] = kind, "screen"
    found[topics.topic(site, Status(edge=edge, node=edge))] = Status, "edge"
    found[topics.topic(site, Status(node=NODE))] = Status, "node"
    return found


def caught(*filters: str, site: str = SITE, edge: str = EDGE) -> set[tuple[type[Message], str]]:
    """What these filters match of all there is."""
    topics_of = everywhere(site, edge).items()
    return {what for topic, what in topics_of if any(matches(text, topic) for text in filters)}


@pytest.mark.parametrize(
    ("pattern", "topic", "wanted"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a/c", False),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/", True),
        ("$share/group/a/+", "a/b", True),
    ],
)
def test_filters_are_matched_as_brokers_do(pattern: str, topic: str, wanted: bool) -> None:
    assert matches(pattern, topic) is wanted


@given(st.sampled_from(OF_VISITS), NAMES, FREE, NAMES)
def test_a_visits_topic_says_what_is_under_it(kind: type[Message], site: str, edge: str, session: str) -> None:
    text = topics.topic(site, made(kind, edge=edge, session=session))
    assert address(text) == Address(kind, edge, session=session)


@given(st.sampled_from(JOBS), NAMES, FREE, NAMES, NAMES, st.sampled_from(STAGES))
def test_a_nodes_topic_says_whose_job_is_under_it(
    kind: type[Message], site: str, edge: str, session: str, node: str, stage: str
) -> None:
    text = topics.topic(site, made(kind, edge=edge, session=session), node=node, stage=stage)
    assert address(text) == Address(kind, edge, session=session, node=node, stage=stage)


@given(st.sampled_from(AT_SCREENS), NAMES, FREE, NAMES)
def test_a_screens_topic_says_which_screen(kind: type[Message], site: str, edge: str, screen: str) -> None:
    assert address(topics.topic(site, made(kind, edge=edge, screen=screen))) == Address(kind, edge, screen=screen)


@given(NAMES, FREE)
def test_a_status_says_whose_it_is(site: str, name: str) -> None:
    assert address(topics.topic(site, Status(node=name))) == Address(Status, node=name)
    assert address(topics.topic(site, Status(node=name, edge=name))) == Address(Status, name, node=name)


@given(NAMES, st.integers(2, 99))
def test_the_status_of_another_major_version_is_read_and_nothing_else_of_it(site: str, major: int) -> None:
    root = topics.base(site, major)
    assert address(f"{root}/node/n1/status") == Address(Status, node="n1", major=str(major))
    with pytest.raises(WireError) as refused:
        address(f"{root}/{EDGE}/{SESSION}/question")
    assert refused.value.code == "wire-topic"


LEVELS = st.sampled_from(["visavis", "1", "2", SITE, EDGE, "node", "screen", "edge", "audio", *topics.KINDS])


def read(text: str) -> Address | WireError:
    """What a topic says, or why it is none."""
    try:
        return address(text)
    except WireError as refused:
        return refused


@given(st.one_of(st.text(), st.lists(st.one_of(LEVELS, st.text(max_size=5)), max_size=10).map("/".join)))
@example("visavis/1/here/lobby/status")
@example("visavis/1/here/audio")
@example("/" * 20)
def test_any_text_is_a_topic_of_ours_or_refused_with_a_code(text: str) -> None:
    found = read(text)
    if isinstance(found, WireError):
        assert found.code == "wire-topic"
    else:
        assert found.kind in ALL
        assert text.startswith(f"visavis/{found.major}/")


@given(st.lists(LEVELS, min_size=4, max_size=8).map(lambda levels: "/".join(["visavis", "1", *levels])))
@example("visavis/1/here/lobby/screen/window/control")
@example("visavis/1/here/lobby/screen/window/transcript")
@example("visavis/1/here/lobby/screen/window/status")
@example("visavis/1/here/lobby/5e55/status")
@example("visavis/1/here/node/n1/more/status")
@example("visavis/1/here/lobby/node/n1/reply/5e55/transcript")
@example("visavis/1/here/node/5e55/question")
def test_what_is_read_as_ours_is_what_we_would_publish(text: str) -> None:
    found = read(text)
    if isinstance(found, WireError):
        return
    place = {"edge": found.edge, "session": found.session, "screen": found.screen, "node": found.node}
    message = made(found.kind, **place)
    assert topics.topic(text.split("/")[2], message, node=found.stage and found.node, stage=found.stage) == text


def test_no_two_messages_share_a_topic() -> None:
    assert len(topics.KINDS) == len(ALL)
    jobs = len(JOBS) * len(STAGES)
    assert len(everywhere()) == len(OF_VISITS) + jobs + 2 + 2


def test_only_sound_is_no_json() -> None:
    for noun, kind in topics.KINDS.items():
        assert noun.endswith("/audio") == ("pcm" in kind.model_fields)


@pytest.mark.parametrize("kind", OF_VISITS)
def test_who_hears_a_class_hears_all_of_it_and_nothing_else(kind: type[Message]) -> None:
    wanted = {what for what in everywhere().values() if what[0] is kind}
    assert caught(*topics.hearing(SITE, kind)) == wanted
    assert caught(*topics.hearing(SITE, kind), site="elsewhere") == set()


@pytest.mark.parametrize("kind", OF_VISITS)
def test_who_hears_one_session_hears_no_other(kind: type[Message]) -> None:
    wanted = {what for what in everywhere().values() if what[0] is kind and what[1] != "screen"}
    assert caught(*topics.hearing(SITE, kind, SESSION)) == wanted
    assert caught(*topics.hearing(SITE, kind, "other")) == set()


@pytest.mark.parametrize("kind", JOBS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_shares_the_jobs_of_every_edge(kind: type[Message], stage: str) -> None:
    pattern = topics.shared(SITE, stage, kind)
    assert pattern.startswith(f"$share/{stage}/")
    for edge in (EDGE, OTHER):
        assert caught(pattern, edge=edge) == {(kind, "visit")}
    assert caught(pattern, site="elsewhere") == set()


@pytest.mark.parametrize("kind", JOBS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_node_gets_the_jobs_that_name_it_and_its_stage(kind: type[Message], stage: str) -> None:
    for edge in (EDGE, OTHER):
        assert caught(topics.own(SITE, NODE, stage, kind), edge=edge) == {(kind, stage)}
    assert caught(topics.own(SITE, "n2", stage, kind)) == set()
    assert caught(topics.own("elsewhere", NODE, stage, kind)) == set()


@given(FREE, FREE)
def test_an_edge_hears_all_of_its_own_and_nothing_of_another(edge: str, other: str) -> None:
    assume(edge != other)
    tree = topics.edge_tree(SITE, edge)
    assert caught(tree, edge=edge) == set(everywhere().values()) - {(Status, "node")}
    assert caught(tree, edge=other) == set()
    assert caught(tree, edge=edge, site="elsewhere") == set()


def test_statuses_are_heard_of_every_major_version_and_nothing_beside_them() -> None:
    assert caught(*topics.statuses(SITE)) == {(Status, "edge"), (Status, "node")}
    assert topics.hearing(SITE, Status) == topics.statuses(SITE)
    assert caught(topics.node_statuses(SITE)) == {(Status, "node")}
    for text in (f"{topics.base(SITE, 2)}/node/n1/status", f"{topics.base(SITE, 2)}/lobby/edge/status"):
        assert sum(matches(pattern, text) for pattern in topics.statuses(SITE)) == 1
        assert not matches(topics.node_statuses(SITE), text)
