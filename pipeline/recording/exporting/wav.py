"""The sound of a recording as WAV, labelled as made by AI where an AI made it.

Where the field `AIGC` (see `pipeline.aigc`) belongs in WAV: a program that follows the guide TC260-PG-20258A puts it
into a RIFF chunk of that name after `fmt `; the guide's own text was not at hand. Common programs show only LIST/INFO,
so that the comment there (`ICMT`) says it once more.
"""

import struct
from typing import Literal

import numpy as np

from pipeline.aigc import KEY, Labelling
from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples
from pipeline.errors import VisavisError
from pipeline.messages import Speech
from pipeline.recording import form
from pipeline.recording.exporting.take import Take
from pipeline.recording.outcome import place
from pipeline.recording.reading import Recording

Track = Literal["mix", "visitor", "avatar", "speech"]
_MOST = 0xFFFFFFFF


def wav(recording: Recording, take: Take, track: Track) -> tuple[bytes, float]:
    """A file of PCM16, and its seconds.

    `mix`: stereo at 24 kHz, the visitor left, the avatar right; the others are mono, at their own rate.

    `speech` is everything that was spoken, heard or not, one sentence after the other: it has no clock. VisavisError
    `export-empty`: no sound was kept; `export-size`: it would not fit into a WAV file.
    """
    samples, rate = _sound(recording, take, track)
    if not samples.size:
        raise VisavisError("export-empty", f"{recording.folder} holds no such sound: choose another --track or turn")
    label = "" if track == "visitor" else _label(recording, form.SPEECH if track == "speech" else form.AVATAR)
    return wave_file(samples, rate, label), len(samples) / rate


def wave_file(samples: Samples, rate: int, label: str) -> bytes:
    """`[n]` or `[n, channels]` samples as a WAV file; `label` is the field `AIGC`, or ''."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    chunks = [_chunk(b"fmt ", layout)]
    if label:
        chunks.append(_chunk(KEY.encode(), label.encode()))
        chunks.append(_chunk(b"LIST", b"INFO" + _chunk(b"ICMT", f"{KEY}={label}".encode() + b"\0")))
    pcm = samples.astype("<i2", copy=False).tobytes()
    size = sum(map(len, chunks)) + len(pcm) + 16
    if size > _MOST:
        raise VisavisError("export-size", f"{size / 2**30:.1f} GiB do not fit into a WAV file: choose a turn by --turn")
    body = b"".join(chunks) + _chunk(b"data", pcm)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _sound(recording: Recording, take: Take, track: Track) -> tuple[Samples, int]:
    if track == "speech":
        return (recording.speech if take.turn is None else _of_turn(recording, take.turn)), SPEAK_RATE
    if track == "visitor":
        return _piece(recording.visitor, take, HEAR_RATE), HEAR_RATE
    avatar = _piece(recording.avatar, take, SPEAK_RATE)
    if track == "avatar":
        return avatar, SPEAK_RATE
    visitor = _piece(recording.visitor, take, HEAR_RATE)
    if not (visitor.any() or avatar.any()):
        return np.zeros(0, np.int16), SPEAK_RATE
    return _beside(_at_speak_rate(visitor), avatar), SPEAK_RATE


def _piece(samples: Samples, take: Take, rate: int) -> Samples:
    return samples[round(take.start * rate) : round((take.start + take.seconds) * rate)]


def _of_turn(recording: Recording, turn: tuple[str, int]) -> Samples:
    rows = [row for row in recording.rows if isinstance(row.message, Speech) and place(row.message) == turn]
    places = dict.fromkeys(row.sound for row in rows if row.sound)
    pieces = [recording.speech[sound.start : sound.start + sound.samples] for sound in places]
    return np.concatenate([np.zeros(0, np.int16), *pieces])


def _at_speak_rate(samples: Samples) -> Samples:
    import soxr

    if not samples.size:
        return samples
    louder = soxr.resample(samples.astype(np.float32), HEAR_RATE, SPEAK_RATE, quality="HQ")
    found: Samples = np.rint(louder).clip(-32768, 32767).astype(np.int16)
    return found


def _beside(left: Samples, right: Samples) -> Samples:
    both: Samples = np.zeros((max(left.size, right.size), 2), np.int16)
    both[: left.size, 0], both[: right.size, 1] = left, right
    return both


def _label(recording: Recording, name: str) -> str:
    """The recording's own; one that was made before there were labels gets one: that an AI made it is certain."""
    session = recording.sessions[0] if recording.sessions else recording.folder.name
    return recording.labels.get(name) or Labelling().field(f"{session}-{name.removesuffix('.flac')}")
