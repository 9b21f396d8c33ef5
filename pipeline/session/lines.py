"""The fixed lines: rendered in the configured voice before the first visitor comes, and kept on disk."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import Clock
from pipeline.envelope import Label, Language, Message
from pipeline.errors import WireError
from pipeline.messages import Claim, Cues, Failure, Say, Sentence, Speech
from pipeline.session.playback import Line
from pipeline.settings import FROZEN
from pipeline.wire import decode, encode

_LOGGER = logging.getLogger(__name__)
Kind = Literal["filler", "apology", "greeting", "morning", "afternoon", "evening", "farewell", "attract"]
DAYTIMES = ("morning", "afternoon", "evening")
"""Kinds of greeting."""
Voices = dict[Language, str]
RENDERING = "fixed-lines"
"""The session under which they are rendered."""
SHIPPED = "shipped"
"""The voice under which an avatar pack keeps its clips."""
PATIENCE = 20.0
"""Seconds that one line may take to render at start."""
INSIST = 0.5
"""Seconds after which a line that nobody has taken is sent again."""


class Script(BaseModel):
    """What a persona says in one language, each a list of variants."""

    model_config = FROZEN
    greeting: tuple[str, ...] = Field((), max_length=20)
    morning: tuple[str, ...] = Field((), max_length=20)
    """The greeting from 5 to 11 o'clock, where there is one of its own; so are the next two."""
    afternoon: tuple[str, ...] = Field((), max_length=20)
    evening: tuple[str, ...] = Field((), max_length=20)
    """From 18 o'clock on."""
    farewell: tuple[str, ...] = Field((), max_length=20)
    filler: tuple[str, ...] = Field((), max_length=20)
    apology: tuple[str, ...] = Field((), max_length=20)
    attract: tuple[str, ...] = Field((), max_length=20)
    """Said now and then while nobody is there (`session.attract`)."""


PLAIN: dict[Language, Script] = {
    "zh": Script(
        greeting=("您好，很高兴见到您。",),
        farewell=("再见，欢迎下次再来。",),
        filler=("嗯，让我想一想。", "请稍等一下。"),
        apology=("抱歉，我刚才没能回答上来，请您再说一遍好吗？", "对不起，我这边出了点小问题，请再问我一次。"),
    ),
    "en": Script(
        greeting=("Hello, nice to meet you.",),
        farewell=("Goodbye, see you next time.",),
        filler=("Let me think.", "One moment, please."),
        apology=(
            "I am sorry, I could not answer just now. Could you say that again?",
            "Sorry, please ask me once more.",
        ),
    ),
}
"""Without a persona."""
_MOODS: dict[Kind, tuple[Label, str]] = {
    "greeting": ("happy", "wave"), "morning": ("happy", "wave"), "afternoon": ("happy", "wave"),
    "evening": ("happy", "wave"), "attract": ("happy", "open"), "farewell": ("happy", "wave"),
    "filler": ("neutral", "think"), "apology": ("sad", "bow"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """A line with its speech and cues, part by part."""

    sentence: Sentence
    speech: tuple[Speech, ...]
    cues: tuple[Cues, ...]


class Lines:
    """All fixed lines. Shared by all visits: it changes no more once it is made."""

    def __init__(self, rendered: dict[tuple[Kind, Language], list[Rendered]]) -> None:
        self.rendered = rendered

    def line(self, kind: Kind, language: Language, place: Message, number: int) -> Line | None:
        """The `number`-th line of its kind in this visit, ready to play; None when none could be rendered."""
        origin = "greeting" if kind in DAYTIMES else kind
        known = self.rendered.get((kind, language)) or self.rendered.get((origin, language)) or []
        if not known:
            return None
        rendered = known[number % len(known)]
        where = {"edge": place.edge, "session": place.session, "turn": place.turn}
        where |= {"revision": place.revision, "origin": origin}
        sentence = rendered.sentence.changed(**where, cause=place.id, index=number)
        line = Line(sentence)
        for part, cues in zip(rendered.speech, rendered.cues, strict=True):
            speech = part.changed(**where, cause=sentence.id, index=number)
            line.hear(speech)
            line.cues[part.part] = cues.changed(**where, cause=speech.id, index=number)
        return line


async def render(
    scripts: dict[Language, Script], bus: Bus, clock: Clock, *,
    voice: str, folders: Sequence[Path], shipped: Path | None = None, voices: Voices | None = None,
) -> Lines:  # fmt: skip
    """Take every line from the first of `folders` that has it, else have it spoken; `folders[0]` keeps new ones.

    `voice` names everything that the sound depends on: lines of another voice are rendered anew. `shipped` is a folder
    of clips (`script/make-clips`) for the kinds of which none could be spoken. `voices` are those of the screen.
    """
    found: dict[tuple[Kind, Language], list[Rendered]] = {}
    voice_is_there = True
    for language, script in scripts.items():
        for kind, mood in _MOODS.items():
            texts: tuple[str, ...] = getattr(script, kind) or getattr(PLAIN[language], kind)
            for text in texts:
                sentence = _sentence(text, language, mood, bus.edge, voices)
                rendered = _kept(sentence, voice, folders)
                if rendered is None and voice_is_there:
                    rendered = await _spoken(sentence, bus, clock)
                    voice_is_there = rendered is not None
                    if rendered:
                        _keep(rendered, voice, folders)
                if rendered:
                    found.setdefault((kind, language), []).append(rendered)
            if shipped and (kind, language) not in found:
                found[kind, language] = _clips(kind, language, shipped)
    return Lines(found)


def _clips(kind: Kind, language: Language, folder: Path) -> list[Rendered]:
    """The plain lines of a kind that came with the avatar: for a voice that is away when the kiosk starts."""
    sentences = [_sentence(text, language, _MOODS[kind]) for text in getattr(PLAIN[language], kind)]
    return [clip for sentence in sentences if (clip := _kept(sentence, SHIPPED, [folder]))]


def _sentence(
    text: str, language: Language, mood: tuple[Label, str], edge: str = "", voices: Voices | None = None
) -> Sentence:
    order = Say(edge=edge, session=RENDERING, text=text, language=language)
    emotion, gesture = mood
    return order.answer(
        Sentence, index=0, text=text, language=language, emotion=emotion, gesture=gesture, last=True, origin="say",
        voices=voices or {},
    )  # fmt: skip


async def _spoken(sentence: Sentence, bus: Bus, clock: Clock) -> Rendered | None:
    claimed = asyncio.Event()
    try:
        async with (
            clock.timeout(PATIENCE),
            bus.subscribe(Speech, Cues, Claim, Failure, session=RENDERING) as heard,
            asyncio.TaskGroup() as tasks,
        ):
            insisting = tasks.create_task(_insist(sentence, bus, clock, claimed))
            rendered = await _collect(sentence, heard, claimed)
            insisting.cancel()
            if rendered is not None:
                return rendered
    except TimeoutError:
        pass
    _LOGGER.warning("line.silent text=%r: it could not be spoken and will be missing", sentence.text)
    return None


async def _insist(sentence: Sentence, bus: Bus, clock: Clock, claimed: asyncio.Event) -> None:
    """Send it until somebody takes it: a node may be just beginning, or full."""
    while not claimed.is_set():
        await bus.publish(sentence)
        sentence = sentence.again()
        await clock.sleep(INSIST)


async def _collect(sentence: Sentence, heard: Subscription, claimed: asyncio.Event) -> Rendered | None:
    """The speech and cues of the first attempt that delivers."""
    speech: dict[int, Speech] = {}
    cues: dict[int, Cues] = {}
    async for message in heard:
        if isinstance(message, Failure) and message.cause == sentence.id:
            return None
        if isinstance(message, Claim) and message.cause == sentence.id and message.accepted:
            claimed.set()
        elif isinstance(message, Speech) and message.cause == sentence.id:
            if not speech or message.attempt == speech[0].attempt:
                speech[message.part] = message
        elif isinstance(message, Cues) and any(message.cause == part.id for part in speech.values()):
            cues[message.part] = message
        if speech and len(cues) == len(speech) and any(part.last for part in speech.values()):
            return Rendered(sentence, tuple(speech.values()), tuple(cues.values()))
    return None


def _path(folder: Path, sentence: Sentence, voice: str) -> Path:
    name = hashlib.blake2b(f"{voice}\n{sentence.language}\n{sentence.text}".encode(), digest_size=12).hexdigest()
    return folder / f"{name}.line"


def _kept(sentence: Sentence, voice: str, folders: Sequence[Path]) -> Rendered | None:
    for folder in folders:
        path = _path(folder, sentence, voice)
        if not path.is_file():
            continue
        try:
            return _unpack(sentence, path.read_bytes())
        except (ValueError, TypeError, WireError, OSError) as error:
            _LOGGER.warning("line.unreadable path=%s: rendered anew (%s)", path, error)
    return None


def _unpack(sentence: Sentence, data: bytes) -> Rendered:
    sizes, _, rest = data.partition(b"\n")
    messages: list[Message] = []
    for size in json.loads(sizes):
        messages.append(decode(rest[:size]))
        rest = rest[size:]
    speech = tuple(message for message in messages if isinstance(message, Speech))
    cues = tuple(message for message in messages if isinstance(message, Cues))
    if not speech or len(speech) != len(cues):
        raise ValueError("parts are missing")
    return Rendered(sentence, speech, cues)


def _keep(rendered: Rendered, voice: str, folders: Sequence[Path]) -> None:
    if not folders:
        return
    path = _path(folders[0], rendered.sentence, voice)
    packed = [encode(message) for message in (*rendered.speech, *rendered.cues)]
    whole = json.dumps([len(data) for data in packed]).encode() + b"\n" + b"".join(packed)
    try:
        folders[0].mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(whole)
        fresh.replace(path)
    except OSError as error:
        _LOGGER.warning("line.not-kept path=%s: it is rendered again at the next start (%s)", path, error)
