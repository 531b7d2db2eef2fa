"""Writing a model's card: calibration, metrics on locked patients, and the references for the drift page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core import clock
from cxr_core.model import calibrate, sanity
from cxr_core.model.assess import assess
from cxr_core.model.card import Card
from cxr_core.model.gate import fitting, walk
from cxr_core.model.gate.gate import Gate
from cxr_core.model.gate.likeness import features
from cxr_core.model.intended import Intended
from cxr_core.model.network import Network
from cxr_core.model.predict import PNEUMONIA, Model, Outputs, forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import CLASSES, Label, Opinion, Side
from cxr_core.work.drift import references
from cxr_core.work.drift.references import Reference
from cxr_core.work.models.gathering import Gathered


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


def make_card(
    network: Network, sides: dict[Side, Gathered], origin: Origin, rule: Preprocessing, inherited: Gate | None = None
) -> Card:
    """The card of a trained network. Nothing on it was measured on patients it was trained on.

    `inherited` is the gate of a parent with the same body, which is kept and widened; else one is fitted. Raises
    ModelError if there are too few calibration images.
    """
    calibrate.require_enough(sides[Side.CALIBRATION].examples.labels)
    kept_apart = {side: forward_all(network, sides[side].examples.grey, rule) for side in Side if _judges(sides, side)}
    held_out = sides[Side.CALIBRATION].examples
    calibration = calibrate.fit(kept_apart[Side.CALIBRATION].logits, held_out.labels, origin.weights_sha256)
    peaks = kept_apart[Side.CALIBRATION].heatmaps[held_out.labels == PNEUMONIA].max((1, 2))
    locked = kept_apart.get(Side.LOCKED)
    gate = _gate(network, _population(sides, kept_apart[Side.CALIBRATION]), rule, inherited)
    card = Card(
        name=origin.name, parent=origin.parent, base=origin.base, created_at=clock.stamp(),
        weights_sha256=origin.weights_sha256, preprocessing=rule, calibration=calibration,
        heatmap_scale=max(float(np.median(peaks)), 1e-6), intended=Intended(),
        gate=gate,
        heatmap_check=sanity.check(network, held_out, rule),
        data={**origin.data, "sides": _described(sides)}, recipe=origin.recipe, history=origin.history,
        metrics=_metrics(calibration, gate, locked, sides[Side.LOCKED]) if locked else {},
        reference={},
    )  # fmt: skip
    return replace(card, reference=_reference(Model(card, network), sides, kept_apart).as_dict())


def _population(sides: dict[Side, Gathered], calibration: Outputs) -> fitting.Population:
    learnt_from = (sides[Side.TRAIN], sides[Side.VALIDATION])
    known = [found for side, found in sides.items() if side is not Side.LOCKED]
    return fitting.Population(
        np.concatenate([found.examples.grey for found in learnt_from]),
        sides[Side.CALIBRATION].examples.grey,
        calibration,
        [appearance for found in known for appearance in found.appearance],
    )


def _gate(network: Network, population: fitting.Population, rule: Preprocessing, inherited: Gate | None) -> Gate:
    return fitting.widened(inherited, population) if inherited else fitting.fitted(network, population, rule)


def let_through(gate: Gate, said: Outputs, found: Gathered) -> NDArray[np.bool_]:
    """Which of n X-rays, of which the network has said `said`, the gate lets it answer."""
    admitted = gate.likeness.admits(gate.likeness.judge(features(said.traits, said.embeddings)))
    return admitted & np.array([not gate.quality.objections(looks) for looks in found.appearance])


def _metrics(calibration: calibrate.Calibration, gate: Gate, said: Outputs, locked: Gathered) -> dict[str, Any]:
    """What is said of the model on locked patients, and how many of their X-rays its gate refuses."""
    judged = let_through(gate, said, locked)
    return {**assess(calibration, said.logits, locked.examples, judged), "refused": int((~judged).sum())}


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


def _reference(model: Model, sides: dict[Side, Gathered], kept_apart: dict[Side, Outputs]) -> Reference:
    """Of all patients kept from training: what their X-rays look like, and what the model says of them."""
    appearance: list[dict[str, float]] = []
    said: list[references.Said] = []
    labels: list[Label] = []
    for side, outputs in kept_apart.items():
        images = (image / np.float32(255) for image in sides[side].examples.grey)
        answers = walk.answered(model, images, outputs)
        for looks, answer in zip(sides[side].appearance, answers, strict=True):
            appearance.append(looks)
            said.append(_heard(walk.with_flaws(answer, model.card.gate.quality.objections(looks))))
        labels += [CLASSES[number] for number in sides[side].examples.labels]
    return references.made_of(appearance, said, labels)


def _heard(answer: walk.Answer) -> references.Said:
    return (answer, []) if isinstance(answer, Opinion) else (None, [objection.kind for objection in answer])
