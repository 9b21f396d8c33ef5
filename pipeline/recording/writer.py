"""The files of one recording, written line by line and sample by sample."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.aigc import Labelling
from pipeline.audio import FRAME, HEAR_RATE, SPEAK_RATE, Samples
from pipeline.envelope import Message
from pipeline.errors import ConfigError
from pipeline.jobs import Timing
from pipeline.messages import Speech, Utterance
from pipeline.recording import form
from pipeline.sound import FlacWriter
from pipeline.wire import to_dict

_BLOCK: Final = 4096
"""Samples that a FLAC encoder keeps before it writes them."""
_READ: Final = 1024
"""Samples at the end of a FLAC file whose writer died that may not be read."""
_ZEROS: Final = np.zeros(60 * HEAR_RATE, np.int16)


def describe(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write `session.json`: whole, or not at all. OSError."""
    text = json.dumps({"format": form.FORMAT, **facts}, ensure_ascii=False, indent=2)
    fresh = folder / f"{form.SESSION}.new"
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(folder / form.SESSION)


class Lines:
    """A file of JSON lines: each is with the operating system when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def write(self, line: str) -> None:
        """Append a line. OSError: the disk is full, for instance; a part of it may be there."""
        data = memoryview((line + "\n").encode())
        while data:
            data = data[self._file.write(data) or 0 :]

    def close(self) -> None:
        """Harmless when it is."""
        self._file.close()


class Files:
    """All but `session.json`. What the avatar said is labelled as AI-made; what the visitor said is nobody's product.

    Whatever it raises (OSError; RuntimeError and AssertionError of libsndfile) means that the disk takes no more.
    """

    def __init__(self, folder: Path, label: Labelling | None = None, *, origin: int = 0, live: bool = False) -> None:
        """`origin`: number of the first microphone sample. `live`: `settle` is called, after which nothing is lost.

        ConfigError `recording-unwritable`.
        """
        self.folder, self._origin, self._live = folder, origin, live
        self._label, self._numbered = label or Labelling(), False
        self._session = ""
        self._voice: Any = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in ("report.html", "cues.json", form.VOICE):  # of an earlier run: not of this one
                (folder / old).unlink(missing_ok=True)
            self._messages, self._events, self._timings = (
                Lines(folder / name) for name in (form.MESSAGES, form.EVENTS, form.TIMINGS)
            )
            self.visitor = FlacWriter(folder / form.VISITOR, HEAR_RATE)
            self.avatar, self.speech = (
                FlacWriter(folder / f"{name}.flac", SPEAK_RATE, aigc=self._label.field(name))
                for name in ("avatar", "speech")
            )
        except OSError as error:
            text = f"{folder}: a recording cannot be written there ({error.strerror}); name another folder"
            raise ConfigError("recording-unwritable", text) from error

    # --- lines

    def message(self, at: float, message: Message) -> None:
        """Take a message that came at second `at`."""
        if message.session and not self._numbered:
            self._number(message.session)
        sound = ""
        if isinstance(message, Speech):
            samples = len(message.pcm) // 2
            sound = _sound(form.SPEECH, self.speech.samples, samples)
            self.speech.write(np.frombuffer(message.pcm, "<i2"))
        elif isinstance(message, Utterance):
            start = message.start_sample - self._origin  # it may have begun before anything was kept
            sound = _sound(form.VISITOR, max(0, start), max(0, len(message.pcm) // 2 + min(0, start)))
        fields = message.model_dump_json()  # four times as fast as by way of `to_dict`, and equal to it
        head = f'"kind":"{type(message).__name__}","id":"{message.id}"'
        self._messages.write(f'{{"at":{_at(at)},"message":{{{head},{fields[1:-1]}{sound}}}}}')

    def event(self, at: float, name: str, session: str, fields: Mapping[str, Any]) -> None:
        """Take an event; a message among its fields is written as everywhere."""
        self._session = session if name == "begin" else self._session
        told = {key: to_dict(value) if isinstance(value, Message) else value for key, value in fields.items()}
        line = {"at": _at(at), "event": name, "session": session, **told}
        self._events.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        self._timings.write(json.dumps(asdict(timing)))

    def _number(self, session: str) -> None:
        """The files' own numbers in their labels: from the (first) visit's name, which is the same in each replay."""
        self._numbered = True
        for name, file in (("avatar", self.avatar), ("speech", self.speech)):
            file.label(self._label.field(f"{session}-{name}"))

    # --- sound

    def hear(self, at: float, sample: int, pcm: Samples, voices: list[float | None]) -> None:
        """Take microphone from sample `sample` on; `voices`: of each 20 ms of it. What is missing before is silence."""
        missing = sample - self._origin - self.visitor.samples
        if missing > 0:
            fields = {"start": sample - missing, "until": sample}
            self.event(at, "gap", self._session, fields)
            for start in range(0, missing, len(_ZEROS)):
                self.visitor.write(_ZEROS[: missing - start])
        first = self.visitor.samples // FRAME
        self.visitor.write(pcm[max(0, -missing) :])
        if self._voice is None and any(voice is not None for voice in voices):
            self._voice = (self.folder / form.VOICE).open("wb", buffering=0)
        if self._voice is not None:
            self._voice.write(bytes(max(0, first - self._voice.tell())) + bytes(_byte(voice) for voice in voices))

    def settle(self) -> None:
        """Make the encoder give away what was spoken: whatever happens now, it can be read again."""
        wanted = self.speech.samples + _READ
        if self._live and self.speech.samples and (self.speech.samples - 1) % _BLOCK:
            until = -(-wanted // _BLOCK) * _BLOCK + 1
            self.speech.write(_ZEROS[: until - self.speech.samples])

    def close(self) -> None:
        """Everything is on disk."""
        files = (self._messages, self._events, self._timings, self.visitor, self.avatar, self.speech)
        for file in (*files, *([self._voice] if self._voice is not None else [])):
            file.close()


def _at(seconds: float) -> float:
    return round(seconds, 4)


def _sound(file: str, start: int, samples: int) -> str:
    return f',"sound":{{"file":"{file}","start":{start},"samples":{samples}}}'


def _byte(voice: float | None) -> int:
    return round(255 * min(1.0, max(0.0, voice or 0.0)))
