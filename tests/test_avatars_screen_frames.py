"""What a screen says is read, or refused by name; nothing that it sends makes anything else happen."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatars import _frames as f
from pipeline.audio import FRAME, Samples
from pipeline.errors import WireError
from pipeline.messages import Cues, SessionStarted, Speech, SpeechStarted

SOUND = st.lists(st.integers(-32768, 32767), min_size=FRAME, max_size=FRAME).map(lambda one: np.array(one, np.int16))


@given(st.integers(0, 2**63), SOUND, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 65535))
def test_a_frame_of_microphone_is_read_as_it_was_written(
    number: int, pcm: Samples, handle: int, place: int, latency: int
) -> None:
    data = f.write_sound(number, pcm, handle=handle, place=place, latency=latency / 10_000)
    said = f.read_sound(data)
    assert len(data) == f.SOUND
    assert (said.number, said.handle, said.place, said.missing) == (number, handle, place, False)
    assert abs(said.latency - latency / 10_000) < 1e-9
    assert (said.pcm == pcm).all()


@given(st.binary(max_size=700))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    if len(data) == f.SOUND and data[0] == 1:
        f.read_sound(data)
        return
    with pytest.raises(WireError) as refused:
        f.read_sound(data)
    assert refused.value.code == "screen-microphone"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["text", "language", "on", "present", "handle", "sample", "state", "mode", "mute", "stop", "level", "protocol",
     "token", "n", "microphone", "fps"]
)  # fmt: skip


@given(st.sampled_from([*f.SAID, "tomorrow's"]), st.dictionaries(NAMES, JSON, max_size=6))
def test_fields_of_any_kind_are_taken_or_refused_by_their_names(kind: str, fields: dict[str, Any]) -> None:
    code = "taken"
    try:
        read = f.read(kind, fields)
    except WireError as refused:
        code = f"{refused.code} {refused.text.split('.')[0]}"
    else:
        assert (read is None) == (kind not in f.SAID)
    assert code in {"taken", f"screen-field {kind}"}


@given(st.text(max_size=300) | JSON.map(json.dumps))
def test_any_text_has_a_type_or_is_refused(text: str) -> None:
    code = "screen-frame"
    try:
        kind, fields = f.kind_of(text)
    except WireError as refused:
        code = refused.code
    else:
        assert fields["type"] == kind
    assert code == "screen-frame"


@pytest.mark.parametrize(
    "text",
    ["", "[" * 16_000, '{"a":' * 3_000, '{"type": NaN}', '{"type": "\\ud800"}', "null", '"typed"', '{"type": 1}', "{}"],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        f.kind_of(text)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("typed", {"text": "   "}), ("typed", {"text": "x" * 2001}), ("typed", {"text": "a", "language": "fr"}),
        ("typed", {}), ("talk", {"on": 1}), ("presence", {"present": "yes"}), ("control", {"mode": "loud"}),
        ("played", {"handle": -1, "sample": 0, "state": "ended"}), ("typed", {"text": None}),
        ("played", {"handle": 1, "sample": 2**60, "state": "cut"}),
        ("log", {"level": "debug", "text": ""}), ("log", {"level": "info", "text": "x" * 501}), ("ping", {"n": "x"}),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(WireError) as refused:
        f.read(kind, fields)
    assert refused.value.code == "screen-field"


def test_unknown_fields_are_ignored_and_spaces_around_a_question_too() -> None:
    said = f.read("typed", {"type": "typed", "text": "  几点开门？\n", "new": [1]})
    assert said == f.Typed(text="几点开门？")


def test_a_part_is_ordered_with_its_words_and_cues_and_its_sound() -> None:
    speech = Speech(cause="c", turn=2, index=1, part=3, start=10, pcm=b"\1\0" * 5, text="你好！", last=True)
    order = f.play(7, speech, Cues(index=1, part=3, start=10, samples=5))
    line, _, pcm = order.partition(b"\n")
    fields = json.loads(line)
    assert pcm == speech.pcm
    assert (fields["type"], fields["handle"], fields["cause"], fields["samples"]) == ("play", 7, "c", 5)
    assert fields["cues"] == {
        "start": 10, "samples": 5, "visemes": [], "expressions": [], "gestures": [], "gaze": [],
    }  # fmt: skip
    assert json.loads(f.play(7, speech, None).partition(b"\n")[0])["cues"] is None


def test_messages_are_named_in_snake_case_and_the_persona_stays_here() -> None:
    assert json.loads(f.shown(SpeechStarted(session="s", at_sample=3)))["type"] == "speech_started"
    started = SessionStarted(session="s", screen="hall", language="zh", persona="secret", versions={"a": "b"})
    assert json.loads(f.shown(started)) == {
        "type": "session_started", "session": "s", "language": "zh", "mode": "hands-free",
    }  # fmt: skip
