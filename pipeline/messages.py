"""The messages of a visit, in the order in which they flow; `docs/messages.md` draws who says which."""

from typing import Literal

from pydantic import Field

from pipeline import envelope as e
from pipeline.envelope import Label, Language, Message, Number, Origin, Unit


class SessionStarted(Message):
    """Said by the session: a visit begins. `versions`: of Visavis and every engine; `daytime`: for the greeting."""

    screen: str
    language: Language
    persona: str = ""
    mode: e.Mode = "hands-free"
    daytime: Literal["", "morning", "afternoon", "evening"] = ""
    versions: dict[str, str] = {}


class SessionEnded(Message):
    """Said by the session: the visit is over, and what was known of the visitor is forgotten."""

    why: Literal["idle", "left", "ended", "failed"]


class Presence(Message):
    """Said by the screen or any sensor: someone is there (detected, never identified)."""

    screen: str
    present: bool
    distance_m: Number | None = None


class Typed(Message):
    """Said by the screen: text typed or touched instead of spoken. `index` counts them in a visit."""

    parted = ("index",)
    index: int = Field(0, ge=0)
    text: str = Field(min_length=1, max_length=2000)
    language: Language | None = None


class Control(Message):
    """Said by the screen: the visitor's or the operator's hand on the controls. None leaves a thing as it is."""

    parted = ("index",)
    index: int = Field(0, ge=0)
    mode: e.Mode | None = None
    language: Language | None = None
    mute: bool | None = None
    stop: bool = False


class Say(Message):
    """Said by anyone: a line for the avatar to speak."""

    screen: str = ""
    text: str = Field(min_length=1, max_length=2000)
    language: Language = "zh"


class SpeechStarted(Message):
    """Said by turn: the visitor began to speak; with `revision` > 0, went on after a tentative pause."""

    parted = ("at_sample", "sure")
    at_sample: int = Field(ge=0)
    """First voiced sample, 16 kHz, counted from the edge's first frame."""
    sure: bool = False
    """Said again with True once there is voice enough to interrupt the avatar (`barge_in_ms`): no cough."""


class SpeechDropped(Message):
    """Said by turn: what had started was a cough or a short "嗯"; sound comes back."""

    parted = ("at_sample",)
    at_sample: int = Field(ge=0)
    voiced_ms: int = Field(ge=0)


class Utterance(Message):
    """Said by turn: one whole utterance, tentative until its `TurnEnded`. Job of transcript and of emotion."""

    requests = True
    parted = ("start_sample", "partial", "index")
    start_sample: int = Field(ge=0)
    """Of `pcm`'s first sample, pre-roll included."""
    pcm: bytes = Field(b"", exclude=True, repr=False)
    """16 kHz mono PCM16, little endian."""
    language: Language | None = None
    """What the session's config fixes; None: to be detected."""
    baseline: tuple[tuple[Number, ...], ...] = ()
    """Voice features of this speaker's earlier utterances, oldest first, at most 5: the speaker's own normal."""
    partial: bool = False
    """True while the visitor still speaks: asked only for a partial `Transcript`; `index` numbers those."""
    index: int = Field(0, ge=0)


class TurnEnded(Message):
    """Said by turn: the utterance of this revision stands. No sound: what was prepared for it is released."""

    end_sample: int = Field(ge=0)
    """Last voiced sample + 1."""
    decided_sample: int = Field(ge=0)
    """Where the endpoint was decided."""


class Transcript(Message):
    """Said by transcript: what the visitor said. Job of emotion (words)."""

    requests = True
    parted = ("partial", "index")
    text: str
    language: Language
    confidence: Unit
    words: tuple[e.Word, ...] = ()
    partial: bool = False
    """True while the visitor still speaks: for the screen, answered by nobody; `index` numbers those."""
    index: int = Field(0, ge=0)


class Emotion(Message):
    """Said by emotion: how the visitor sounds (from `Utterance`) or what the words feel like (from `Transcript`)."""

    parted = ("source",)
    source: Literal["voice", "text"]
    feeling: e.Feeling
    scores: dict[Label, Unit] = {}
    """Probability of each label that the classifier knows."""
    features: tuple[Number, ...] = ()
    """Voice only: this utterance's features, for the baseline of the next."""


class Question(Message):
    """Said by the session: everything that an answer needs; `voices`, the screen's, go on to speech. Job of reply."""

    requests = True
    text: str
    language: Language
    confidence: Unit = 1.0
    """Of the transcript; 1 for typed text."""
    feeling: e.Feeling = e.Feeling()
    persona: str = ""
    history: tuple[e.Exchange, ...] = ()
    knowledge: str = ""
    """Name of the knowledge folder."""
    voices: dict[Language, str] = {}
    said: tuple[str, ...] = ()
    """Sentences already accepted from a stream that died: the answer goes on after them, at index len(said)."""
    tentative: bool = False
    """The turn may go on: nothing with an effect outside may be done for it."""


class Claim(Message):
    """Said by a worker: it took this request, or (accepted false) is full or on its way out: send it elsewhere."""

    parted = ("node", "stage", "accepted")
    node: str
    stage: str
    accepted: bool = True
    held: int = Field(0, ge=0)
    """Requests that this stage of the node holds now, this one included."""


class Progress(Message):
    """Said by a worker every 500 ms: still alive on this request."""

    parted = ("node", "stage", "index")
    node: str
    stage: str
    index: int = Field(ge=0)


class Thought(Message):
    """Said by reply: a piece of the model's reasoning; for the screen, never for the voice."""

    parted = ("index",)
    index: int = Field(ge=0)
    text: str


class Sentence(Message):
    """Said by reply (and by the session, for fixed lines): one sentence to speak. Job of speech."""

    requests = True
    parted = ("index", "origin")
    index: int = Field(ge=0)
    text: str
    """To be spoken and shown: no Markdown, no tags."""
    language: Language
    emotion: Label = "neutral"
    strength: Unit = 0.5
    gesture: str = ""
    """'' or one of `stages.cues` gestures: nod, shake, wave, point, think, shrug, bow, open."""
    last: bool = False
    """The answer ends with this sentence. Its text may be empty when the stream ended without more words."""
    sources: tuple[str, ...] = ()  # knowledge entries used
    by: str = ""  # who answered: the model or the engine
    tokens_in: int = 0
    tokens_cached: int = 0  # of tokens_in
    tokens_out: int = 0
    cost: e.Cost = 0.0
    """In the endpoint's currency; on the last sentence of an answer."""
    origin: Origin = "reply"
    voices: dict[Language, str] = {}


class Speech(Message):
    """Said by speech: a part (at most 32 kB) of a spoken sentence. Job of cues."""

    requests = True
    parted = ("index", "part", "origin")
    index: int = Field(ge=0)
    """Of the sentence in its answer."""
    part: int = Field(ge=0)
    start: int = Field(ge=0)
    """First sample of this part on the sentence's own clock, 24 kHz."""
    last: bool = False
    pcm: bytes = Field(b"", exclude=True, repr=False)
    """24 kHz mono PCM16, little endian."""
    phonemes: tuple[e.Mark, ...] = ()
    """That begin in this part; empty where the voice gives none."""
    timed: bool = False
    """The voice gives phoneme times (also when this part happens to hold none)."""
    words: tuple[e.Mark, ...] = ()
    """That begin in this part."""
    context: tuple[e.Mark, ...] = ()
    """Up to 4 phonemes from before this part and 4 from after it, where known: lips of neighbouring parts then join."""
    text: str = ""
    """The sentence."""
    language: Language = "zh"
    emotion: Label = "neutral"
    strength: Unit = 0.5
    gesture: str = ""
    origin: Origin = "reply"


class Cues(Message):
    """Said by cues: what the face does during one part of `Speech`. Poses of neighbouring parts add up."""

    parted = ("index", "part", "origin")
    index: int = Field(ge=0)
    part: int = Field(ge=0)
    start: int = Field(ge=0)
    samples: int = Field(ge=0)
    visemes: tuple[e.Pose, ...] = ()
    """OVR-15 names: sil PP FF TH DD kk CH SS nn RR aa E ih oh ou."""
    expressions: tuple[e.Pose, ...] = ()
    """Labels of `Label`, and `blink`."""
    gestures: tuple[e.Pose, ...] = ()
    gaze: tuple[e.Gaze, ...] = ()
    origin: Origin = "reply"


class Played(Message):
    """Said by the screen: what sounded. `cause` is the sentence's id, `sample` on the sentence's own clock."""

    parted = ("index", "part", "sample", "state")
    index: int = Field(ge=0)
    part: int = Field(ge=0)
    sample: int = Field(ge=0)
    state: Literal["started", "progress", "ended", "cut"]


class Interrupt(Message):
    """Said by the session: stop work for this turn up to this revision, or (with `cause`) for one attempt."""

    parted = ("why", "stopped")
    why: Literal["revised", "barge-in", "timeout", "left", "adopted"]
    stopped: int = Field(0, ge=0)
    """With `cause`: the attempt to stop; 0 stops all of them."""


class Failure(Message):
    """Said by any stage: it cannot do this request. Never spoken or shown to a visitor as it stands."""

    parted = ("stage", "code")
    stage: str
    code: str
    """Stable; `docs/errors.md` lists them."""
    text: str
    """What is wrong, where, and how to mend it."""
    retry: bool = False
    """Another attempt may succeed."""


class Status(Message):
    """Said by a node or an edge (retained, last will): what it runs, how it is, what it holds."""

    node: str
    state: Literal["warming", "ready", "draining", "drained", "gone", "incompatible"] = "ready"
    stages: tuple[e.StageLoad, ...] = ()
    version: str = ""
    boot: str = ""
    """Differs with each start: two that claim one name are told apart."""
    facts: dict[str, str | int] = {}
    """About the machine."""
    counts: dict[str, int] = {}
    """An edge's: sessions, open, sent, again, bounced, orphaned, poisoned, missed; and of the bus: reconnects, lost."""
