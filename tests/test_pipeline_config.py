"""A config is read whole or refused whole, with every error's place and mend."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.config import Config, read_config
from pipeline.errors import ConfigError

STUBS = """\
session: {language: auto, deadlines: {turn: 7}}
turn: {engine: benchmarks.stubs.turn}
transcript: {engine: benchmarks.stubs.transcript}
emotion: {engine: benchmarks.stubs.emotion}
reply: {engine: benchmarks.stubs.reply}
speech: {engine: benchmarks.stubs.speech}
cues: {engine: benchmarks.stubs.cues}
"""


def read(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(folder, text)
    return refused.value.text.split("\n")


def test_a_good_config_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, STUBS).stages["reply"].name == "benchmarks.stubs.reply"


def test_an_unknown_key_is_refused_with_the_nearest_known_one_and_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS.replace("session: {language", "session:\n  langage: zh\nsite: x # {"))
    assert "config.yaml:2: session.langage: unknown key; did you mean 'language'?" in problem


def test_an_unknown_key_of_an_engine_and_of_a_nested_section_are_named_too(tmp_path: Path) -> None:
    text = STUBS.replace("stubs.reply}", "stubs.reply, secnds: 1}").replace("{turn: 7}", "{trun: 7}")
    found = problems(tmp_path, text)
    assert any("reply.secnds: unknown key; did you mean 'seconds'?" in problem for problem in found)
    assert any("session.deadlines.trun: unknown key; did you mean 'turn'?" in problem for problem in found)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    text = (
        STUBS.replace("benchmarks.stubs.cues", "nonsense").replace("language: auto", "language: fr") + "colour: red\n"
    )
    found = "\n".join(problems(tmp_path, text))
    for key in ("cues.engine", "session.language", "colour"):
        assert key in found


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS.replace("cues:", "#"))
    assert "cues: is missing" in problem


def test_a_broken_yaml_names_the_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS + "reply: [\n")
    assert "config.yaml:" in problem
    assert "not YAML" in problem


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS + "site: a\nsite: b\n")
    assert "config.yaml:9: site: stands here twice" in problem


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_config(tmp_path / "nothing.yaml")


def test_deadlines_that_exceed_the_whole_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS.replace("{turn: 7}", "{turn: 2}"))
    assert "session.deadlines" in problem
    assert "more than turn allows" in problem


def test_a_value_comes_from_the_environment_and_is_not_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDS", "hello there")
    config = read(tmp_path, STUBS.replace("stubs.transcript}", "stubs.transcript, text: '${WORDS}'}"))
    assert config.stages["transcript"].settings.text == "hello there"  # type: ignore[attr-defined]
    assert "hello there" not in str(config.source)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORDS", raising=False)
    (problem,) = problems(tmp_path, STUBS.replace("stubs.transcript}", "stubs.transcript, text: '${WORDS}'}"))
    assert "transcript.text: the environment has no WORDS" in problem


def test_a_variable_may_have_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORDS", raising=False)
    config = read(tmp_path, STUBS.replace("stubs.transcript}", "stubs.transcript, text: '${WORDS:-hi}'}"))
    assert config.stages["transcript"].settings.text == "hi"  # type: ignore[attr-defined]


def test_a_key_that_stands_in_the_file_is_refused(tmp_path: Path) -> None:
    reply = "reply: {engine: deepseek, base_url: http://127.0.0.1:1/v1, model: m, api_key: sk-123}"
    found = problems(tmp_path, STUBS.replace("reply: {engine: benchmarks.stubs.reply}", reply))
    assert any("reply.api_key: a key must not stand in a file" in problem for problem in found)
    assert not any("sk-123" in problem for problem in found)


def test_a_fallback_is_an_engine_with_settings_of_its_own(tmp_path: Path) -> None:
    text = STUBS.replace("stubs.speech}", "stubs.speech, fallback: {engine: benchmarks.stubs.speech, parts: 3}}")
    fallback = read(tmp_path, text).stages["speech"].fallback
    assert fallback is not None
    assert fallback.settings.parts == 3  # type: ignore[attr-defined]


def test_check_prints_every_problem_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(STUBS + "colour: red\n", encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert "colour: unknown key" in capsys.readouterr().out
    path.write_text(STUBS, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert "no problems" in capsys.readouterr().out


@given(st.text(max_size=300))
def test_any_text_is_a_config_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), text)
    except ConfigError as error:
        assert error.code.startswith("config-")  # noqa: PT017  most texts are refused, none may crash


@pytest.mark.parametrize(
    ("stage", "engine", "told"),
    [
        ("transcript", "{engine: whisper, model: ./nowhere}", "transcript (whisper): there is no model folder"),
        ("speech", "{engine: espeak, voices: {en: nonsense}}", "speech (espeak): espeak has no voice 'nonsense'"),
        ("reply", "{engine: knowledge, folder: ./nowhere}", "reply (knowledge): "),
        ("emotion", "{engine: linear, voice: ./nowhere.npz}", "emotion (linear): there is no file"),
    ],
)
def test_what_an_engine_will_miss_is_told_before_it_runs(tmp_path: Path, stage: str, engine: str, told: str) -> None:
    text = STUBS.replace(f"{stage}: {{engine: benchmarks.stubs.{stage}}}", f"{stage}: {engine}")
    assert any(told in problem for problem in problems(tmp_path, text))


def test_an_engine_of_the_deployers_own_lies_in_the_folder_where_visavis_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lobby_of_ours").mkdir()
    own = (Path(__file__).resolve().parent.parent / "benchmarks" / "stubs" / "reply.py").read_text(encoding="utf-8")
    (tmp_path / "lobby_of_ours" / "greeter.py").write_text(own, encoding="utf-8")
    path = tmp_path / "config.yaml"
    path.write_text(STUBS.replace("benchmarks.stubs.reply", "lobby_of_ours.greeter"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    assert main(["check", str(path)]) == 0


def test_a_server_must_be_given_up_in_time_for_its_fallback(tmp_path: Path) -> None:
    server = "base_url: http://127.0.0.1:1/v1, model: m, first_token_seconds: 9"
    slow = f"reply: {{engine: deepseek, {server}, fallback: {{engine: benchmarks.stubs.reply}}}}"
    found = problems(tmp_path, STUBS.replace("reply: {engine: benchmarks.stubs.reply}", slow))
    assert any("reply.first_token_seconds" in problem for problem in found)


@pytest.mark.parametrize(
    ("text", "told"), [("def", "is no Python"), ("Settings = 1", "needs a Settings and an Engine")]
)
def test_an_engine_that_cannot_be_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    package = f"broken_{abs(len(text))}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "engine.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = problems(tmp_path, STUBS.replace("benchmarks.stubs.reply", f"{package}.engine"))
    assert any(told in problem for problem in found)


def test_a_misspelt_engine_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, STUBS.replace("benchmarks.stubs.speech", "espaek"))
    assert "there are: espeak, openai, pyttsx3" in problem
