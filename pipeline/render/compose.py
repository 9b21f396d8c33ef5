"""A deployment as a file for `docker compose`: one machine, a container for each replica of each stage."""

import re
from pathlib import PurePath
from typing import Any

from pipeline.render.plan import Deployment, StagePlan, check, cores, size
from pipeline.render.text import comment, dump

BROKERS = ("mosquitto", "broker")
"""Hosts in `bus` that are a service of the compose file itself."""
DRIVER = "/usr/local/Ascend/driver"
DAVINCI = ("/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc")
ASCEND_GROUP = "1000"
"""HwHiAiUser's group, which owns the devices on a machine that the driver's installer set up."""

_HARDENED: dict[str, Any] = {
    "read_only": True,
    "tmpfs": ("/tmp",),  # noqa: S108  in the container, its own
    "cap_drop": ("ALL",),
    "security_opt": ("no-new-privileges:true",),
    "restart": "unless-stopped",
    "logging": {"driver": "local"},
}


def compose(deployment: Deployment) -> str:
    """The compose file. ConfigError when the deployment cannot run in containers."""
    check(deployment)
    own_broker = deployment.broker in BROKERS
    parts = [comment(_head(deployment)), dump({"name": project(deployment.site)}), "\nservices:\n"]
    services = [_broker_part(deployment)] if own_broker else []
    services += [
        comment(_notes(stage), 2) + dump({stage.stage: _service(deployment, stage)}, 2) for stage in deployment.stages
    ]
    parts += ["\n".join(services), "\n", dump({"volumes": {"models": {}}})]
    if own_broker:
        parts += ["\n", dump({"secrets": {"mosquitto_passwd": {"file": "./docker/mosquitto/passwd"}}})]
    return "".join(parts)


def project(site: str) -> str:
    """The site's name with only the signs that compose allows in a project's name."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", site.lower()).strip("-_")
    return f"visavis-{plain}" if plain else "visavis"


def _head(deployment: Deployment) -> list[str]:
    lines = [
        f"Visavis, site {deployment.site}: written by `visavis render {deployment.config_file} --to compose`.",
        "Paths are relative to this file. Images: docker/README.md. Start: docker compose up --detach --wait",
        "",
        "The environment, or a file .env beside this one (mode 600, in no repository), must have:",
        f"  {', '.join(deployment.secrets) or 'nothing'}",
    ]
    if deployment.optional:
        lines.append(f"and may have, where the config's own default does not do: {', '.join(deployment.optional)}")
    lines += [
        "",
        f"All services here are one user at the broker: {deployment.user or '(none)'}. See docker/mosquitto/acl.",
    ]
    if deployment.tls:
        lines.append("TLS: mount the certificates that the config names beside the config, in /config.")
    if deployment.edge:
        lines += [
            "",
            "The edge (microphone, session, screen) is not in here: run `visavis serve` with this config on the",
            "kiosk's own host (docs/kiosk.md).",
        ]
    return lines


def _notes(stage: StagePlan) -> list[str]:
    """What compose does not do by itself."""
    lines = [f"{name}: {value} is taken for granted: all is on one machine" for name, value in stage.labels.items()]
    lines += [
        f"{condition} is not looked at by compose: see to it that the machine is so" for condition in stage.unplaced
    ]
    if stage.most > stage.replicas:
        lines.append(f"up to {stage.most}, by hand: docker compose up --detach --scale {stage.stage}={stage.most}")
    if stage.ascend:
        lines.append("NPUs from /dev/davinci0 on, the same for every replica: change devices for others")
        lines.append(f"group {ASCEND_GROUP} owns the devices (HwHiAiUser): compare `stat --format %g /dev/davinci0`")
    return lines


def _service(deployment: Deployment, stage: StagePlan) -> dict[str, Any]:
    service: dict[str, Any] = {"image": literal(deployment.image_of(stage))}
    if stage.arch:
        service["platform"] = f"linux/{stage.arch}"
    service["command"] = tuple(literal(word) for word in deployment.command_of(stage))
    if deployment.broker in BROKERS:
        service["depends_on"] = {deployment.broker: {"condition": "service_healthy"}}
    if environment := _environment(deployment, stage):
        service["environment"] = environment
    service["volumes"] = _volumes(deployment, stage)
    service["user"] = "10001:10001"
    if stage.ascend:
        service["group_add"] = (ASCEND_GROUP,)
        service["devices"] = [f"{device}:{device}" for device in _devices(stage)]
    service.update(_HARDENED)
    service["healthcheck"] = _healthcheck(deployment.metrics_port)
    service["stop_grace_period"] = "15s"
    service["deploy"] = _deploy(stage)
    return service


def _environment(deployment: Deployment, stage: StagePlan) -> dict[str, str | None]:
    """By reference: compose takes values from its own environment, and leaves out what is not set and not needed."""
    environment: dict[str, str | None] = {name: f"${{{name}:?the config needs it}}" for name in deployment.secrets}
    environment.update(dict.fromkeys(deployment.optional))
    if stage.ascend:
        environment["ASCEND_VISIBLE_DEVICES"] = ",".join(str(number) for number in range(stage.ascend))
    return environment


def _volumes(deployment: Deployment, stage: StagePlan) -> list[dict[str, Any]]:
    volumes = [_bind(_beside(deployment.config_file), f"/config/{deployment.config_name}")]
    volumes.append({"type": "volume", "source": "models", "target": "/cache"})
    if stage.ascend:
        volumes.append(_bind(DRIVER, DRIVER))
    return volumes


def _bind(source: str, target: str) -> dict[str, Any]:
    """A file or folder of the machine, read-only; an error when it is not there, instead of an empty folder."""
    bind = {"create_host_path": False}
    return {"type": "bind", "source": literal(source), "target": target, "read_only": True, "bind": bind}


def _beside(path: str) -> str:
    """A relative path as compose knows it for one: beginning with a dot."""
    plain = PurePath(path).as_posix()
    return plain if plain.startswith(("/", "../")) else f"./{plain}"


def _devices(stage: StagePlan) -> list[str]:
    return [*(f"/dev/davinci{number}" for number in range(stage.ascend)), *DAVINCI]


def _healthcheck(port: int) -> dict[str, Any]:
    """By Python, since the image has no curl; past any proxy that the environment names."""
    ask = f"build_opener(ProxyHandler({{}})).open('http://127.0.0.1:{port}/healthz', timeout=2)"
    test = ("CMD", "python", "-c", f"from urllib.request import ProxyHandler, build_opener; {ask}")
    return {"test": test, "interval": "10s", "timeout": "5s", "retries": 3, "start_period": "60s"}


def _deploy(stage: StagePlan) -> dict[str, Any]:
    deploy: dict[str, Any] = {"replicas": stage.replicas}
    limits: dict[str, str] = {}
    if stage.cpu:
        limits["cpus"] = f"{cores(stage.cpu):g}"
    if stage.memory:
        limits["memory"] = f"{size(stage.memory)}b"
    if limits:
        deploy["resources"] = {"limits": limits}
    return deploy


def _broker_part(deployment: Deployment) -> str:
    lines = [
        "The broker. Users, passwords and what each may do: docker/mosquitto. It is published to this machine alone;"
    ]
    lines.append(
        "for edges on other machines use TLS (docker/mosquitto/listeners/tls.conf) and leave out the 127.0.0.1."
    )
    return comment(lines, 2) + dump({deployment.broker: _broker(deployment)}, 2)


def _broker(deployment: Deployment) -> dict[str, Any]:
    own, inside = "./docker/mosquitto", "/mosquitto/config"
    listener = "tls" if deployment.tls else "network"
    volumes = [_bind(f"{own}/{name}", f"{inside}/{name}") for name in ("mosquitto.conf", "acl")]
    volumes.append(_bind(f"{own}/listeners/{listener}.conf", f"{inside}/listeners/listener.conf"))
    if deployment.tls:
        volumes.append(_bind(f"{own}/certs", f"{inside}/certs"))
    ask = ("CMD", "nc", "-z", "127.0.0.1", str(deployment.port))
    return {
        "image": "eclipse-mosquitto:2.0",
        "user": "1883:1883",
        "volumes": volumes,
        "secrets": [{"source": "mosquitto_passwd", "target": f"{inside}/passwd"}],
        "ports": [f"127.0.0.1:{deployment.port}:{deployment.port}"],
        **_HARDENED,
        "healthcheck": {"test": ask, "interval": "5s", "timeout": "3s", "retries": 5},
    }


def literal(text: str) -> str:
    """Text in which compose finds no variable."""
    return text.replace("$", "$$")
