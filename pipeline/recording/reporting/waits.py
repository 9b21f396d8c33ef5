"""How waits are counted, for the report and for comparisons alike: two pages never disagree on a p95."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """Interpolated between the two nearest, to a tenth; None of nothing."""
    if not values:
        return None
    ordered, place = sorted(values), share * (len(values) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return round(low + (high - low) * (place - math.floor(place)), 1)


def milliseconds(seconds: float) -> float:
    """To a tenth, as they are compared."""
    return round(1000 * seconds, 1)


def shown(ms: float) -> float:
    """Seconds, in whole milliseconds: rounded the same way everywhere, so that what is as long reads as long."""
    return round(ms) / 1000
