"""What a config says of its screens: each is a visitor of its own, and every problem is told with its key."""

from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.config import Config, read_config
from pipeline.errors import ConfigError
from pipeline.serve import _about
from tests.test_pipeline_config import STUBS


def read(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(STUBS + text, encoding="utf-8")
    return read_config(path)


def test_without_a_word_there_is_one_screen(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "").screens
    assert (only.plan.name, only.plan.mode, only.plan.token) == ("kiosk", "hands-free", None)


def test_a_screen_has_what_it_says_and_the_rest_from_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_TOKEN", "open sesame")
    text = """\
screens:
  - {name: hall}
  - {name: cafe, token: "${CAFE_TOKEN}", language: en, greeting_language: en, mode: push-to-talk, voice: {en: emma}}
"""
    hall, cafe = read(tmp_path, text).screens
    assert (hall.session.language, hall.session.mode, hall.session.voices) == ("auto", "hands-free", {})
    assert (cafe.session.language, cafe.session.mode, cafe.session.voices) == ("en", "push-to-talk", {"en": "emma"})
    assert cafe.plan.token is not None
    assert cafe.plan.token.get_secret_value() == "open sesame"


def test_a_screen_may_have_a_persona_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "cook.yaml").write_text("name: {en: Cook}\nprompt: {en: You cook.}\n", encoding="utf-8")
    text = "screens:\n  - {name: hall}\n  - {name: cafe, persona: cook.yaml}\n"
    hall, cafe = read(tmp_path, text).screens
    assert (hall.persona.name, cafe.persona.name) == ({}, {"en": "Cook"})
    assert cafe.persona.told("zh") == "You cook."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("screens: []\n", "screens: should be a list with an entry for each screen"),
        ("screens: hall\n", "screens: should be a list"),
        ("screens: [{name: a}, {name: a}]\n", "screens.1.name: there is a screen 'a' already"),
        ("screens: [{name: a b}]\n", "screens.0.name"),
        ("screens: [{name: a, modes: x}]\n", "screens.0.modes: unknown key; did you mean 'mode'?"),
        ("screens: [{name: a, token: abc}]\n", "screens.0.token: a token must not stand in a file"),
        ("screens: [{name: a, token: '${NO_TOKEN:-}'}]\n", "screens.0.token: the environment's token is empty"),
        ("screens: [{name: a, mode: wake-phrase}]\n", "screens.0.wake_phrases: mode wake-phrase needs"),
        ("screens: [{name: a, mode: shouting}]\n", "screens.0.mode"),
        ("screens:\n  - {name: a, persona: nobody.yaml}\n", "config.yaml:9: screens.0.persona"),
        ("screen: 8080\n", "screen: should hold keys and values"),
        ("screen: {engine: nowhere}\n", "screen.engine: there is no engine 'nowhere'"),
    ],
)
def test_what_is_wrong_with_a_screen_is_told_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert problem in refused.value.text


def test_a_voice_that_the_engine_does_not_have_is_told_before_anybody_hears_it(tmp_path: Path) -> None:
    text = "screens: [{name: a, voice: {en: nonsense}}]\n"
    path = tmp_path / "config.yaml"
    path.write_text(STUBS.replace("benchmarks.stubs.speech", "espeak") + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"screens \(a\): voice: espeak has no voice 'nonsense'"):
        read_config(path)


def test_who_answers_and_its_filing_number_stand_on_the_screen(tmp_path: Path) -> None:
    config = read(tmp_path, "label: {producer: River Museum, filing: ABC-1, model: DeepSeek}\n")
    model, *_ = _about(config, config.screens[0])
    assert model == "DeepSeek · 备案号 ABC-1"


def test_what_the_environment_lacks_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, "screens: [{name: a, token: '${NO_SUCH_TOKEN}'}]\n")
    assert refused.value.text.count("screens.0.token") == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("screen: {host: 0.0.0.0}\n", "kiosk has no token"),
        ("screen: {certificate: a.pem, key: a.pem}\n", "cannot be used"),
        ("avatar: face\n", "avatar.yaml"),
    ],
)
def test_check_finds_what_would_keep_a_screen_shut(
    tmp_path: Path, text: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pem").write_text("no certificate", encoding="utf-8")
    (tmp_path / "face").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(STUBS + text, encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert problem in capsys.readouterr().out


def test_of_several_models_the_first_stands_on_the_screen(tmp_path: Path) -> None:
    reply = "{engine: deepseek, endpoints: [{name: a, base_url: 'http://h', model: big}]}"
    path = tmp_path / "config.yaml"
    path.write_text(STUBS.replace("{engine: benchmarks.stubs.reply}", reply), encoding="utf-8")
    config = read_config(path)
    assert _about(config, config.screens[0])[0] == "big"
