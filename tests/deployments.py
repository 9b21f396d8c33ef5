"""Deployments for the tests of `visavis render`: one to look at, and any."""

from dataclasses import replace

from hypothesis import strategies as st

from pipeline.flow import WORKERS
from pipeline.render.plan import Deployment, StagePlan

PASSWORD = "correct-horse-battery-staple"  # noqa: S105  what must never be printed
SPEECH = StagePlan(
    "speech", "espeak", {"arch": "aarch64", "label.hall": "east"}, 2, 8, queue_ms=150, cpu="500m", memory="512Mi"
)
REPLY = StagePlan("reply", "deepseek", {"arch": "aarch64", "npu": "ascend"}, npus=2)
EMOTION = StagePlan("emotion", "linear", {"cores": ">=4"})
HALL = Deployment(
    site="hall",
    config_file="configs/cluster.yaml",
    image="registry.example:5000/visavis:0.1.0",
    bus=f"mqtt://worker:{PASSWORD}@mosquitto:1883",
    user="worker",
    secrets=("VISAVIS_PASSWORD",),
    optional={"DEEPSEEK_API_KEY": PASSWORD},
    metrics_port=9464,
    stages=(SPEECH, REPLY, EMOTION),
)

_WORDS = st.from_regex(r"[\w.\-]{1,64}", fullmatch=True)
_LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?", fullmatch=True)
_ODD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
_NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)


@st.composite
def _places(draw: st.DrawFn) -> dict[str, object]:
    facts: dict[str, st.SearchStrategy[object]] = {
        "arch": st.sampled_from(["aarch64", "x86_64", "arm64", "riscv64", ["aarch64", "x86_64"], ["aarch64"]]),
        "cpu": st.sampled_from(["kunpeng", "intel"]),
        "npu": st.sampled_from(["ascend", "none", True, False]),
        "npu_model": st.sampled_from(["310P3", "910B4-1"]),
        "cores": st.sampled_from([4, ">=4"]),
        "os": _ODD,
        "label.floor": st.sampled_from([True, False, 3, ["1", "2"]]),
    }
    place = {name: draw(value) for name, value in facts.items() if draw(st.booleans())}
    return place | {
        f"label.{name}": value for name, value in draw(st.dictionaries(_LABELS, _LABELS, max_size=2)).items()
    }


@st.composite
def _stages(draw: st.DrawFn, name: str) -> StagePlan:
    return StagePlan(
        stage=name,
        engine=draw(_ODD),
        place=draw(_places()),
        replicas=draw(st.integers(1, 9)),
        most=draw(st.integers(1, 20)),
        queue_ms=draw(st.integers(1, 5000)),
        cpu=draw(st.sampled_from(["", "1", "0.25", "500m", "64"])),
        memory=draw(st.sampled_from(["", "64Mi", "1.5Gi", "2G", "1000000000"])),
        npus=draw(st.integers(0, 8)),
    )


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    """Any deployment that containers can run."""
    chosen = draw(st.lists(st.sampled_from([stage.name for stage in WORKERS]), unique=True, min_size=1))
    tls, host = draw(st.booleans()), draw(st.sampled_from(["mosquitto", "broker", "10.0.0.5", "mqtt.example"]))
    return replace(
        HALL,
        site=draw(_WORDS),
        config_file=draw(_ODD) + ".yaml",
        image=draw(st.sampled_from([HALL.image, "visavis", "visavis@sha256:" + "0" * 64])),
        bus=f"{'mqtts' if tls else 'mqtt'}://worker:{PASSWORD}@{host}",
        tls=tls,
        user=draw(_WORDS),
        secrets=tuple(draw(st.lists(_NAMES, unique=True, max_size=3))),
        metrics_port=draw(st.integers(1, 65535)),
        stages=tuple(draw(_stages(name)) for name in chosen),
        edge=draw(st.booleans()),
    )
