"""A thread that writes recordings, and what keeps everybody else from waiting for it."""

import logging
import shutil
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.aigc import Labelling
from pipeline.audio import SPEAK_RATE, Samples
from pipeline.envelope import Message
from pipeline.errors import VisavisError
from pipeline.jobs import Timing
from pipeline.messages import Interrupt, Played, Speech
from pipeline.recording.sounded import Sounded
from pipeline.recording.writer import Files, describe

_LOGGER = logging.getLogger(__name__)
MOST = 20_000
"""Things that may wait to be written: minutes of a visit, seconds of a full house."""
MOST_BYTES = 64 << 20
"""Of sound in them."""
PATIENCE = 10.0
"""Seconds for which the end of a process waits for the disk."""
EVERY = 0.2
"""Seconds between two looks at what waits."""
BREATH, AT_ONCE = 0.0003, 16
"""Seconds of a pause, and works between two: Python runs one thread at a time, and others do not wait 5 ms for it."""
LATE = 0.4
"""Seconds for which a screen's report is waited for before the avatar's sound is written."""
_FULL = (OSError, RuntimeError, AssertionError, VisavisError)
"""What writing raises where the disk takes no more; libsndfile's errors are among them."""

Work = Callable[[], None]


@dataclass(slots=True)
class Health:
    """How the writing goes: told once when it stops, and once when it works again."""

    counts: "Counter[str]" = field(default_factory=lambda: Counter(begun=0, finished=0, failed=0, lost=0, removed=0))
    failing: bool = False

    def failed(self, folder: Path, error: BaseException) -> None:
        """A recording ends here."""
        self.counts["failed"] += 1
        if not self.failing:
            why = getattr(error, "strerror", None) or f"it takes no more ({error or type(error).__name__})"
            _LOGGER.error(
                "recording.failed path=%s: %s; the conversations go on without a recording: make room there, or "
                "make it writable (the next visit tries again)", folder, why,
            )  # fmt: skip
        self.failing = True

    def finished(self, folder: Path) -> None:
        """A recording is whole."""
        self.counts["finished"] += 1
        if self.failing:
            _LOGGER.warning("recording.works path=%s: visits are recorded again", folder)
        self.failing = False


class Scribe:
    """Does work in its own thread, in its order. Only one thread may `put`."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES, *, every: float = EVERY) -> None:
        self._most, self._most_bytes, self._every = most, most_bytes, every
        self._queue: deque[tuple[Work, int, Page | None]] = deque()
        self._later: list[Work] = []
        self._given = self._given_bytes = 0
        self._done = self._done_bytes = 0
        self._stop, self._wake = False, threading.Event()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def put(self, page: "Page | None", work: Work, size: int = 0, *, must: bool = False) -> bool:
        """Have it done soon, for a recording or for none; False when too much waits already, and it `must` not."""
        waiting, held = self._given - self._done, self._given_bytes - self._done_bytes
        if not must and (waiting >= self._most or (held and held + size > self._most_bytes)):
            return False
        self._given += 1
        self._given_bytes += size
        self._queue.append((work, size, page))
        return True

    def flush(self) -> threading.Event:
        """Set when all that was put before is with the operating system."""
        done = threading.Event()
        self.put(None, lambda: self._later.append(done.set), must=True)
        self._wake.set()
        return done

    def close(self) -> None:
        """Do what is left, and stop. A disk that does not answer is not waited for."""
        self._stop = True
        self._wake.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        stop = False
        while not stop:
            self._wake.wait(self._every)
            self._wake.clear()
            stop = self._stop
            self._write()

    def _breathe(self) -> None:
        if not self._wake.is_set():  # nobody waits for this
            self._wake.wait(BREATH)

    def _write(self) -> None:
        """All that waits; then each page that was written on is settled, so that nothing of it stays in memory."""
        pages: dict[int, Page] = {}
        while self._queue:
            work, size, page = self._queue.popleft()
            if page is None:
                work()
            else:
                page.do(work)
                pages[id(page)] = page
            self._done += 1
            self._done_bytes += size
            if self._done % AT_ONCE == 0:
                self._breathe()
        for page in pages.values():
            page.do(page.settle)
            self._breathe()
        while self._later:
            self._later.pop(0)()


class Page:
    """One recording, in the thread that writes it."""

    def __init__(self, folder: Path, health: Health, label: Labelling, *, origin: int) -> None:
        self.folder = folder
        self._health, self._label, self._origin = health, label, origin
        self._facts: dict[str, Any] = {}
        self._files: Files | None = None
        self._over = False
        self._sounded, self._at = Sounded(), 0.0
        self._heard: list[tuple[int, Samples, float | None]] = []

    def do(self, work: Work) -> None:
        """Do it, unless the recording is over; that the disk takes no more is its end."""
        if self._over:
            return
        try:
            work()
        except _FULL as error:
            self._fail(error)
        except Exception as error:
            _LOGGER.exception("recording.broken path=%s", self.folder)
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._over = True
        self._health.failed(self.folder, error)
        if self._files is not None:
            try:
                self._files.close()
            except _FULL:
                _LOGGER.debug("recording.unclosed path=%s", self.folder)

    @property
    def files(self) -> Files:
        """They are open."""
        if self._files is None:
            raise ValueError(self.folder)
        return self._files

    def open(self, facts: Mapping[str, Any]) -> None:
        """The visit begins."""
        self._health.counts["begun"] += 1
        self._facts = dict(facts)
        self.folder.mkdir(0o700, parents=True)  # what visitors say is nobody else's on this machine
        try:
            describe(self.folder, facts)
            self._files = Files(self.folder, self._label, origin=self._origin, live=True)
        except _FULL:
            shutil.rmtree(self.folder, ignore_errors=True)  # it holds nothing
            raise

    def message(self, at: float, message: Message) -> None:
        """Take a message."""
        self._at = max(self._at, at)
        self.files.message(at, message)
        if isinstance(message, Speech):
            self._sounded.speech(message)
        elif isinstance(message, Played):
            self._sounded.played(at, message)
        elif isinstance(message, Interrupt):
            self._sounded.interrupt(message)

    def event(self, at: float, name: str, session: str, fields: Mapping[str, Any]) -> None:
        """Take an event."""
        self._at = max(self._at, at)
        self.files.event(at, name, session, fields)
        if name == "duck":
            self._sounded.duck(at, on=fields["on"])

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        self.files.timing(timing)

    def hear(self, at: float, sample: int, pcm: Samples, voice: float | None) -> None:
        """Take 20 ms of microphone."""
        if self._heard and sample != self._heard[-1][0] + len(self._heard[-1][1]):
            self._write_sound()
        self._at = max(self._at, at)
        self._heard.append((sample, pcm, voice))

    def _write_sound(self) -> None:
        if self._heard:
            frames, self._heard = self._heard, []
            sound = np.concatenate([pcm for _, pcm, _ in frames])
            self.files.hear(self._at, frames[0][0], sound, [voice for _, _, voice in frames])

    def settle(self) -> None:
        """What is known so far goes to the disk."""
        self._write_sound()
        self._sound_until(self._at - LATE)
        self.files.settle()

    def _sound_until(self, at: float) -> None:
        sound = self._sounded.render(max(0, round(at * SPEAK_RATE)))
        if sound.size:
            self.files.avatar.write(sound)

    def finish(self, at: float, ended: Mapping[str, Any], lost: int) -> None:
        """The visit is over, and so is its recording."""
        self._write_sound()
        self._sound_until(max(at, self._at))
        self.files.close()
        describe(self.folder, {**self._facts, **ended, "lost": lost})
        self._over = True
        self._health.finished(self.folder)
