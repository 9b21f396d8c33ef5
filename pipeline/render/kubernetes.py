"""A deployment as manifests for `kubectl apply`: a Deployment for each stage, placed by the cluster's own labels."""

import hashlib
import re
from typing import Any

from pipeline.errors import ConfigError
from pipeline.render.plan import Deployment, StagePlan, check
from pipeline.render.text import comment, dump

SECRET = "visavis"  # noqa: S105  the name of the object that holds the secrets
PROMETHEUS = "http://prometheus.monitoring.svc:9090"
ASCEND_GROUP = 1000
"""HwHiAiUser's group, which owns the devices on a machine that the driver's installer set up."""
_LABEL = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)", re.ASCII)


def kubernetes(deployment: Deployment, config: str) -> str:
    """The manifests; `config` is the text of the config. ConfigError when the deployment cannot run in Kubernetes."""
    check(deployment)
    _check_labels(deployment)
    documents = [comment(_head(deployment)) + dump(_namespace(deployment)), dump(_config_map(deployment, config))]
    version = hashlib.sha256(config.encode()).hexdigest()[:16]
    for stage in deployment.stages:
        documents.append(comment(_notes(stage)) + dump(_deployment(deployment, stage, version)))
        if stage.replicas > 1:
            documents.append(dump(_disruption(deployment, stage)))
        if stage.most > stage.replicas:
            documents.append(comment(_scaling_notes()) + dump(_scaled(deployment, stage)))
    return "---\n".join(documents)


def namespace(site: str) -> str:
    """The site's name as a namespace; where letters had to go, a few of its hash keep two sites apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", site.lower()).strip("-")[:40].strip("-")
    kept = plain if plain == site else f"{plain}-{hashlib.sha256(site.encode()).hexdigest()[:6]}".strip("-")
    return f"visavis-{kept}"


def _check_labels(deployment: Deployment) -> None:
    for stage in deployment.stages:
        for name, value in stage.labels.items():
            if not _LABEL.fullmatch(name) or not _LABEL.fullmatch(value):
                text = f"{stage.stage}: place: label.{name}: {value}: Kubernetes labels are of letters (a-z), digits"
                raise ConfigError(
                    "render-name", f"{text}, '-', '_' and '.', at most 63: call the place so in the config"
                )


def _head(deployment: Deployment) -> list[str]:
    space, where = namespace(deployment.site), f"{deployment.broker}:{deployment.port}"
    lines = [
        f"Visavis, site {deployment.site}: written by `visavis render {deployment.config_file} --to kubernetes`.",
        "",
        f"The broker is not in here: {where} must be reachable from the pods, user {deployment.user or '(none)'}.",
        "Images come from where the config's image says; push them there (docker/README.md).",
    ]
    if names := [*deployment.secrets, *deployment.optional]:
        lines += [
            f"Before the first pod can start, its secrets ({', '.join(names)}), from a file of lines NAME=VALUE:",
            f"  kubectl --namespace {space} create secret generic {SECRET} --from-env-file FILE",
        ]
    if deployment.tls:
        lines.append("TLS: mount the certificates that the config names beside the config, in /config, from a Secret.")
    if deployment.edge:
        lines.append(
            "The edge (microphone, session, screen) runs on the kiosk's own host, and reaches the same broker."
        )
    return lines


def _notes(stage: StagePlan) -> list[str]:
    lines = [f"{stage.stage}: engine {stage.engine}, {stage.concurrency} jobs at a time in each pod."]
    lines += [
        f"Decide: {condition} is no label that Kubernetes gives its nodes; label them and add it to nodeSelector."
        for condition in stage.unplaced
    ]
    lines += [f"Nodes there: kubectl label node NODE visavis.io/{name}={value}" for name, value in stage.labels.items()]
    if stage.ascend:
        lines.append("Needs Ascend's device plugin and container runtime on the nodes; an update needs a free NPU.")
    if stage.most > stage.replicas:
        lines.append("No replicas here: how many there are is KEDA's decision, from minReplicaCount on.")
    return lines


def _labels(deployment: Deployment, stage: StagePlan | None = None) -> dict[str, str]:
    labels = {"app.kubernetes.io/name": "visavis", "app.kubernetes.io/instance": namespace(deployment.site)}
    return labels | ({"app.kubernetes.io/component": stage.stage} if stage else {})


def _meta(deployment: Deployment, stage: StagePlan | None = None, name: str = "") -> dict[str, Any]:
    named = name or (f"visavis-{stage.stage}" if stage else "visavis")
    labels = _labels(deployment, stage) | {"app.kubernetes.io/part-of": "visavis"}
    return {"name": named, "namespace": namespace(deployment.site), "labels": labels}


def _namespace(deployment: Deployment) -> dict[str, Any]:
    labels = _labels(deployment) | {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(deployment.site), "labels": labels}}


def _config_map(deployment: Deployment, config: str) -> dict[str, Any]:
    meta, data = _meta(deployment, name="visavis-config"), {deployment.config_name: config}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _deployment(deployment: Deployment, stage: StagePlan, version: str) -> dict[str, Any]:
    scaled = stage.most > stage.replicas
    spec: dict[str, Any] = {} if scaled else {"replicas": stage.replicas}
    spec["selector"] = {"matchLabels": _labels(deployment, stage)}
    spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec["template"] = {
        "metadata": {"labels": _labels(deployment, stage), "annotations": _annotations(deployment, version)},
        "spec": _pod(deployment, stage),
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(deployment, stage), "spec": spec}


def _annotations(deployment: Deployment, version: str) -> dict[str, str]:
    """Where Prometheus looks; and the config's hash, so that another config starts other pods."""
    scrape = {"scrape": "true", "port": str(deployment.metrics_port), "path": "/metrics"}
    return {f"prometheus.io/{key}": value for key, value in scrape.items()} | {"visavis.io/config": version}


def _pod(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    pod: dict[str, Any] = {}
    if selector := _selector(stage):
        pod["nodeSelector"] = selector
    if max(stage.replicas, stage.most) > 1:
        pod["topologySpreadConstraints"] = [_spread(deployment, stage)]
    groups = {"supplementalGroups": (ASCEND_GROUP,)} if stage.ascend else {}
    pod["automountServiceAccountToken"] = False
    pod["terminationGracePeriodSeconds"] = 15
    pod["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        **groups,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    pod["containers"] = [_container(deployment, stage)]
    pod["volumes"] = [
        {"name": "config", "configMap": {"name": "visavis-config"}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "cache", "emptyDir": {}},
    ]
    return pod


def _selector(stage: StagePlan) -> dict[str, str]:
    selector = {"kubernetes.io/arch": stage.arch} if stage.arch else {}
    if stage.ascend:
        selector["accelerator"] = f"huawei-{_npu(stage)}"
        if stage.arch == "arm64":
            selector["host-arch"] = "huawei-arm"
    return selector | {f"visavis.io/{name}": value for name, value in stage.labels.items()}


def _npu(stage: StagePlan) -> str:
    return "Ascend310P" if "310P" in str(stage.place.get("npu_model", "")).upper() else "Ascend910"


def _spread(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    """Over as many nodes as there are; all on one is better than none."""
    selector = {"matchLabels": _labels(deployment, stage)}
    key = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    return key | {"labelSelector": selector}


def _container(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    container: dict[str, Any] = {"name": stage.stage, "image": deployment.image_of(stage)}
    # the kubelet and Prometheus come from outside of the pod
    container["command"] = (*map(_literal, deployment.command_of(stage)), "--metrics-host", "0.0.0.0")  # noqa: S104
    container["env"] = _env(deployment)
    container["ports"] = [{"name": "metrics", "containerPort": deployment.metrics_port}]
    container["startupProbe"] = _probe("/healthz", 5, 60)
    container["livenessProbe"] = _probe("/healthz", 10, 3)
    container["readinessProbe"] = _probe("/readyz", 5, 2)
    if resources := _resources(stage):
        container["resources"] = resources
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ("ALL",)},
    }
    name = deployment.config_name
    container["volumeMounts"] = [
        {"name": "config", "mountPath": f"/config/{name}", "subPath": name, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  in the pod, its own
        {"name": "cache", "mountPath": "/cache"},
    ]
    return container


def _literal(word: str) -> str:
    """A word in which Kubernetes finds no variable."""
    return word.replace("$(", "$$(")


def _env(deployment: Deployment) -> list[dict[str, Any]]:
    own = {"name": "VISAVIS_NODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    needed = [_from_secret(name, {}) for name in deployment.secrets]
    return [own, *needed, *(_from_secret(name, {"optional": True}) for name in deployment.optional)]


def _from_secret(name: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": name, **more}}}


def _probe(path: str, period: int, failures: int) -> dict[str, Any]:
    asked = {"httpGet": {"path": path, "port": "metrics"}}
    return asked | {"periodSeconds": period, "timeoutSeconds": 2, "failureThreshold": failures}


def _resources(stage: StagePlan) -> dict[str, Any]:
    """A core more than asked for is welcome, memory and NPUs are not shared."""
    requests = {key: value for key, value in (("cpu", stage.cpu), ("memory", stage.memory)) if value}
    limits = {"memory": stage.memory} if stage.memory else {}
    if stage.ascend:
        requests[f"huawei.com/{_npu(stage)}"] = limits[f"huawei.com/{_npu(stage)}"] = str(stage.ascend)
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def _disruption(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": _labels(deployment, stage)}}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _meta(deployment, stage),
        "spec": spec,
    }


def _scaling_notes() -> list[str]:
    return [
        "Needs KEDA in the cluster. Decide: serverAddress is your Prometheus; where several sites share it, add the",
        "label that keeps them apart to the query. Without traffic the quantile is no number: then the wait is 0.",
    ]


def _scaled(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    """By the wait in the queue: load is what visitors feel of it. `Value`, since a wait is no sum to be divided."""
    wait = (
        f'histogram_quantile(0.95, sum(rate(visavis_stage_queue_seconds_bucket{{stage="{stage.stage}"}}[1m])) by (le))'
    )
    asked = {"serverAddress": PROMETHEUS, "query": f"({wait} >= 0) or vector(0)"}
    trigger = {"type": "prometheus", "metricType": "Value"}
    trigger_all = trigger | {"metadata": asked | {"threshold": f"{stage.queue_ms / 1000:g}"}}
    spec = {
        "scaleTargetRef": {"name": f"visavis-{stage.stage}"},
        "pollingInterval": 15,
        "minReplicaCount": stage.replicas,
        "maxReplicaCount": stage.most,
        "advanced": {
            "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}},
        },
        "triggers": [trigger_all],
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _meta(deployment, stage),
        "spec": spec,
    }
