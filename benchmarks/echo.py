"""Whether the avatar hears itself: its voice in the microphone at many levels and delays, with and without visitors.

`python -m benchmarks.echo` prints the table. Visitors are the recordings of real people in `shared/data` beside the
repository (or in VISAVIS_DATA), and voices of espeak where there are none.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.row import Row
from benchmarks.sounds import spoken
from pipeline.audio import FRAME, HEAR_RATE, SILENCE, Frame, Samples
from pipeline.envelope import Message
from pipeline.messages import SpeechStarted, Utterance
from pipeline.sound import read_sound

Sound = NDArray[np.float64]
DATA = Path(os.environ.get("VISAVIS_DATA") or Path(__file__).parents[2] / "shared" / "data") / "voice-emotion"
VISITOR = 1500.0
"""Effective value of a visitor's voice while it sounds, of 32768: -27 dB."""
AVATAR = {
    "cmn+Annie": "您好，欢迎来到博物馆。卫生间在一楼大厅的右手边，电梯的后面。今天下午三点有一场免费的讲解，请在服务台集合。",  # noqa: E501  twice as wide as it is long
    "en-us+Annie": "Welcome to the museum. The lift is behind the big staircase, and it goes to all four floors. "
    "The cafe closes at half past five today. Please ask my colleagues at the desk.",
}
MADE = (
    ("en-us", "Excuse me, I have another question"),
    ("cmn+m3", "等一下我想问别的"),
    ("en-us+f4", "Stop, where is the exit"),
)
BEGINS, LASTS = 1.0, 13.0


@dataclass(frozen=True)
class Scene:
    """Thirteen seconds in which the avatar speaks; what of it the microphone hears, and who speaks over it."""

    name: str
    level: float = 0.0
    """dB of the echo's voice above the visitor's."""
    delay: int = 120
    """ms"""
    room: float = 0.35
    """Seconds in which it fades by 60 dB."""
    clip: float = 2.5
    """Times its effective value where the loudspeaker saturates."""
    noise: float = 20.0
    """Effective value of the room's noise."""
    skew: float = 0.0
    """Parts per million by which the loudspeaker's clock is slow."""
    moves: float = 0.0
    """Second at which the delay grows by 130 ms and the room changes."""
    ducks: tuple[tuple[float, float], ...] = ()
    """When the loudspeaker is 12 dB softer: from, to."""
    told: bool = True
    """Whether the reference is ducked, too."""
    browser: bool = False
    """A browser's cancellation leaves garbled rests, 22 dB below."""
    visitor: float = 0.0
    """Second at which a visitor speaks; 0: nobody does."""
    seed: int = 0

    @property
    def voice(self) -> str:
        return list(AVATAR)[self.seed % len(AVATAR)]


GRID = [Scene(f"{level:+.0f} dB, {delay} ms", level, delay)
        for delay in (0, 40, 120, 250, 400) for level in (6, 0, -6, -12, -20, -30)]  # fmt: skip
TWICE = ((4.0, 6.0), (8.0, 9.0))
HARD = [
    Scene("clocks differ by 100 ppm", skew=100.0), Scene("the delay changes by 130 ms", moves=4.0),
    Scene("a room of 0.6 s", room=0.6), Scene("noise of 100", noise=100.0), Scene("a saturated loudspeaker", clip=1.5),
    Scene("ducked, and the reference too", ducks=TWICE), Scene("ducked behind the reference", ducks=TWICE, told=False),
    Scene("rests of a browser's cancellation", browser=True), Scene("the same, +6 dB", 6, browser=True),
    Scene("no echo at all", -90),
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A scene's sounds, `[samples]` at 16 kHz."""

    microphone: Samples
    played: Samples
    visitor: Sound
    onset: float
    """Second at which the visitor's voice comes within 30 dB of its loudest 10 ms."""
    ends: float


def make(scene: Scene) -> Made:
    """The same scene sounds the same."""
    rng = np.random.default_rng(scene.seed)
    said = _placed(avatar(scene.voice), BEGINS)
    sounding = said * _ducking(scene)
    echo = _echo(sounding, scene, scene.seed, scene.delay)
    if scene.moves:
        moved = round(scene.moves * HEAR_RATE)
        echo[moved:] = _echo(sounding, scene, scene.seed + 1, scene.delay + 130)[moved:]
    echo *= VISITOR * 10 ** (scene.level / 20) / _loudness(_echo(said, scene, scene.seed, scene.delay))
    if scene.browser:
        echo = _browser(echo, rng)
    voice = VISITOR * _placed(visitor(scene.seed), scene.visitor) if scene.visitor else np.zeros_like(echo)
    energy = np.square(voice.reshape(-1, 160)).mean(1)
    heard = np.flatnonzero(energy > energy.max() / 1000) / 100 if scene.visitor else np.zeros(1)
    microphone = echo + voice + rng.normal(scale=scene.noise, size=echo.size)
    played = sounding if scene.told else said
    return Made(_pcm(microphone), _pcm(played), voice, float(heard[0]), float(heard[-1]))


@cache
def avatar(voice: str) -> Sound:
    return spoken(AVATAR[voice], voice).astype(float)


@cache
def visitor(number: int) -> Sound:
    """Of loudness 1, without the silence before it."""
    files = sorted(DATA.glob("*.flac"))
    voice, text = MADE[number % len(MADE)]
    sound = (read_sound(files[(37 * number + 11) % len(files)]) if files else spoken(text, voice)).astype(float)
    found: Sound = sound / _loudness(sound)
    return found


def _placed(sound: Sound, at: float) -> Sound:
    whole, first = np.zeros(round(LASTS * HEAR_RATE)), round(at * HEAR_RATE)
    whole[first : first + sound.size] = sound[: whole.size - first]
    return whole


def _loudness(sound: Sound) -> float:
    """Effective value of the frames within 30 dB of the loudest."""
    energy = np.square(sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)).mean(1)
    return float(np.sqrt(energy[energy > energy.max() / 1000].mean()))


def _pcm(sound: Sound) -> Samples:
    samples: Samples = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    return samples


def _ducking(scene: Scene) -> Sound:
    places, gains = [0.0], [1.0]
    for begin, end in scene.ducks:
        places += [begin, begin + 0.02, end, end + 0.02]
        gains += [1.0, 0.25, 0.25, 1.0]
    return np.interp(np.arange(round(LASTS * HEAR_RATE)) / HEAR_RATE, places, gains)


def _echo(sound: Sound, scene: Scene, seed: int, delay: int) -> Sound:
    """A small loudspeaker in a room: it saturates, passes 180 Hz to 6.5 kHz, and is reflected."""
    if scene.skew:
        sound = np.resize(soxr.resample(sound, HEAR_RATE, HEAR_RATE * (1 + scene.skew * 1e-6)), sound.size)
    limit = scene.clip * _loudness(sound)
    answer = _room(seed, scene.room)
    size = sound.size + answer.size
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / HEAR_RATE), 1.0)
    loudspeaker = 1 / np.sqrt((1 + (180 / frequency) ** 4) * (1 + (frequency / 6500) ** 8))
    spectrum = np.fft.rfft(limit * np.tanh(sound / limit), size) * loudspeaker * np.fft.rfft(answer, size)
    heard: Sound = np.roll(np.fft.irfft(spectrum, size), 16 * delay)[: sound.size]
    return heard


def _room(seed: int, fading: float) -> Sound:
    """The direct sound, five reflections within 20 ms, and a tail 3 dB below them."""
    rng = np.random.default_rng(seed)
    answer = np.zeros(HEAR_RATE // 4)
    answer[0] = 1.0
    for place, gain in zip(rng.integers(20, 300, 5), (0.6, 0.5, 0.4, 0.35, 0.3), strict=True):
        answer[place] += gain * rng.choice([-1, 1])
    tail = rng.normal(size=answer.size) * np.exp(-6.9 * np.arange(answer.size) / HEAR_RATE / fading)
    tail[:60] = 0.0
    found: Sound = answer + tail * np.sqrt(0.5 * np.square(answer).sum() / np.square(tail).sum())
    return found


def _browser(echo: Sound, rng: np.random.Generator) -> Sound:
    """Every bin of every 32 ms at a gain and a phase of its own, around -22 dB."""
    size, step = 512, 256
    window, rest = np.sqrt(np.hanning(size + 1)[:size]), np.zeros(echo.size)
    garble = np.zeros(size // 2 + 1, np.complex128)
    for at in range(0, echo.size - size, step):
        gain = 10 ** ((7 * rng.normal(size=garble.size) - 22) / 20)
        garble = 0.5 * garble + 0.5 * gain * np.exp(1j * rng.uniform(-1.5, 1.5, garble.size))
        rest[at : at + size] += np.fft.irfft(np.fft.rfft(echo[at : at + size] * window) * garble) * window
    return rest


def frames(made: Made) -> Iterator[Frame]:
    for at in range(0, made.microphone.size, FRAME):
        yield Frame(at, made.microphone[at : at + FRAME], made.played[at : at + FRAME])


def hear(made: Made, *, guard: bool = True) -> list[tuple[float, Message]]:
    """What the turn engine says, and at which second."""
    from stages.turn.silero import Ears, Settings

    ears = Ears("visit", Settings(echo_guard=guard))
    return [((frame.sample + FRAME) / HEAR_RATE, message) for frame in frames(made) for message in ears.hear(frame)]


@dataclass(frozen=True)
class Found:
    """What was heard in a scene; times in ms from the visitor's onset."""

    starts: int = 0
    """Of speech, where nobody spoke."""
    turns: int = 0
    """Sure or said, where nobody spoke."""
    ducked: float | None = None
    sure: float | None = None


def judge(scene: Scene, *, guard: bool = True) -> Found:
    made = make(scene)
    said = hear(made, guard=guard)
    started = [
        (at, message.sure) for at, message in said if isinstance(message, SpeechStarted) and not message.revision
    ]
    if not scene.visitor:
        said_at_all = sum(sure for _, sure in started) + sum(isinstance(message, Utterance) for _, message in said)
        return Found(sum(not sure for _, sure in started), said_at_all)
    inside = [(1000 * (at - made.onset), sure) for at, sure in started if made.onset <= at <= made.ends + 0.5]
    first = [next((after for after, sure in inside if sure is wanted), None) for wanted in (False, True)]
    outside = [sure for at, sure in started if not made.onset <= at <= made.ends + 0.5]
    return Found(outside.count(False), outside.count(True), first[0], first[1])


def percentile(times: list[float | None], percent: float) -> float:
    return float(np.percentile([found for found in times if found is not None] or [np.nan], percent))


def trial(scene: Scene, count: int, *, guard: bool = True) -> tuple[list[Found], list[Found]]:
    """`count` times without a visitor, and with one, each time another and at another moment of the avatar's speech."""
    alone = [judge(replace(scene, seed=seed), guard=guard) for seed in range(count)]
    over = [judge(replace(scene, seed=seed, visitor=4.5 + 0.3 * (seed % 10)), guard=guard) for seed in range(count)]
    return alone, over


def cost(*, playing: bool) -> float:
    """Share of a core, in percent, that the guard takes beside the network."""
    from stages.turn._echo import EchoGuard

    guard, sounds = EchoGuard(), list(frames(make(Scene(""))))
    began = time.process_time()
    for frame in sounds:
        guard.hear(frame.pcm, frame.played if playing else SILENCE)
    return 100 * (time.process_time() - began) / LASTS


def measure(count: int = 2) -> list[Row]:
    """The grid and the hard cases in short."""
    trials = [trial(scene, count) for scene in GRID + HARD]
    alone, over = [[found for pair in trials for found in pair[side]] for side in (0, 1)]
    heard = 100 * sum(found.ducked is not None for found in over) / len(over)
    return [
        Row(
            f"turns that the avatar's own voice began, of {len(alone)} scenes",
            sum(found.turns for found in alone),
            "",
            "0",
        ),
        Row("the same: ducked for a moment", sum(found.starts for found in alone), "", ""),
        Row(f"visitors heard who spoke over the avatar, of {len(over)}", heard, "%", "≥ 95"),
        Row("from the onset of their speech to ducking, p95", percentile([f.ducked for f in over], 95), "ms", "≤ 200"),
        Row("the same, to silence (20 ms of fade), p95", percentile([f.sure for f in over], 95) + 20, "ms", "≤ 450"),
        Row("CPU of the echo guard while something plays, of a core", cost(playing=True), "%", "≤ 3"),
        Row("the same, while nothing plays", cost(playing=False), "%", "≤ 0.5"),
    ]


def main(count: int = 6) -> None:
    print(
        "| echo | ducked, turns without a visitor | heard | to ducked: p50, p95 | to sure: p50, p95 | false, beside |"
    )
    print("|---|---|---|---|---|---|")
    for scene in GRID + HARD:
        alone, over = trial(scene, count)
        times = [[found.ducked for found in over], [found.sure for found in over]]
        ducked, sure = (f"{percentile(found, 50):.0f}, {percentile(found, 95):.0f} ms" for found in times)
        heard = sum(found is not None for found in times[1])
        quiet = f"{sum(found.starts for found in alone)}, {sum(found.turns for found in alone)} of {count}"
        beside = f"{sum(found.starts for found in over)}, {sum(found.turns for found in over)}"
        print(f"| {scene.name} | {quiet} | {heard} of {count} | {ducked} | {sure} | {beside} |", flush=True)
    print(f"\nCPU: {cost(playing=True):.2f} % of a core while something plays, {cost(playing=False):.3f} % else")


if __name__ == "__main__":
    main()
