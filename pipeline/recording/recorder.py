"""Writes a visit to a folder while it happens: messages, sound, measured times."""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pipeline.aigc import Labelling
from pipeline.audio import HEAR_RATE, SPEAK_RATE, Samples
from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import ConfigError
from pipeline.flow import ALL
from pipeline.jobs import Timing
from pipeline.messages import Speech, Status, Utterance
from pipeline.session.lines import RENDERING
from pipeline.sound import FlacWriter
from pipeline.wire import to_dict

FORMAT = 1
"""Of `messages.jsonl` and of the files beside it."""


class Recorder:
    """One recording: `session.json`, `messages.jsonl`, `timings.jsonl`, and the sound in three FLAC files.

    What the avatar said is labelled as AI-made in its file; what the visitor said is nobody's product.
    """

    def __init__(self, folder: Path, clock: Clock, label: Labelling | None = None) -> None:
        self._label, self._numbered = label or Labelling(), False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in ("report.html", "cues.json"):  # of an earlier run: not of this one
                (folder / old).unlink(missing_ok=True)
            self._messages: TextIO = (folder / "messages.jsonl").open("w", encoding="utf-8")
            self._timings: TextIO = (folder / "timings.jsonl").open("w", encoding="utf-8")
            self.visitor = FlacWriter(folder / "visitor.flac", HEAR_RATE)
            self.avatar, self._speech = (
                FlacWriter(folder / f"{name}.flac", SPEAK_RATE, aigc=self._label.field(name))
                for name in ("avatar", "speech")
            )
        except OSError as error:
            text = f"{folder}: a recording cannot be written there ({error.strerror}); name another folder"
            raise ConfigError("recording-unwritable", text) from error
        self.folder = folder
        self._clock = clock
        self.start = clock.now()
        """Second 0 of the recording, on the clock."""
        self._spoken = 0

    def describe(self, facts: dict[str, Any]) -> None:
        """Write `session.json`."""
        text = json.dumps({"format": FORMAT, **facts}, ensure_ascii=False, indent=2)
        (self.folder / "session.json").write_text(text + "\n", encoding="utf-8")

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        self._timings.write(json.dumps(asdict(timing)) + "\n")

    def hear(self, pcm: Samples) -> None:
        """Take what the microphone heard."""
        self.visitor.write(pcm)

    async def run(self, said: Subscription, sessions: Collection[str] | None = None) -> None:
        """Write messages for ever: those of these sessions, or all."""
        async for message in said:
            wanted = message.session in sessions if sessions is not None else message.session != RENDERING
            if wanted and not isinstance(message, Status):
                self._write(message)

    def _write(self, message: Message) -> None:
        if message.session and not self._numbered:
            self._number(message.session)
        fields = to_dict(message)
        if isinstance(message, Speech):
            samples = len(message.pcm) // 2
            fields["sound"] = {"file": "speech.flac", "start": self._spoken, "samples": samples}
            self._spoken += samples
            self._speech.write(np.frombuffer(message.pcm, "<i2"))
        elif isinstance(message, Utterance):
            samples = len(message.pcm) // 2
            fields["sound"] = {"file": "visitor.flac", "start": message.start_sample, "samples": samples}
        line = {"at": round(self._clock.now() - self.start, 4), "message": fields}
        self._messages.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def _number(self, session: str) -> None:
        """The files' own numbers in their labels: from the (first) visit's name, which is the same in each replay."""
        self._numbered = True
        for name, file in (("avatar", self.avatar), ("speech", self._speech)):
            file.label(self._label.field(f"{session}-{name}"))

    def close(self) -> None:
        """Everything is on disk."""
        for file in (self._messages, self._timings, self.visitor, self.avatar, self._speech):
            file.close()


@asynccontextmanager
async def recording(
    folder: Path, clock: Clock, bus: Bus, label: Labelling | None = None
) -> AsyncIterator[tuple[Recorder, Subscription]]:
    """A recorder that hears everything; `recorder.run(subscription)` is the caller's task."""
    recorder = Recorder(folder, clock, label)
    try:
        async with bus.subscribe(*ALL) as said:
            yield recorder, said
    finally:
        recorder.close()
