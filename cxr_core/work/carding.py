"""Writing a model's card: calibration, metrics on locked patients, and the references for the drift page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxr_core import clock
from cxr_core.drift.sketch import sketches
from cxr_core.drift.timeline import opinion_values
from cxr_core.model import calibrate
from cxr_core.model.assess import assess
from cxr_core.model.card import Card, Intended
from cxr_core.model.network import Network
from cxr_core.model.predict import PNEUMONIA, Outputs, forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import Side
from cxr_core.work.gathering import Gathered


@dataclass(frozen=True)
class Origin:
    """Where a network comes from: what its card says that can't be measured."""

    name: str
    parent: str | None
    base: str
    weights_sha256: str
    data: dict[str, Any]
    recipe: dict[str, Any]
    history: list[dict[str, float]]


def make_card(network: Network, sides: dict[Side, Gathered], origin: Origin, rule: Preprocessing) -> Card:
    """The card of a trained network. Nothing on it was measured on patients it was trained on.

    Raises ModelError if there are too few calibration images.
    """
    calibrate.require_enough(sides[Side.CALIBRATION].examples.labels)
    kept_apart = {side: forward_all(network, sides[side].examples.grey, rule) for side in Side if _judges(sides, side)}
    held_out = sides[Side.CALIBRATION].examples
    calibration = calibrate.fit(kept_apart[Side.CALIBRATION].logits, held_out.labels)
    peaks = kept_apart[Side.CALIBRATION].heatmaps[held_out.labels == PNEUMONIA].max((1, 2))
    locked = kept_apart.get(Side.LOCKED)
    return Card(
        name=origin.name, parent=origin.parent, base=origin.base, created_at=clock.stamp(),
        weights_sha256=origin.weights_sha256, preprocessing=rule, calibration=calibration,
        heatmap_scale=max(float(np.median(peaks)), 1e-6), intended=Intended(),
        data={**origin.data, "sides": _described(sides)}, recipe=origin.recipe, history=origin.history,
        metrics=assess(calibration, locked.logits, sides[Side.LOCKED].examples) if locked else {},
        reference=_reference(calibration, sides, kept_apart),
    )  # fmt: skip


def _judges(sides: dict[Side, Gathered], side: Side) -> bool:
    return side is not Side.TRAIN and len(sides[side]) > 0


def _described(sides: dict[Side, Gathered]) -> dict[str, dict[str, int]]:
    return {
        side.value: {
            "images": len(found), "patients": len(set(found.examples.patients)),
            "normal": int((found.examples.labels == 0).sum()), "pneumonia": int((found.examples.labels == 1).sum()),
        }
        for side, found in sides.items()
    }  # fmt: skip


def _reference(
    calibration: calibrate.Calibration, sides: dict[Side, Gathered], kept_apart: dict[Side, Outputs]
) -> dict[str, Any]:
    """Sketches of input statistics, probability and confidence over all patients kept from training."""
    rows = []
    for side, outputs in kept_apart.items():
        probabilities = calibration.probability(outputs.logits)
        for appearance, probability in zip(sides[side].appearance, probabilities, strict=True):
            rows.append({**appearance, **opinion_values(float(probability))})
    return {name: sketch.as_dict() for name, sketch in sketches(rows).items()}
