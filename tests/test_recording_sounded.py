"""What really sounded is made again from what was spoken and what the screen reports, whatever the screen does."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.audio import SPEAK_RATE, Samples
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.messages import Interrupt, Played, Sentence, Speech
from pipeline.recording.filescreen import FADE, FileScreen
from pipeline.recording.sounded import JITTER, Sounded

NOISE = np.random.default_rng(5).integers(-9000, 9000, 40 * SPEAK_RATE).astype(np.int16)
QUIET: Samples = np.zeros(SPEAK_RATE // 2, np.int16)
SAID = Sentence(session="s1", index=0, text="嗯", language="zh")


@dataclass
class Sink:
    """Keeps what a screen plays."""

    pieces: list[Samples] = field(default_factory=list)

    def write(self, samples: Samples) -> None:
        self.pieces.append(samples)


def spoken(number: int, parts: list[int], attempt: int = 1) -> list[Speech]:
    """A sentence in parts of so many samples."""
    sentence = SAID.changed(index=number)
    starts = np.cumsum([0, *parts])
    return [
        sentence.answer(
            Speech, index=number, part=part, start=int(starts[part]), last=part == len(parts) - 1,
            pcm=NOISE[number * 1000 + starts[part] :][:samples].astype("<i2").tobytes(),
        ).changed(attempt=attempt)
        for part, samples in enumerate(parts)
    ]  # fmt: skip


def report(part: Speech, sample: int, state: str) -> Played:
    """Of a screen."""
    return Played(session="s1", cause=part.cause, index=part.index, part=part.part, sample=sample, state=state)


SENTENCES = st.lists(st.lists(st.integers(3000, 40_000), min_size=1, max_size=3), min_size=1, max_size=4)
DUCKS = st.lists(st.tuples(st.floats(0.03, 1.5), st.booleans()), max_size=4)
"""Seconds after the one before, and which way."""


@settings(max_examples=60, deadline=None)
@given(SENTENCES, DUCKS, st.floats(0.05, 1.0))
def test_a_screen_that_reports_well_is_heard_again_sample_by_sample(
    sentences: list[list[int]], ducks: list[tuple[float, bool]], pause: float
) -> None:
    """Sentences one after the other, with a pause in the middle, made softer now and then: rounding apart."""
    gap = pause - sum(sentences[0]) / SPEAK_RATE
    assume(not 0 < gap <= JITTER)  # so short a pause is taken for a late report
    sounded, sink = Sounded(), Sink()

    async def main(clock: Clock) -> None:
        screen = FileScreen(clock, sink)

        def told(message: Message) -> None:
            assert isinstance(message, Played)
            sounded.played(clock.now() - screen.start, message)

        def duck(on: bool) -> None:
            screen.duck(on=on)
            sounded.duck(clock.now() - screen.start, on=on)

        screen.open(told)
        for when, (_, on) in zip(np.cumsum([after for after, _ in ducks]), ducks, strict=True):
            clock.call_at(float(when), lambda on=on: duck(on))  # type: ignore[misc]
        for number, parts in enumerate(sentences):
            await clock.sleep(pause if number == 1 else 0.01)
            for part in spoken(number, parts):
                sounded.speech(part)
                screen.play(part, None)
        await clock.sleep(12)
        screen.render(20 * SPEAK_RATE)

    run_virtual(main)
    told, real = sounded.render(20 * SPEAK_RATE).astype(int), np.concatenate(sink.pieces).astype(int)
    assert any(abs(np.roll(told, off) - real).max() <= 2 for off in (0, 1, -1))


def test_a_pause_is_kept_and_jitter_is_not() -> None:
    sounded = Sounded()
    first, second, third = (spoken(number, [24_000])[0] for number in range(3))
    for part in (first, second, third):
        sounded.speech(part)
    sounded.played(1.0, report(first, 0, "started"))
    sounded.played(2.03, report(first, 24_000, "ended"))
    sounded.played(2.05, report(second, 0, "started"))
    sounded.played(2.95, report(second, 24_000, "ended"))
    sounded.played(3.5, report(third, 0, "started"))
    sounded.played(4.5, report(third, 24_000, "ended"))
    sound = sounded.render(5 * SPEAK_RATE)
    whole = [NOISE[:24_000], NOISE[1000:25_000], QUIET, NOISE[2000:26_000], QUIET]
    assert sound[:24_000].any() == 0
    assert sound[24_000:].tolist() == np.concatenate(whole).tolist()


def test_a_sound_that_is_cut_fades_out_where_it_was_cut_and_what_had_not_begun_never_sounds() -> None:
    sounded = Sounded()
    first, second = spoken(0, [24_000])[0], spoken(1, [24_000])[0]
    sounded.speech(first)
    sounded.speech(second)
    sounded.played(0.5, report(first, 0, "started"))
    sounded.played(0.7, report(first, 4800, "progress"))
    sounded.played(0.8, report(first, 7200, "cut"))
    sounded.played(0.8, report(second, 0, "cut"))
    sounded.played(0.9, report(second, 4800, "progress"))
    sound = sounded.render(2 * SPEAK_RATE)
    begun, end = 12_000, 12_000 + 7200
    assert sound[begun : end - FADE].tolist() == NOISE[: 7200 - FADE].tolist()
    assert abs(sound[end - FADE : end].astype(int)).max() <= abs(NOISE[7200 - FADE : 7200].astype(int)).max()
    assert abs(sound[end - 24 : end].astype(int)).max() < 9000 * 24 / FADE + 1
    assert not sound[end:].any()


def test_a_page_that_falls_silent_without_a_word_sounded_as_far_as_it_said() -> None:
    sounded = Sounded()
    (part,) = spoken(0, [48_000])
    sounded.speech(part)
    sounded.played(0.0, report(part, 0, "started"))
    sounded.played(0.2, report(part, 4800, "progress"))
    first = sounded.render(SPEAK_RATE)
    assert first[:4800].tolist() == NOISE[:4800].tolist()
    assert not first[4800:].any()
    sounded.played(1.5, report(part, 4800, "cut"))
    assert not sounded.render(3 * SPEAK_RATE).any()


def test_what_another_worker_said_in_vain_does_not_sound() -> None:
    sounded = Sounded()
    vain, wanted = spoken(0, [9000], attempt=1)[0], spoken(0, [9000], attempt=2)[0]
    other = NOISE[20_000:29_000]
    sounded.speech(vain.changed(pcm=other.astype("<i2").tobytes()))
    sounded.speech(wanted)
    sounded.interrupt(Interrupt(session="s1", cause=wanted.cause, why="adopted", stopped=1))
    sounded.played(0.0, report(wanted, 0, "started"))
    sounded.played(9000 / SPEAK_RATE, report(wanted, 9000, "ended"))
    assert sounded.render(9000).tolist() == NOISE[:9000].tolist()


def test_pieces_do_not_change_with_how_often_they_are_asked_for() -> None:
    def whole(steps: int) -> list[int]:
        sounded = Sounded()
        (part,) = spoken(0, [48_000])
        sounded.speech(part)
        blocks = []
        for number in range(steps + 1):
            at = 0.4 + 2 * number / steps
            sounded.played(at, report(part, 48_000 * number // steps, "progress" if number else "started"))
            if number == steps // 2:
                sounded.duck(at, on=True)
            blocks.append(sounded.render(round((at - 0.3) * SPEAK_RATE)))
        return np.concatenate([*blocks, sounded.render(3 * SPEAK_RATE)]).tolist()  # type: ignore[no-any-return]

    assert whole(8) == whole(80)


@given(st.lists(st.tuples(st.floats(0, 9), st.integers(0, 3), st.integers(0, 50_000),
                          st.sampled_from(["started", "progress", "ended", "cut"])), max_size=30))  # fmt: skip
def test_whatever_a_screen_reports_the_sound_is_as_long_as_it_was(reports: list[tuple[float, int, int, str]]) -> None:
    sounded = Sounded()
    parts = [spoken(number, [20_000])[0] for number in range(3)]
    for part in parts:
        sounded.speech(part)
    total = 0
    for at, number, sample, state in reports:
        part = parts[number] if number < 3 else spoken(9, [100])[0]
        sounded.played(at, report(part, sample, state))
        total += len(sounded.render(round(at * SPEAK_RATE / 2)))
    assert total + len(sounded.render(10 * SPEAK_RATE)) == 10 * SPEAK_RATE
