"""What a config says of a stage besides its engine: where it runs, how much of it at once, how often."""

from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from pipeline.placement import problems
from pipeline.settings import FROZEN

Fact = str | int | bool | list[str | int]


class Deploy(BaseModel):
    """The section `deploy` of a stage: for `visavis render`, and for nobody else."""

    model_config = FROZEN
    replicas: int = Field(1, ge=0, le=1000)
    most: int = Field(0, ge=0, le=1000)
    """Replicas that autoscaling may go up to; 0: none."""
    queue_ms: int = Field(200, ge=1)
    """How long a job should wait at most, by its 95th percentile: autoscaling holds it there."""
    cpu: str = ""
    """Cores as Kubernetes writes them: `2`, `500m`."""
    memory: str = ""
    """As Kubernetes writes it: `512Mi`, `2Gi`."""
    npus: int = Field(0, ge=0, le=64)


class Plan(BaseModel):
    """The keys of a stage's section that are not its engine's."""

    model_config = FROZEN
    engine: str
    concurrency: int = Field(4, ge=1, le=1024)
    """Requests that one worker works on at once."""
    waiting: int = Field(32, ge=0, le=4096)
    """Requests that may wait there; what is more goes back at once."""
    place: dict[str, Fact] = {}
    """Conditions on the machine (docs/placement.md); none: any worker node."""
    deploy: Deploy = Deploy()

    @field_validator("place")
    @classmethod
    def _known_facts(cls, place: dict[str, Any]) -> dict[str, Any]:
        wrong = problems(place)
        if wrong:
            raise ValueError("; ".join(wrong))
        return place


PLANNED = (*Plan.model_fields, "fallback")
"""Keys of a stage's section that no engine may have."""


MANNER = ("concurrency", "waiting", "place", "deploy")
"""Those of them that change nothing of what a stage answers."""


class Metrics(BaseModel):
    """The section `metrics`: where `/metrics`, `/healthz` and `/readyz` are served."""

    model_config = FROZEN
    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=65535)
    """None: not served unless a command's `--metrics` asks for it."""


class Logging(BaseModel):
    """The section `log`."""

    model_config = FROZEN
    format: Literal["human", "json"] = "human"
    words: bool = False
    """Log what visitors say and hear: off unless the operator asks for it."""
