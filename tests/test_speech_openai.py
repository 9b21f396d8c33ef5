"""Speech by any server with `/v1/audio/speech`."""

import io
import wave
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.errors import EngineError, WireError
from pipeline.messages import Sentence, Speech
from stages.speech import openai
from stages.speech._loudness import TARGET_DB, active_level, to_float
from stages.speech._wav import SoundReader
from tests.rough_server import Handler, Rough, Run, forever, serving, stream

SENTENCE = Sentence(session="s", turn=1, index=2, text="瓷器在二楼。", language="zh", emotion="happy", gesture="point")


def tone(rate: int, seconds: float = 1.0, level: float = 0.05, channels: int = 1) -> bytes:
    """A tone with 0.3 s of silence on each side."""
    sound = level * np.sin(2 * np.pi * 220 * np.arange(round(rate * seconds)) / rate)
    quiet = np.zeros(round(rate * 0.3))
    samples = (np.concatenate([quiet, sound, quiet]) * 32767).astype("<i2")
    return np.repeat(samples, channels).tobytes()


def wav(rate: int, pcm: bytes, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(pcm)
    return file.getvalue()


def sends(body: bytes, kind: str = "audio/pcm", size: int = 1001) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await stream(request, *(body[at : at + size] for at in range(0, len(body), size)), kind=kind)

    return handler


def speak(rough: Rough, run: Run = run_real, sentence: Sentence = SENTENCE, **settings: Any) -> list[Speech]:
    async def main(clock: Clock) -> list[Speech]:
        given = {"base_url": rough.url, "model": "tts", "voices": {"zh": "mei", "en": "amy"}} | settings
        engine = openai.Engine(openai.Settings.model_validate(given), clock)
        try:
            return [speech async for speech in engine.work(sentence)]
        finally:
            await engine.close()

    return run(main)


def sound(parts: list[Speech]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return to_float(np.frombuffer(b"".join(part.pcm for part in parts), "<i2"))


@pytest.mark.parametrize("run", [run_real, run_virtual])
@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("form", ["pcm", "wav"])
def test_speech_is_24_khz_equally_loud_and_without_the_voices_own_silence(run: Run, rate: int, form: str) -> None:
    body = tone(rate) if form == "pcm" else wav(rate, tone(rate))
    with serving(sends(body)) as rough:
        parts = speak(rough, run, sample_rate=rate, format=form, pause_ms=100)
    spoken = sound(parts)
    assert len(spoken) / 24_000 == pytest.approx(0.02 + 1.0 + 0.1, abs=0.01)
    assert active_level(spoken, 24_000) == pytest.approx(TARGET_DB, abs=0.5)
    assert [part.part for part in parts] == list(range(len(parts)))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(len(part.pcm) <= 32_000 and not part.timed and not part.phonemes for part in parts)
    assert {(part.index, part.text, part.emotion, part.gesture) for part in parts} == {
        (2, SENTENCE.text, "happy", "point")
    }


def test_the_request_is_what_the_settings_say() -> None:
    with serving(sends(tone(24_000))) as rough:
        speak(rough, speed=1.1, instructions={"happy": "cheerfully"}, extra={"stream": True}, api_key="sk-1")
    assert rough.bodies[1] == {
        "model": "tts",
        "input": "瓷器在二楼。",
        "voice": "mei",
        "response_format": "pcm",
        "speed": 1.1,
        "instructions": "cheerfully",
        "stream": True,
    }
    assert rough.headers[1]["Authorization"] == "Bearer sk-1"


def test_a_language_without_a_voice_is_spoken_by_the_other() -> None:
    with serving(sends(tone(24_000))) as rough:
        speak(rough, voices={"en": "amy"})
    assert rough.bodies[1]["voice"] == "amy"


def test_each_voice_is_measured_once() -> None:
    async def main(clock: Clock) -> None:
        settings = openai.Settings(base_url=rough.url, model="tts", voices={"zh": "mei", "en": "amy"})
        engine = openai.Engine(settings, clock)
        await engine.warm()
        for _ in range(2):
            assert [speech async for speech in engine.work(SENTENCE)]
        await engine.close()

    with serving(sends(tone(24_000))) as rough:
        run_real(main)
    assert [body["voice"] for body in rough.bodies] == ["amy", "mei", "mei", "mei"]


def test_the_first_part_is_passed_on_while_the_server_still_speaks() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, tone(24_000), kind="audio/pcm")
        if len(rough.bodies) > 1:
            await forever()
        return response

    async def main(clock: Clock) -> None:
        engine = openai.Engine(openai.Settings(base_url=rough.url, model="tts", voices={"zh": "mei"}), clock)
        async with aclosing(engine.work(SENTENCE)) as parts:
            assert not (await anext(parts)).last
        await engine.close()

    with serving(handler) as rough:
        run_real(main)


def test_nothing_to_say_is_one_empty_part_and_no_request() -> None:
    with serving(sends(tone(24_000))) as rough:
        (part,) = speak(rough, sentence=SENTENCE.model_copy(update={"text": "……"}))
        assert (part.pcm, part.last) == (b"", True)
        assert rough.bodies == []


def test_the_same_sound_gives_the_same_messages_however_the_network_cuts_it() -> None:
    told = []
    for size in (999, 4096, 100_000):
        with serving(sends(tone(22_050), size=size)) as rough:
            told.append([(part.id, part.pcm) for part in speak(rough, run_virtual, sample_rate=22_050)])
    assert told[0] == told[1] == told[2]


async def silent(_: web.Request) -> web.Response:
    await forever()
    return web.Response()


async def busy(_: web.Request) -> web.Response:
    return web.json_response({"error": "server is busy"}, status=500)


async def abort(request: web.Request) -> web.StreamResponse:
    response = await stream(request, tone(24_000), kind="audio/pcm")
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (silent, "server-silent"),
        (busy, "server-busy"),
        (abort, "server-broken"),
        (sends(b""), "server-broken"),
        (sends(bytes(48_000)), "server-broken"),
        (sends(b"ID3\x04" + bytes(100), "audio/mpeg"), "server-broken"),
        (sends(b"\xff\xfb" + bytes(100), "audio/mpeg"), "server-broken"),
        (sends(b'{"error": {"message": "no voice mei", "code": 400}}', "application/json"), "server-rejected"),
        (sends(b"<html>", "text/html"), "server-broken"),
        (sends(wav(24_000, b"")[:30]), "server-broken"),
        (sends(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x03\0\x01\0" + bytes(12)), "server-broken"),
    ],
)
def test_what_goes_wrong_is_named(handler: Handler, code: str) -> None:
    with serving(handler) as rough, pytest.raises(EngineError) as caught:
        speak(rough, first_sound_seconds=0.3, between_seconds=0.3)
    assert caught.value.code == code
    assert rough.url + "/audio/speech" in caught.value.text


@given(st.integers(0, 9000), st.integers(1, 700), st.integers(1, 2), st.booleans())
def test_a_stream_is_read_alike_wherever_it_is_cut(size: int, step: int, channels: int, bare: bool) -> None:
    pcm = np.random.default_rng(size).integers(-9000, 9000, size, np.int16).astype("<i2").tobytes()
    pcm = bytes(12) + pcm[: len(pcm) // (2 * channels) * 2 * channels]
    body = pcm if bare else wav(16_000, pcm, channels)
    reader = SoundReader(16_000)
    blocks = [block for at in range(0, len(body), step) for block in reader.feed(body[at : at + step])] + reader.end()
    samples = np.concatenate([block.samples for block in blocks])
    expected = np.frombuffer(pcm, "<i2")
    if not bare and channels == 2:
        expected = expected.reshape(-1, 2).mean(axis=1).astype(np.int16)
    assert np.array_equal(samples, expected)
    assert all(len(block.samples) == 3200 for block in blocks[:-1])


def test_a_header_that_never_ends_is_refused() -> None:
    reader = SoundReader(16_000)
    junk = b"junk" + (60_000).to_bytes(4, "little") + bytes(60_000)
    with pytest.raises(WireError):
        reader.feed(b"RIFF\0\0\0\0WAVE" + junk * 2)
