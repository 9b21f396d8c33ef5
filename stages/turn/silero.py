"""Turns by Silero voice activity detection: hears frames, says when speech starts, pauses and ends."""

import numpy as np

from pipeline.audio import FRAME, HEAR_RATE, SILENCE, Frame, Hint, Samples
from pipeline.clock import Clock
from pipeline.envelope import Message
from pipeline.messages import SpeechDropped, SpeechStarted, TurnEnded, Utterance
from stages.turn._echo import EchoGuard
from stages.turn._endpoint import Dropped, Ended, Endpoint, Event, Partial, Said, Started
from stages.turn._hum import Hum
from stages.turn._settings import Settings
from stages.turn._vad import CHUNK, Vad, network

__all__ = ["Engine", "Settings"]

_LONGEST_GAP = 2 * HEAR_RATE
"""Samples that may be missing before the sound counts as broken off."""


class Engine:
    """Hears any number of visitors; they share the network and nothing else."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def warm(self) -> None:
        """Load the network, which takes about 0.1 s."""
        await self._clock.thread(network, seconds=0.1)

    def open(self, session: str) -> "Ears":
        """Begin to hear a visitor."""
        return Ears(session, self._settings)


class Ears:
    """One visitor's `Listener`.

    Frames go through the echo guard first: what an utterance carries is the microphone without the avatar's voice, and
    exactly the microphone while nothing plays. The network hears a version of it that is cleaned more harshly.
    """

    def __init__(self, session: str, settings: Settings) -> None:
        self._session = session
        self._off, self._hum = settings.off, Hum()
        self._guard = EchoGuard() if settings.echo_guard else None
        self._vad = Vad()
        self._endpoint = Endpoint(settings)
        self._sound = bytearray()
        """PCM16 from `_first` on: what an utterance may still need, and what the network has not seen."""
        self._voice = bytearray()
        """PCM16 from `_seen` on: for the network."""
        self._first = 0
        self._seen = 0
        """Samples before this one have gone through the network."""
        self._utterance = ""
        self.voice: float | None = None
        """How probable a voice was in the sound that the network heard last."""

    def hear(self, frame: Frame) -> list[Message]:
        """Take 20 ms. Frames that were lost on the way are silence; one that was heard already is not heard again."""
        missing = frame.sample - self._heard
        if missing < 0:
            return []
        messages = self._bridge(missing) if missing else []
        return messages + self._take(frame)

    def hint(self, hint: Hint) -> list[Message]:
        return self._messages(self._endpoint.hint(hint))

    def hold(self, *, on: bool) -> None:
        self._endpoint.hold(on=on)

    def flush(self) -> list[Message]:
        """The sound ends here (a file's end, a released key): an open utterance ends."""
        return self._messages(self._endpoint.flush(self._heard))

    @property
    def _heard(self) -> int:
        return self._first + len(self._sound) // 2

    def _bridge(self, missing: int) -> list[Message]:
        if missing > _LONGEST_GAP or not self._heard:  # a visit begins anywhere in the edge's sound
            return self._jump(missing)
        messages: list[Message] = []
        for start in range(0, missing, FRAME):
            messages += self._take(Frame(self._heard, SILENCE[: missing - start]))
        return messages

    def _take(self, frame: Frame) -> list[Message]:
        words, voice = self._guard.hear(frame.pcm, frame.played) if self._guard else (frame.pcm, frame.pcm)
        self._sound += words.tobytes()
        self._voice += voice.tobytes()
        return self._look()

    def _jump(self, missing: int) -> list[Message]:
        messages = self.flush()
        self._vad.reset()
        if self._guard:
            self._guard.skip()
        self._first = self._seen = self._heard + missing
        self._sound.clear()
        self._voice.clear()
        self._endpoint.skip(self._first)
        return messages

    def _look(self) -> list[Message]:
        messages: list[Message] = []
        while self._heard - self._seen >= CHUNK:
            chunk = np.frombuffer(bytes(self._voice[: 2 * CHUNK]), np.int16)
            del self._voice[: 2 * CHUNK]
            probability = self._vad.probability(chunk)
            if self._guard and self._guard.alone:
                probability = 0.0
            self.voice = probability
            begin, self._seen = self._seen, self._seen + CHUNK
            spoken = probability >= self._off and not self._hum.only(self._words(begin))
            messages += self._messages(self._endpoint.step(probability, begin, self._seen, spoken=spoken))
            self._forget()
        return messages

    def _words(self, begin: int) -> Samples:
        at = 2 * (begin - self._first)
        return np.frombuffer(bytes(self._sound[at : at + 2 * CHUNK]), np.int16)

    def _forget(self) -> None:
        keep = min(self._endpoint.keep, self._seen)
        if keep > self._first:
            del self._sound[: 2 * (keep - self._first)]
            self._first = keep

    def _messages(self, events: list[Event]) -> list[Message]:
        return [self._message(event) for event in events]

    def _message(self, event: Event) -> Message:
        match event:
            case Started(turn, revision, at, sure):
                return SpeechStarted(session=self._session, turn=turn, revision=revision, at_sample=at, sure=sure)
            case Partial(turn, revision, number, start, stop):
                return Utterance(session=self._session, turn=turn, revision=revision, start_sample=start,
                                 partial=True, index=number, pcm=self._pcm(start, stop))  # fmt: skip
            case Dropped(turn, at, voiced):
                voiced_ms = 1000 * voiced // HEAR_RATE
                return SpeechDropped(session=self._session, turn=turn, at_sample=at, voiced_ms=voiced_ms)
            case Said(turn, revision, start, stop):
                said = Utterance(session=self._session, turn=turn, revision=revision, start_sample=start,
                                 pcm=self._pcm(start, stop))  # fmt: skip
                self._utterance = said.id
                return said
            case Ended(turn, revision, end, decided):
                return TurnEnded(session=self._session, turn=turn, revision=revision, cause=self._utterance,
                                 end_sample=end, decided_sample=decided)  # fmt: skip

    def _pcm(self, start: int, stop: int) -> bytes:
        return bytes(self._sound[2 * (start - self._first) : 2 * (stop - self._first)])
