"""What every `Settings` model is made of."""

import re
from pathlib import Path
from typing import Annotated, Final

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

_NAMED: Final = re.compile(
    r"(^|[-_])(authorization|cookie|passw(or)?d|secret|(api|app|access|auth|private|secret|signing|subscription)[-_]?key"
    r"|(access|api|auth|bearer|refresh|secret|security|session)[-_]?token)$|^(x-.+-)?token$",
    re.IGNORECASE,
)
"""Not every `…key` and `…token`: `prompt_cache_key` and `stop_token` are none."""
_VARIABLE: Final = re.compile(r"[A-Z0-9_]*_(KEY|TOKEN)")
"""Variables of a program's environment have names of their own."""
_LOOKS: Final = re.compile(r"(Bearer|Basic)\s+\S|sk-[\w-]{8}", re.IGNORECASE)


def is_key(name: str, value: object) -> bool:
    """Something in a dictionary of free names, such as a request's headers, is a key: by its name or by its looks."""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        return False
    return bool(_NAMED.search(name) or _VARIABLE.fullmatch(name) or _LOOKS.match(str(value)))
