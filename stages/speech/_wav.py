"""Sound from a server as it streams: WAV or bare PCM16, in blocks that do not depend on how the network cuts it."""

import struct
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import WireError

BLOCK_SECONDS: Final = 0.2
_OTHERS: Final = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b'{"': "JSON", b"<!": "HTML", b"<ht": "HTML"}
_HEADER: Final = 12
_LARGEST_HEADER: Final = 65_536


class Block(NamedTuple):
    """A piece of sound."""

    rate: int
    """Hz."""
    samples: NDArray[np.int16]
    """`[n]` mono."""


class SoundReader:
    """Takes bytes cut anywhere, gives blocks of 0.2 s. WireError for what is neither PCM16 nor WAV of PCM16.

    A stream that begins with `RIFF` is a WAV file whatever was asked for; its length is not believed, since servers
    that stream do not know it yet. Chunks before `data` are skipped.
    """

    def __init__(self, rate: int, kind: str = "") -> None:
        """`rate`: Hz of bare PCM. `kind`: the content type, which is often wrong."""
        self._rate, self._channels, self._kind = rate, 1, kind
        self._rest = bytearray()
        self._bare: bool | None = None

    def feed(self, chunk: bytes) -> list[Block]:
        """The blocks that are whole now."""
        self._rest += chunk
        if not self._begun():
            return []
        size = self._frame() * round(self._rate * BLOCK_SECONDS)
        count = len(self._rest) // size
        return [self._cut(size) for _ in range(count)]

    def end(self) -> list[Block]:
        """What is left; half a sample is dropped."""
        if self._bare is None and self._rest[:4] == b"RIFF":
            raise WireError("wav-cut", "sent a WAV file that ends within its header")
        size = len(self._rest) // self._frame() * self._frame()
        return [self._cut(size)] if size else []

    def _frame(self) -> int:
        return 2 * self._channels

    def _cut(self, size: int) -> Block:
        samples = np.frombuffer(bytes(self._rest[:size]), "<i2").astype(np.int16)
        del self._rest[:size]
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1).astype(np.int16)
        return Block(self._rate, samples)

    def _begun(self) -> bool:
        if self._bare is not None:
            return True
        if len(self._rest) < _HEADER:
            return False
        if self._rest[:4] == b"RIFF" and self._rest[8:12] == b"WAVE":
            return self._header()
        found = [name for start, name in _OTHERS.items() if self._rest.startswith(start)]
        if found or ("mpeg" in self._kind and self._rest[0] == 0xFF and self._rest[1] >= 0xE0):  # MPEG's sync word
            raise WireError("sound-unknown", f"sent {found[0] if found else 'MP3'}, neither PCM nor WAV")
        self._bare = True
        return True

    def _header(self) -> bool:
        at = _HEADER
        while len(self._rest) >= at + 8:
            name, size = bytes(self._rest[at : at + 4]), int.from_bytes(self._rest[at + 4 : at + 8], "little")
            if name == b"data":
                del self._rest[: at + 8]
                self._bare = False
                return True
            if name == b"fmt " and len(self._rest) >= at + 24:
                self._form(bytes(self._rest[at + 8 : at + 24]))
            at += 8 + size + size % 2
            if at > _LARGEST_HEADER:
                raise WireError("wav-invalid", "sent a WAV file without sound in it")
        return False

    def _form(self, form: bytes) -> None:
        kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form)
        if kind not in {1, 0xFFFE} or bits != 16 or not 1 <= channels <= 8 or not 8000 <= rate <= 192_000:
            raise WireError(
                "wav-invalid", f"sent WAV of format {kind}, {bits} bits, {rate} Hz: PCM of 16 bits is needed"
            )
        self._rate, self._channels = rate, channels
