"""Whatever becomes of the workers, a visitor hears one coherent answer or one apology."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.messages import Claim, Cues, Failure, Interrupt, Played, Presence, Question, Sentence, Speech, TurnEnded
from pipeline.session.settings import Deadlines
from tests.crew_scene import ANSWER, Node, play
from tests.scene import Scene

LIMIT = Deadlines().turn + 0.3
"""Seconds from the end of a turn in which the answer or the apology sounds."""


def sounded(scene: Scene, turn: int = 1) -> list[tuple[str, str]]:
    """Origin and text of the sentences of a turn that began to sound, in order."""
    known = {sentence.id: sentence for sentence in scene.all(Sentence)}
    began = [known[played.cause] for played in scene.all(Played) if played.state == "started" and played.turn == turn]
    return [(line.origin, line.text) for line in began]


def check(scene: Scene, *, turn: int = 1, cut: bool = False) -> None:
    """One coherent answer or one apology, in time; no part of two attempts."""
    heard = sounded(scene, turn)
    answer = [text for origin, text in heard if origin == "reply"]
    apologies = sum(origin == "apology" for origin, _ in heard)
    assert answer == list(ANSWER[: len(answer)]), heard
    assert apologies <= 1
    if not cut:
        assert apologies == 1 or len(answer) == len(ANSWER), heard
        ended = [at for at, said in scene.said if isinstance(said, TurnEnded) and said.turn == turn]
        first = [at for at, said in scene.said if isinstance(said, Played) and said.turn == turn]
        assert first
        assert first[0] - ended[0] <= LIMIT
    attempts: dict[str, set[int]] = {}
    for speech in played_parts(scene):
        attempts.setdefault(speech.cause, set()).add(speech.attempt)
    assert all(len(found) == 1 for found in attempts.values())


def played_parts(scene: Scene) -> list[Speech]:
    """Parts of speech of which something sounded."""
    heard = {(played.cause, played.part) for played in scene.all(Played)}
    took = {cues.cause for _, _, cues in scene.screen.cued}
    return [part for part in scene.all(Speech) if (part.cause, part.part) in heard and part.id in took]


FAULTS = st.sampled_from(["die", "hang", "go_on", "start", "stammer", "drain"])
SCHEDULES = st.lists(st.tuples(st.floats(0.0, 3.0), FAULTS, st.integers(0, 2)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(SCHEDULES, st.one_of(st.none(), st.floats(0.05, 4.0)))
def test_over_any_schedule_of_faults_there_is_one_coherent_answer_or_one_apology(
    schedule: list[tuple[float, str, int]], barge_in: float | None
) -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.speaks(1)
        events: list[tuple[float, str, int]] = sorted(schedule)
        if barge_in is not None:
            events = sorted([*events, (barge_in, "barge-in", 0)])
        began = scene.clock.now()
        for at, what, number in events:
            await scene.clock.sleep(began + at - scene.clock.now())
            if what == "barge-in":
                await scene.speaks(2)
            elif what == "start":
                if nodes[number].wire.dead:
                    await nodes[number].start()
            else:
                await getattr(nodes[number], what)()
        await scene.clock.sleep(30)
        assert scene.visit.conversation.quiet
        assert scene.visit.conversation.waits_for == 0

    scene, nodes = play(act, nodes=3)
    check(scene, cut=barge_in is not None)
    if barge_in is not None:
        check(scene, turn=2)
    assert all(node.held == 0 for node in nodes if node.wire.moves.is_set())


@pytest.mark.parametrize("what", ["barge-in", "left", "revised"])
def test_nothing_is_said_any_more_for_revoked_work_within_50_ms_on_any_node(what: str) -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.starts(1)
        utterance = scene.utterance(1)
        await scene.hears(utterance)
        if what != "revised":
            await scene.ends(utterance)
        while not scene.all(Sentence):
            await scene.clock.sleep(0.01)
        if what == "barge-in":
            await scene.starts(2)
        elif what == "revised":
            await scene.starts(1, revision=1)
        else:
            scene.visit.report(Presence(screen="hall", present=False))
        await scene.clock.sleep(0.05)
        assert all(node.held == 0 for node in nodes)
        before = len(scene.all(Sentence)) + len(scene.all(Speech)) + len(scene.all(Cues))
        await scene.clock.sleep(3)
        assert len(scene.all(Sentence)) + len(scene.all(Speech)) + len(scene.all(Cues)) == before

    play(act)


async def asks(scene: Scene, seconds: float = 8.0) -> None:
    """One turn, and time for its answer."""
    await scene.speaks(1)
    await scene.clock.sleep(seconds)


def test_a_worker_that_dies_of_its_first_sentence_is_replaced_and_nothing_is_said_twice() -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.speaks(1)
        while not scene.all(Sentence):
            await scene.clock.sleep(0.01)
        holder = next(claim.node for claim in scene.all(Claim) if claim.stage == "reply")
        await nodes[int(holder[1:])].die()
        await scene.clock.sleep(8)

    scene, _ = play(act)
    check(scene)
    assert [text for origin, text in sounded(scene) if origin == "reply"] == list(ANSWER)
    assert [question.said for question in scene.all(Question)] == [(), ANSWER[:1]]


def test_a_worker_that_falls_silent_is_given_up_after_the_silence_and_its_late_answers_change_nothing() -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.speaks(1)
        while not scene.all(Question):
            await scene.clock.sleep(0.01)
        await scene.clock.sleep(0.05)
        holder = next(claim.node for claim in scene.all(Claim) if claim.stage == "reply")
        await nodes[int(holder[1:])].hang()
        await scene.clock.sleep(3)
        await nodes[int(holder[1:])].go_on()
        await scene.clock.sleep(8)

    scene, _ = play(act)
    check(scene)
    assert any(order.why == "timeout" for order in scene.all(Interrupt))


def test_what_kills_two_workers_is_not_given_to_a_third() -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.speaks(1)
        for _ in range(2):
            before = len([claim for claim in scene.all(Claim) if claim.stage == "reply"])
            while len([claim for claim in scene.all(Claim) if claim.stage == "reply"]) == before:
                await scene.clock.sleep(0.01)
            holder = [claim.node for claim in scene.all(Claim) if claim.stage == "reply"][-1]
            await nodes[int(holder[1:])].die()
        await scene.clock.sleep(8)

    scene, _ = play(act, nodes=3)
    check(scene)
    assert [failure.code for failure in scene.all(Failure)] == ["poisoned"]
    assert len([claim for claim in scene.all(Claim) if claim.stage == "reply"]) == 2


def test_a_full_worker_sends_the_question_on_to_an_idle_one_at_once() -> None:
    class Slow:
        def __init__(self, clock: Any) -> None:
            self.clock = clock

        async def work(self, message: Any) -> Any:
            await self.clock.sleep(5.0)
            yield message.answer(Sentence, index=0, text="One.", language="en", last=True)

    async def act(scene: Scene, _nodes: list[Node]) -> None:
        for turn in range(4):  # two slots each: after four, the round robin comes to a full one
            await scene.bus.publish(
                Question(session="other", turn=turn, text="?", language="en"), to="n0", stage="reply"
            )
        await scene.clock.sleep(0.01)
        await asks(scene, 1.0)
        taken = Counter(
            claim.node
            for claim in scene.all(Claim)
            if claim.stage == "reply" and claim.session == "s" and claim.accepted
        )
        assert taken == {"n1": 1}

    play(act, engines={"reply": Slow})


@pytest.mark.parametrize("stage", ["transcript", "reply", "speech"])
def test_a_node_that_drains_hands_its_work_on_and_the_visitor_notices_nothing(stage: str) -> None:
    async def act(scene: Scene, nodes: list[Node]) -> None:
        await scene.speaks(1)
        while not [claim for claim in scene.all(Claim) if claim.stage == stage]:
            await scene.clock.sleep(0.01)
        holder = next(claim.node for claim in scene.all(Claim) if claim.stage == stage)
        await nodes[int(holder[1:])].drain()
        await scene.clock.sleep(8)

    scene, _ = play(act)
    check(scene)
    assert not [origin for origin, _ in sounded(scene) if origin == "apology"]
