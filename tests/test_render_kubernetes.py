"""What `visavis render --to kubernetes` prints is valid by Kubernetes' own schemas, and places the stages."""

from dataclasses import replace
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings

from pipeline.errors import ConfigError
from pipeline.render.kubernetes import kubernetes, namespace
from pipeline.render.plan import Deployment, StagePlan
from tests.deployments import EMOTION, HALL, PASSWORD, REPLY, SPEECH, deployments

CONFIG = "site: hall  # 大厅\nbus: mqtt://mosquitto\nreply: {api_key: '${DEEPSEEK_API_KEY:-}'}\n"
VERSIONS = ("1.27", "1.37")
"""The oldest that is meant to work, and the newest that there are schemas of."""


def documents(deployment: Deployment) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(kubernetes(deployment, CONFIG)))


def kinds(deployment: Deployment, kind: str) -> list[dict[str, Any]]:
    return [document for document in documents(deployment) if document["kind"] == kind]


def pod(stage: StagePlan) -> dict[str, Any]:
    (found,) = kinds(replace(HALL, stages=(stage,)), "Deployment")
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def container(stage: StagePlan) -> dict[str, Any]:
    (found,) = pod(stage)["containers"]
    return dict(found)


def validate(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


@settings(max_examples=25, deadline=None)
@given(deployments())
def test_any_deployment_is_valid_and_tells_no_secret(deployment: Deployment) -> None:
    text = kubernetes(deployment, CONFIG)
    for document in yaml.safe_load_all(text):
        if document["apiVersion"] != "keda.sh/v1alpha1":
            for version in VERSIONS:
                validate(document, version)
    assert PASSWORD not in text


def test_the_check_itself_refuses_a_key_that_kubernetes_does_not_know() -> None:
    (deployment, *_) = kinds(HALL, "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(deployment, VERSIONS[-1])


def test_the_config_comes_as_it_stands_in_its_file() -> None:
    (found,) = kinds(HALL, "ConfigMap")
    assert found["data"] == {"cluster.yaml": CONFIG}
    mount = next(mount for mount in container(SPEECH)["volumeMounts"] if mount["name"] == "config")
    assert (mount["mountPath"], mount["subPath"]) == ("/config/cluster.yaml", "cluster.yaml")


def test_another_config_starts_other_pods() -> None:
    def annotations(config: str) -> Any:
        found = [
            document for document in yaml.safe_load_all(kubernetes(HALL, config)) if document["kind"] == "Deployment"
        ]
        return found[0]["spec"]["template"]["metadata"]["annotations"]

    assert annotations(CONFIG) == annotations(CONFIG)
    assert annotations(CONFIG) != annotations(CONFIG + "# new\n")


def test_secrets_are_references_and_those_with_a_default_need_not_be_there() -> None:
    env = {entry["name"]: entry["valueFrom"] for entry in container(SPEECH)["env"]}
    assert env["VISAVIS_PASSWORD"] == {"secretKeyRef": {"name": "visavis", "key": "VISAVIS_PASSWORD"}}
    assert env["DEEPSEEK_API_KEY"]["secretKeyRef"]["optional"] is True
    assert env["VISAVIS_NODE"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert not kinds(HALL, "Secret")


def test_a_stage_is_placed_by_the_labels_of_the_nodes() -> None:
    assert pod(SPEECH)["nodeSelector"] == {"kubernetes.io/arch": "arm64", "visavis.io/hall": "east"}
    assert container(SPEECH)["command"][-4:] == ["--label", "hall=east", "--metrics-host", "0.0.0.0"]  # noqa: S104


def test_an_ascend_stage_asks_the_device_plugin_for_its_npus() -> None:
    assert pod(REPLY)["nodeSelector"] == {
        "kubernetes.io/arch": "arm64",
        "accelerator": "huawei-Ascend910",
        "host-arch": "huawei-arm",
    }
    assert container(REPLY)["resources"]["limits"] == {"huawei.com/Ascend910": "2"}
    assert pod(REPLY)["securityContext"]["supplementalGroups"] == [1000]


def test_a_310p_is_asked_for_by_its_own_name() -> None:
    stage = replace(REPLY, place={"npu": "ascend", "npu_model": "310P3"}, npus=0)
    assert container(stage)["resources"]["limits"] == {"huawei.com/Ascend310P": "1"}
    assert pod(stage)["nodeSelector"] == {"accelerator": "huawei-Ascend310P"}


def test_a_label_that_leaves_a_choice_is_left_to_the_deployer_too() -> None:
    stage = replace(SPEECH, place={"label.hall": ["east", "west"]})
    assert "nodeSelector" not in pod(stage)
    assert "# Decide: label.hall: ['east', 'west'] is no label" in kubernetes(replace(HALL, stages=(stage,)), CONFIG)


def test_what_kubernetes_cannot_know_is_left_to_the_deployer_in_a_comment() -> None:
    assert "# Decide: cores: >=4 is no label" in kubernetes(replace(HALL, stages=(EMOTION,)), CONFIG)


def test_a_pod_is_alive_ready_and_started_by_its_own_word() -> None:
    found = container(SPEECH)
    paths = {probe: found[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert pod(SPEECH)["terminationGracePeriodSeconds"] == 15


def test_a_pod_keeps_the_restricted_pod_security_standard() -> None:
    whole, own = pod(SPEECH)["securityContext"], container(SPEECH)["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_an_update_takes_no_pod_away_before_the_new_one_is_ready() -> None:
    for found in kinds(HALL, "Deployment"):
        assert found["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_of_several_replicas_a_drain_takes_one_at_a_time() -> None:
    (budget,) = kinds(HALL, "PodDisruptionBudget")
    assert budget["metadata"]["name"] == "visavis-speech"
    assert budget["spec"]["maxUnavailable"] == 1


def test_autoscaling_holds_the_wait_in_the_queue_and_decides_the_number_alone() -> None:
    (scaled,) = kinds(HALL, "ScaledObject")
    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    assert scaled["spec"]["scaleTargetRef"] == {"name": "visavis-speech"}
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (2, 8)
    (trigger,) = scaled["spec"]["triggers"]
    wait = 'histogram_quantile(0.95, sum(rate(visavis_stage_queue_seconds_bucket{stage="speech"}[1m])) by (le))'
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "Value")
    assert trigger["metadata"]["threshold"] == "0.15"
    assert trigger["metadata"]["query"] == f"({wait} >= 0) or vector(0)"
    speech = next(found for found in kinds(HALL, "Deployment") if found["metadata"]["name"] == "visavis-speech")
    assert "replicas" not in speech["spec"]


def test_without_autoscaling_the_number_is_the_configs() -> None:
    deployment = replace(HALL, stages=(replace(SPEECH, most=2),))
    assert not kinds(deployment, "ScaledObject")
    assert kinds(deployment, "Deployment")[0]["spec"]["replicas"] == 2


def test_prometheus_finds_every_pod() -> None:
    for found in kinds(HALL, "Deployment"):
        annotations = found["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/scrape"] == "true"
        assert annotations["prometheus.io/port"] == "9464"


def test_sites_that_differ_only_in_signs_have_different_namespaces() -> None:
    assert namespace("hall") == "visavis-hall"
    assert len({namespace(site) for site in ("hall", "Hall", "hall.", "大厅", "前厅")}) == 5


def test_a_label_that_kubernetes_cannot_have_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match=r"label\.hall: 东厅: .* call the place so") as refused:
        documents(replace(HALL, stages=(replace(SPEECH, place={"label.hall": "东厅"}),)))
    assert refused.value.code == "render-name"


def test_a_config_for_one_process_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match=r"needs 'bus: mqtt://HOST'") as refused:
        documents(replace(HALL, bus="memory"))
    assert refused.value.code == "render-memory"
