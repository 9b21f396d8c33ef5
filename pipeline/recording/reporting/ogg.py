"""The page's sound: everything that was heard, both sides in one, as Ogg Vorbis with the label of AI-made sound.

Vorbis, as libsndfile writes it five hundred times as fast as it sounds (Opus: thirty times), and as its comments are
what the guide TC260-PG-20258A takes for the field `AIGC` in FLAC.
"""

import io
from collections.abc import Iterator

import numpy as np

from pipeline.aigc import KEY, PLACEHOLDER, room
from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples

MIME = "audio/ogg"
_COMPRESSION = 0.9
"""About 30 kbit/s with a room's noise: 14 MB an hour."""
_BLOCK = 10 * SPEAK_RATE
"""libsndfile's Vorbis encoder keeps a whole write on its stack."""
_POLYNOMIAL = 0x04C11DB7


def mixed(visitor: Samples, avatar: Samples, until: float) -> Samples:
    """`[n]` at 24 kHz: both, up to second `until`."""
    import soxr

    heard = visitor[: round(until * HEAR_RATE)]
    other = soxr.resample(heard, HEAR_RATE, SPEAK_RATE, quality="MQ") if len(heard) else heard
    said = avatar[: round(until * SPEAK_RATE)]
    both = np.zeros(max(len(other), len(said)), np.int32)
    both[: len(other)] += other
    both[: len(said)] += said
    return np.clip(both, -32768, 32767).astype(np.int16)


def written() -> bool:
    """Whether this machine's libsndfile can."""
    import soundfile

    return "VORBIS" in soundfile.available_subtypes("OGG")


def encoded(sound: Samples, field: str) -> bytes:
    """The sound as a file, equal for equal sound. `field`: the value of `AIGC`, or ''."""
    import soundfile

    file = io.BytesIO()
    options = {"format": "OGG", "subtype": "VORBIS", "compression_level": _COMPRESSION}
    with soundfile.SoundFile(file, "w", SPEAK_RATE, 1, **options) as writer:
        if field:
            writer.license = room(field)
        for start in range(0, len(sound), _BLOCK):
            writer.write(sound[start : start + _BLOCK])
    return _settled(file.getvalue(), field)


def _settled(ogg: bytes, field: str) -> bytes:
    """With the label in the place kept for it, and 0 for the stream's number, which libsndfile draws by lot."""
    data = bytearray(ogg)
    if field:
        kept = f"{PLACEHOLDER.upper()}={room(field)}".encode()
        at = bytes(data[:65536]).upper().find(kept)
        if at >= 0:
            data[at : at + len(kept)] = f"{KEY}={field}".encode().ljust(len(kept))
    pages = list(_pages(data))
    for start, _ in pages:
        data[start + 14 : start + 18] = bytes(4)
        data[start + 22 : start + 26] = bytes(4)
    for (start, _), checksum in zip(pages, _checksums(data, pages), strict=True):
        data[start + 22 : start + 26] = int(checksum).to_bytes(4, "little")
    return bytes(data)


def _pages(data: bytearray) -> Iterator[tuple[int, int]]:
    """First byte and size of each page of an Ogg stream (RFC 3533, 6)."""
    at = 0
    while data[at : at + 4] == b"OggS":
        table = data[at + 27 : at + 27 + data[at + 26]]
        size = 27 + len(table) + sum(table)
        yield at, size
        at += size


def _checksums(data: bytearray, pages: list[tuple[int, int]]) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    """Of each page, all pages byte by byte at once: lined up at their ends, as zeros in front change nothing."""
    longest = max(size for _, size in pages)
    whole = np.frombuffer(bytes(data), np.uint8)
    lined = np.zeros((longest, len(pages)), np.uint8)
    for number, (start, size) in enumerate(pages):
        lined[longest - size :, number] = whole[start : start + size]
    table, found = _table(), np.zeros(len(pages), np.uint32)
    for row in lined:
        found = (found << np.uint32(8)) ^ table[(found >> np.uint32(24)) ^ row]
    return found


def _table() -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    values = np.arange(256, dtype=np.uint32) << np.uint32(24)
    for _ in range(8):
        values = (values << np.uint32(1)) ^ np.where(values >> np.uint32(31), np.uint32(_POLYNOMIAL), np.uint32(0))
    return values
