"""What `visavis render` makes of a config before it thinks of any platform."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config, nowhere, read_config
from pipeline.errors import ConfigError
from pipeline.render import TARGETS, render
from pipeline.render.plan import check, plan, variables
from tests.deployments import HALL, PASSWORD, SPEECH

TEXT = """\
# ${IN_A_COMMENT}
bus: mqtt://mosquitto
broker: {user: worker, password: "${VISAVIS_PASSWORD}"}
turn: {engine: benchmarks.stubs.turn}
transcript: {engine: benchmarks.stubs.transcript, text: "${HOST:-localhost}:${PORT}"}
emotion: {engine: benchmarks.stubs.emotion}
reply: {engine: benchmarks.stubs.reply, sentences: ["${DEEPSEEK_API_KEY:-}", "${PORT:-80}"]}
speech: {engine: benchmarks.stubs.speech, deploy: {replicas: 3}}
cues: {engine: benchmarks.stubs.cues, place: {role: edge}}
"""


def config(folder: Path) -> Config:
    """A config of many machines, as it is read where nothing of it runs."""
    path = folder / "cluster.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return read_config(path, nowhere, unfilled=True)


def test_what_a_config_takes_from_the_environment_is_known_by_name() -> None:
    needed, optional = variables(TEXT)
    assert needed == ("VISAVIS_PASSWORD", "PORT")
    assert optional == {"HOST": "localhost", "DEEPSEEK_API_KEY": ""}


@pytest.mark.parametrize("target", TARGETS)
def test_a_secret_is_rendered_by_its_name_and_never_by_its_value(
    target: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISAVIS_PASSWORD", "PORT", "HOST", "DEEPSEEK_API_KEY"):
        monkeypatch.setenv(name, PASSWORD)
    text = render(config(tmp_path), target)
    assert PASSWORD not in text
    assert "VISAVIS_PASSWORD" in text
    assert "DEEPSEEK_API_KEY" in text


def test_every_worker_stage_runs_somewhere_but_those_of_the_edge(tmp_path: Path) -> None:
    made = plan(config(tmp_path))
    assert [(stage.stage, stage.replicas) for stage in made.stages] == [
        *(("transcript", 1), ("emotion", 1), ("reply", 1), ("speech", 3)),
    ]


def test_a_plan_is_the_same_for_the_same_config(tmp_path: Path) -> None:
    assert plan(config(tmp_path)) == plan(config(tmp_path))


def test_a_variable_that_containers_cannot_have_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match=r"\$\{密码\} is no name .*: use A-Z, 0-9 and _") as refused:
        check(replace(HALL, secrets=("密码",)))
    assert refused.value.code == "render-name"


def test_a_config_whose_name_would_need_quoting_has_a_plain_one_in_the_container() -> None:
    assert replace(HALL, config_file="configs/cluster.yaml").config_name == "cluster.yaml"
    assert replace(HALL, config_file="configs/大厅 1.yaml").config_name == "config.yaml"


def test_an_image_named_by_its_digest_is_taken_as_it_is() -> None:
    named = f"visavis@sha256:{'0' * 64}"
    assert replace(HALL, image=named).image_of(SPEECH) == named
