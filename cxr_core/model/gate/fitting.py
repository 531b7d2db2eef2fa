"""Fitting a model's gate when its card is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.gate import lessons
from cxr_core.model.gate.gate import Gate
from cxr_core.model.gate.likeness import Features, features, fit
from cxr_core.model.gate.quality import Quality
from cxr_core.model.network import Network
from cxr_core.model.predict import Outputs, forward_all
from cxr_core.model.preprocess import Preprocessing

SEED = 20260101
FEWEST_TO_WIDEN = 100
"""Calibration patients' X-rays below which a parent's limits stay as they are: a few say too little."""
ODD_NEWCOMERS = 0.05
"""Of a child's population: so many may be anything at all, and still widen no limit."""


@dataclass(frozen=True)
class Population:
    """The X-rays that a gate is fitted on."""

    grey: NDArray[np.uint8]
    """n x size x size: of patients that the model was trained and stopped early on."""
    held_out: NDArray[np.uint8]
    """m x size x size: of patients kept for calibration."""
    calibration: Outputs
    """What the network said of `held_out`."""
    appearances: Sequence[Mapping[str, float]]
    """Of all of them: what their brightness measured."""


def fitted(network: Network, population: Population, rule: Preprocessing) -> Gate:
    """The gate of `network`: planes from training and validation patients, limits from calibration patients."""
    painted = int(np.clip(len(population.grey) // 15, 10, lessons.MOST_PAINTED))

    def seen(pictures: dict[str, NDArray[np.uint8]]) -> dict[str, Features]:
        return {kind: _features(forward_all(network, grey, rule)) for kind, grey in pictures.items()}

    taught = seen(
        lessons.chests(population.grey, rule, SEED)
        | lessons.misplaced(population.grey, rule, SEED)
        | lessons.broken(population.grey, rule, SEED)
        | lessons.painted(painted, rule, first=0)
    )
    asked = seen(lessons.misplaced(population.held_out, rule, SEED + 1) | lessons.painted(painted, rule, first=painted))
    strangers = np.concatenate(list(asked.values()))
    likeness = fit(taught).limited_by(_features(population.calibration), strangers)
    return Gate(Quality.fit(population.appearances), likeness)


def widened(gate: Gate, population: Population) -> Gate:
    """A parent's gate that lets nearly all its child's population through as well, if that is large enough.

    The body of the network must be the same.
    """
    if len(population.held_out) < FEWEST_TO_WIDEN:
        return gate
    likeness = gate.likeness.widened(_features(population.calibration), ODD_NEWCOMERS)
    return Gate(gate.quality.widened(Quality.fit(population.appearances, ODD_NEWCOMERS)), likeness)


def _features(outputs: Outputs) -> Features:
    return features(outputs.traits, outputs.embeddings)
