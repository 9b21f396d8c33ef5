"""Writes a visit to a folder while it happens, each thing at once: for runs on the pipeline's own clock.

Nothing is ever dropped, and the same run writes the same bytes, measured times apart. What happens before real visitors
is recorded by `pipeline.recording.keeper`, which keeps nobody waiting.
"""

import errno
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pipeline.aigc import Labelling
from pipeline.audio import HEAR_RATE, Frame, Samples
from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.errors import ConfigError
from pipeline.flow import ALL
from pipeline.jobs import Timing
from pipeline.messages import SessionEnded, Status
from pipeline.recording.writer import Files, describe
from pipeline.session.lines import RENDERING
from pipeline.session.tape import Tape

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""What a disk says that takes no more."""


class Recorder:
    """One recording, maybe of several visits one after the other, from microphone sample 0 on."""

    def __init__(self, folder: Path, clock: Clock, label: Labelling | None = None) -> None:
        """ConfigError `recording-unwritable`."""
        self._files, self._clock = Files(folder, label), clock
        self.folder = folder
        self.visitor, self.avatar, self.speech = self._files.visitor, self._files.avatar, self._files.speech
        self.start = clock.now()
        """Second 0 of the recording, on the clock."""
        self._facts: dict[str, Any] = {}
        self._ended: dict[str, Any] = {}

    @property
    def _at(self) -> float:
        return self._clock.now() - self.start

    def describe(self, facts: dict[str, Any]) -> None:
        """Write `session.json`."""
        self._facts = facts
        describe(self.folder, facts)

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        self._files.timing(timing)

    def hear(self, pcm: Samples, voices: Sequence[float | None] = ()) -> None:
        """Take what the microphone heard, where no tape does. `voices`: of each 20 ms of it, where that is known."""
        self._files.hear(self._at, self.visitor.samples, pcm, list(voices))

    def note(self, event: str, session: str, **fields: Any) -> None:
        """Take an event."""
        self._files.event(self._at, event, session, fields)

    def tape(self, *, sound: bool = True) -> Tape:
        """For the edge whose visits these are; without `sound` the microphone is written by somebody else."""
        return _Tape(self, self._files, sound=sound)

    async def run(self, said: Subscription, sessions: Collection[str] | None = None) -> None:
        """Write messages for ever: those of these sessions, or all."""
        async for message in said:
            wanted = message.session in sessions if sessions is not None else message.session != RENDERING
            if wanted and not isinstance(message, Status):
                self.write(message)

    def write(self, message: Message) -> None:
        """Take a message."""
        if isinstance(message, SessionEnded):
            self._ended = {"ended": {"at": round(self._at, 4), "why": message.why}, "lost": 0}
        self._files.message(self._at, message)

    def close(self) -> None:
        """Everything is on disk."""
        self._files.close()
        if self._facts and self._ended:
            describe(self.folder, {**self._facts, **self._ended})


class _Tape:
    """Writes what an edge says no message of."""

    def __init__(self, recorder: Recorder, files: Files, *, sound: bool) -> None:
        self._recorder, self._files, self._sound = recorder, files, sound

    def hear(self, frame: Frame, voice: float | None) -> None:
        if self._sound:
            self._files.hear(frame.sample / HEAR_RATE, frame.sample, frame.pcm, [voice])

    def note(self, event: str, session: str, **fields: Any) -> None:
        self._recorder.note(event, session, **fields)


@asynccontextmanager
async def recording(
    folder: Path, clock: Clock, bus: Bus, label: Labelling | None = None
) -> AsyncIterator[tuple[Recorder, Subscription]]:
    """A recorder that hears everything; `recorder.run(subscription)` is the caller's task.

    ConfigError `recording-unwritable`, also when the disk takes no more in the middle.
    """
    recorder = Recorder(folder, clock, label)
    try:
        try:
            async with bus.subscribe(*ALL) as said:
                yield recorder, said
        finally:
            recorder.close()
    except (OSError, RuntimeError, ExceptionGroup) as error:
        why = _full(error)
        if why is None:
            raise
        text = f"{folder}: no more of the recording can be written ({why}); make room, and run it again"
        raise ConfigError("recording-unwritable", text) from None


def _full(error: BaseException) -> str | None:
    """Why the disk takes no more, if that is what happened."""
    if isinstance(error, BaseExceptionGroup):
        return next((why for inner in error.exceptions if (why := _full(inner)) is not None), None)
    if isinstance(error, OSError) and error.errno in _FULL:
        return str(error.strerror)
    return str(error).rstrip(".") if type(error).__module__ == "soundfile" else None
