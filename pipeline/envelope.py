"""The envelope that every message carries, and the parts that messages are made of."""

import hashlib
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Label = Literal["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
Language = Literal["zh", "en"]
Mode = Literal["hands-free", "push-to-talk", "wake-phrase"]
Number = Annotated[float, AfterValidator(lambda value: round(value, 4))]
"""A float with 4 decimals: rounded at the source, so that equal runs write equal bytes."""
Cost = Annotated[float, AfterValidator(lambda value: round(value, 8))]
"""Money: a short answer costs less than a ten-thousandth of any currency."""
Unit = Annotated[Number, Field(ge=0.0, le=1.0)]
Origin = Literal["reply", "filler", "apology", "greeting", "farewell", "attract", "say"]


class Part(BaseModel):
    """A piece of a message: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Part):
    """The envelope that every message of a visit carries."""

    requests: ClassVar[bool] = False
    """True for a message that is a job for a worker stage."""
    parted: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that number the message within its answer."""

    edge: str = ""
    """Whose visit it is: the edge's name on the bus. Empty where everything runs in one process."""
    session: str = ""
    """The visit; empty only for `Presence`, `Say` and `Status`."""
    turn: int = Field(0, ge=0)
    """1 for the visitor's first turn; 0 before it, for what the avatar says by itself."""
    revision: int = Field(0, ge=0)
    """Of the turn: 1 for its first tentative `Utterance`."""
    cause: str = ""
    """`id` of the message that this one answers."""
    attempt: int = Field(1, ge=1)
    """Which sending of the cause this message answers: equal to the cause's `sent`."""
    sent: int = Field(1, ge=1)
    """How often this message has been sent as a request. Not part of `id`: a request sent again is the same request."""
    left_ms: int | None = Field(None, ge=0)
    """What is left of the request's deadline when it is sent; the receiver counts from its arrival."""

    @cached_property
    def id(self) -> str:
        """16 hex digits of BLAKE2b over place, class and part: the same on every machine, with no shared counter."""
        parts = [getattr(self, name) for name in self.parted]
        visit = f"{self.edge}/{self.session}" if self.edge else self.session
        place = (visit, self.turn, self.revision, self.cause, self.attempt, type(self).__name__, *parts)
        return hashlib.blake2b(repr(place).encode(), digest_size=8).hexdigest()

    def answer(self, kind: "type[M]", **fields: Any) -> "M":
        """A message of class `kind` that answers this one: its envelope is filled in here."""
        return kind(edge=self.edge, session=self.session, turn=self.turn, revision=self.revision,
                    cause=self.id, attempt=self.sent, **fields)  # fmt: skip

    def changed(self, **fields: Any) -> Self:
        """A copy with other fields (unchecked), and so maybe another `id`."""
        copy = self.model_copy(update=fields)
        copy.__dict__.pop("id", None)
        return copy

    def again(self, left_ms: int | None = None) -> Self:
        """The same request (same `id`), to be sent once more."""
        return self.model_copy(update={"sent": self.sent + 1, "left_ms": left_ms})


M = TypeVar("M", bound=Message)


class Word(Part):
    """A word and when it was spoken."""

    text: str
    start: Number
    """Seconds from the utterance's first sample."""
    end: Number


class Feeling(Part):
    """An emotion: what it is called, where it lies on Russell's circumplex, and how sure that is."""

    label: Label = "neutral"
    valence: Annotated[Number, Field(ge=-1.0, le=1.0)] = 0.0
    arousal: Annotated[Number, Field(ge=-1.0, le=1.0)] = 0.0
    confidence: Unit = 0.0


class Exchange(Part):
    """A line of the history, as it was heard."""

    role: Literal["visitor", "avatar"]
    text: str
    interrupted: bool = False
    """The avatar was cut here: `text` ends with the last word that sounded."""


class Mark(Part):
    """A phoneme (`text` in IPA, as the voice names it) or a word of the sentence, with its time."""

    text: str
    start: int = Field(ge=0)
    """Sample of the sentence's own clock, 24 kHz."""
    end: int = Field(ge=0)
    offset: int = Field(0, ge=0)
    """Words: index of the first character in the sentence's text."""
    stressed: bool = False


class Pose(Part):
    """A shape of face or body that comes and goes: 0 at `start`, `weight` from `attack` to `release`, 0 at `end`."""

    name: str
    start: int
    """Samples of the sentence's own clock; may lie before this part (a lead of the mouth)."""
    attack: int
    release: int
    end: int
    weight: Unit = 1.0


class Gaze(Part):
    """Where the eyes go at `at`: x and y in -1..1, 0 0 is the visitor."""

    at: int
    x: Number
    y: Number


class StageLoad(Part):
    """How one worker stage of a node is doing; counts and times are those since the node began."""

    stage: str
    engine: str = ""
    state: Literal["warming", "ready", "draining", "failed"] = "ready"
    concurrency: int = Field(1, ge=1)
    """Requests that it works on at once."""
    holds: tuple[str, ...] = ()
    """`id`s of the requests that it took and has not answered yet, oldest first; at most 64 are named."""
    held: int = Field(0, ge=0)
    """How many they are."""
    waits: int = Field(0, ge=0)
    """How many of them are not begun."""
    counts: dict[str, int] = {}
    """done, failed, interrupted, expired, bounced (sent on to others), wasted (could not be stopped, and ran out)."""
    queue_ms: tuple[Number, ...] = ()
    """p50 and p95 of the last 256 requests: from arrival to the beginning of the work."""
    work_ms: tuple[Number, ...] = ()
    """p50 and p95 of the last 256 requests: the work."""
