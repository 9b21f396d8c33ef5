"""Keyframes of a curve: all that linear interpolation needs to give every frame back."""

import numpy as np
from numpy.typing import NDArray


def kept(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the frames of `[n]` or `[n, width]` values to keep: of a run of equal ones its two ends."""
    rows = values.reshape(len(values), -1)
    same = (rows[1:] == rows[:-1]).all(axis=1)
    inner = np.zeros(len(rows), bool)
    inner[1:-1] = same[:-1] & same[1:]
    found: NDArray[np.int64] = np.flatnonzero(~inner)
    return found
