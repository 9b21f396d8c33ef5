"""A config as the files of a container platform: what `visavis render CONFIG --to compose|kubernetes` prints."""

from typing import Literal

from pipeline.config import Config
from pipeline.render.compose import compose
from pipeline.render.kubernetes import kubernetes
from pipeline.render.plan import plan

Target = Literal["compose", "kubernetes"]
TARGETS: tuple[Target, ...] = ("compose", "kubernetes")


def render(config: Config, target: Target) -> str:
    """YAML for `target`, the same for the same config. ConfigError when the config cannot run there."""
    deployment = plan(config)
    if target == "compose":
        return compose(deployment)
    return kubernetes(deployment, config.path.read_text(encoding="utf-8-sig"))
