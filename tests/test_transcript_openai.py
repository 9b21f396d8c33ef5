"""Transcripts by any server with `/v1/audio/transcriptions`."""

import io
import wave
from typing import Any

import pytest
from aiohttp import web

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.errors import EngineError
from pipeline.messages import Transcript, Utterance
from stages.transcript import openai
from tests.rough_server import Handler, Rough, Run, forever, serving

PCM = bytes(range(256)) * 125
HEARD = Utterance(session="s", turn=1, revision=2, start_sample=0, pcm=PCM)
VERBOSE = {
    "text": " 瓷器在哪里？",
    "language": "chinese",
    "segments": [
        {"start": 0.0, "end": 1.0, "avg_logprob": -0.1, "no_speech_prob": 0.1},
        {"start": 1.0, "end": 4.0, "avg_logprob": -0.3, "no_speech_prob": 0.02},
    ],
    "words": [{"word": "瓷器", "start": 0.1, "end": 0.6}, {"word": " 在", "start": 0.6, "end": 0.5}],
}


def says(answer: Any, status: int = 200) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(answer, status=status)

    return handler


def hear(rough: Rough, run: Run = run_real, utterance: Utterance = HEARD, **settings: Any) -> Transcript:
    async def main(clock: Clock) -> Transcript:
        engine = openai.Engine(openai.Settings(base_url=rough.url, model="whisper-1", **settings), clock)
        try:
            (transcript,) = [message async for message in engine.work(utterance)]
        finally:
            await engine.close()
        return transcript

    return run(main)


@pytest.mark.parametrize("run", [run_real, run_virtual])
def test_text_language_words_and_confidence_are_taken_from_a_verbose_answer(run: Run) -> None:
    with serving(says(VERBOSE)) as rough:
        transcript = hear(rough, run)
    assert (transcript.text, transcript.language) == ("瓷器在哪里？", "zh")
    assert transcript.confidence == pytest.approx(0.98 * 2.71828 ** -(0.1 / 4 + 0.9 / 4), abs=1e-4)
    assert [(word.text, word.start, word.end) for word in transcript.words] == [("瓷器", 0.1, 0.6), ("在", 0.6, 0.6)]
    assert (transcript.session, transcript.turn, transcript.revision, transcript.cause) == ("s", 1, 2, HEARD.id)


def test_the_sound_arrives_as_a_wav_file_and_the_fields_as_the_settings_say() -> None:
    with serving(says({"text": "hi"})) as rough:
        hear(rough, utterance=HEARD.model_copy(update={"language": "zh"}), prompt={"zh": "青花瓷"}, api_key="sk-1")
    form = rough.bodies[0]
    assert form[:-1] == [
        ("model", "whisper-1"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        ("language", "zh"),
        ("prompt", "青花瓷"),
    ]
    with wave.open(io.BytesIO(form[-1][1])) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert sound.readframes(1_000_000) == PCM
    assert rough.headers[0]["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(("text", "language"), [("瓷器在哪里", "zh"), ("where is it", "en")])
def test_a_plain_answer_is_enough(text: str, language: str) -> None:
    with serving(says({"text": text})) as rough:
        transcript = hear(rough, verbose=False)
    assert (transcript.text, transcript.language, transcript.confidence) == (text, language, 1.0)
    assert rough.bodies[0][:-1] == [("model", "whisper-1"), ("response_format", "json")]


def test_what_the_session_fixes_goes_first() -> None:
    with serving(says(VERBOSE)) as rough:
        assert hear(rough, utterance=HEARD.model_copy(update={"language": "en"})).language == "en"


def test_silence_is_an_empty_transcript() -> None:
    with serving(says({"text": " "})) as rough:
        assert (hear(rough).text, hear(rough).confidence) == ("", 0.0)
        assert hear(rough, utterance=HEARD.model_copy(update={"pcm": b""})).text == ""
        assert len(rough.bodies) == 2


def test_partial_utterances_give_partial_transcripts() -> None:
    with serving(says({"text": "瓷"})) as rough:
        transcript = hear(rough, utterance=HEARD.model_copy(update={"partial": True, "index": 3}))
    assert (transcript.partial, transcript.index) == (True, 3)


async def silent(_: web.Request) -> web.Response:
    await forever()
    return web.Response()


async def empty(_: web.Request) -> web.Response:
    return web.Response()


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (silent, "server-silent"),
        (empty, "server-broken"),
        (says("text"), "server-broken"),
        (says({"words": []}), "server-broken"),
        (says({"error": {"message": "rate limit reached"}}), "server-busy"),
        (says({"error": "no such model"}, 404), "server-rejected"),
        (says({"error": "bad key"}, 401), "server-refused"),
    ],
)
def test_what_goes_wrong_is_named(handler: Handler, code: str) -> None:
    with serving(handler) as rough, pytest.raises(EngineError) as caught:
        hear(rough, answer_seconds=0.3)
    assert caught.value.code == code
    assert rough.url + "/audio/transcriptions" in caught.value.text
