"""What the avatar said says of itself that it is AI-made, in every file, however the file came to its end."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aigc import KEY, Labelling, label_flac, labelled, read_field, read_label
from pipeline.audio import SPEAK_RATE
from pipeline.clock import Clock, run_virtual
from pipeline.errors import SoundError
from pipeline.messages import SessionEnded
from pipeline.recording.recorder import Recorder
from pipeline.sound import FlacWriter

FIELDS = ["Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"]
FIELD = Labelling(producer="河畔博物馆").field("visit-7-avatar")
NOISE = (np.random.default_rng(3).normal(size=30_000) * 3000).astype(np.int16)


def flac(**tags: str) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SPEAK_RATE, 1, "PCM_16", format="FLAC") as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(NOISE)
    return buffer.getvalue()


def sound_of(data: bytes) -> np.ndarray:
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == SPEAK_RATE
    return np.asarray(samples)


def test_the_field_has_the_seven_values_of_the_standard_in_their_order() -> None:
    values = json.loads(FIELD)
    assert list(values) == FIELDS
    assert (values["Label"], values["ContentProducer"], values["ProduceID"]) == ("1", "河畔博物馆", "visit-7-avatar")


def test_a_file_is_labelled_from_its_first_samples_on(tmp_path: Path) -> None:
    """A kiosk that loses its power leaves no unlabelled sound behind."""
    path = tmp_path / "a.flac"
    with FlacWriter(path, SPEAK_RATE, comment="of a visit", aigc=FIELD) as file:
        file.write(NOISE[:100])
        assert read_field(path) == FIELD
        file.write(NOISE[100:])
    assert read_label(path) == json.loads(FIELD)
    with soundfile.SoundFile(path) as read:
        assert read.comment == "of a visit"
        assert np.array_equal(read.read(dtype="int16"), NOISE)


def test_a_file_without_sound_breaks_nothing(tmp_path: Path) -> None:
    with FlacWriter(tmp_path / "a.flac", SPEAK_RATE, aigc=FIELD):
        pass


def test_a_recording_labels_what_the_avatar_said_and_not_what_the_visitor_said(tmp_path: Path) -> None:
    async def main(clock: Clock) -> None:
        recorder = Recorder(folder, clock, Labelling(producer="河畔博物馆"))
        for file in (recorder.visitor, recorder.avatar):
            file.write(NOISE)
        assert json.loads(read_field(folder / "avatar.flac"))["Label"] == "1"
        recorder.write(SessionEnded(session="visit-7", why="left"))
        recorder.speech.write(NOISE)
        recorder.close()

    folder = tmp_path / "out"
    run_virtual(main)
    assert read_field(folder / "avatar.flac") == FIELD
    assert json.loads(read_field(folder / "speech.flac"))["ProduceID"] == "visit-7-speech"
    assert read_label(folder / "visitor.flac") is None


@pytest.mark.parametrize("tags", [{}, {"comment": "x", "title": "y"}, {"license": " " * 400}, {"license": " " * 5}])
def test_any_flac_file_can_be_labelled_and_labelled_again(tmp_path: Path, tags: dict[str, str]) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(flac(**tags))
    for field in (FIELD, FIELD, Labelling(producer="other" * 30).field("n"), Labelling().field("")):
        label_flac(path, field)
        assert read_field(path) == field
        assert np.array_equal(sound_of(path.read_bytes()), NOISE)
    with soundfile.SoundFile(path) as file:
        assert file.title == tags.get("title", "")


def test_a_stream_without_comments_gets_them() -> None:
    whole = flac()
    at = 4 + 4 + 34  # behind STREAMINFO
    size = int.from_bytes(whole[at + 1 : at + 4], "big")
    bare = whole[:4] + bytes([whole[4] | 0x80]) + whole[5:at] + whole[at + 4 + size :]
    assert f"{KEY}={FIELD}".encode() in labelled(bare, FIELD)
    assert np.array_equal(sound_of(labelled(bare, FIELD)), NOISE)


@given(st.text(max_size=300), st.text(max_size=40))
def test_every_field_comes_back_and_the_sound_stays(producer: str, number: str) -> None:
    field = Labelling.model_construct(producer=producer).field(number)
    data = labelled(flac(comment="c"), field)
    assert field.encode("utf-8", "surrogatepass") in data
    assert np.array_equal(sound_of(data), NOISE)


@given(st.binary(max_size=200))
def test_what_is_no_flac_is_refused_and_never_crashes(data: bytes) -> None:
    for odd in (data, b"fLaC" + data):
        with contextlib.suppress(SoundError):
            labelled(odd, FIELD)


def test_a_file_that_is_no_flac_has_no_label(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"RIFF....")
    assert read_label(tmp_path / "a.flac") is None
    assert read_label(tmp_path / "none.flac") is None
    with pytest.raises(SoundError):
        label_flac(tmp_path / "none.flac", FIELD)


def test_the_screen_shows_that_it_is_ai_with_model_and_filing_number() -> None:
    label = Labelling(producer="河畔博物馆", filing="Beijing-20250101")
    assert label.shown("zh", "deepseek-flash") == "内容由AI生成 · 模型：deepseek-flash · 备案号：Beijing-20250101"
    assert "AI-generated" in label.shown("en")
    assert Labelling(model="小河").shown("zh", "x") == "内容由AI生成 · 模型：小河"
