"""Messages survive the wire, and nothing else gets through it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import envelope as e
from pipeline import messages as m
from pipeline.envelope import Message
from pipeline.errors import WireError
from pipeline.flow import ALL
from pipeline.wire import UNKNOWN, decode, encode, to_dict

PLACE: dict[str, Any] = {"session": "s", "turn": 2, "revision": 1, "cause": "c"}
EXAMPLES: tuple[Message, ...] = (
    m.SessionStarted(session="s", screen="hall", language="zh", versions={"visavis": "1"}),
    m.SessionEnded(session="s", why="idle"),
    m.Presence(screen="hall", present=True, distance_m=1.23456),
    m.Typed(session="s", text="门票多少钱？"),
    m.Control(session="s", mute=True),
    m.Say(screen="hall", text="Hello", language="en"),
    m.SpeechStarted(**PLACE, at_sample=100),
    m.SpeechDropped(**PLACE, at_sample=100, voiced_ms=90),
    m.Utterance(**PLACE, start_sample=10, pcm=b"\x01\x02\x0a\x00", baseline=((0.1, 0.2),)),
    m.TurnEnded(**PLACE, end_sample=5, decided_sample=9),
    m.Transcript(**PLACE, text='say "\n"', language="en", confidence=0.5),
    m.Emotion(**PLACE, source="voice", feeling=e.Feeling(label="angry", confidence=0.7), scores={"angry": 0.7}),
    m.Question(**PLACE, text="?", language="en", history=(e.Exchange(role="avatar", text="Hi", interrupted=True),)),
    m.Claim(**PLACE, node="n", stage="reply"),
    m.Progress(**PLACE, node="n", stage="reply", index=1),
    m.Thought(**PLACE, index=0, text="hm"),
    m.Sentence(**PLACE, index=0, text="你好。", language="zh", last=True, sources=("greeting",)),
    m.Speech(**PLACE, index=0, part=1, start=4, pcm=b"\n\n\n\n", words=(e.Mark(text="a", start=1, end=2),)),
    m.Cues(**PLACE, index=0, part=1, start=4, samples=2, gaze=(e.Gaze(at=1, x=0.5, y=0),)),
    m.Played(**PLACE, index=0, part=1, sample=9, state="cut"),
    m.Interrupt(**PLACE, why="barge-in"),
    m.Failure(**PLACE, stage="reply", code="server-silent", text="no"),
    m.Status(
        node="n", stages=(e.StageLoad(stage="reply", holds=("a",), held=1, counts={"done": 2}),), facts={"cores": 2}
    ),
)


def test_there_is_an_example_of_every_message() -> None:
    assert {type(message) for message in EXAMPLES} == set(ALL)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message
    assert decode(encode(message)).id == message.id


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_the_line_says_what_a_recording_says(message: Message) -> None:
    line = json.loads(encode(message).partition(b"\n")[0])
    line.pop("pcm_bytes", None)
    assert line == to_dict(message)


@given(st.text(min_size=1, max_size=200), st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]))
def test_any_text_and_any_sound_come_back(text: str, pcm: bytes) -> None:
    message = m.Speech(index=0, part=0, start=0, pcm=pcm, text=text)
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused_with_a_code(data: bytes) -> None:
    with pytest.raises(WireError) as refused:
        decode(data)
    assert refused.value.code.startswith("wire-")


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_message_cut_anywhere_is_refused(message: Message, data: st.DataObject) -> None:
    encoded = encode(message).removesuffix(b"\n")
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    with pytest.raises(WireError):
        decode(cut)


def test_an_unknown_field_is_ignored_and_counted() -> None:
    fields = {**to_dict(EXAMPLES[0]), "mood": "new"}
    before = UNKNOWN["SessionStarted.mood"]
    assert decode(json.dumps(fields).encode()) == EXAMPLES[0]
    assert UNKNOWN["SessionStarted.mood"] == before + 1


def test_an_unknown_field_of_a_part_is_ignored_and_counted_too() -> None:
    status = m.Status(node="n", stages=(e.StageLoad(stage="reply"),))
    fields = to_dict(status)
    fields["stages"][0]["newer"] = 1
    before = UNKNOWN["Status.stages.newer"]
    assert decode(json.dumps(fields).encode()) == status
    assert UNKNOWN["Status.stages.newer"] == before + 1


def test_what_the_place_says_fills_what_is_left_out_and_refuses_what_contradicts_it() -> None:
    place = {"kind": "Say", "edge": "lobby", "screen": "hall"}
    assert decode(b'{"text": "Hello"}', place) == m.Say(edge="lobby", screen="hall", text="Hello")
    with pytest.raises(WireError, match=r"Say\.edge"):
        decode(b'{"text": "Hello", "edge": "other"}', place)


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"kind": "Nonsense"}, "wire-kind", "kind"),
        ({"turn": -1}, "wire-field", "Transcript.turn"),
        ({"language": "fr"}, "wire-field", "Transcript.language"),
        ({"id": "0000000000000000"}, "wire-id", "Transcript.id"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], code: str, named: str) -> None:
    fields = {**to_dict(m.Transcript(text="a", language="en", confidence=1.0)), **change}
    with pytest.raises(WireError, match=named) as refused:
        decode(json.dumps(fields).encode())
    assert refused.value.code == code


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(WireError, match=r"Speech\.pcm"):
        decode(encode(m.Speech(index=0, part=0, start=0)).replace(b'"pcm_bytes":0', b'"pcm_bytes":1') + b"\x01")


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(WireError, match="at most"):
        decode(b" " * 2_000_000)
