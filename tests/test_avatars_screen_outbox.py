"""What waits for a screen is bounded: the oldest speech goes first, a sentence as a whole, and a cut overtakes it."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from avatars._bucket import Bucket
from avatars._outbox import Outbox, Part
from pipeline.clock import Clock, run_virtual
from tests.screens import part


def order(handle: int, seconds: float, sentence: str) -> Part:
    speech = part(0, round(seconds * 24_000), sentence=sentence)
    return Part(handle, speech, lambda _: None, b"x" * (len(speech.pcm) + 100))


def drained(outbox: Outbox, count: int) -> list[str | bytes]:
    async def all_of_it() -> list[str | bytes]:
        return [await outbox.next() for _ in range(count)]

    return asyncio.run(all_of_it())


def test_frames_leave_in_their_order_and_what_is_urgent_before_them() -> None:
    outbox = Outbox()
    outbox.say("one")
    outbox.play(order(1, 0.1, "a"))
    outbox.say("two")
    outbox.urge("now")
    sent = drained(outbox, 4)
    assert [frame if isinstance(frame, str) else "play" for frame in sent] == ["now", "one", "play", "two"]


def test_more_than_30_seconds_drop_the_oldest_sentence() -> None:
    outbox = Outbox()
    for number in range(10):
        assert not outbox.play(order(number, 3, f"s{number // 2}"))
    gone = outbox.play(order(10, 1, "s5"))
    assert [one.handle for one in gone] == [0, 1]
    assert not outbox.play(order(11, 5, "s5"))


def test_more_than_4_megabytes_drop_the_oldest_sentence() -> None:
    outbox = Outbox()
    for number in range(3):
        big = order(number, 0.1, f"s{number}")
        big.data = b"x" * 1_900_000
        gone = outbox.play(big)
    assert [one.handle for one in gone] == [0]


def test_a_cut_leaves_no_speech_and_all_text() -> None:
    outbox = Outbox()
    parts = [order(number, 0.5, "a") for number in range(3)]
    for one in parts:
        outbox.play(one)
        outbox.say(f"after {one.handle}")
    assert outbox.cut() == parts
    assert drained(outbox, 3) == ["after 0", "after 1", "after 2"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 9)), max_size=60))
def test_whatever_is_ordered_what_waits_stays_within_bounds_and_nothing_is_lost_unsaid(
    orders: list[tuple[str, float]],
) -> None:
    outbox, gone = Outbox(), []
    parts = [order(number, seconds, sentence) for number, (sentence, seconds) in enumerate(orders)]
    for one in parts:
        gone += outbox.play(one)
        assert outbox._samples <= 30 * 24_000
        assert outbox._bytes <= 4_000_000
    left = outbox.cut()
    assert sorted(one.handle for one in [*gone, *left]) == list(range(len(parts)))
    assert outbox._samples == outbox._bytes == 0


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    async def main(clock: Clock) -> list[bool]:
        bucket = Bucket(clock, 2, 3)
        taken = [bucket.take() for _ in range(4)]
        await clock.sleep(0.5)
        return [*taken, bucket.take(), bucket.take()]

    assert run_virtual(main) == [True, True, True, False, True, False]
