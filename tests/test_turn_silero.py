"""The turn engine: frames in, messages out, the sound of each utterance sample for sample."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import pytest

from pipeline.audio import FRAME, Frame, Hint, Samples
from pipeline.clock import Clock, run_virtual
from pipeline.envelope import Message
from pipeline.messages import SpeechDropped, SpeechStarted, TurnEnded, Utterance
from stages.turn import silero
from stages.turn.silero import Ears, Engine, Settings

LOUD, QUIET = 5000, 10


class Loudness:
    """Stands in for the network: a chunk is a voice when it is loud."""

    resets: ClassVar[int] = 0

    def probability(self, chunk: Samples) -> float:
        return float(np.abs(chunk).mean() > (LOUD + QUIET) / 2)

    def reset(self) -> None:
        Loudness.resets += 1


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "Vad", Loudness)


def sound(*stretches: tuple[int, int]) -> Samples:
    """Of (level, milliseconds); every sample differs from its neighbours, so that a shift shows."""
    levels = np.concatenate([np.full(16 * ms, level) for level, ms in stretches])
    return (levels + np.arange(levels.size) % 7).astype(np.int16)


def frames_of(samples: Samples, size: int = FRAME) -> Iterator[Frame]:
    for start in range(0, samples.size, size):
        yield Frame(start, samples[start : start + size])


def hear(ears: Ears, frames: Iterator[Frame]) -> list[Message]:
    return [message for frame in frames for message in ears.hear(frame)]


def ears(**settings: float) -> Ears:
    return Ears("visit", Settings.model_validate(settings))


def kinds(messages: Sequence[Message]) -> list[type[Message]]:
    return [type(message) for message in messages]


def test_a_turn_is_said_in_messages_with_its_sound() -> None:
    samples = sound((QUIET, 960), (LOUD, 1024), (QUIET, 1500))
    started, sure, said, ended = hear(ears(), frames_of(samples))
    assert sure == SpeechStarted(session="visit", turn=1, revision=0, at_sample=960 * 16, sure=True)
    assert started == SpeechStarted(session="visit", turn=1, revision=0, at_sample=960 * 16)
    assert isinstance(said, Utterance)
    assert (said.turn, said.revision, said.start_sample) == (1, 1, 660 * 16)
    assert said.pcm == samples[said.start_sample :][: len(said.pcm) // 2].tobytes()
    assert len(said.pcm) == 2 * 16 * (300 + 1024 + 320)
    assert ended == TurnEnded(session="visit", turn=1, revision=1, cause=said.id,
                              end_sample=1984 * 16, decided_sample=2784 * 16)  # fmt: skip


def test_a_cough_is_dropped_where_it_started() -> None:
    messages = hear(ears(), frames_of(sound((QUIET, 640), (LOUD, 224), (QUIET, 640))))
    assert messages[1:] == [SpeechDropped(session="visit", turn=1, at_sample=640 * 16, voiced_ms=224)]


@pytest.mark.parametrize("size", [1, 7, 160, 320, 512, 5000])
def test_the_size_of_frames_changes_nothing(size: int) -> None:
    samples = sound((QUIET, 300), (LOUD, 900), (QUIET, 400), (LOUD, 300), (QUIET, 900), (LOUD, 700), (QUIET, 2000))
    assert hear(ears(), frames_of(samples, size)) == hear(ears(), frames_of(samples))


def test_every_revision_holds_the_whole_turn_and_ids_are_unique() -> None:
    samples = sound((LOUD, 640), (QUIET, 480), (LOUD, 640), (QUIET, 1000), (LOUD, 224), (QUIET, 400), (LOUD, 224))
    listener = ears()
    messages = hear(listener, frames_of(samples)) + listener.flush()
    for said in messages:
        if isinstance(said, Utterance):
            assert said.pcm == samples[said.start_sample :][: len(said.pcm) // 2].tobytes()
    assert len({message.id for message in messages}) == len(messages)


def test_a_partial_utterance_holds_what_was_said_so_far() -> None:
    samples = sound((QUIET, 320), (LOUD, 1280), (QUIET, 400))
    partial = [m for m in hear(ears(partial_ms=500), frames_of(samples)) if isinstance(m, Utterance) and m.partial]
    assert [(m.revision, m.index) for m in partial] == [(1, 1), (1, 2)]
    for said in partial:
        assert said.pcm == samples[said.start_sample :][: len(said.pcm) // 2].tobytes()


def test_a_visit_begins_anywhere_in_the_edge_s_sound() -> None:
    samples = sound((LOUD, 640), (QUIET, 1600))
    here, later = (
        hear(ears(), iter([Frame(frame.sample + start, frame.pcm) for frame in frames_of(samples)]))
        for start in (0, 16_000)
    )
    said, shifted = here[2], later[2]
    assert isinstance(said, Utterance)
    assert isinstance(shifted, Utterance)
    assert (shifted.start_sample, shifted.pcm) == (said.start_sample + 16_000, said.pcm)


def test_a_hint_ends_the_turn_with_what_is_already_known() -> None:
    listener = ears()
    hear(listener, frames_of(sound((LOUD, 640), (QUIET, 640))))
    (ended,) = listener.hint(Hint(turn=1, revision=1, complete=True, at_sample=1000 * 16))
    assert isinstance(ended, TurnEnded)
    assert ended.decided_sample == 1040 * 16


def test_the_end_of_the_sound_ends_the_turn_with_its_last_sample() -> None:
    samples = sound((LOUD, 1010))
    listener = ears()
    hear(listener, frames_of(samples))
    said, ended = listener.flush()
    assert isinstance(said, Utterance)
    assert said.pcm == samples.tobytes()
    assert kinds([ended]) == [TurnEnded]
    assert listener.flush() == []


def test_lost_frames_are_silence_and_doubled_ones_are_not_heard_twice() -> None:
    samples = sound((QUIET, 320), (LOUD, 640), (QUIET, 1600))
    frames = list(frames_of(samples))
    damaged = [frame for index, frame in enumerate(frames) if index not in range(52, 70)]
    damaged.insert(20, frames[19])
    heard, whole = hear(ears(), iter(damaged)), hear(ears(), iter(frames))
    assert [message.id for message in heard] == [message.id for message in whole]


def test_a_long_hole_breaks_the_turn_off_and_nothing_reaches_across_it() -> None:
    samples = sound((LOUD, 640), (QUIET, 1600))
    later = [Frame(frame.sample + 10 * 16_000, frame.pcm) for frame in frames_of(samples)]
    listener = ears()
    resets = Loudness.resets
    messages = hear(listener, iter([*list(frames_of(samples))[:32], *later]))
    assert kinds(messages) == [SpeechStarted, SpeechStarted, Utterance, TurnEnded] * 2
    second = messages[6]
    assert isinstance(second, Utterance)
    assert (second.turn, second.start_sample) == (2, 10 * 16_000)
    assert Loudness.resets == resets + 1


def test_an_idle_visitor_costs_no_memory() -> None:
    listener = ears()
    for start in range(0, 16_000 * 120, FRAME):
        listener.hear(Frame(start, np.full(FRAME, QUIET, np.int16)))
    assert len(listener._sound) < 2 * 16 * (300 + 32 + 20)


def test_the_network_is_loaded_before_the_first_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    monkeypatch.setattr(silero, "network", lambda: loaded.append(1))

    async def main(clock: Clock) -> None:
        engine = Engine(Settings(), clock)
        assert loaded == []
        await engine.warm()
        assert engine.open("visit").flush() == []

    run_virtual(main)
    assert loaded == [1]
