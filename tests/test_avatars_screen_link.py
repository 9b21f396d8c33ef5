"""What a screen says reaches its edge; what it may not say is refused, and too much of it ends the connection."""

import pytest

from avatars import _frames as f
from avatars._link import Closed, Link
from pipeline.audio import Samples
from pipeline.errors import BusError
from tests.screens import Hallway, hallway, part, sound


def test_what_a_screen_says_reaches_its_edge_in_its_order() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        wire.say("presence", present=True)
        wire.say("typed", text="几点开门？", language="zh", later="field")
        wire.say("talk", on=True)
        wire.say("tomorrow", x=1)
        wire.say("control", mode="push-to-talk", mute=True)
        wire.say("control", stop=True)
        wire.say("ping", n=7)
        await hall.clock.sleep(0.01)
        assert wire.told("pong") == [{"type": "pong", "n": 7}]
        assert not wire.told("refused")

    hall = hallway(act)
    assert hall.edges["hall"].words()[:5] == [
        ("present", True), ("typed", "几点开门？", "zh"), ("talk", True),
        ("control", {"mode": "push-to-talk", "mute": True}), ("control", {"stop": True}),
    ]  # fmt: skip


def test_after_new_what_is_typed_belongs_to_the_next_visit() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        for text in ("one", "two"):
            wire.say("typed", text=text)
            wire.say("new")
        wire.say("typed", text="three")
        wire.say("presence", present=False)
        wire.say("typed", text="four")
        await hall.clock.sleep(0.1)

    said = hallway(act).edges["hall"].said
    typed = {words[2]: words[0] for words in said if words[1] == "typed"}
    assert [typed[text] for text in ("one", "two", "three", "four")] == ["s1", "s2", "s3", "s4"]


def test_the_microphones_own_numbers_become_the_edges() -> None:
    async def act(hall: Hallway) -> None:
        edge = hall.edges["hall"]
        wire = await hall.enter()
        for number in (5000, 5320, 6400):
            wire.says(sound(number))
        await hall.clock.sleep(0.01)
        assert [at for at, _, _ in edge.heard] == [0, 320, 1400]
        wire.says(Closed())
        again = await hall.enter()
        for number in (0, 320):
            again.says(sound(number))
        await hall.clock.sleep(0.01)
        assert [at for at, _, _ in edge.heard[3:]] == [1720, 2040]

    hallway(act)


def test_a_microphone_that_goes_back_or_far_ahead_is_refused() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        for number in (320, 0, 639, 640, 2**63, 16_000 * 70, 16_000 * 50):
            wire.says(sound(number))
        wire.says(b"\1" * 12)
        await hall.clock.sleep(0.01)
        assert [one["code"] for one in wire.told("refused")] == ["screen-microphone"] * 5
        assert {one["about"] for one in wire.told("refused")} == {"microphone"}
        assert len(hall.edges["hall"].heard) == 3

    hallway(act)


def test_an_hour_without_a_microphone_is_no_offence() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        wire.says(sound(0))
        await hall.clock.sleep(3600)
        wire.says(sound(3600 * 16_000))
        await hall.clock.sleep(0.01)
        assert not wire.told("refused")

    hallway(act)


def test_the_echo_reference_comes_with_the_frame_that_heard_it() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        hall.screens["hall"].play(part(0, 960, last=True), None)
        await hall.clock.sleep(0.01)
        (order,) = wire.told("play")
        for number, header in enumerate([{}, {"handle": order["handle"], "place": 720}, {"handle": 99}]):
            wire.says(sound(320 * number, **header))
        await hall.clock.sleep(0.01)
        references = [played for _, _, played in hall.edges["hall"].heard]
        assert not references[0].any()
        assert (references[1][:160] == 8000).all()
        assert not references[1][161:].any()
        assert not references[2].any()

    hallway(act)


def test_a_screen_that_takes_nothing_for_15_seconds_is_gone() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        wire.takes.clear()
        wire.say("ping", n=1)
        await hall.clock.sleep(14)
        assert not wire.aborted
        await hall.clock.sleep(2)
        assert wire.aborted

    assert hallway(act).shared.counts["stalled"] == 1


def test_a_screen_that_takes_nothing_costs_no_more_memory_than_30_seconds_of_speech() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        wire.takes.clear()
        for number in range(300):
            hall.screens["hall"].play(part(0, 14_400, sentence=str(number), last=True), None)
        await hall.clock.sleep(1)
        assert len(hall.screens["hall"]._parts) <= 51
        await hall.clock.sleep(20)

    hall = hallway(act)
    played = hall.edges["hall"].played()
    assert len(played) == len(set(played)) == 300
    assert {state for _, state, _ in played} == {"cut"}


@pytest.mark.parametrize("frame", ["x", '{"type":"talk"}', "[]"])
def test_frames_that_cannot_be_read_are_refused_and_then_too_many(frame: str) -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        for _ in range(20):
            wire.says(frame)
        await hall.clock.sleep(0.01)
        assert len(wire.told("refused")) == 20
        assert wire.closed is None
        wire.says(frame)
        wire.says(frame)
        await hall.clock.sleep(0.01)
        assert wire.closed is not None
        assert wire.closed[0] == 4400

    hallway(act)


def test_more_frames_than_a_screen_may_send_end_it() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        for number in range(1300):
            wire.say("ping", n=number)
        await hall.clock.sleep(0.01)
        assert wire.closed is not None
        assert wire.closed[0] == 4429

    hallway(act)


def test_a_burst_after_a_stall_is_no_offence() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        await hall.clock.sleep(10)
        for number in range(500):
            wire.says(sound(320 * number))
        await hall.clock.sleep(1)
        assert wire.closed is None
        assert len(hall.edges["hall"].heard) == 500

    hallway(act)


def test_questions_without_end_are_refused() -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        for number in range(10):
            wire.say("typed", text=f"q{number}")
        await hall.clock.sleep(0.01)
        assert {(one["code"], one["about"]) for one in wire.told("refused")} == {("screen-often", "typed")}
        assert len(hall.edges["hall"].said) == 8

    hallway(act)


@pytest.mark.parametrize("frame", ["x" * 16_385, "汉" * 6_000, bytes(700)])
def test_a_frame_that_is_too_long_ends_the_connection(frame: str | bytes) -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter()
        wire.says(frame)
        await hall.clock.sleep(0.01)
        assert wire.closed is not None
        assert wire.closed[0] == 4413

    hallway(act)


def test_what_a_page_logs_is_one_line_of_the_operators_log(caplog: pytest.LogCaptureFixture) -> None:
    async def act(hall: Hallway) -> None:
        wire = await hall.enter(client="kiosk/1\nFAKE")
        wire.say("log", level="error", text="a\nb\x1b[31m\u2028c")
        wire.say("device", microphone="denied", loudspeaker="ok")
        wire.say("stats", fps=60, frame_ms=4.2)
        await hall.clock.sleep(0.01)

    caplog.set_level("INFO")
    hall = hallway(act)
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert "screen.log screen=hall text='a b [31m c'" in caplog.messages
    assert "screen.device screen=hall microphone=denied" in caplog.messages
    assert "screen.stats screen=hall frame_ms=4.2 fps=60" in caplog.messages
    assert (hall.shared.counts["log_error"], hall.shared.counts["microphone_denied"]) == (1, 1)
    assert ("deafen",) in hall.edges["hall"].words()


def test_every_frame_that_is_known_has_a_way() -> None:
    async def act(hall: Hallway) -> None:
        await hall.enter()
        link = next(iter(hall.lobby._links))
        assert isinstance(link, Link)
        assert set(link._ways) == set(f.SAID.values()) - {f.Hello}

    hallway(act)


def test_an_edge_that_cannot_go_on_is_no_trace_but_a_code() -> None:
    async def act(hall: Hallway) -> None:
        async def broken(_pcm: Samples, _at: int | None = None) -> None:
            raise BusError("bus-unreachable", "nobody answers")

        hall.edges["hall"].hear = broken  # type: ignore[assignment,method-assign]
        wire = await hall.enter()
        wire.says(sound(0))
        await hall.clock.sleep(0.01)
        assert wire.closed == (1011, "screen-failed: try again")

    hallway(act)


def test_a_frame_that_the_edge_has_begun_to_take_is_taken_whole() -> None:
    done: list[int] = []

    async def act(hall: Hallway) -> None:
        async def slow(_pcm: Samples, _at: int | None = None) -> None:
            await hall.clock.sleep(0.5)
            done.append(1)

        hall.edges["hall"].hear = slow  # type: ignore[assignment,method-assign]
        wire = await hall.enter()
        wire.says(sound(0))
        await hall.clock.sleep(0.01)
        await hall.enter()
        await hall.clock.sleep(1)
        assert wire.closed is not None

    hallway(act)
    assert done == [1]
