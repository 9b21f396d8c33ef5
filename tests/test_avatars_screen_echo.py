"""The echo reference is what the loudspeaker played, sample by sample, and is kept no longer than it is needed."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from avatars._echo_reference import KEEP, MOST, EchoReference, to_hear
from pipeline.audio import Samples
from pipeline.clock import Clock, run_virtual


def tone(samples: int, phase: int = 0) -> Samples:
    sound: Samples = np.rint(8000 * np.sin(2 * np.pi * 440 * (np.arange(samples) + phase) / 24_000)).astype(np.int16)
    return sound


def with_reference(act: Callable[[EchoReference, Clock], Coroutine[Any, Any, None]]) -> None:
    async def main(clock: Clock) -> None:
        await act(EchoReference(clock), clock)

    run_virtual(main)


@given(st.integers(0, 4000))
def test_a_reference_over_several_parts_is_the_sound_itself(place: int) -> None:
    async def act(echo: EchoReference, clock: Clock) -> None:
        del clock
        sound = tone(6000)
        for handle, (first, last) in enumerate([(0, 1000), (1000, 1100), (1100, 1300), (1300, 6000)], start=5):
            echo.add(handle, sound[first:last].tobytes())
        handle = next(number for number, last in ((5, 1000), (6, 1100), (7, 1300), (8, 6000)) if place < last)
        within = place - {5: 0, 6: 1000, 7: 1100, 8: 1300}[handle]
        assert (echo.sounding(handle, within) == to_hear(sound[place : place + 480])).all()

    with_reference(act)


def test_after_the_last_part_and_for_unknown_parts_there_is_silence() -> None:
    async def act(echo: EchoReference, clock: Clock) -> None:
        del clock
        echo.add(1, tone(1000).tobytes())
        assert echo.sounding(1, 900)[:60].any()
        assert not echo.sounding(1, 900)[70:].any()
        assert not echo.sounding(1, 5000).any()
        assert not echo.sounding(2, 0).any()

    with_reference(act)


def test_a_tone_keeps_its_pitch_and_its_loudness_at_16_khz() -> None:
    heard = np.concatenate([to_hear(tone(480, 480 * number)) for number in range(50)]).astype(float)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 16_000 / len(heard) == 440
    assert abs(heard.std() / tone(24_000).std() - 1) < 0.02


def test_a_ducked_loudspeaker_is_ducked_in_the_reference() -> None:
    async def act(echo: EchoReference, clock: Clock) -> None:
        del clock
        echo.add(1, np.full(1000, 8000, np.int16).tobytes())
        echo.ducked = True
        assert set(echo.sounding(1, 0)) == {2000}

    with_reference(act)


def test_a_part_is_forgotten_a_few_seconds_after_it_is_over() -> None:
    async def act(echo: EchoReference, clock: Clock) -> None:
        for handle in range(1, 40):
            echo.add(handle, tone(24_000).tobytes())
            await clock.sleep(1)
            echo.over(handle)
            assert len(echo._parts) <= 2 * KEEP + 2
        assert echo.sounding(36, 0).any()
        assert not echo.sounding(20, 0).any()
        await clock.sleep(2 * KEEP)
        assert not echo._parts

    with_reference(act)


def test_a_screen_that_never_reports_makes_nothing_grow() -> None:
    async def act(echo: EchoReference, clock: Clock) -> None:
        del clock
        for handle in range(1, 400):
            echo.add(handle, bytes(48_000))
            assert sum(map(len, echo._parts.values())) <= MOST

    with_reference(act)
