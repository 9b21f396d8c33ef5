"""Why an endpoint did not answer, and whether another one is asked."""

import re
from typing import Final, Literal

from pipeline.errors import EngineError, ServerError

Cause = Literal["busy", "slow", "broken", "refused", "thinking", "final"]
"""`refused`: it will refuse everybody. `thinking`: its thought was too long. `final`: others would say the same."""
_CAUSES: Final[dict[str, Cause]] = {
    "server-busy": "busy", "server-silent": "slow", "server-refused": "refused", "server-content": "final",
    "thinking-too-long": "thinking", "thinking-loop": "thinking",
}  # fmt: skip
OUR_FAULT: Final = frozenset({400, 413, 422})
"""What is wrong with the request itself is wrong everywhere."""
EXCUSE: Final = re.compile(
    r"(the )?(server|service|system|engine|model) (is )?(currently )?(\w+ )?(busy|overloaded)|too many requests"
    r"|(服务器?|系统|当前服务)(当前|现在)?(正?忙|繁忙|太忙)|当前(访问|请求|排队)人数(较|过)多|请求过于频繁",
    re.IGNORECASE,
)
"""What overloaded servers and gateways answer with status 200, as if a model had said it."""


def cause_of(error: EngineError) -> Cause:
    """What an endpoint's error means for the others."""
    if error.code == "server-rejected":  # 404: no such model or address, and the next one may have it
        return "final" if isinstance(error, ServerError) and error.status in OUR_FAULT else "refused"
    return _CAUSES.get(error.code, "broken")


def retry_after(error: EngineError) -> float | None:
    """Seconds that the server asks to be left alone."""
    return error.retry_after if isinstance(error, ServerError) else None
