"""What `visavis render --to compose` prints is taken by docker compose itself, and places the stages."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from pipeline.errors import ConfigError
from pipeline.render.compose import compose
from pipeline.render.plan import Deployment, StagePlan
from tests.deployments import EMOTION, HALL, PASSWORD, REPLY, SPEECH, deployments

DOCKER = Path(__file__).parent.parent / "docker"
CHECKER = Path(sys.executable).parent / "docker-compose"
"""Docker's own, from a package of the extra `dev`; it needs no daemon for `config`."""


def checked(text: str, *, secrets: tuple[str, ...] = (), folder: Path = DOCKER) -> subprocess.CompletedProcess[str]:
    words = [str(CHECKER), "--project-directory", str(folder), "--file", "-", "config", "--quiet"]
    environment = {"PATH": os.defpath, "HOME": "/nowhere", **dict.fromkeys(secrets, "x")}
    return subprocess.run(words, input=text, env=environment, capture_output=True, text=True, check=False)


def services(deployment: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(compose(deployment))["services"]
    return found


def only(stage: StagePlan) -> dict[str, Any]:
    service: dict[str, Any] = services(replace(HALL, stages=(stage,)))[stage.stage]
    return service


@settings(max_examples=60, deadline=None)
@given(deployments())
def test_any_deployment_is_taken_by_docker_compose_and_tells_no_secret(deployment: Deployment) -> None:
    text = compose(deployment)
    done = checked(text, secrets=deployment.secrets)
    assert done.returncode == 0, done.stderr + text
    assert PASSWORD not in text


def test_the_check_itself_refuses_a_key_that_compose_does_not_know() -> None:
    done = checked(compose(HALL).replace("stop_grace_period", "stop_grace"), secrets=HALL.secrets)
    assert done.returncode != 0
    assert "stop_grace" in done.stderr


def test_compose_starts_nothing_without_a_secret_that_the_config_needs_and_names_it() -> None:
    done = checked(compose(HALL))
    assert done.returncode != 0
    assert "VISAVIS_PASSWORD" in done.stderr


def test_a_variable_with_a_default_is_handed_on_where_it_is_set() -> None:
    assert only(SPEECH)["environment"]["DEEPSEEK_API_KEY"] is None


def test_each_stage_is_a_service_with_its_replicas_and_its_command() -> None:
    speech = only(SPEECH)
    assert speech["command"] == [
        *("visavis", "node", "/config/cluster.yaml", "--stage", "speech"),
        *("--label", "hall=east"),
    ]
    assert speech["deploy"] == {"replicas": 2, "resources": {"limits": {"cpus": "0.5", "memory": "536870912b"}}}


@pytest.mark.parametrize(
    ("place", "image", "platform"),
    [
        ({}, "registry.example:5000/visavis:0.1.0", None),
        ({"arch": "x86_64"}, "registry.example:5000/visavis:0.1.0", "linux/amd64"),
        ({"arch": "aarch64"}, "registry.example:5000/visavis-kunpeng:0.1.0", "linux/arm64"),
        ({"cpu": "kunpeng"}, "registry.example:5000/visavis-kunpeng:0.1.0", "linux/arm64"),
        ({"arch": "aarch64", "npu": "ascend"}, "registry.example:5000/visavis-ascend:0.1.0", "linux/arm64"),
    ],
)
def test_the_image_is_that_of_the_machine(place: dict[str, object], image: str, platform: str | None) -> None:
    service = only(replace(EMOTION, place=place))
    assert (service["image"], service.get("platform")) == (image, platform)


def test_an_ascend_stage_gets_its_npus_the_driver_and_the_group_that_may_use_them() -> None:
    reply = only(REPLY)
    assert [device.partition(":")[0] for device in reply["devices"]] == [
        *("/dev/davinci0", "/dev/davinci1"),
        *("/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"),
    ]
    assert reply["environment"]["ASCEND_VISIBLE_DEVICES"] == "0,1"
    assert [mount["target"] for mount in reply["volumes"] if mount.get("read_only")] == [
        "/config/cluster.yaml",
        "/usr/local/Ascend/driver",
    ]
    assert reply["group_add"] == ["1000"]


@pytest.mark.parametrize("name", ["speech", "reply", "emotion", "mosquitto"])
def test_no_service_is_root_writes_to_its_image_or_gains_rights(name: str) -> None:
    service = services(HALL)[name]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108  in the container


def test_a_service_is_healthy_when_its_own_port_says_so_whatever_proxy_there_is() -> None:
    program = only(SPEECH)["healthcheck"]["test"][3]
    compile(program, "healthcheck", "exec")
    assert "http://127.0.0.1:9464/healthz" in program
    assert "ProxyHandler({})" in program


def test_the_broker_is_a_service_when_the_bus_names_it_and_is_waited_for() -> None:
    assert only(SPEECH)["depends_on"] == {"mosquitto": {"condition": "service_healthy"}}
    elsewhere = services(replace(HALL, bus="mqtt://10.0.0.5"))
    assert set(elsewhere) == {"speech", "reply", "emotion"}
    assert "depends_on" not in elsewhere["speech"]


def test_the_broker_is_published_to_the_machine_alone() -> None:
    assert services(HALL)["mosquitto"]["ports"] == ["127.0.0.1:1883:1883"]


def test_with_tls_the_broker_listens_with_its_certificates() -> None:
    broker = services(replace(HALL, bus="mqtts://broker", tls=True))["broker"]
    sources = {mount["source"] for mount in broker["volumes"]}
    assert {"./docker/mosquitto/listeners/tls.conf", "./docker/mosquitto/certs"} <= sources
    assert broker["ports"] == ["127.0.0.1:8883:8883"]


def test_what_compose_does_not_do_by_itself_is_said() -> None:
    text = compose(HALL)
    assert "# cores: >=4 is not looked at" in text
    assert "# up to 8, by hand: docker compose up --detach --scale speech=8" in text
    assert "# The edge (microphone, session, screen) is not in here" in text


def test_a_config_for_one_process_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match=r"needs 'bus: mqtt://HOST'") as refused:
        compose(replace(HALL, bus="memory"))
    assert refused.value.code == "render-memory"


@pytest.mark.parametrize(("cpu", "memory"), [("two", ""), ("", "much"), ("0", ""), ("", "0Mi")])
def test_an_amount_that_is_none_is_refused(cpu: str, memory: str) -> None:
    with pytest.raises(ConfigError) as refused:
        only(replace(SPEECH, cpu=cpu, memory=memory))
    assert refused.value.code == "render-amount"


def test_the_same_deployment_gives_the_same_text() -> None:
    assert compose(HALL) == compose(replace(HALL))
