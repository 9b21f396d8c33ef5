"""The screen at the other end of a connection: each sentence that was ordered comes to one end, and is reported."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from avatars._frames import Heard
from avatars._outbox import Outbox
from avatars._webscreen import ANSWER, MUTE, WebScreen
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.messages import Played, SessionEnded, Transcript
from tests.screens import part

Act = Callable[[WebScreen, Outbox, Clock], Coroutine[Any, Any, None]]


def show(act: Act) -> tuple[list[tuple[str, str, int]], WebScreen, Counter[str]]:
    """What is reported: sentence, state, sample."""
    reports: list[Message] = []
    counts: Counter[str] = Counter()

    async def main(clock: Clock) -> WebScreen:
        screen, outbox = WebScreen("hall", clock, counts), Outbox()
        screen.open(reports.append)
        screen.connect(outbox, resumed=False)
        await act(screen, outbox, clock)
        await clock.sleep(60)
        return screen

    screen = run_virtual(main)
    return [(one.cause, one.state, one.sample) for one in reports if isinstance(one, Played)], screen, counts


async def taken(outbox: Outbox, clock: Clock) -> list[dict[str, Any]]:
    """All that waits, sent."""
    frames: list[dict[str, Any]] = []
    try:
        while True:
            async with clock.timeout(0.001):
                frame = await outbox.next()
            frames.append(json.loads(frame.split(b"\n", 1)[0] if isinstance(frame, bytes) else frame))
    except TimeoutError:
        return frames


def hears(screen: WebScreen, handle: int, sample: int, state: str) -> None:
    screen.heard(Heard(handle=handle, sample=sample, state=state))  # type: ignore[arg-type]


def test_reports_come_back_on_the_sentences_own_clock() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        screen.play(part(1, 2400, start=4800, last=True), None)
        first, second = await taken(outbox, clock)
        hears(screen, first["handle"], 0, "started")
        hears(screen, first["handle"], 4000, "progress")
        hears(screen, first["handle"], 4800, "ended")
        hears(screen, second["handle"], 99_999, "ended")

    reports, _, _ = show(act)
    assert reports == [("a", "started", 0), ("a", "progress", 4000), ("a", "ended", 4800), ("a", "ended", 7200)]


def test_a_cut_is_reported_by_the_screen_for_what_it_has_and_at_once_for_what_it_has_not() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        handle = (await taken(outbox, clock))[0]["handle"]
        screen.play(part(1, 4800, start=4800, last=True), None)
        screen.play(part(0, 4800, sentence="b", last=True), None)
        hears(screen, handle, 100, "progress")
        screen.cut()
        assert [frame["type"] for frame in await taken(outbox, clock)] == ["cut"]
        hears(screen, handle, 700, "cut")

    reports, screen, _ = show(act)
    assert reports == [("a", "progress", 100), ("b", "cut", 0), ("a", "cut", 700)]
    assert not screen._parts


def test_a_sentence_of_which_only_the_end_waited_is_cut_where_that_begins() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        handle = (await taken(outbox, clock))[0]["handle"]
        hears(screen, handle, 4800, "ended")
        screen.play(part(1, 4800, start=4800, last=True), None)
        screen.cut()
        await clock.sleep(0)

    assert show(act)[0] == [("a", "ended", 4800), ("a", "cut", 4800)]


def test_a_screen_that_does_not_report_a_cut_was_where_it_was_last() -> None:
    at: list[float] = []

    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        screen.play(part(1, 4800, start=4800, last=True), None)
        first, _ = await taken(outbox, clock)
        hears(screen, first["handle"], 1200, "progress")
        screen.cut()
        began = clock.now()
        while screen._parts:
            await clock.sleep(0.1)
        at.append(clock.now() - began)

    assert show(act)[0] == [("a", "progress", 1200), ("a", "cut", 1200)]
    assert abs(at[0] - ANSWER) < 0.2


def test_without_a_connection_everything_is_cut_but_not_while_it_is_ordered() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        del outbox
        screen.disconnect()
        inside: list[int] = []
        screen.open(lambda _: inside.append(1))
        screen.play(part(0, 4800), None)
        screen.play(part(1, 4800, start=4800), None)
        assert not inside
        await clock.sleep(0)
        assert len(inside) == 2

    show(act)


def test_a_lost_connection_cuts_at_the_last_position_that_was_told() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        screen.play(part(1, 4800, start=4800, last=True), None)
        screen.play(part(0, 4800, sentence="b", last=True), None)
        first, second, _ = await taken(outbox, clock)
        hears(screen, first["handle"], 4800, "ended")
        hears(screen, second["handle"], 300, "progress")
        screen.disconnect()

    assert show(act)[0][2:] == [("a", "cut", 5100), ("b", "cut", 0)]


def test_a_slow_screen_loses_old_speech_and_each_lost_sentence_is_reported_once() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        handle = (await taken(outbox, clock))[0]["handle"]
        for number in range(1, 20):
            screen.play(part(number, 48_000, start=4800 + 48_000 * (number - 1)), None)
        for number in range(20):
            screen.play(part(0, 24_000, sentence=f"b{number}", last=True), None)
        await clock.sleep(0)
        hears(screen, handle, 4800, "ended")

    reports, _, counts = show(act)
    assert reports[:2] == [("a", "ended", 4800), ("a", "cut", 4800)]
    assert counts["dropped_ms"] > 0
    assert len({cause for cause, state, _ in reports if state == "cut"}) == len(reports) - 1


def test_a_screen_that_reports_nothing_of_what_it_has_counts_as_mute() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800, last=True), None)
        await taken(outbox, clock)
        await clock.sleep(MUTE + 1)

    reports, _, counts = show(act)
    assert reports == [("a", "cut", 0)]
    assert counts["mute"] == 1


def test_reports_of_unknown_parts_are_counted_and_ignored() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800), None)
        hears(screen, 1, 5, "progress")  # not sent yet
        hears(screen, 77, 5, "ended")
        await taken(outbox, clock)
        screen.disconnect()

    reports, _, counts = show(act)
    assert reports == [("a", "cut", 0)]
    assert counts["stale"] == 2


def test_a_new_visit_does_not_hear_what_was_said_in_the_one_before() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        screen.play(part(0, 4800, last=True), None)
        await taken(outbox, clock)
        others: list[Message] = []
        screen.open(others.append)
        assert [frame["type"] for frame in await taken(outbox, clock)] == ["cut"]
        hears(screen, 1, 10, "cut")
        assert not others

    assert show(act)[0] == [("a", "cut", 10)]


def test_what_was_to_be_shown_meanwhile_is_shown_to_the_one_who_comes_back_and_to_nobody_else() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        said = Transcript(session="s", text="你好", language="zh", confidence=1)
        for resumed, expected in ((True, ["transcript"]), (False, [])):
            screen.disconnect()
            screen.show(said.changed(partial=True))
            screen.show(said)
            again = Outbox()
            screen.connect(again, resumed=resumed)
            assert [frame["type"] for frame in await taken(again, clock)] == expected
        screen.disconnect()
        screen.show(said)
        screen.show(SessionEnded(session="s", why="idle"))
        screen.connect(outbox, resumed=True)
        assert [frame["type"] for frame in await taken(outbox, clock)] == ["session_ended"]

    show(act)


def test_a_thousand_sentences_leave_nothing_behind() -> None:
    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        for number in range(1000):
            screen.play(part(0, 480, sentence=str(number), last=True), None)
            handle = (await taken(outbox, clock))[0]["handle"]
            hears(screen, handle, 480, "ended" if number % 2 else "cut")
            await clock.sleep(0.1)

    _, screen, _ = show(act)
    assert not screen._parts
    assert not screen._broken
    assert len(screen.echo._parts) < 60
    assert len(screen._cut) <= 200


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.sampled_from("abcdef"), st.integers(0, 200_000)),
        st.tuples(st.just("report"), st.integers(1, 30), st.sampled_from(["started", "progress", "ended", "cut"])),
        st.tuples(st.sampled_from(["cut", "take", "lose", "wait"]), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(ACTIONS, st.integers(0, 200_000))
def test_whatever_happens_every_sentence_comes_to_an_end_and_nothing_is_heard_that_was_not_ordered(
    actions: list[tuple[str, Any, Any]], sample: int
) -> None:
    ordered: dict[str, list[int]] = {}
    """Lengths of the parts of each sentence."""

    async def act(screen: WebScreen, outbox: Outbox, clock: Clock) -> None:
        for what, first, second in actions:
            if what == "play":
                lengths = ordered.setdefault(first, [])
                screen.play(part(len(lengths), second, sentence=first, start=sum(lengths)), None)
                lengths.append(second)
            elif what == "report":
                hears(screen, first, sample, second)
            elif what == "cut":
                screen.cut()
            elif what == "take":
                await taken(outbox, clock)
            elif what == "lose":
                outbox = Outbox()
                screen.connect(outbox, resumed=False)
            elif what == "wait":
                await clock.sleep(1)
        screen.cut()
        await taken(outbox, clock)

    reports, screen, _ = show(act)
    assert not screen._parts
    assert not screen._broken
    for sentence, lengths in ordered.items():
        states = [state for cause, state, _ in reports if cause == sentence]
        assert "cut" in states or states.count("ended") == len(lengths)
    assert all(place <= sum(ordered[cause]) for cause, _, place in reports)
