"""The voice classifier: a Gaussian with a speaker's own offset, so that what is known of the speaker sharpens it.

A feature vector is taken as class mean + speaker offset + rest (probabilistic linear discriminant analysis, Ioffe
2006). Earlier utterances of the speaker give the offset, shrunk by how few they are, each first freed of the emotion
that it probably had; the offset's remaining uncertainty is in the covariance. For each number of earlier
utterances the classifier is then linear, and all of them lie in one small subspace: its coordinates are the
`features` of the `Emotion` message.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EngineError

Floats = NDArray[np.float64]
CLASSES = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")
"""Of the Berlin Database of Emotional Speech, the training data."""
FAR = 4.0
"""Standard deviations at which a feature is clipped."""
ROUNDS = 2
"""Of guessing the baseline's emotions and the speaker's offset in turn."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the classifier makes of one utterance."""

    probabilities: Floats
    """`[7]`, of `CLASSES`."""
    features: Floats
    """`[d]`: what the next utterances of this speaker need as baseline."""
    familiar: float
    """0..1: how much the voice is like those of the training data."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The trained arrays. `n` is the number of earlier utterances, 0 to 5."""

    mean: Floats
    """`[f]`"""
    scale: Floats
    """`[f]`"""
    basis: Floats
    """`[f, d]`: from standardised features to the subspace."""
    classes: Floats
    """`[7, d]`: class means there."""
    weights: Floats
    """`[n, d, 7]`"""
    bias: Floats
    """`[n, 7]`"""
    sharpness: Floats
    """`[n]`: inverse temperature that makes the probabilities honest on unseen speakers."""
    prior: Floats
    """`[]`: earlier utterances that the population's mean is worth."""
    whitening: Floats
    """`[f, f]`: standardised features to unit variance."""
    usual: Floats
    """`[2]`: the distance that 95 % of unseen training speakers' utterances keep, and where trust ends."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the arrays that `script/train-emotion` wrote. EngineError when the file is not that."""
        names = [field.name for field in fields(cls)]
        try:
            with np.load(path) as file:
                return cls(**{name: file[name].astype(np.float64) for name in names})
        except (OSError, ValueError, KeyError) as error:
            text = f"the voice weights {path} cannot be read ({error}): train them with script/train-emotion"
            raise EngineError("emotion-weights", text) from error

    def judge(self, vector: Floats, baseline: Floats) -> Judgement:
        """Judge a feature vector `[f]` against the speaker's earlier `features`, `[n, d]`, oldest first."""
        standard = np.clip((vector - self.mean) / self.scale, -FAR, FAR)
        here = standard @ self.basis
        known = baseline[-(len(self.weights) - 1) :]
        odds = self._odds(here - self._offset(known), len(known))
        return Judgement(_share(odds * self.sharpness[len(known)]), here, self._familiar(standard))

    def _odds(self, here: Floats, known: int) -> Floats:
        odds: Floats = here @ self.weights[known] + self.bias[known]
        return odds

    def _offset(self, known: Floats) -> Floats:
        """How this speaker differs from the population, as far as `[n, d]` earlier utterances tell."""
        n = len(known)
        offset = np.zeros(self.basis.shape[1])
        if not n:
            return offset
        guess = _share(self._odds(known, 0) * self.sharpness[0])
        for _ in range(ROUNDS):
            offset = (known - guess @ self.classes).sum(axis=0) / (n + float(self.prior))
            guess = _share(self._odds(known - offset, n) * self.sharpness[n])
        result: Floats = (known - guess @ self.classes).sum(axis=0) / (n + float(self.prior))
        return result

    def _familiar(self, standard: Floats) -> float:
        distance = float(np.sqrt(np.mean((standard @ self.whitening) ** 2)))
        near, far = self.usual
        return float(np.clip((far - distance) / (far - near), 0.0, 1.0))


def _share(odds: Floats) -> Floats:
    """Softmax over the last axis."""
    raised = np.exp(odds - odds.max(axis=-1, keepdims=True))
    result: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return result
