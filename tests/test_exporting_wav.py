"""Sound as WAV: who is where, how long it is, and that an AI made what an AI made."""

import io
import json
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import messages as m
from pipeline.aigc import Labelling, label_flac
from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Message
from pipeline.errors import VisavisError
from pipeline.recording.exporting import wav as module
from pipeline.recording.exporting.take import take
from pipeline.recording.exporting.wav import Track, wav, wave_file
from pipeline.recording.reading import Recording, read
from tests.recordings import Sample, babble, write_visit

LABEL = Labelling(producer="某某科技有限公司").field("visit-1-avatar")


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = write_visit(tmp_path_factory.mktemp("visit"))
    label_flac(folder / "avatar.flac", LABEL)
    return read(folder)


def made(visit: Recording, track: Track, turn: int | None = None) -> bytes:
    return wav(visit, take(visit, turn), track)[0]


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A RIFF file's chunks, by its specification."""
    name, size, kind = struct.unpack_from("<4sI4s", data)
    assert (name, size, kind) == (b"RIFF", len(data) - 8, b"WAVE")
    place = 12
    while place < len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        yield name, data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def test_the_mix_has_the_visitor_left_and_the_avatar_right(visit: Recording) -> None:
    samples, rate = soundfile.read(io.BytesIO(made(visit, "mix")), dtype="int16")
    assert (rate, samples.shape) == (SPEAK_RATE, (26 * SPEAK_RATE, 2))
    assert np.array_equal(samples[:, 1], visit.avatar)
    speaks = slice(round(1.2 * SPEAK_RATE), round(2.9 * SPEAK_RATE))
    assert np.abs(samples[speaks, 0]).max() > 1000
    assert np.abs(samples[round(5.5 * SPEAK_RATE) : round(8.5 * SPEAK_RATE), 0]).max() == 0


def test_pythons_own_reader_reads_it_too(visit: Recording) -> None:
    with wave.open(io.BytesIO(made(visit, "visitor"))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, HEAR_RATE, 26 * HEAR_RATE)
        assert file.readframes(26 * HEAR_RATE) == visit.visitor.tobytes()


def test_a_turn_is_a_piece_of_the_same_sound(visit: Recording) -> None:
    turn = take(visit, 1)
    samples, _ = soundfile.read(io.BytesIO(made(visit, "avatar", 1)), dtype="int16")
    first = round(turn.start * SPEAK_RATE)
    assert np.array_equal(samples, visit.avatar[first : first + samples.size])
    assert samples.size == pytest.approx(turn.seconds * SPEAK_RATE, abs=1)


@pytest.mark.parametrize("track", ["mix", "avatar"])
def test_sound_that_an_ai_made_says_so_in_a_chunk_of_its_own_and_in_the_comment(visit: Recording, track: Track) -> None:
    found = dict(chunks(made(visit, track)))
    assert found[b"AIGC"].decode() == LABEL
    assert LABEL.encode() in found[b"LIST"]
    assert found[b"LIST"].startswith(b"INFOICMT")


def test_the_visitors_own_voice_has_no_label(visit: Recording) -> None:
    assert [name for name, _ in chunks(made(visit, "visitor"))] == [b"fmt ", b"data"]


def test_a_recording_from_before_there_were_labels_gets_one(tmp_path: Path) -> None:
    old = read(write_visit(tmp_path))
    found = json.loads(dict(chunks(made(old, "avatar")))[b"AIGC"])
    assert found["Label"] == "1"
    assert found["ProduceID"].endswith("-avatar")


def test_all_that_was_spoken_of_a_turn_stands_one_part_after_the_other(tmp_path: Path) -> None:
    sample = Sample(tmp_path, 4.0)
    sample.spoken(sample.line(question(sample, 1), 0, "One.", 0.5), 0.6, 0.7)
    sample.spoken(sample.line(question(sample, 2), 0, "Two and more.", 1.5), 1.6, 1.7)
    sample.write()
    soundfile.write(tmp_path / "speech.flac", babble(SPEAK_RATE * 2, SPEAK_RATE, 3), SPEAK_RATE)
    found = read(tmp_path)
    assert wav(found, take(found, None), "speech")[1] == pytest.approx(2.0)
    assert wav(found, take(found, 2), "speech")[1] == pytest.approx(0.065 * len("Two and more."), abs=1e-3)


def question(sample: Sample, turn: int) -> Message:
    return m.Question(session=sample.session, turn=turn, text="?", language="en")


def test_no_sound_is_no_file(visit: Recording) -> None:
    with pytest.raises(VisavisError) as caught:
        made(visit, "speech")
    assert caught.value.code == "export-empty"


def test_a_file_that_wav_could_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 1000)
    with pytest.raises(VisavisError) as caught:
        wave_file(np.zeros(1000, np.int16), SPEAK_RATE, "")
    assert caught.value.code == "export-size"


def test_chunks_of_odd_length_are_padded() -> None:
    for label in ("odd", "even"):
        data = wave_file(np.arange(100, dtype=np.int16), SPEAK_RATE, label)
        assert dict(chunks(data))[b"AIGC"] == label.encode()
        samples, _ = soundfile.read(io.BytesIO(data), dtype="int16")
        assert list(samples) == list(range(100))
