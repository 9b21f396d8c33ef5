"""The screen without glass plays sample by sample, and reports what sounded."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.messages import Cues, Played, Speech
from pipeline.recording.filescreen import DUCKED, FADE, FileScreen

LEVEL = 8000


def part(number: int, samples: int, *, sentence: str = "a", start: int = 0, last: bool = False) -> Speech:
    pcm = np.full(samples, LEVEL, "<i2").tobytes()
    return Speech(cause=sentence, index=0, part=number, start=start, pcm=pcm, last=last)


def show(act: Callable[[FileScreen, Clock], Coroutine[Any, Any, None]]) -> tuple[FileScreen, list[Played]]:
    """Run `act`; the screen, and what it reported."""
    reports: list[Message] = []

    async def main(clock: Clock) -> FileScreen:
        screen = FileScreen(clock)
        screen.open(reports.append)
        await act(screen, clock)
        await clock.sleep(5)
        return screen

    screen = run_virtual(main)
    return screen, [report for report in reports if isinstance(report, Played)]


def test_parts_follow_each_other_without_a_missing_or_doubled_sample() -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        await clock.sleep(1)
        screen.play(part(0, 4801), None)
        screen.play(part(1, 7001, start=4801, last=True), None)

    screen, _ = show(act)
    sound = screen.render(3 * 24_000)
    assert (np.flatnonzero(sound)[[0, -1]] == [24_000, 24_000 + 4801 + 7001 - 1]).all()
    assert (sound[24_000 : 24_000 + 11_802] == LEVEL).all()


def test_a_sentence_is_reported_started_and_each_part_ended_and_progress_five_times_a_second() -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        del clock
        screen.play(part(0, 24_000), None)
        screen.play(part(1, 24_000, start=24_000, last=True), None)

    _, reports = show(act)
    assert [report.state for report in reports if report.state != "progress"] == ["started", "ended", "ended"]
    assert [report.sample for report in reports if report.state == "ended"] == [24_000, 48_000]
    assert len([report for report in reports if report.state == "progress"]) >= 8


def test_a_cut_fades_within_20_ms_and_drops_the_rest() -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        screen.play(part(0, 24_000), None)
        screen.play(part(1, 24_000, start=24_000, last=True), None)
        screen.play(part(0, 24_000, sentence="b", last=True), None)
        await clock.sleep(0.5)
        screen.cut()

    screen, reports = show(act)
    sound = screen.render(3 * 24_000)
    assert sound[11_999] == LEVEL
    assert (np.diff(sound[12_000 : 12_000 + FADE].astype(int)) <= 0).all()
    assert not sound[12_000 + FADE :].any()
    cut = [(report.cause, report.sample) for report in reports if report.state == "cut"]
    assert cut == [("a", 12_000), ("b", 0)]


def test_ducking_turns_the_sound_down_and_up_smoothly() -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        screen.play(part(0, 48_000, last=True), None)
        await clock.sleep(0.5)
        screen.duck(on=True)
        await clock.sleep(0.5)
        screen.duck(on=False)

    screen, _ = show(act)
    sound = screen.render(2 * 24_000).astype(int)
    assert sound[11_999] == LEVEL
    assert abs(sound[13_000] - LEVEL * DUCKED) <= 1
    assert abs(sound[23_999] - LEVEL * DUCKED) <= 1
    assert sound[25_000] == LEVEL
    assert np.abs(np.diff(sound[100:47_000])).max() < LEVEL / 100


def test_what_sounds_is_given_to_the_edge_as_an_echo_reference() -> None:
    heard: list[bool] = []

    async def act(screen: FileScreen, clock: Clock) -> None:
        await clock.sleep(0.1)
        screen.play(part(0, 4_800, last=True), None)
        for frame in range(20):
            await clock.sleep(0.02)
            heard.append(bool(screen.played(frame * 320).any()))

    show(act)
    assert heard == [False] * 5 + [True] * 10 + [False] * 5


def test_cues_are_noted_with_the_place_where_their_part_sounds() -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        await clock.sleep(0.25)
        screen.play(part(0, 2_400), Cues(index=0, part=0, start=0, samples=2_400))
        screen.play(part(1, 2_400, start=2_400, last=True), Cues(index=0, part=1, start=2_400, samples=2_400))

    screen, _ = show(act)
    assert [(first, end) for first, end, _ in screen.cued] == [(6_000, 8_400), (8_400, 10_800)]


@given(
    st.lists(st.integers(1, 5_000), min_size=1, max_size=6),
    st.floats(0, 1),
    st.lists(st.integers(1, 9_000), max_size=9),
)
def test_sound_rendered_in_any_steps_is_the_same(sizes: list[int], cut_at: float, steps: list[int]) -> None:
    async def act(screen: FileScreen, clock: Clock) -> None:
        at = 0
        for number, size in enumerate(sizes):
            screen.play(part(number, size, start=at, last=number == len(sizes) - 1), None)
            at += size
        await clock.sleep(cut_at)
        screen.cut()

    whole, _ = show(act)
    pieces, _ = show(act)
    expected = whole.render(48_000)
    rendered, at = [], 0
    for step in [*steps, 48_000]:
        at = min(48_000, at + step)
        rendered.append(pieces.render(at))
    assert (np.concatenate(rendered) == expected).all()
