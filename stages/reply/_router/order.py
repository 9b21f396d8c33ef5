"""Who is asked first, and for how long."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Final

from stages.reply._router.plan import Plan

LEAST: Final = 0.2
"""Seconds below which no endpoint is asked any more: it could not answer."""


def ordered(plans: Iterable[Plan], visitor: str) -> list[Plan]:
    """By rank; within one, shared by weight, and the same for a visitor's whole visit: her history is then in the
    prefix cache of the server that she talks to. Weighted rendezvous hashing: nothing has to be remembered, and a
    replay asks the same server.
    """
    return sorted(plans, key=lambda plan: (plan.rank, -_score(plan, visitor)))


def _score(plan: Plan, visitor: str) -> float:
    digest = hashlib.blake2b(f"{visitor}\n{plan.name}".encode(), digest_size=8).digest()
    return plan.weight / -math.log((int.from_bytes(digest, "big") + 1) / (2**64 + 1))


def share(plan: Plan, others: Sequence[Plan], left: float) -> float:
    """Seconds that `plan` may take to its first data, where `others` may have to be asked after it."""
    if plan.first_seconds is not None:
        return min(plan.first_seconds, left)
    fixed = sum(other.first_seconds for other in others if other.first_seconds is not None)
    loose = 1 + sum(other.first_seconds is None for other in others)
    return min(left, max((left - fixed) / loose, LEAST))
