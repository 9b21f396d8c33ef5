"""One contract for every engine: each file in a stage's folder goes through all of this."""

import ast
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import messages as m
from pipeline.clock import Clock, run_virtual
from pipeline.engines import build, load, settings_class
from pipeline.envelope import Message
from pipeline.errors import ConfigError, ServerError
from pipeline.flow import STAGES, WORKERS

ROOT = Path(__file__).resolve().parent.parent
AWAY = "http://127.0.0.1:9"
"""Nobody listens on the discard port."""
SETTINGS: dict[str, dict[str, Any]] = {
    "turn.silero": {},
    "transcript.whisper": {"model": str(ROOT / "stages/transcript/demo_model"), "encoder_seconds": 8},
    "transcript.openai": {"base_url": AWAY, "model": "m"},
    "emotion.linear": {},
    "reply.deepseek": {"base_url": AWAY, "model": "m"},
    "reply.knowledge": {"folder": str(ROOT / "configs/knowledge/museum")},
    "speech.espeak": {},
    "speech.pyttsx3": {"voices": {"en": "en-us", "zh": "cmn"}},
    "speech.openai": {"base_url": AWAY, "model": "m", "voices": {"en": "a", "zh": "b"}},
    "cues.visemes": {},
}
REMOTE = {"transcript.openai", "reply.deepseek", "speech.openai"}
FOUND = sorted(
    f"{path.parent.name}.{path.stem}" for path in ROOT.glob("stages/*/*.py") if not path.stem.startswith("_")
)
LOCAL = [name for name in FOUND if name not in REMOTE and not name.startswith("turn.")]
HEAVY = "aiohttp onnxruntime faster_whisper ctranslate2 av soundfile espeakng_loader pyttsx3 huggingface_hub"


def job(name: str) -> Message:
    """Something for each stage to do."""
    place: dict[str, Any] = {"session": "s", "turn": 3, "revision": 2, "cause": "c", "sent": 2}
    noise = np.random.default_rng(0).normal(0, 300, 16_000).astype("<i2").tobytes()
    jobs: dict[str, Message] = {
        "transcript": m.Utterance(**place, start_sample=0, pcm=noise),
        "emotion": m.Transcript(**place, text="This is wonderful, thank you!", language="en", confidence=1.0),
        "reply": m.Question(**place, text="Where is the toilet?", language="en"),
        "speech": m.Sentence(**place, index=4, text="Please follow me to the map room.", language="en"),
        "cues": m.Speech(**place, index=4, part=1, start=480, pcm=noise, text="a", last=True),
    }
    return jobs[name.split(".", maxsplit=1)[0]]


def made(name: str, clock: Clock) -> Any:
    stage, engine = name.split(".")
    module = load(stage, engine)
    return build(module, settings_class(module).model_validate(SETTINGS[name]), clock)


def using(name: str, act: Callable[[Any, Clock], Coroutine[Any, Any, Any]]) -> Any:
    """Make an engine, warm it, let `act` use it, and close it."""

    async def main(clock: Clock) -> Any:
        engine = made(name, clock)
        if hasattr(engine, "warm"):
            await engine.warm()
        try:
            return await act(engine, clock)
        finally:
            if hasattr(engine, "close"):
                await engine.close()

    return run_virtual(main)


def answers(name: str) -> list[Message]:
    async def act(engine: Any, clock: Clock) -> list[Message]:
        del clock
        return [answer async for answer in engine.work(job(name))]

    found: list[Message] = using(name, act)
    return found


def test_every_engine_has_an_example_here() -> None:
    assert sorted(SETTINGS) == FOUND


@pytest.mark.parametrize("name", FOUND)
def test_an_engine_is_one_small_file_with_settings_of_its_own(name: str) -> None:
    stage, engine = name.split(".")
    settings = settings_class(load(stage, engine))
    assert settings.model_config.get("frozen")
    assert settings.model_config.get("extra") == "forbid"
    source = (ROOT / "stages" / stage / f"{engine}.py").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 300


def test_importing_every_engine_loads_nothing_heavy() -> None:
    modules = ", ".join(f"stages.{name}" for name in FOUND)
    code = f"import sys, {modules}; print(*sorted(set('{HEAVY}'.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", LOCAL)
def test_an_engine_answers_with_its_stages_messages_and_a_whole_envelope(name: str) -> None:
    stage = next(stage for stage in WORKERS if stage.name == name.split(".", maxsplit=1)[0])
    said = answers(name)
    assert said
    for answer in said:
        assert type(answer) in stage.says
        asked = job(name)
        assert (answer.session, answer.turn, answer.revision) == ("s", 3, 2)
        assert (answer.cause, answer.attempt) == (asked.id, 2)
    assert len({answer.id for answer in said}) == len(said)


@pytest.mark.parametrize("name", LOCAL)
def test_an_engine_answers_the_same_when_it_is_asked_again(name: str) -> None:
    assert answers(name) == answers(name)


@pytest.mark.parametrize("name", LOCAL)
def test_an_engine_can_be_interrupted_and_works_on(name: str) -> None:
    async def act(engine: Any, clock: Clock) -> list[Message]:
        task = asyncio.create_task(first(engine.work(job(name))))
        await clock.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return [answer async for answer in engine.work(job(name))]

    async def first(said: AsyncIterator[Message]) -> Message:
        return await anext(said)

    assert using(name, act) == answers(name)


@pytest.mark.parametrize("name", LOCAL)
def test_an_answer_that_is_not_heard_to_its_end_leaves_nothing_behind(name: str) -> None:
    async def act(engine: Any, clock: Clock) -> list[Message]:
        del clock
        stream = engine.work(job(name))
        await anext(stream)
        await stream.aclose()
        return [answer async for answer in engine.work(job(name))]

    assert using(name, act) == answers(name)


@pytest.mark.parametrize("name", sorted(REMOTE))
def test_an_engine_whose_server_is_away_says_so_with_a_code_and_the_address(name: str) -> None:
    async def act(clock: Clock) -> None:
        engine = made(name, clock)
        try:
            async for _ in engine.work(job(name)):
                pass
        finally:
            await engine.close()

    with pytest.raises(ServerError) as refused:
        run_virtual(act)
    assert refused.value.code == "server-unreachable"
    assert AWAY in refused.value.text


def test_an_engine_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match="no engine 'nonsense' for stage 'reply'"):
        load("reply", "nonsense")


def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "needy.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match="needs the package 'a_package_that_nobody_has'") as refused:
        load("reply", "house.needy")
    assert refused.value.code == "engine-not-installed"


def test_every_stage_has_an_engine_that_needs_nothing_else() -> None:
    assert {name.split(".")[0] for name in (*LOCAL, "turn.silero")} == set(STAGES)
