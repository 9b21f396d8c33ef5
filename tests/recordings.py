"""A small recorded visit, made of messages and of sound that nobody spoke: for tests of what reads recordings."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline import messages as m
from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.envelope import Feeling, Gaze, Label, Language, Mark, Message, Pose
from pipeline.wire import to_dict

SHAPES = ("PP", "aa", "DD", "E", "SS", "ih", "kk", "oh", "nn", "ou", "CH", "RR", "FF", "TH")


@dataclass
class Sample:
    """Writes a visit message by message; times are seconds on the pipeline's clock."""

    folder: Path
    seconds: float
    session: str = "visit-1"
    rows: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    timings: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visitor = np.zeros(round(self.seconds * HEAR_RATE), np.int16)
        self.avatar = np.zeros(round(self.seconds * SPEAK_RATE), np.int16)

    def say(self, at: float, message: Message, sound: dict[str, Any] | None = None) -> None:
        """Note a message."""
        self.rows.append((at, {**to_dict(message), **({"sound": sound} if sound else {})}))

    def time(self, stage: str, engine: str, turn: int, total: float) -> None:
        """Note a measured duration."""
        self.timings.append({
            "stage": stage, "engine": engine, "cause": "", "session": self.session, "turn": turn,
            "queued_ms": 0.1, "first_ms": total / 2, "total_ms": total,
        })  # fmt: skip

    def utterance(self, turn: int, revision: int, start: float, end: float, at: float) -> m.Utterance:
        """The visitor speaks from `start` to `end`."""
        first, last = round(start * HEAR_RATE), round(end * HEAR_RATE)
        self.visitor[first:last] = babble(last - first, HEAR_RATE, turn)
        said = m.Utterance(session=self.session, turn=turn, revision=revision, start_sample=first)
        self.say(at, said, {"file": "visitor.flac", "start": first, "samples": last - first})
        return said

    def heard(self, utterance: m.Utterance, at: float, text: str, language: Language) -> m.Transcript:
        """It is transcribed."""
        transcript = utterance.answer(m.Transcript, text=text, language=language, confidence=0.93)
        self.say(at, transcript)
        self.time("transcript", "whisper", utterance.turn, 31.0)
        return transcript

    def felt(self, cause: Message, at: float, source: str, feeling: Feeling) -> None:
        """Its emotion is sensed."""
        self.say(at, cause.answer(m.Emotion, source=source, feeling=feeling))
        self.time("emotion", "small", cause.turn, 4.2)

    def line(self, question: Message, index: int, text: str, at: float, **fields: Any) -> m.Sentence:
        """A sentence of the answer."""
        given = {"language": "en", "by": "knowledge", **fields}
        sentence = question.answer(m.Sentence, index=index, text=text, **given)
        self.say(at, sentence)
        self.time("reply", "knowledge", question.turn, 1.3)
        return sentence

    def spoken(self, sentence: m.Sentence, at: float, begun: float, cut: float | None = None) -> float:
        """It is spoken, animated and played from `begun`; returns when it ends."""
        samples = round(len(sentence.text) * (0.24 if sentence.language == "zh" else 0.065) * SPEAK_RATE)
        words, offset = [], 0
        for word in sentence.text.split() if sentence.language == "en" else sentence.text:
            place = sentence.text.index(word, offset)
            offset = place + len(word)
            bounds = (samples * place // len(sentence.text), samples * offset // len(sentence.text))
            words.append(Mark(text=word, start=bounds[0], end=bounds[1], offset=place))
        speech = sentence.answer(m.Speech, index=sentence.index, part=0, start=0, last=True, words=tuple(words),
                                 text=sentence.text, language=sentence.language)  # fmt: skip
        self.say(at, speech, {"file": "speech.flac", "start": 0, "samples": samples})
        self.say(at + 0.01, self.face(speech, samples, sentence))
        self.time("speech", "espeak", sentence.turn, 9.5)
        self.time("cues", "phonemes", sentence.turn, 2.1)
        sounded = samples if cut is None else round((cut - begun) * SPEAK_RATE)
        first = round(begun * SPEAK_RATE)
        self.avatar[first : first + sounded] = babble(sounded, SPEAK_RATE, sentence.turn + 7)
        played = {"index": sentence.index, "part": 0}
        for state, sample in (("started", 0), ("ended" if cut is None else "cut", sounded)):
            report = speech.answer(m.Played, sample=sample, state=state, **played)
            self.say(begun + sample / SPEAK_RATE, report.model_copy(update={"cause": sentence.id}))
        return begun + sounded / SPEAK_RATE

    def face(self, speech: m.Speech, samples: int, sentence: m.Sentence) -> m.Cues:
        """Mouth shapes one after the other, the sentence's expression and gesture, a blink."""
        step, half = SPEAK_RATE // 11, samples // 2
        shapes = tuple(
            Pose(
                name=SHAPES[(number * 5 + sentence.turn) % len(SHAPES)],
                start=max(0, at - step // 3),
                attack=at + step // 4,
                release=at + step * 3 // 4,
                end=at + step + step // 3,
                weight=0.6 + 0.4 * (number % 3) / 2,
            )
            for number, at in enumerate(range(0, samples - step, step))
            if number % 9 != 8
        )
        face = Pose(name=sentence.emotion, start=0, attack=4000, release=samples - 4000, end=samples, weight=0.7)
        blink = Pose(name="blink", start=half, attack=half + 1500, release=half + 1800, end=half + 3600)
        hand = Pose(name=sentence.gesture, start=4000, attack=9000, release=20000, end=26000)
        return speech.answer(
            m.Cues,
            index=sentence.index,
            part=0,
            start=0,
            samples=samples,
            visemes=shapes,
            expressions=(face, blink),
            gestures=(hand,) if sentence.gesture else (),
            gaze=(Gaze(at=0, x=0.0, y=0.0),),
        )

    def write(self) -> Path:
        """All files of the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        about = {"format": 1, "versions": {"visavis": "0.1.0", "transcript": "demo-whisper"}, "config": "demo.yaml"}
        (self.folder / "session.json").write_text(json.dumps(about), encoding="utf-8")
        ordered = sorted(self.rows, key=lambda row: row[0])
        messages = [json.dumps({"at": round(at, 4), "message": row}, ensure_ascii=False) for at, row in ordered]
        (self.folder / "messages.jsonl").write_text("\n".join(messages) + "\n", encoding="utf-8")
        timings = "".join(json.dumps(timing) + "\n" for timing in self.timings)
        (self.folder / "timings.jsonl").write_text(timings, encoding="utf-8")
        soundfile.write(self.folder / "visitor.flac", self.visitor, HEAR_RATE)
        soundfile.write(self.folder / "avatar.flac", self.avatar, SPEAK_RATE)
        return self.folder


def babble(samples: int, rate: int, seed: int) -> "np.ndarray[Any, np.dtype[np.int16]]":
    """Something with syllables, for pictures: a buzz that swells four times a second."""
    time = np.arange(samples) / rate
    swell = np.abs(np.sin(2 * np.pi * 2.1 * time)) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.43 * time + seed))
    noise = np.random.default_rng(seed).normal(0, 0.25, samples)
    return np.asarray(9000 * swell * (np.sign(np.sin(2 * np.pi * 130 * time)) * 0.5 + noise), np.int16)


def feeling(label: Label, valence: float, arousal: float, confidence: float) -> Feeling:
    """Shorter."""
    return Feeling(label=label, valence=valence, arousal=arousal, confidence=confidence)


def write_visit(folder: Path, first_words: str = "Where is the lift?") -> Path:
    """Three turns: one with a dropped revision and a gentle answer, one angry, interrupted, one nobody can answer."""
    visit = Sample(folder, 26.0)
    hello = Message(session=visit.session).answer(
        m.Sentence,
        index=0,
        text="Welcome!",
        language="en",
        origin="greeting",
        emotion="happy",
        gesture="wave",
        last=True,
    )
    visit.say(0.0, hello)
    visit.spoken(hello, 0.01, 0.1)
    early = visit.utterance(1, 1, 1.0, 1.9, 2.2)
    begun = visit.heard(early, 2.26, "Where is", "en")
    visit.say(2.4, begun.answer(m.Interrupt, why="revised"))
    one = visit.utterance(1, 2, 1.0, 3.1, 3.4)
    visit.say(3.7, one.answer(m.TurnEnded, end_sample=round(3.1 * HEAR_RATE), decided_sample=round(3.7 * HEAR_RATE)))
    words = visit.heard(one, 3.47, first_words, "en")
    visit.felt(one, 3.43, "voice", feeling("happy", 0.5, 0.4, 0.61))
    visit.felt(words, 3.475, "text", feeling("neutral", 0.1, 0.0, 0.8))
    asked = words.answer(m.Question, text=first_words, language="en", feeling=feeling("happy", 0.4, 0.3, 0.6))
    visit.say(3.48, asked)
    lift = {"sources": ("lift",), "emotion": "happy"}
    first = visit.line(asked, 0, "The lift is behind the big staircase.", 3.5, gesture="point", **lift)
    second = visit.line(asked, 1, "It goes to all four floors.", 3.5, last=True, **lift)
    end = visit.spoken(first, 3.52, 3.71)
    visit.spoken(second, 3.55, end)
    visit.say(9.2, m.SpeechDropped(session="visit-1", turn=1, at_sample=round(9.1 * HEAR_RATE), voiced_ms=140))
    two = visit.utterance(2, 1, 10.0, 12.4, 12.7)
    visit.say(13.0, two.answer(m.TurnEnded, end_sample=round(12.4 * HEAR_RATE), decided_sample=round(13.0 * HEAR_RATE)))
    angry = visit.heard(two, 12.8, "太过分了，我已经等了一个小时！", "zh")
    visit.felt(two, 12.75, "voice", feeling("angry", -0.6, 0.8, 0.83))
    visit.felt(angry, 12.81, "text", feeling("angry", -0.8, 0.6, 0.7))
    asked = angry.answer(m.Question, text=angry.text, language="zh", feeling=feeling("angry", -0.7, 0.75, 0.81))
    visit.say(12.82, asked)
    about = {"sources": ("complaint-waiting",), "emotion": "sad", "language": "zh"}
    first = visit.line(asked, 0, "真对不起，让你久等了。", 12.84, gesture="bow", **about)
    second = visit.line(asked, 1, "同事马上为你再开一个窗口。", 12.84, last=True, **about)
    end = visit.spoken(first, 12.86, 13.02)
    visit.spoken(second, 12.9, end, cut=end + 1.4)
    three = visit.utterance(3, 1, 16.5, 18.4, 18.7)
    visit.say(17.1, two.answer(m.Interrupt, why="barge-in"))
    visit.say(
        19.0, three.answer(m.TurnEnded, end_sample=round(18.4 * HEAR_RATE), decided_sample=round(19.0 * HEAR_RATE))
    )
    words = visit.heard(three, 18.78, "What is the capital of France?", "en")
    asked = words.answer(m.Question, text=words.text, language="en")
    visit.say(18.8, asked)
    first = visit.line(asked, 0, "I do not know that yet.", 18.82, gesture="shrug")
    second = visit.line(asked, 1, "Please ask my colleagues at the information desk.", 18.82, last=True)
    end = visit.spoken(first, 18.84, 19.02)
    visit.spoken(second, 18.9, end)
    return visit.write()
