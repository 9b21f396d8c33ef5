"""What is to run where, free of any platform: a config's stages with their places, numbers and limits."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.flow import WORKERS

LABEL = "label."
METRICS_PORT = 9464
"""Where a container serves its metrics and probes when the config does not say; OpenTelemetry's Prometheus port."""
_VARIABLE = re.compile(r"\$\{(\w+)(:-([^}]*))?\}")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CPU = re.compile(r"(\d{1,6})m|\d{1,4}(\.\d{1,3})?", re.ASCII)
_MEMORY = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)([KMGT]i|[kMGT])?", re.ASCII)
_SIZES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_SIZES["Ti"] = 1 << 40
_ARCHES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "amd64", "amd64": "amd64"}


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage, and the machines that it wants."""

    stage: str
    engine: str
    place: Mapping[str, object] = field(default_factory=dict)
    """Facts of a machine, by name: `arch: aarch64`, `npu: ascend`, `label.hall: east`, `cores: ">=4"`."""
    replicas: int = 1
    most: int = 1
    """Replicas that autoscaling may go up to; the same as `replicas`, or less: none."""
    queue_ms: int = 200
    """How long a job should wait at most, by its 95th percentile: autoscaling holds it there."""
    concurrency: int = 4
    cpu: str = ""
    """Cores as Kubernetes writes them: `2`, `0.5`, `500m`; empty: no limit."""
    memory: str = ""
    """As Kubernetes writes it: `512Mi`, `2Gi`; empty: no limit."""
    npus: int = 0

    @property
    def arch(self) -> str:
        """As container platforms call it: arm64, amd64, or '' where any will do."""
        kunpeng = "aarch64" if _single(self.place.get("cpu")) == "kunpeng" else ""
        return _ARCHES.get((_single(self.place.get("arch")) or kunpeng).lower(), "")

    @property
    def ascend(self) -> int:
        """NPUs of each replica; 0: it wants none."""
        wanted = _single(self.place.get("npu")).lower() in {"ascend", "true"} or self.npus > 0
        return max(1, self.npus) if wanted else 0

    @property
    def labels(self) -> dict[str, str]:
        """What the deployer's own labels should be, without `label.`; those that leave a choice are in `unplaced`."""
        return {
            name.removeprefix(LABEL): _single(value)
            for name, value in self.place.items()
            if name.startswith(LABEL) and _single(value)
        }

    @property
    def unplaced(self) -> list[str]:
        """Conditions that no container platform knows, as they stand in the config."""
        known = {"npu", "npu_model", "role"} | ({"arch", "cpu"} if self.arch else set())
        known |= {f"{LABEL}{name}" for name in self.labels}
        return [f"{name}: {value}" for name, value in self.place.items() if name not in known]


def _single(value: object) -> str:
    """The one value that fits; '' where several do, or only its absence."""
    if isinstance(value, (list, tuple)):
        return _single(value[0]) if len(value) == 1 else ""
    word = "" if value is None else "true" if value is True else str(value)
    return "" if word.strip().lower() in {"none", "no", "off", "false"} else word


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything of a config that a container platform must be told."""

    site: str
    config_file: str
    image: str
    """Of commodity machines; those for Kunpeng and Ascend have `-kunpeng` and `-ascend` behind the name."""
    bus: str
    user: str = ""
    """What the nodes are called at the broker."""
    tls: bool = False
    secrets: tuple[str, ...] = ()
    """Environment variables that the config must be given. Their values are never here."""
    optional: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that the config has a default for."""
    metrics_port: int = 9464
    stages: tuple[StagePlan, ...] = ()
    edge: bool = True

    @property
    def broker(self) -> str:
        """The bus's host, without a password."""
        return urlsplit(self.bus).hostname or ""

    @property
    def port(self) -> int:
        """The bus's port."""
        return urlsplit(self.bus).port or (8883 if self.tls else 1883)

    @property
    def config_name(self) -> str:
        """The config's name in a container, where odd letters would need quoting at every place."""
        name = Path(self.config_file).name
        return name if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,250}", name, re.ASCII) else "config.yaml"

    def image_of(self, stage: StagePlan) -> str:
        """The image for the machines that a stage wants. One named by its digest is taken as it is."""
        kind = "-ascend" if stage.ascend else "-kunpeng" if stage.arch == "arm64" else ""
        if "@" in self.image:
            return self.image
        folder, slash, name = self.image.rpartition("/")
        plain, colon, tag = name.partition(":")
        return f"{folder}{slash}{plain}{kind}{colon}{tag}"

    def command_of(self, stage: StagePlan) -> list[str]:
        """Starts a node of that stage alone; the labels say where the platform has put it."""
        labels = [word for name, value in stage.labels.items() for word in ("--label", f"{name}={value}")]
        return ["visavis", "node", f"/config/{self.config_name}", "--stage", stage.stage, *labels]


def plan(config: Config) -> Deployment:
    """The deployment that `config` describes. ConfigError when it cannot run on several machines."""
    secrets, optional = variables(config.path.read_text(encoding="utf-8-sig"))
    deployment = Deployment(
        site=config.site,
        config_file=str(config.path),
        image=config.image or f"visavis:{_version()}",
        bus=config.broker.url if config.broker else "memory",
        user=_user(config),
        tls=config.broker is not None and config.broker.tls,
        secrets=secrets,
        optional=optional,
        metrics_port=config.metrics.port or METRICS_PORT,
        stages=tuple(_stages(config)),
    )
    check(deployment)
    return deployment


def _user(config: Config) -> str:
    """As the config says it: a name from the environment is known only where the nodes run."""
    said = str((config.source.get("broker") or {}).get("user", ""))
    return said or (config.broker.login.user if config.broker else "")


def _stages(config: Config) -> Iterator[StagePlan]:
    """Worker stages but those that the edge's own process runs."""
    for stage in WORKERS:
        chosen = config.plans[stage.name]
        given = chosen.deploy.model_dump()
        made = StagePlan(stage.name, chosen.engine, chosen.place, concurrency=chosen.concurrency, **given)
        if made.place.get("role") != "edge":
            yield made


def _version() -> str:
    try:
        return version("visavis")
    except PackageNotFoundError:  # run from a source tree that nobody installed
        return "latest"


def variables(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names that a config takes from the environment: those it cannot do without, and those with their defaults."""
    needed: dict[str, None] = {}
    optional: dict[str, str] = {}
    for name, default, value in (found for string in _strings(yaml.safe_load(text)) for found in _found(string)):
        if default:
            optional.setdefault(name, value)
        else:
            needed[name] = None
    return tuple(needed), {name: value for name, value in optional.items() if name not in needed}


def _found(string: str) -> list[tuple[str, str, str]]:
    return [(match[1], match[2] or "", match[3] or "") for match in _VARIABLE.finditer(string)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def check(deployment: Deployment) -> None:
    """ConfigError for what no container platform could run."""
    if deployment.bus == "memory" or not deployment.broker:
        text = "the stages would not hear each other: a config for many machines needs 'bus: mqtt://HOST' (or mqtts)"
        raise ConfigError("render-memory", f"{deployment.config_file}: {text}, not 'bus: memory'")
    for name in (*deployment.secrets, *deployment.optional):
        if not _ENVIRONMENT.fullmatch(name):
            text = f"${{{name}}} is no name of an environment variable in containers: use A-Z, 0-9 and _"
            raise ConfigError("render-name", f"{deployment.config_file}: {text}")
    for stage in deployment.stages:
        if stage.cpu and not cores(stage.cpu):
            raise ConfigError("render-amount", f"{stage.stage}: cpu: {stage.cpu}: write cores as 2, 0.5 or 500m")
        if stage.memory and not size(stage.memory):
            raise ConfigError("render-amount", f"{stage.stage}: memory: {stage.memory}: write it as 512Mi or 2Gi")


def cores(text: str) -> float:
    """`500m` is 0.5; 0 for what is no amount."""
    found = _CPU.fullmatch(text)
    return 0.0 if found is None else int(found[1]) / 1000 if found[1] else float(text)


def size(text: str) -> int:
    """`512Mi` in bytes; 0 for what is no amount."""
    found = _MEMORY.fullmatch(text)
    return int(float(found[1]) * _SIZES[found[2] or ""]) if found else 0
