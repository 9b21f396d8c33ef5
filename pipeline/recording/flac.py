"""FLAC files whose writer died: read as far as they go."""

import io
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio import Samples

_MAGIC = b"fLaC"
_TOTAL = 21
"""Byte of the file whose low half begins the 36 bits of STREAMINFO's count of samples (RFC 9639, 8.2)."""
_ENOUGH = 1 << 35
"""A count that no file reaches: of one that was not finished it says 0, which libsndfile cannot seek in."""
_LARGE, _SMALL = 1 << 20, 1024
"""Samples read at a time; where a file breaks off, so small that what is whole is found."""


def read_flac(path: Path, rate: int) -> Samples:
    """`[n]` samples of a mono PCM16 file of `rate` Hz. One that was cut off gives what is whole of it, maybe nothing.

    ValueError: no FLAC, or another rate or number of channels.
    """
    data = bytearray(path.read_bytes())
    if data[:4] != _MAGIC[: len(data)]:
        raise ValueError("it is no sound that can be read: no FLAC")
    if len(data) < _TOTAL + 5:
        return np.zeros(0, np.int16)
    if not _counted(data):
        data[_TOTAL] = data[_TOTAL] & 0xF0 | _ENOUGH >> 32
        data[_TOTAL + 1 : _TOTAL + 5] = (_ENOUGH & 0xFFFFFFFF).to_bytes(4, "big")
    try:
        samples = _read(data, rate, _LARGE)
        return samples if samples is not None else _read(data, rate, _SMALL, broken=True)  # type: ignore[return-value]
    except soundfile.LibsndfileError as error:
        if not _sounds(data):
            return np.zeros(0, np.int16)
        raise ValueError(f"it is no sound that can be read ({error})") from error


def counted(path: Path) -> int:
    """Samples that the header of a file says it has; 0: it was not finished, or is no FLAC that can be opened."""
    try:
        with path.open("rb") as file:
            data = bytearray(file.read(_TOTAL + 5))
    except OSError:
        return 0
    return _counted(data) if data[:4] == _MAGIC and len(data) == _TOTAL + 5 else 0


def reaches(path: Path, samples: int) -> bool:
    """So many can be found in it: its last one can be decoded. What lies between is not looked at."""
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(samples - 1)
            return len(file.read(1, dtype="int16")) == 1
    except soundfile.LibsndfileError:
        return False


def _counted(data: bytearray) -> int:
    return (data[_TOTAL] & 0x0F) << 32 | int.from_bytes(data[_TOTAL + 1 : _TOTAL + 5], "big")


def _sounds(data: bytearray) -> bool:
    """There is a frame, or at least its beginning, behind the last block of metadata."""
    place = 4
    while place + 4 <= len(data):
        last, size = data[place] & 0x80, int.from_bytes(data[place + 1 : place + 4], "big")
        place += 4 + size
        if last:
            return place + 16 < len(data)
    return False


def _read(data: bytearray, rate: int, size: int, *, broken: bool = False) -> Samples | None:
    """All blocks; of a file that breaks off those before the damage, or None unless that is known."""
    blocks: list[Samples] = [np.zeros(0, np.int16)]
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        if (file.samplerate, file.channels) != (rate, 1):
            raise ValueError(f"it has {file.samplerate} Hz and {file.channels} channels instead of {rate} Hz mono")
        while True:
            try:
                block = file.read(size, dtype="int16")
            except soundfile.LibsndfileError:
                if not broken:
                    return None
                break
            if not len(block):
                break
            blocks.append(block)
    return np.concatenate(blocks)
