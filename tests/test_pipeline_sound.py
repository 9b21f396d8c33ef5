"""Sound files: whatever a visitor's recording is made of, it is heard; what cannot be read is named."""

import contextlib
import io
import logging
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.audio import FRAME, HEAR_RATE, Samples
from pipeline.errors import SoundError
from pipeline.sound import FlacWriter, frames, read_sound, wav_bytes


def tone(rate: int, seconds: float = 1.0) -> Samples:
    time = np.arange(int(rate * seconds)) / rate
    sound: Samples = (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    return sound


def code_of(path: Path) -> str:
    with pytest.raises(SoundError) as caught:
        read_sound(path)
    assert str(path) in caught.value.text
    assert ": " in caught.value.text, "it says how to mend it"
    return caught.value.code


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_16_khz_mono_is_read_sample_for_sample(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(1).integers(-32768, 32768, 5000).astype(np.int16)
    soundfile.write(tmp_path / name, noise, HEAR_RATE, subtype="PCM_16")
    assert np.array_equal(read_sound(tmp_path / name), noise)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "PCM_U8"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_rate_format_and_channel_count_is_heard_alike(
    tmp_path: Path, rate: int, subtype: str, channels: int
) -> None:
    sound = np.stack([tone(rate) / 32768.0] * channels, axis=1)
    soundfile.write(tmp_path / "a.wav", sound, rate, subtype=subtype)
    heard = read_sound(tmp_path / "a.wav")
    assert heard.size == pytest.approx(HEAR_RATE, abs=2)
    inner = slice(2000, 14000)
    assert np.abs(heard[inner].astype(int) - tone(HEAR_RATE)[inner]).max() < 400


@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.mp3", None)])
def test_compressed_files_are_read_too(tmp_path: Path, name: str, subtype: str | None) -> None:
    soundfile.write(tmp_path / name, tone(HEAR_RATE), HEAR_RATE, subtype=subtype)
    assert read_sound(tmp_path / name).size == pytest.approx(HEAR_RATE, abs=2000)


def test_silence_is_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(320, np.int16), HEAR_RATE)
    assert np.array_equal(read_sound(tmp_path / "a.wav"), np.zeros(320, np.int16))


def test_float_beyond_the_limits_is_clipped_and_what_is_no_number_is_silent(tmp_path: Path) -> None:
    values = np.array([0.0, 2.0, -2.0, np.nan, np.inf, 0.5], np.float32)
    soundfile.write(tmp_path / "a.wav", values, HEAR_RATE, subtype="FLOAT")
    assert read_sound(tmp_path / "a.wav").tolist() == [0, 32767, -32768, 0, 32767, 16384]


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(1).integers(-3000, 3000, 3 * HEAR_RATE).astype(np.int16)
    path = tmp_path / name
    soundfile.write(path, noise, HEAR_RATE, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        heard = read_sound(path)
    assert heard.size > HEAR_RATE
    assert np.array_equal(heard, noise[: heard.size])
    assert f"sound.truncated path={path}" in caplog.text


def test_a_whole_file_is_not_called_truncated(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, tone(48000), 48000)
        read_sound(tmp_path / name)
    piped = bytearray(wav_bytes(tone(HEAR_RATE), HEAR_RATE))
    piped[4:8] = piped[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(piped)
    assert read_sound(tmp_path / "piped.wav").size == HEAR_RATE
    assert caplog.text == ""


def test_a_header_cut_in_two_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(tone(HEAR_RATE), HEAR_RATE)[:20])
    assert code_of(tmp_path / "a.wav") == "sound-unreadable"


@pytest.mark.parametrize("name", ["letter.txt", "noise.raw", "renamed.wav"])
def test_what_is_no_sound_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("我想问一下展览几点开门\n" * 20, encoding="utf-8")
    assert code_of(tmp_path / name) == "sound-unreadable"


def test_an_impossible_rate_is_unreadable(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8000), 1)
    assert code_of(tmp_path / "a.wav") == "sound-unreadable"


def test_a_folder_is_unreadable_and_nothing_is_missing(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "sound-unreadable"
    assert code_of(tmp_path / "nobody.wav") == "sound-missing"


def test_no_bytes_and_no_samples_are_empty(tmp_path: Path) -> None:
    (tmp_path / "bytes.wav").touch()
    soundfile.write(tmp_path / "samples.wav", tone(HEAR_RATE)[:0], HEAR_RATE)
    assert code_of(tmp_path / "bytes.wav") == code_of(tmp_path / "samples.wav") == "sound-empty"


@given(st.binary(max_size=400))
def test_no_bytes_whatever_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("junk") / "a.wav"
    path.write_bytes(b"RIFF" + junk)
    with contextlib.suppress(SoundError):
        assert read_sound(path).size


@given(arrays.arrays(np.int16, st.integers(0, 2000)))
def test_frames_hold_every_sample_in_its_place(samples: Samples) -> None:
    made = list(frames(samples))
    assert [frame.sample for frame in made] == [FRAME * index for index in range(len(made))]
    assert {frame.pcm.size for frame in made} <= {FRAME}
    joined = np.concatenate([frame.pcm for frame in made]) if made else samples
    assert np.array_equal(joined[: samples.size], samples)
    assert not joined[samples.size :].any()
    assert joined.size - samples.size < FRAME


def test_flac_is_written_as_the_sound_comes(tmp_path: Path) -> None:
    sound = tone(24_000, 1.5)
    with FlacWriter(tmp_path / "a.flac", 24_000, comment="AI-made") as flac:
        for start in range(0, sound.size, 1111):
            flac.write(sound[start : start + 1111])
        assert flac.samples == sound.size
    with soundfile.SoundFile(tmp_path / "a.flac") as file:
        assert (file.format, file.subtype, file.samplerate, file.comment) == ("FLAC", "PCM_16", 24_000, "AI-made")
        assert np.array_equal(file.read(dtype="int16"), sound)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="cannot be written") as caught:
        FlacWriter(tmp_path / "no folder" / "a.flac", HEAR_RATE)
    assert caught.value.code == "sound-unwritable"


def test_wav_bytes_are_a_wav_file() -> None:
    sound = tone(24_000)
    with wave.open(io.BytesIO(wav_bytes(sound, 24_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(sound.size) == sound.tobytes()
