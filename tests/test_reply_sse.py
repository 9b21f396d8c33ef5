"""Server-sent events are read alike wherever the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from stages.reply._sse import LARGEST, Event, SseReader

STREAM = (
    "\ufeff: hello\r\n\r\n"
    'data: {"a": "面对面"}\n\n'
    "event: error\rdata:first\rdata: second\r\r"
    "id: 7\nretry: 10\ndata\n\n"
    ": keep-alive\n\n\n"
    "data:  two spaces: and a colon\r\n\r\n"
    "event: nothing\n\n"
    "data: cut off"
).encode()
EVENTS = [
    Event('{"a": "面对面"}'),
    Event("first\nsecond", "error"),
    Event(""),
    Event(" two spaces: and a colon"),
]


def read(*chunks: bytes) -> list[Event]:
    reader = SseReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


def test_every_cut_position_gives_the_same_events() -> None:
    for at in range(len(STREAM) + 1):
        assert read(STREAM[:at], STREAM[at:]) == EVENTS


def test_bytes_one_by_one_give_the_same_events() -> None:
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cuts_give_the_same_events(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[start:end] for start, end in pairwise(places))) == EVENTS


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"])), min_size=1),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.integers(1, 7),
)
def test_what_is_written_is_read_back(lines: list[str], newline: str, size: int) -> None:
    written = ("".join(f"data: {line}{newline}" for line in lines) + newline).encode()
    assert read(*(written[at : at + size] for at in range(0, len(written), size))) == [Event("\n".join(lines))]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_break_it_and_cuts_do_not_matter(chunks: list[bytes]) -> None:
    assert read(*chunks) == read(b"".join(chunks))


def test_an_event_is_there_with_its_last_byte() -> None:
    """Also where that is a CR whose LF may still come."""
    reader = SseReader()
    assert reader.feed(b"data: x\r\r") == [Event("x")]
    assert reader.feed(b"\ndata: y\n\n") == [Event("y")]


def test_half_an_event_is_known_to_be_unfinished() -> None:
    reader = SseReader()
    reader.feed(b"data: x\n\n")
    assert not reader.unfinished
    reader.feed(b"data: y\n")
    assert reader.unfinished


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 65536, b"data: x\n" * 8192])
def test_an_event_without_an_end_is_refused(chunk: bytes) -> None:
    with pytest.raises(WireError):
        read(*[chunk] * (LARGEST // len(chunk) + 2))


def test_comments_without_an_end_of_the_stream_are_no_event() -> None:
    reader = SseReader()
    for _ in range(LARGEST // 8192 + 2):
        assert reader.feed(b": keep-alive\n\n" * 1024) == []
