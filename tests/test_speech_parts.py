"""Parts of a sentence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Mark
from pipeline.messages import Sentence, Speech
from stages.speech._parts import FIRST, LARGEST, REST, Parts, to_speak_rate, trimmed

SENTENCE = Sentence(session="s", index=3, text="你好", language="zh", emotion="happy", strength=0.7, gesture="wave")


def cut(chunks: list[np.ndarray], phonemes: list[Mark]) -> list[Speech]:
    parts = Parts(SENTENCE, timed=True)
    found = []
    for number, chunk in enumerate(chunks):
        found += parts.feed(chunk, phonemes if number == 0 else ())
    return [*found, *parts.finish()]


def marks(*starts: int) -> list[Mark]:
    return [Mark(text="a", start=start, end=start + 100) for start in starts]


@given(st.lists(st.integers(0, 40_000), max_size=6))
def test_however_sound_arrives_nothing_is_lost_and_no_part_is_too_long(sizes: list[int]) -> None:
    sound = np.arange(sum(sizes), dtype=np.int64).astype(np.int16)
    found = cut(np.split(sound, np.cumsum(sizes)), [])
    assert b"".join(speech.pcm for speech in found) == sound.tobytes()
    assert [speech.part for speech in found] == list(range(len(found)))
    assert [speech.last for speech in found] == [False] * (len(found) - 1) + [True]
    assert all(len(speech.pcm) <= 2 * LARGEST for speech in found)
    assert [speech.start for speech in found] == [
        sum(len(earlier.pcm) // 2 for earlier in found[:index]) for index in range(len(found))
    ]


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=30))
def test_parts_do_not_depend_on_how_sound_arrived(sizes: list[int]) -> None:
    sound = np.zeros(sum(sizes), np.int16)
    assert cut(np.split(sound, np.cumsum(sizes)[:-1]), []) == cut([sound], [])


def test_the_first_part_is_short_and_the_last_no_splinter() -> None:
    sizes = [len(speech.pcm) // 2 for speech in cut([np.zeros(FIRST + 2 * REST + 10, np.int16)], [])]
    assert sizes == [FIRST, REST, REST + 10]


def test_a_mark_goes_where_it_begins_with_its_neighbours_as_context() -> None:
    starts = [0, 2_000, 4_000, 4_319, 4_320, 9_000, 12_000, 20_000]
    first, second = cut([np.zeros(FIRST + REST + 500, np.int16)], marks(*starts))
    assert [mark.start for mark in first.phonemes] == [0, 2_000, 4_000, 4_319]
    assert [mark.start for mark in first.context] == [4_320, 9_000, 12_000, 20_000]
    assert [mark.start for mark in second.context] == [0, 2_000, 4_000, 4_319]
    assert [mark.start for mark in second.phonemes] == [4_320, 9_000, 12_000, 20_000]


def test_a_part_carries_what_its_sentence_asks_of_the_face() -> None:
    speech = cut([np.zeros(10, np.int16)], [])[0]
    for name in ("index", "text", "language", "emotion", "strength", "gesture", "origin", "session"):
        assert getattr(speech, name) == getattr(SENTENCE, name)
    assert speech.cause == SENTENCE.id


def test_a_resampled_stream_keeps_its_time() -> None:
    """A click at 0.5 s stays there, and the length is right to a sample."""
    click = np.zeros(22_050, np.float32)
    click[11_025] = 1
    resampler = to_speak_rate(22_050)
    pieces = [resampler.feed(click[:5_000]), resampler.feed(click[5_000:], last=True)]
    sound = np.concatenate(pieces)
    assert abs(len(sound) - 24_000) <= 1
    assert abs(int(np.abs(sound).argmax()) - 12_000) <= 1


def test_sound_at_the_right_rate_is_left_alone() -> None:
    sound = np.ones(7, np.float32)
    assert to_speak_rate(24_000).feed(sound) is sound


def test_silence_at_the_end_becomes_the_pause_that_was_asked_for() -> None:
    sound = np.concatenate([np.full(100, 900, np.int16), np.zeros(9_000, np.int16)])
    assert len(trimmed(sound, 24_000, 10)) == 100 + 240
    assert len(trimmed(np.zeros(9_000, np.int16), 24_000, 0)) == 0
