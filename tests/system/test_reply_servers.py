"""Against a server that nobody here wrote: `transformers serve` on checkpoints that the test makes."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import Clock, run_real, run_virtual
from pipeline.envelope import Exchange, Feeling, Message
from pipeline.errors import ServerError
from pipeline.messages import Question, Sentence, Thought, Transcript, Utterance
from stages.reply import deepseek
from stages.reply._probe import Finding
from stages.transcript import openai
from tests.asking import abort, sends
from tests.rough_server import chunk, serving
from tests.system import tiny_models

pytestmark = [pytest.mark.system, pytest.mark.servers]
TIMELESS = {"tell_time": False}
"""The test's models know their prompts by heart."""
QUESTION = Question(session="s", turn=1, revision=1, text="瓷器在哪里", language="zh", persona="你是小河。")


@contextmanager
def serve(model: Path, cache: Path) -> Iterator[str]:
    """`transformers serve` on a port of this machine, offline, until the body is done."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache), "HF_HOME": str(cache), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=os.environ | offline, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line.decode(errors="replace"))
            if "Uvicorn running" in said[-1]:
                break
        else:
            pytest.fail("transformers serve did not start:\n" + "".join(said))
        log = threading.Thread(target=server.stdout.read)
        log.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            log.join()


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's address and its model's name."""
    folder = tmp_path_factory.mktemp("chat")
    tiny_models.chat_model(folder)
    with serve(folder, tmp_path_factory.mktemp("cache")) as url:
        yield url, str(folder)


def answer(chat: tuple[str, str], question: Question = QUESTION, **settings: Any) -> list[Message]:
    url, model = chat
    given = {
        "base_url": url,
        "model": model,
        "thinking": "auto",
        "temperature": 0,
        "answer_within": 70,
        "first_token_seconds": 60,
    } | settings

    async def main(clock: Clock) -> list[Message]:
        engine = deepseek.Engine(deepseek.Settings.model_validate(given | settings | TIMELESS), clock)
        try:
            return [message async for message in engine.work(question)]
        finally:
            await engine.close()

    return run_real(main)


def sentences(said: list[Message]) -> list[str]:
    return [message.text for message in said if isinstance(message, Sentence)]


def test_an_answer_is_streamed_and_cut(chat: tuple[str, str]) -> None:
    first, last = answer(chat)
    assert isinstance(first, Sentence)
    assert isinstance(last, Sentence)
    assert (first.text, first.emotion, first.gesture, first.last) == ("瓷器在二楼。", "happy", "", False)
    assert (last.text, last.emotion, last.gesture, last.last) == ("从这里上去，左转就到！", "happy", "point", True)
    assert last.tokens_in == 1
    assert last.tokens_out > 10


def test_english_is_cut_in_english(chat: tuple[str, str]) -> None:
    said = answer(chat, QUESTION.model_copy(update={"text": "Where is it?", "language": "en"}))
    assert sentences(said) == ["It is on the second floor,", "says Dr. Lee.", "Take 3.14 steps and turn left."]


def test_a_thought_is_not_spoken(chat: tuple[str, str]) -> None:
    said = answer(chat, QUESTION.model_copy(update={"text": "请想一想"}))
    assert "".join(message.text for message in said if isinstance(message, Thought)) == "访客在问路。"
    assert sentences(said) == ["想好了。", "在二楼。"]


def test_a_strict_chat_template_takes_a_conversation_that_the_avatar_began(chat: tuple[str, str]) -> None:
    history = (
        Exchange(role="avatar", text="您好！"),
        Exchange(role="visitor", text="你好"),
        Exchange(role="avatar", text="想看", interrupted=True),
        Exchange(role="avatar", text="什么？"),
    )
    update = {"history": history, "feeling": Feeling(label="angry", confidence=0.9)}
    # The tiny model knows no question with a note beside it: that it is asked without an error is what counts.
    with pytest.raises(ServerError, match="no words"):
        answer(chat, QUESTION.model_copy(update=update))


def test_max_tokens_ends_with_a_whole_sentence(chat: tuple[str, str]) -> None:
    question = QUESTION.model_copy(update={"text": "请说很久"})
    assert len(sentences(answer(chat, question))) == 5
    assert sentences(answer(chat, question, max_tokens=5)) == ["一楼是青铜厅。", ""]


def test_what_the_server_refuses_is_told_in_its_words(chat: tuple[str, str]) -> None:
    with pytest.raises(ServerError, match=r"answered 422, saying .*thinking") as caught:
        answer(chat, thinking="off")
    assert caught.value.code == "server-rejected"
    with pytest.raises(ServerError, match=r"answered 400.*no-such-model"):
        answer((chat[0], "no-such-model"))
    with pytest.raises(ServerError, match="answered 404"):
        answer((chat[0] + "/v2", chat[1]))


def test_an_interrupted_answer_leaves_the_server_ready_for_the_next(chat: tuple[str, str]) -> None:
    async def main(clock: Clock) -> None:
        settings = deepseek.Settings(base_url=chat[0], model=chat[1], thinking="auto", temperature=0, tell_time=False)
        engine = deepseek.Engine(settings, clock)
        for _ in range(3):
            async with aclosing(engine.work(QUESTION.model_copy(update={"text": "请说很久"}))) as said:
                assert (await anext(said)).text
        assert len([message async for message in engine.work(QUESTION)]) == 2
        await engine.close()

    run_real(main)


def test_a_real_server_goes_on_where_another_one_broke(chat: tuple[str, str]) -> None:
    first = "瓷器在二楼。"

    async def main(clock: Clock) -> list[Message]:
        real = {"name": "real", "base_url": chat[0], "model": chat[1], "dialect": "openai", "temperature": 0}
        rough = {"name": "rough", "base_url": broken.url, "model": "m", "first_token_seconds": 1}
        settings = {"endpoints": [rough, real], "thinking": "auto", "answer_within": 70}
        engine = deepseek.Engine(deepseek.Settings.model_validate(settings | TIMELESS), clock)
        try:
            return [message async for message in engine.work(QUESTION)]
        finally:
            await engine.close()

    with serving(sends(chunk(first + "从这"), then=abort)) as broken:
        said = [message for message in run_real(main) if isinstance(message, Sentence)]
    told = [(sentence.text, sentence.by, sentence.last) for sentence in said]
    assert told == [(first, "rough/m", False), ("从这里上去，左转就到！", f"real/{chat[1]}", True)]


def test_a_real_server_is_probed(chat: tuple[str, str]) -> None:
    async def main(clock: Clock) -> list[Finding]:
        real = {"name": "real", "base_url": chat[0], "model": chat[1], "dialect": "openai", "first_token_seconds": 60}
        wrong = real | {"name": "wrong", "model": "no-such-model"}
        settings = {"endpoints": [real, wrong], "thinking": "auto", "answer_within": 200, "temperature": 0}
        return await deepseek.probe(deepseek.Settings.model_validate(settings), clock)

    real, wrong = run_real(main)
    assert (real.reachable, real.authorised) == (True, True)
    assert (wrong.reachable, wrong.usable) == (True, False)


def test_a_replay_on_the_virtual_clock_says_the_same(chat: tuple[str, str]) -> None:
    async def main(clock: Clock) -> list[str]:
        settings = deepseek.Settings(base_url=chat[0], model=chat[1], thinking="auto", temperature=0, tell_time=False)
        engine = deepseek.Engine(settings, clock)
        told = [message.model_dump_json() async for message in engine.work(QUESTION)]
        await engine.close()
        return told

    assert run_virtual(main) == run_virtual(main) == run_real(main)


def test_a_real_transcription_server_takes_our_sound(tmp_path: Path) -> None:
    model, cache = tmp_path / "whisper", tmp_path / "cache"
    cache.mkdir()
    tiny_models.whisper_model(model)

    async def main(clock: Clock) -> Transcript:
        settings = openai.Settings(base_url=url, model=str(model), answer_seconds=60, verbose=False)
        engine = openai.Engine(settings, clock)
        try:
            utterance = Utterance(session="s", turn=1, start_sample=0, pcm=bytes(64_000), language="zh")
            (transcript,) = [message async for message in engine.work(utterance)]
        finally:
            await engine.close()
        return transcript

    with serve(model, cache) as url:
        transcript = run_real(main)
    assert transcript.language == "zh"
    assert transcript.cause
