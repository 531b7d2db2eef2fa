"""The gate's third question: does it look like a frontal chest X-ray at all? Answered from the network's own features.

Two limits, since neither sees everything. How far a picture lies from the X-rays that the model was made with, in
their own spread, tells what is nothing like an X-ray. On which side it lies of the planes that part those X-rays from
the same ones turned, negative or broken, and from painted strangers (`strangers`), tells what is one, but of something
else; these planes also give the stranger its name. Both limits are set by patients whom nothing was fitted on.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from cxr_core.errors import ModelError
from cxr_core.model.gate.kinds import CHEST
from cxr_core.model.gate.limits import are_numbers, most

REFUSED_AT_MOST = 0.01
"""Of the patients that the limits are set by."""
BEYOND = 1.5
"""How much farther than nearly all of those an image may lie: other machines see a little otherwise."""
TOWARDS = 0.25
"""How far from nearly all of those towards the nearest strangers an image may lie, for the same reason."""
_SATURATION = 4.0
"""Deviations from the mean up to which a feature counts in proportion: beyond, one alone mustn't decide."""
_RIDGE = 1e-3
Features = NDArray[np.float64]


def features(traits: NDArray[np.floating], embeddings: NDArray[np.floating]) -> Features:
    """n x 960 from the pooled maps of all blocks, n x 448 and n x 512: their roots, since they spread like squares."""
    return np.sqrt(np.maximum(np.concatenate((traits, embeddings), 1, dtype=np.float64), 0))


@dataclass(frozen=True)
class Judged:
    """n images as the likeness sees them."""

    strangeness: NDArray[np.float64]
    """n: how much sooner it is something else than a chest, in logits."""
    distance: NDArray[np.float64]
    """n: from the middle of the reference, in its own deviations, root mean square over the features."""
    logits: Features
    """n x kinds: how much speaks for each of Likeness.kinds."""


@dataclass(frozen=True)
class Likeness:
    """Fitted planes and limits, small enough for a card."""

    kinds: tuple[str, ...]
    """What the planes tell apart; `chest` comes first."""
    usual: float
    """The strangeness that nearly all X-rays of patients kept for calibration stay below."""
    strangest: float
    """The strangeness up to which an image is judged: `usual`, or TOWARDS of the way from there to the strangers."""
    farthest: float
    """The distance up to which an image is judged."""
    arrays: str
    """Mean, deviation and planes: 960 x (2 + kinds) and the planes' intercepts, half floats, base64."""

    def __post_init__(self) -> None:
        if not (self._has_limits() and self._has_planes()):
            raise ModelError("the card's likeness is damaged: bring the card back from a backup")

    def _has_limits(self) -> bool:
        numbers = are_numbers(self.usual, self.strangest, self.farthest)
        return numbers and self.usual <= self.strangest and self.farthest >= 0

    def _has_planes(self) -> bool:
        try:
            parts = self._parts
        except ValueError:
            return False
        in_order = len(set(self.kinds)) == len(self.kinds) and self.kinds[0] == CHEST
        return in_order and all(np.isfinite(part).all() for part in parts) and bool((parts[1] > 0).all())

    @property
    def width(self) -> int:
        """How many features it weighs."""
        return len(self._parts[0])

    @cached_property
    def _parts(self) -> tuple[Features, Features, Features, Features]:
        """Mean and deviation (960 each), planes (960 x kinds), intercepts (kinds)."""
        values = np.frombuffer(base64.b64decode(self.arrays, validate=True), "<f2").astype(np.float64)
        kinds = len(self.kinds)
        if not kinds:
            raise ValueError("there are no planes without kinds")
        body = values[:-kinds].reshape(2 + kinds, -1)
        return body[0], body[1], body[2:].T, values[-kinds:]

    def judge(self, seen: Features) -> Judged:
        """What the planes say of n images' features (n x 960)."""
        mean, deviation, planes, intercepts = self._parts
        scaled = (seen - mean) / deviation
        logits = _saturated(scaled) @ planes + intercepts
        distance = np.sqrt((scaled * scaled).mean(1))
        return Judged(np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0], distance, logits)

    def admits(self, judged: Judged) -> NDArray[np.bool_]:
        """Which of n images look like a frontal chest X-ray."""
        return (judged.strangeness <= self.strangest) & (judged.distance <= self.farthest)

    def is_sure_of(self, judged: Judged) -> NDArray[np.bool_]:
        """Which of n images look like those that the model was validated on, without doubt."""
        return (judged.strangeness <= self.usual) & (judged.distance <= self.farthest)

    def limited_by(self, patients: Features, strangers: Features) -> Likeness:
        """With limits set by X-rays of patients and by strangers that nothing was fitted on; each n x 960."""
        own, foreign = self.judge(patients), self.judge(strangers)
        usual = most(own.strangeness, REFUSED_AT_MOST)
        nearest = float(np.quantile(foreign.strangeness, REFUSED_AT_MOST))
        farthest = BEYOND * most(own.distance, REFUSED_AT_MOST)
        return replace(self, usual=usual, strangest=usual + TOWARDS * max(0.0, nearest - usual), farthest=farthest)

    def widened(self, patients: Features, odd_at_most: float) -> Likeness:
        """With limits that these patients' X-rays (n x 960) pass as well, but for this share of odd ones.

        However strange they are, the limit on strangeness stays within twice its way from `usual`, which is below the
        strangers that it was set by, and the limit on distance within BEYOND times what it was.
        """
        own = self.judge(patients)
        ceiling = 2 * self.strangest - self.usual
        usual = max(self.usual, min(most(own.strangeness, odd_at_most), ceiling))
        farthest = max(self.farthest, BEYOND * min(most(own.distance, odd_at_most), self.farthest))
        return replace(self, usual=usual, strangest=max(self.strangest, (usual + ceiling) / 2), farthest=farthest)


def fit(lessons: dict[str, Features]) -> Likeness:
    """The planes between kinds, from features (n x 960) of each; `chest` is among them.

    No limits are set yet: 0 lets nothing through (`Likeness.limited_by`).
    """
    kinds = (CHEST, *(kind for kind in lessons if kind != CHEST))
    own = lessons[CHEST]
    mean, deviation = own.mean(0), own.std(0) + 1e-3
    scaled = _saturated((np.concatenate([lessons[kind] for kind in kinds]) - mean) / deviation)
    planes = _planes(scaled, [len(lessons[kind]) for kind in kinds])
    parts = (mean, deviation, planes[:-1].T.ravel(), planes[-1])
    arrays = base64.b64encode(np.concatenate([part.ravel() for part in parts]).astype("<f2").tobytes()).decode("ascii")
    return Likeness(kinds, 0.0, 0.0, 0.0, arrays)


def _saturated(scaled: Features) -> Features:
    return _SATURATION * np.tanh(scaled / _SATURATION)


def _planes(scaled: Features, counts: Sequence[int]) -> Features:
    """Multinomial logistic regression with a ridge: (960 + 1) x kinds. Chests weigh as much as all others together."""
    design = np.c_[scaled, np.ones(len(scaled))]
    kind = np.repeat(np.arange(len(counts)), counts)
    share = np.array([0.5, *[0.5 / (len(counts) - 1)] * (len(counts) - 1)])
    weight = (share / np.array(counts))[kind]
    truth = np.eye(len(counts))[kind]

    def loss(flat: Features) -> tuple[float, Features]:
        planes = flat.reshape(-1, len(counts))
        logits = design @ planes
        logits -= logsumexp(logits, axis=1, keepdims=True)
        slope = design.T @ ((np.exp(logits) - truth) * weight[:, None])
        slope[:-1] += _RIDGE * planes[:-1]
        return float(-(weight * logits[truth == 1]).sum() + _RIDGE / 2 * (planes[:-1] ** 2).sum()), slope.ravel()

    start = np.zeros(design.shape[1] * len(counts))
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x.reshape(-1, len(counts))
