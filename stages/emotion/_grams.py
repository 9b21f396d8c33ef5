"""A linear classifier over pieces of text: one weight for each known piece and label, kept in 8 bits."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EngineError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """Pieces weighted by inverse document frequency, scaled to length 1 (Salton and Buckley 1988), times weights."""

    place: dict[str, int]
    """Row of each known piece."""
    rarity: Floats
    """`[pieces]`: inverse document frequency."""
    weights: NDArray[np.int8]
    """`[pieces, labels]`"""
    step: Floats
    """`[labels]`: what one step of the 8 bit weights is worth."""
    bias: Floats
    """`[labels]`"""
    threshold: Floats
    """`[labels]`: log odds from which a label is said to hold."""
    labels: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `script/train-emotion` wrote. EngineError when the file is not that."""
        try:
            with np.load(path) as file:
                pieces = file["pieces"].tobytes().decode().split("\n")
                numbers = [file[name].astype(np.float64) for name in ("rarity", "step", "bias", "threshold")]
                labels = tuple(file["labels"].tobytes().decode().split("\n"))
                weights = file["weights"]
        except (OSError, ValueError, KeyError) as error:
            text = (
                f"the word classifier's weights {path} cannot be read ({error}): train them with script/train-emotion"
            )
            raise EngineError("emotion-weights", text) from error
        rarity, step, bias, threshold = numbers
        return cls(dict(zip(pieces, range(len(pieces)), strict=True)), rarity, weights, step, bias, threshold, labels)

    def odds(self, pieces: Iterable[str]) -> Floats:
        """Log odds of each label, `[labels]`; the bias alone when no piece is known."""
        rows = [self.place[piece] for piece in dict.fromkeys(pieces) if piece in self.place]
        if not rows:
            return self.bias
        share = self.rarity[rows]
        result: Floats = (share @ self.weights[rows]) * self.step / np.sqrt(share @ share) + self.bias
        return result
