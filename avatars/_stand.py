"""Where a screen stands in the hall: who has it now, who may come back to it, and its visits."""

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from avatars._door import Tickets
from avatars._frames import MESSAGE, PROTOCOL, TEXT, Controls, Hello, told
from avatars._outbox import Outbox
from avatars._webscreen import WebScreen
from pipeline.clock import Clock, Timer
from pipeline.gateway import Post

_LOGGER = logging.getLogger(__name__)
PER_SECOND = 120
"""Frames that a screen may send."""
LEFT = frozenset({0, 1000, 1001})
"""Close codes of a screen that leaves: a closing handshake without a code is one too."""


class Holder(Protocol):
    """A connection that has the screen."""

    outbox: Outbox

    def dismiss(self, code: int, reason: str) -> None:
        """Close it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all screens of a server share."""

    clock: Clock
    version: str = ""
    avatar: str = ""
    """Name of the pack."""
    keep: float = 30.0
    """Seconds for which a visit is kept when a connection is lost."""
    counts: "Counter[str]" = field(default_factory=Counter)
    tickets: Tickets = field(default_factory=Tickets)


class Stand:
    """One screen of the config."""

    def __init__(self, post: Post, screen: WebScreen, shared: Shared) -> None:
        self.post, self.screen, self._shared = post, screen, shared
        self._clock, self._counts, self._tickets = shared.clock, shared.counts, shared.tickets
        self._holder: Holder | None = None
        self._ticket = ""
        self._session = ""
        """The visit that was under way when the connection was lost."""
        self._expiry: Timer | None = None
        self._entering = asyncio.Lock()

    @property
    def name(self) -> str:
        """In the config."""
        return self.post.plan.name

    @property
    def held(self) -> bool:
        """Some connection has it."""
        return self._holder is not None

    async def enter(self, holder: Holder, hello: Hello) -> bool:
        """Give the screen to a connection, which is welcomed; whether it goes on where another one was lost."""
        async with self._entering:
            resumed = self._resumes(hello)
            before, self._holder = self._holder, holder
            if self._expiry:
                self._expiry.cancel()
            self._expiry = None
            if before is not None:
                self._take_over(before, resumed=resumed)
            if not resumed:
                self.screen.forget()
                await self.end("left")
                self.screen.state = Controls()
                self.post.edge.renew()
            self._ticket = self._tickets.new(self.name)
            holder.outbox.say(told("welcome", **self._welcome(resumed=resumed)))
            if hello.resume and not self._tickets.known(self.name, hello.resume):
                holder.outbox.say(told("reload"))  # it was loaded from a server before this one
            if self._holder is holder:
                self.screen.connect(holder.outbox, resumed=resumed)
        self._counts["resumed"] += resumed
        return resumed

    async def leave(self, holder: Holder, code: int) -> None:
        """A connection is over. What it held is free at once, or kept for a while if it was lost."""
        if self._holder is not holder:
            return
        self._holder = None
        self.screen.disconnect()
        self._counts["left" if code in LEFT else "lost"] += 1
        if code in LEFT:
            self._let_go()
        else:
            visit = self.post.edge.visit
            self._session = visit.session if visit.begun or self.screen.touched else ""
            self._expiry = self._clock.call_at(self._clock.now() + self._shared.keep, self._expire)
        await self.post.edge.deafen()

    async def end(self, why: Literal["left", "ended"]) -> None:
        """The visit is over."""
        await self.until_next(lambda: self.post.edge.end(why))

    async def until_next(self, act: Callable[[], None]) -> None:
        """Do what ends the visit, if one is under way: what comes from here on is said in the next one."""
        if not (self.post.edge.visit.begun or self.screen.touched):
            return
        opened = asyncio.Event()
        self.screen.opened = opened.set
        act()
        try:
            async with self._clock.timeout(2.0):
                await opened.wait()
        except TimeoutError:
            _LOGGER.warning("screen.busy screen=%s: its visit does not end", self.name)

    def _resumes(self, hello: Hello) -> bool:
        good = bool(self._ticket) and hmac.compare_digest((hello.resume or "").encode(), self._ticket.encode())
        visit = self.post.edge.visit
        there = self._holder is not None or (self._expiry is not None and visit.session == self._session)
        return good and hello.visitor and there and visit.begun

    def _take_over(self, before: Holder, *, resumed: bool) -> None:
        if not resumed:
            self._counts["takeovers"] += 1
        self.screen.disconnect()
        _LOGGER.info("screen.taken screen=%s resumed=%s", self.name, "yes" if resumed else "no")
        before.dismiss(4409, "screen-taken: another window has this screen now")

    def _expire(self) -> None:
        if self.post.edge.visit.begun:
            self._counts["expired"] += 1
            _LOGGER.info("screen.expired screen=%s session=%s", self.name, self.post.edge.visit.session)
        self._let_go()

    def _let_go(self) -> None:
        """Nobody will come back."""
        self._ticket, self._expiry = "", None
        self.screen.forget()
        self.post.edge.end("left")

    def _welcome(self, *, resumed: bool) -> dict[str, Any]:
        post, visit, state = self.post, self.post.edge.visit, self.screen.state
        plan = post.plan
        fixed = plan.language if plan.language in {"zh", "en"} else plan.greeting_language
        return {
            "protocol": PROTOCOL, "screen": self.name, "version": self._shared.version, "resume": self._ticket,
            "resumed": resumed, "session": visit.session if visit.begun else "",
            "language": state.language or fixed or "zh", "mode": state.mode or plan.mode or "hands-free",
            "muted": bool(state.mute), "wake": list(plan.wake_phrases or ()), "name": dict(post.names),
            "label": {"zh": "由AI生成", "en": "AI-generated"}, "model": post.model, "avatar": self._shared.avatar,
            "questions": {language: list(texts) for language, texts in post.questions.items()},
            "notice": dict(post.notice), "recorded": post.recorded,
            "limits": {"text": TEXT, "message": MESSAGE, "per_second": PER_SECOND},
        }  # fmt: skip
