"""Where a conversation stands; what its parts share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipeline.envelope import Message
from pipeline.messages import Interrupt, SessionEnded, SessionStarted
from pipeline.session.answers import Answers
from pipeline.session.crew import Crew
from pipeline.session.deadlines import Requests
from pipeline.session.hands import Hands
from pipeline.session.lines import Lines
from pipeline.session.memory import Memory
from pipeline.session.playback import Heard
from pipeline.session.settings import Conversing
from pipeline.session.turns import Turn

Why = Literal["revised", "barge-in", "timeout", "left"]
EVERYTHING = 1_000_000
"""A revision above all others."""


@dataclass(frozen=True, slots=True)
class Events:
    """What the tables below tell the conversation."""

    lost: Callable[[Message, str], None]
    """A request will not be answered; an error code."""
    renew: Callable[[Message], Message | None]
    """A request is about to be sent again: bring it up to date, or (None) take it over."""
    heard: Callable[[Heard], None]
    """A line is over."""


class State:
    """The turn under way, and the floor: who has it, who takes it, when it is free."""

    def __init__(
        self, started: SessionStarted, settings: Conversing, lines: Lines, hands: Hands, crew: Crew, events: Events
    ) -> None:
        self.started, self.settings, self.hands = started, settings, hands
        self.limits = settings.deadlines
        self.memory = Memory(started.language, settings.history)
        self.requests = Requests(hands, self.limits, crew, events.lost, events.renew)
        self.answers = Answers(hands, self.requests, lines, settings, events.heard)
        self.turn: Turn | None = None
        self.turns = 0
        """Number of the latest turn."""
        self.shift = 0
        """What the turn engine's turn numbers lack: turns that were typed."""
        self.listening = False
        """The visitor is in the middle of a spoken turn."""
        self.leaving = False
        """The farewell is being said."""
        self.begun = False
        """A visitor is there."""
        self.asleep = started.mode == "wake-phrase"
        """Nobody has called yet: what is said is not answered."""
        self.over = False

    @property
    def quiet(self) -> bool:
        """Nothing is being heard, prepared or played."""
        return not (self.listening or self.answers.active or (self.turn and not self.turn.closed))

    def place(self) -> Message:
        """Where the conversation is now, as an envelope."""
        return self.started.changed(turn=self.turns, revision=self.turn.revision if self.turn else 0)

    def open_turn(self) -> Turn | None:
        """The turn under way, unless nothing more is done for it."""
        return self.turn if self.turn and not self.turn.closed else None

    def close(self, turn: Turn) -> None:
        """Nothing more is done for this turn."""
        turn.closed = True
        for key in ("filler", "turn", "emotion"):
            self.hands.wake(key, None)

    def interrupt(self, why: Why) -> None:
        """Stop all work for the turn under way."""
        turn = self.open_turn()
        if turn is None:
            return
        self.close(turn)
        self.requests.forget(turn.number, turn.revision)
        self.answers.forget(turn)
        self.revoke(why)

    def revoke(self, why: Why, revision: int | None = None) -> None:
        """Nothing is wanted any more of this turn up to its revision: a watermark, so it has no cause."""
        order = self.place().answer(Interrupt, why=why).changed(cause="")
        self.hands.publish(order if revision is None else order.changed(revision=revision))

    def barge_in(self) -> None:
        """The visitor takes the floor: nothing of what was prepared or is playing goes on."""
        self.interrupt("barge-in")
        if self.answers.active:
            self.requests.forget(why="barge-in")
            self.answers.cut()

    def wake_up(self) -> None:
        """The visitor is there."""
        self.hands.wake("idle", None)
        self.leaving = False

    def greet(self) -> None:
        """Say hello, by the time of day where that is known."""
        if self.settings.greet:
            self.answers.fixed(self.started.daytime or "greeting", self.memory.language, self.place())

    def called(self) -> None:
        """Somebody called or touched: from now on all is answered."""
        if self.asleep:
            self.asleep = False
            self.hands.show(self.started)

    def rest(self) -> None:
        """When nothing is going on, the visitor may have gone."""
        if self.quiet:
            self.hands.wake("idle", self.settings.idle_seconds)

    def end(self, why: Literal["idle", "left", "ended", "failed"]) -> None:
        """The visit is over: nothing is wanted any more, nothing is remembered."""
        self.over = True
        self.requests.forget()
        self.answers.cut()
        self.memory.forget()
        self.revoke("left", EVERYTHING)
        ended = self.place().answer(SessionEnded, why=why)
        self.hands.publish(ended)
        self.hands.show(ended)
        self.hands.end(ended)
