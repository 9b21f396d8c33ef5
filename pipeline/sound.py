"""Sound files: any of them read as what a microphone gives, FLAC written as it comes."""

import io
import logging
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from pipeline.aigc import label_flac, room
from pipeline.audio import FRAME, HEAR_RATE, Frame, Samples
from pipeline.errors import SoundError

_LOGGER = logging.getLogger(__name__)
_BLOCK = 1024
"""Frames read at a time: of a damaged file no more than one block is lost before the damage."""
_RATES = range(4_000, 768_001)
_UNKNOWN = {0, 0xFFFFFFFF}
"""What a program that wrote to a pipe puts where the length of a WAV file belongs."""


def read_sound(path: Path) -> Samples:
    """The file as 16 kHz mono PCM16: WAV, FLAC, OGG, MP3 …, any rate, channels (averaged) and sample format.

    A file that breaks off is read as far as it goes, and logged. SoundError: `sound-missing`, `sound-unreadable`,
    `sound-empty`.
    """
    import soundfile

    _check_there(path)
    try:
        with path.open("rb") as file, soundfile.SoundFile(file) as sound:
            if sound.samplerate not in _RATES:
                raise SoundError("sound-unreadable", f"{path} claims {sound.samplerate} Hz: record it at 8 to 48 kHz")
            samples, whole = _read(sound)
    except (soundfile.SoundFileError, OSError, TypeError) as error:  # TypeError: a .raw file says no rate
        text = f"{path} is not a readable sound file ({_reason(error)}): convert it to WAV or FLAC"
        raise SoundError("sound-unreadable", text) from error
    if not samples.size:
        raise SoundError("sound-empty", f"{path} holds no sound: record it again")
    if not whole or _breaks_off(path):
        _LOGGER.warning("sound.truncated path=%s seconds=%.2f", path, samples.size / HEAR_RATE)
    return samples


def frames(samples: Samples) -> Iterator[Frame]:
    """The sound in frames of 20 ms as a microphone gives them; the last one is filled up with silence."""
    for start in range(0, samples.size, FRAME):
        pcm = samples[start : start + FRAME]
        yield Frame(start, pcm if pcm.size == FRAME else np.pad(pcm, (0, FRAME - pcm.size)))


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """A mono PCM16 WAV file in memory, as speech servers take it."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


class FlacWriter:
    """A mono PCM16 FLAC file, written as the sound comes; finished when the `with` block ends."""

    def __init__(self, path: Path, rate: int, comment: str = "", aigc: str = "") -> None:
        """`comment` goes into the file's tags, and so does `aigc`, the label of AI-made sound (`pipeline.aigc`).

        SoundError: `sound-unwritable`.
        """
        import soundfile

        try:
            self._file: Any = soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format="FLAC")
        except soundfile.SoundFileError as error:
            text = f"{path} cannot be written ({_reason(error)}): make its folder writable"
            raise SoundError("sound-unwritable", text) from error
        if comment:
            self._file.comment = comment
        self._path, self._aigc = path, aigc
        if aigc:
            self._file.license = room(aigc)
        self.samples = 0
        """Written so far."""

    def write(self, samples: Samples) -> None:
        """Append mono samples."""
        self._file.write(samples)
        self.samples += samples.size
        if self._aigc and self._path.stat().st_size:
            self._label()  # from its first moment, so that a file that is cut off has it too

    def close(self) -> None:
        """Finish the file; harmless when it is."""
        self._file.close()
        if self._aigc and self._path.stat().st_size:
            self._label()

    def label(self, aigc: str) -> None:
        """Another label, when more is known than at the beginning."""
        self._aigc = aigc
        if self._path.stat().st_size:
            self._label()

    def _label(self) -> None:
        field, self._aigc = self._aigc, ""
        label_flac(self._path, field)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_there(path: Path) -> None:
    if path.is_dir():
        raise SoundError("sound-unreadable", f"{path} is a folder: name a sound file in it")
    if not path.exists():
        raise SoundError("sound-missing", f"there is no sound file {path}: check the name")
    if not path.stat().st_size:
        raise SoundError("sound-empty", f"{path} is 0 bytes long: record or copy it again")


def _read(sound: Any) -> tuple[Samples, bool]:
    """All that can be read of it, and whether that is all that its header promises."""
    import soundfile
    import soxr

    rate = sound.samplerate
    resampler = None if rate == HEAR_RATE else soxr.ResampleStream(rate, HEAR_RATE, 1, dtype="float32")
    pieces: list[Samples] = []
    count = 0
    while True:
        try:
            block = sound.read(_BLOCK, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            block = np.zeros((0, 1), np.float32)
        count += len(block)
        mono = np.nan_to_num(block).clip(-1.0, 1.0).mean(axis=1, dtype=np.float32)
        pieces.append(_pcm16(resampler.resample_chunk(mono, last=not len(block)) if resampler else mono))
        if not len(block):
            return np.concatenate(pieces), count == sound.frames


def _pcm16(mono: Any) -> Samples:
    samples: Samples = np.rint(mono * 32768.0).clip(-32768, 32767).astype(np.int16)
    return samples


def _breaks_off(path: Path) -> bool:
    """A WAV file is shorter than it says: libsndfile reads it without a word."""
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] != b"RIFF":
        return False
    (promised,) = struct.unpack("<I", head[4:])
    return promised not in _UNKNOWN and promised + 8 > path.stat().st_size


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
