"""The ready compose file and the images hold to what `visavis render` promises."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.flow import WORKERS
from pipeline.render.compose import compose
from pipeline.render.plan import Deployment, StagePlan
from tests.test_render_compose import checked

DOCKER = Path(__file__).parent.parent / "docker"
TEXT = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
READY: dict[str, Any] = yaml.safe_load(TEXT)["services"]
HADOLINT = Path(sys.executable).parent / "hadolint"
IMAGES = sorted(path for path in DOCKER.glob("Dockerfile*") if path.suffix in {"", ".kunpeng", ".ascend"})


def rendered() -> dict[str, Any]:
    stages = tuple(StagePlan(stage.name, "any", replicas=1 + (stage.name == "speech")) for stage in WORKERS)
    deployment = Deployment("cluster", "configs/cluster.yaml", "visavis:0.1.0", "mqtt://mosquitto", stages=stages)
    services: dict[str, Any] = yaml.safe_load(compose(deployment))["services"]
    return services


def test_the_ready_file_is_taken_by_docker_compose() -> None:
    done = checked(TEXT, secrets=("VISAVIS_PASSWORD", "DEEPSEEK_BASE_URL"))
    assert done.returncode == 0, done.stderr


def test_it_has_two_that_speak_and_one_of_each_other_stage() -> None:
    replicas = {name: service.get("deploy", {}).get("replicas", 1) for name, service in READY.items()}
    assert replicas == {"mosquitto": 1, "transcript": 1, "emotion": 1, "reply": 1, "speech": 2, "cues": 1}


@pytest.mark.parametrize("name", sorted(READY))
def test_it_runs_each_service_as_render_would(name: str) -> None:
    own, expected = READY[name], rendered()[name]
    assert {key: own.get(key) for key in expected if key not in {"volumes", "environment", "deploy"}} == {
        key: value for key, value in expected.items() if key not in {"volumes", "environment", "deploy"}
    }
    assert [volume["target"] for volume in own["volumes"]] == [volume["target"] for volume in expected["volumes"]]


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_passes_the_linter(image: Path) -> None:
    done = subprocess.run([HADOLINT, "--no-color", image], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_runs_as_nobody_and_says_how_it_is(image: Path) -> None:
    last = image.read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
    assert "\nHEALTHCHECK " in last


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_is_made_of_files_that_are_there(image: Path) -> None:
    lines = [line.split() for line in image.read_text(encoding="utf-8").splitlines() if line.startswith("COPY ")]
    named = [name for _, *sources, _ in lines for name in sources if not sources[0].startswith("--from")]
    assert len(named) >= 10
    assert [name for name in named if not (DOCKER.parent / name).exists()] == []


def test_there_is_an_image_for_each_kind_of_machine() -> None:
    assert [path.name for path in IMAGES] == ["Dockerfile", "Dockerfile.ascend", "Dockerfile.kunpeng"]
