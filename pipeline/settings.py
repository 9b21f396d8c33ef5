"""What every `Settings` model is made of."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, SecretStr, ValidationInfo

FROZEN = ConfigDict(frozen=True, extra="forbid")
"""`model_config` of every settings model: unknown keys are refused, nothing changes once read."""


def _beside_config(value: object, info: ValidationInfo) -> object:
    base = (info.context or {}).get("base")
    if isinstance(value, str) and base is not None:
        return Path(base) / Path(value).expanduser()
    return value


LocalPath = Annotated[Path, BeforeValidator(_beside_config)]
"""A file or folder; a relative one is beside the config file that names it (validation context `base`)."""
Secret = SecretStr
"""A key: only as `${NAME}` from the environment, refused when it stands in the file, never written anywhere."""
