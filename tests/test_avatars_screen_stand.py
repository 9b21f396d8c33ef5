"""Who enters, who takes over, who comes back to the same visit, and who is told why not."""

import json
from typing import Any

import pytest

from avatars._link import Closed
from tests.screens import KEY, Hallway, Wire, hallway, sound


def test_a_screen_is_welcomed_with_all_that_it_has_to_show() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        (welcome,) = wire.told("welcome")
        assert (welcome["screen"], welcome["protocol"], welcome["resumed"], welcome["session"]) == (
            "hall",
            1,
            False,
            "",
        )
        assert (welcome["language"], welcome["mode"], welcome["muted"]) == ("zh", "hands-free", False)
        assert welcome["label"] == {"zh": "由AI生成", "en": "AI-generated"}
        assert welcome["limits"] == {"text": 2000, "message": 16384, "per_second": 120}
        assert wire.sent[0] == json.dumps(welcome, ensure_ascii=False, separators=(",", ":"))

    hallway(act)


@pytest.mark.parametrize(
    ("name", "first", "code", "reason"),
    [
        ("hall", None, 4400, "screen-hello"),
        ("hall", "not json", 4400, "screen-hello"),
        ("hall", '{"type":"typed","text":"a"}', 4400, "screen-hello"),
        ("hall", '{"type":"hello"}', 4400, "screen-hello"),
        ("hall", sound(0), 4400, "screen-hello"),
        ("hall", bytes(661), 4413, "screen-too-long"),
        ("hall", '{"type":"hello","protocol":2}', 4426, "screen-protocol"),
        ("cellar", '{"type":"hello","protocol":1}', 4404, "screen-unknown"),
        ("desk", '{"type":"hello","protocol":1}', 4401, "screen-token"),
        ("desk", '{"type":"hello","protocol":1,"token":"kex"}', 4401, "screen-token"),
    ],
)
def test_who_cannot_enter_is_told_why(name: str, first: str | bytes | None, code: int, reason: str) -> None:
    async def act(hall: Hallway) -> None:
        wire = hall.connect(name)
        if first is not None:
            wire.says(first)
        await hall.clock.sleep(6)
        assert wire.closed is not None
        assert wire.closed[0] == code
        assert wire.closed[1].startswith(f"{reason}: ")
        assert len(wire.closed[1]) <= 120
        assert not wire.sent

    assert hallway(act).shared.counts["turned_away"] == 1


def test_the_right_token_opens() -> None:
    async def act(hall: Hallway) -> None:
        assert (await hall.enter("desk", token=KEY)).told("welcome")

    hallway(act)


def test_from_another_machine_a_screen_without_a_token_stays_closed() -> None:
    async def act(hall: Hallway) -> None:
        wire = hall.connect(local=False)
        wire.say("hello", protocol=1)
        await hall.clock.sleep(1)
        assert wire.closed is not None
        assert wire.closed[0] == 4401

    hallway(act)


def test_a_second_window_takes_over_and_the_first_is_told() -> None:
    async def act(hall: Hallway) -> None:
        first = await hall.enter()
        first.say("typed", text="secret")
        await hall.clock.sleep(0.01)
        second = await hall.enter()
        assert first.closed is not None
        assert first.closed[0] == 4409
        assert first.closed[1].startswith("screen-taken: ")
        welcome = second.told("welcome")[0]
        assert (welcome["resumed"], welcome["session"]) == (False, "")
        second.say("typed", text="new")
        await hall.clock.sleep(40)

    hall = hallway(act)
    assert hall.edges["hall"].said[:4] == [
        ("s1", "typed", "secret", None), ("s1", "end", "left"), ("s2", "typed", "new", None), ("s2", "deafen"),
    ]  # fmt: skip
    assert hall.shared.counts["takeovers"] == 1


async def asked_and_lost(hall: Hallway, code: int = 1006) -> str:
    """A visit is under way and its connection ends; the ticket to come back with."""
    wire = await hall.enter()
    wire.say("typed", text="a")
    wire.say("control", mute=True)
    await hall.clock.sleep(0.01)
    wire.says(Closed(code))
    await hall.clock.sleep(0.01)
    ticket: str = wire.told("welcome")[0]["resume"]
    return ticket


def test_a_lost_screen_comes_back_within_30_seconds_to_the_same_visit() -> None:
    async def act(hall: Hallway) -> None:
        ticket = await asked_and_lost(hall)
        await hall.clock.sleep(29)
        wire = await hall.enter(resume=ticket, visitor=True)
        welcome = wire.told("welcome")[0]
        assert (welcome["resumed"], welcome["session"], welcome["muted"]) == (True, "s1", True)
        assert welcome["resume"] != ticket
        assert not wire.told("reload")
        await hall.clock.sleep(60)
        assert hall.edges["hall"].visit.begun

    assert hallway(act).shared.counts["resumed"] == 1


@pytest.mark.parametrize("hello", [{"visitor": False}, {"visitor": True, "resume": "1.00"}, {"resume": None}, {}])
def test_without_the_ticket_or_the_visitor_the_old_conversation_is_not_taken_up(hello: dict[str, Any]) -> None:
    async def act(hall: Hallway) -> None:
        ticket = await asked_and_lost(hall)
        wire = await hall.enter("hall", **{"resume": ticket, **hello})
        welcome = wire.told("welcome")[0]
        assert (welcome["resumed"], welcome["session"], welcome["muted"]) == (False, "", False)
        assert ("end", "left") in hall.edges["hall"].words()

    hallway(act)


def test_after_30_seconds_the_visit_is_over_and_its_ticket_void() -> None:
    async def act(hall: Hallway) -> None:
        ticket = await asked_and_lost(hall)
        await hall.clock.sleep(29)
        assert ("end", "left") not in hall.edges["hall"].words()
        await hall.clock.sleep(1.5)
        assert ("end", "left") in hall.edges["hall"].words()
        hall.edges["hall"].present(there=True)  # somebody else, whom a sensor saw
        wire = await hall.enter(resume=ticket, visitor=True)
        assert not wire.told("welcome")[0]["resumed"]

    hallway(act)


def test_a_ticket_is_good_once() -> None:
    async def act(hall: Hallway) -> None:
        ticket = await asked_and_lost(hall)
        (await hall.enter(resume=ticket, visitor=True)).says(Closed())
        await hall.clock.sleep(0.01)
        assert not (await hall.enter(resume=ticket, visitor=True)).told("welcome")[0]["resumed"]

    hallway(act)


@pytest.mark.parametrize("code", [1000, 1001, 0])
def test_a_screen_that_leaves_ends_its_visit_at_once(code: int) -> None:
    async def act(hall: Hallway) -> None:
        await asked_and_lost(hall, code)
        assert hall.edges["hall"].words()[-2:] == [("end", "left"), ("deafen",)]

    hallway(act)


def test_a_screen_may_come_back_before_its_loss_was_noticed() -> None:
    async def act(hall: Hallway) -> None:
        first = await hall.enter()
        first.say("typed", text="a")
        await hall.clock.sleep(0.01)
        again = await hall.enter(resume=first.told("welcome")[0]["resume"], visitor=True)
        assert again.told("welcome")[0]["resumed"]
        await hall.clock.sleep(40)
        assert hall.edges["hall"].visit.session == "s1"

    hall = hallway(act)
    assert hall.shared.counts["takeovers"] == 0


def test_a_page_from_a_server_before_this_one_is_asked_to_load_itself_anew() -> None:
    async def act(hall: Hallway) -> None:
        assert (await hall.enter(resume="3.0123456789abcdef", visitor=True)).told("reload")
        assert not (await hall.enter()).told("reload")

    hallway(act)


def test_no_more_screens_than_allowed_and_those_that_say_nothing_take_no_place() -> None:
    async def act(hall: Hallway) -> None:
        silent = [hall.connect() for _ in range(40)]
        await hall.clock.sleep(0.01)
        assert [wire.closed is not None and wire.closed[0] for wire in silent] == [False] * 32 + [4429] * 8
        await hall.clock.sleep(6)
        first = await hall.enter()
        second = await hall.enter("desk", token=KEY)
        assert first.closed is None
        assert second.closed is not None
        assert second.closed[0] == 4429

    hallway(act, most=1)


def test_a_screen_may_take_over_where_no_more_are_allowed() -> None:
    async def act(hall: Hallway) -> None:
        await hall.enter()
        assert (await hall.enter()).closed is None

    hallway(act, most=1)


def test_a_restart_is_told() -> None:
    wires: list[Wire] = []

    async def act(hall: Hallway) -> None:
        wires.append(await hall.enter())

    hallway(act)
    assert wires[0].closed is not None
    assert wires[0].closed[0] == 1012
