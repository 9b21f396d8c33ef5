"""Records every visit before the screens of a process, each in a folder of its own, while it happens."""

import datetime as dt
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, NoReturn

from pipeline.aigc import Labelling
from pipeline.audio import FRAME, HEAR_RATE, Frame
from pipeline.calendar import local_time
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.jobs import Timing
from pipeline.messages import SessionEnded, Status
from pipeline.recording import retention
from pipeline.recording.scribe import Health, Page, Scribe, Work
from pipeline.recording.settings import Record
from pipeline.session.tape import TOUCHES, Tape

_LOGGER = logging.getLogger(__name__)
RING = 2 * HEAR_RATE // FRAME
"""Frames from before a visit that are kept, so that the words which begin it are whole."""
LINGER = 1.0
"""Seconds after a visit's end in which what is still said of it belongs to it."""
HOUR = 3600.0
FEW = 32
"""What is remembered of visits that have not begun: they may never."""
LINE = 400
"""Bytes that a line is taken for while it waits."""


class _Heard(NamedTuple):
    """A frame of microphone, and when it came."""

    at: float
    frame: Frame
    voice: float | None


class Live:
    """One visit's recording, as its edge sees it: nothing here waits, and nothing raises."""

    def __init__(self, page: Page, scribe: Scribe, health: Health, session: str, start: float) -> None:
        self.page, self._scribe, self._health = page, scribe, health
        self.session, self._start = session, start
        self.over: SessionEnded | None = None
        self._ended_at = 0.0
        self._lost = self._untold = 0

    def message(self, now: float, message: Message) -> None:
        """Take a message."""
        if isinstance(message, SessionEnded):
            self.over, self._ended_at = message, now - self._start
        at, page, sound = now - self._start, self.page, getattr(message, "pcm", b"")
        self._line(at, lambda: page.message(at, message), LINE + len(sound))

    def note(self, now: float, event: str, fields: Mapping[str, Any]) -> None:
        """Take an event."""
        at, page = now - self._start, self.page
        self._line(at, lambda: page.event(at, event, self.session, fields), LINE)

    def timing(self, now: float, timing: Timing) -> None:
        """Take a measured duration."""
        page = self.page
        self._line(now - self._start, lambda: page.timing(timing), LINE)

    def hear(self, heard: _Heard) -> None:
        """Take 20 ms of microphone; where there is no room for them they are a gap."""
        at, page = heard.at - self._start, self.page
        sample, pcm, voice = heard.frame.sample, heard.frame.pcm, heard.voice
        self._scribe.put(page, lambda: page.hear(at, sample, pcm, voice), 2 * FRAME)

    def _line(self, at: float, work: Work, size: int) -> None:
        if self._untold and self._scribe.put(self.page, self._confession(at)):
            self._untold = 0
        if self._untold or not self._scribe.put(self.page, work, size):
            self._lost += 1
            self._untold += 1
            self._health.counts["lost"] += 1

    def _confession(self, at: float) -> Work:
        page, fields = self.page, {"count": self._untold}
        return lambda: page.event(at, "lost", self.session, fields)

    def finish(self, now: float) -> None:
        """Nothing more comes."""
        at, page, lost = now - self._start, self.page, self._lost
        if self._untold:
            self._scribe.put(page, self._confession(at), must=True)
        why, ended_at = (self.over.why, self._ended_at) if self.over else ("stopped", at)
        ended = {"ended": {"at": round(ended_at, 4), "why": why}}
        self._scribe.put(page, lambda: page.finish(at, ended, lost), must=True)


class Keeper:
    """All recordings of a process."""

    def __init__(
        self, record: Record, clock: Clock, facts: Mapping[str, Any], *, label: Labelling | None = None,
        scribe: Scribe | None = None, today: Callable[[], dt.datetime] = local_time,
    ) -> None:  # fmt: skip
        """`facts` are those that stand in each `session.json`."""
        self._record, self._clock, self._facts, self._label = record, clock, dict(facts), label or Labelling()
        self._today = today
        self._scribe = scribe or Scribe()
        self._health = Health()
        self._live: dict[str, Live] = {}
        self._before: OrderedDict[str, list[Callable[[Live], None]]] = OrderedDict()
        """Of visits that have not begun: what was touched in them."""

    @property
    def counts(self) -> Mapping[str, int]:
        """`begun`, `finished` and `failed` recordings, `lost` lines and `removed` folders, for metrics."""
        return self._health.counts

    def tapes(self, facts: Mapping[str, Any]) -> Callable[[str], Tape]:
        """What makes the tape of a screen; `facts` are that screen's."""
        return lambda screen: _Tape(self, screen, facts)

    # --- what is said

    def message(self, message: Message) -> None:
        """Take a message of the bus."""
        if isinstance(message, Status):
            return
        now, live = self._clock.now(), self._live.get(message.session)
        if live is not None:
            before = live.over
            live.message(now, message)
            if live.over is not before:
                self._clock.call_at(now + LINGER, lambda: self._finish(live))
        elif isinstance(message, TOUCHES) and message.session:
            self._remember(message.session, lambda live: live.message(now, message))

    def timing(self, timing: Timing) -> None:
        """Take a measured duration."""
        live = self._live.get(timing.session)
        if live is not None:
            live.timing(self._clock.now(), timing)

    def note(self, session: str, event: str, fields: Mapping[str, Any]) -> None:
        """Take an event of a visit."""
        now, live = self._clock.now(), self._live.get(session)
        if live is not None:
            live.note(now, event, fields)
        elif event == "touched":
            self._remember(session, lambda live: live.note(now, event, fields))

    def _remember(self, session: str, tell: Callable[[Live], None]) -> None:
        told = self._before.setdefault(session, [])
        if len(told) < FEW:
            told.append(tell)
        if len(self._before) > FEW:
            self._before.popitem(last=False)

    # --- from a visit's beginning to its end

    def begin(self, screen: str, session: str, sample: int, ring: Iterable[_Heard], facts: Mapping[str, Any]) -> Live:
        """A visit begins; `ring` is what was heard just before, without a gap up to `sample`."""
        now, heard = self._clock.now(), list(ring)
        origin = heard[0].frame.sample if heard else sample
        began = self._today()
        folder = self._record.folder / f"{began:%Y%m%d-%H%M%S}-{screen}-{session}"
        page = Page(folder, self._health, self._label, origin=origin)
        live = self._live[session] = Live(
            page, self._scribe, self._health, session, now - (sample - origin) / HEAR_RATE
        )
        told = {
            "session": session, "screen": screen, "began": began.astimezone().isoformat(timespec="milliseconds"),
            "clock": "machine", **self._facts, **facts, "microphone": {"start": origin},
        }  # fmt: skip
        self._scribe.put(page, lambda: page.open(told), must=True)
        for one in heard:
            live.hear(one)
        live.note(now, "begin", {"sample": sample})
        for tell in self._before.pop(session, ()):
            tell(live)
        return live

    def forgo(self, live: Live) -> None:
        """Its screen has another visit: it ends now, if nothing has said so."""
        if live.over is None:
            self._clock.call_at(self._clock.now() + LINGER, lambda: self._finish(live))

    def _finish(self, live: Live) -> None:
        if self._live.pop(live.session, None) is not None:
            live.finish(self._clock.now())

    async def tidy(self) -> NoReturn:
        """For ever: delete what is too old or too much, at once and then every hour."""
        while True:
            busy = {live.page.folder for live in self._live.values()}
            gone = await self._clock.thread(retention.tidy, self._record, self._today(), busy, seconds=0.0)
            self._health.counts["removed"] += len(gone)
            for path in gone:
                _LOGGER.info("recording.removed path=%s", path)
            await self._clock.sleep(HOUR)

    def now(self) -> float:
        """Seconds on the clock."""
        return self._clock.now()

    async def close(self) -> None:
        """Finish all of them."""
        for live in list(self._live.values()):
            self._finish(live)
        await self._clock.thread(self._scribe.close, seconds=0.0)


class _Tape:
    """One screen's: outside of visits it remembers the last two seconds of microphone, and forgets what is older."""

    def __init__(self, keeper: Keeper, screen: str, facts: Mapping[str, Any]) -> None:
        self._keeper, self._screen, self._facts = keeper, screen, facts
        self._ring: deque[_Heard] = deque(maxlen=RING)
        self._live: Live | None = None

    def hear(self, frame: Frame, voice: float | None) -> None:
        heard = _Heard(self._keeper.now(), frame, voice)
        if self._live is not None and self._live.over is None:
            self._live.hear(heard)
            return
        if self._ring and self._ring[-1].frame.sample + FRAME != frame.sample:
            self._ring.clear()
        self._ring.append(heard)

    def note(self, event: str, session: str, **fields: Any) -> None:
        if event != "begin":
            self._keeper.note(session, event, fields)
            return
        if self._live is not None:
            self._keeper.forgo(self._live)
        sample, since = fields["sample"], self._keeper.now() - RING * FRAME / HEAR_RATE
        ring = [heard for heard in self._ring if heard.at >= since]
        if ring and ring[-1].frame.sample + FRAME != sample:
            ring = []
        self._ring.clear()
        self._live = self._keeper.begin(self._screen, session, sample, ring, self._facts)


@asynccontextmanager
async def keeping(
    record: Record | None, clock: Clock, facts: Callable[[], Mapping[str, Any]], label: Labelling
) -> AsyncIterator[Keeper | None]:
    """A keeper while the body runs; None where nothing is to be recorded. `facts` may take its time."""
    if record is None:
        yield None
        return
    keeper = Keeper(record, clock, await clock.thread(facts, seconds=0.0), label=label)
    try:
        yield keeper
    finally:
        await keeper.close()
