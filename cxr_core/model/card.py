"""The card: all that is needed to use a network and to answer for it. Weights without a card are refused."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cxr_core.errors import ModelError
from cxr_core.model.beside import card_path
from cxr_core.model.calibrate import Calibration
from cxr_core.model.gate.gate import Gate
from cxr_core.model.intended import Intended
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import CLASSES

ARCHITECTURE = "torchvision resnet18, 2 outputs"


@dataclass(frozen=True)
class HeatmapCheck:
    """Whether a model's heatmaps show what it has learnt; see `sanity.check`."""

    images: int
    similarity: dict[str, float]
    """Mean absolute rank correlation, 0..1, with the maps after each stage and all above it were given new weights."""
    contrast: float
    """How much more evidence the maps show on pneumonias than on normals, in the mean, in units of the logit."""
    contrast_randomised: float
    """The most that maps after any of these stages do, either way round."""
    passed: bool
    """Where it isn't, no heatmap of this model is shown."""


@dataclass(frozen=True)
class Card:
    """One model version: how images go in, how answers are read, where it comes from, how good it is."""

    name: str
    created_at: str
    parent: str | None
    """The model it was fine-tuned from, whose tensors it shares where its own file has none."""
    base: str
    """`none`, `imagenet`, or the file or model that training started from."""
    weights_sha256: str
    preprocessing: Preprocessing
    calibration: Calibration
    heatmap_scale: float
    """The median peak of the heatmaps of true pneumonias: the top of the colour scale, for every image."""
    heatmap_check: HeatmapCheck
    intended: Intended
    gate: Gate
    """When the model must not answer."""
    data: dict[str, Any]
    """What it was trained and judged on: images and patients a side, the split's hash."""
    recipe: dict[str, Any]
    history: list[dict[str, float]]
    metrics: dict[str, Any]
    """On the locked patients; see evaluate."""
    reference: dict[str, Any]
    """Counts and axes of X-rays and opinions on patients kept from training, for the drift page (work.references)."""
    architecture: str = ARCHITECTURE
    labels: tuple[str, ...] = tuple(label.value for label in CLASSES)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Card:
        """From JSON. Raises ModelError for a missing or unknown part, or an architecture that isn't ours."""
        known = {field.name for field in fields(cls)}
        if wrong := sorted(known ^ set(values)):
            raise ModelError(f"the model's card has a wrong or missing part: {', '.join(wrong)}")
        for name, ours in (("architecture", ARCHITECTURE), ("labels", [label.value for label in CLASSES])):
            if values[name] != ours:
                raise ModelError(f"the card's {name} are {values[name]!r}; this program runs {ours!r}")
        try:
            card = cls(**{**values, **_parts(values)})
        except (KeyError, TypeError) as error:
            raise ModelError(f"the model's card has a wrong or missing part: {error}") from error
        if card.calibration.weights_sha256 != card.weights_sha256:
            raise ModelError(f"the calibration and threshold on the card of {card.name} are another model's")
        return card


def _parts(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "preprocessing": Preprocessing.from_dict(values["preprocessing"]),
        "calibration": Calibration(**values["calibration"]),
        "heatmap_check": HeatmapCheck(**values["heatmap_check"]),
        "intended": Intended.from_dict(values["intended"]),
        "gate": Gate.from_dict(values["gate"]),
        "labels": tuple(values["labels"]),
    }


def is_usable(values: dict[str, Any]) -> bool:
    """Whether this program can use the model of a card: older cards lack parts that it needs."""
    try:
        Card.from_dict(values)
    except ModelError:
        return False
    return True


def write_card(card: Card, weights: Path) -> None:
    """Write the card beside its weights."""
    card_path(weights).write_text(json.dumps(card.as_dict(), indent=1) + "\n", encoding="utf-8")


def read_card(weights: Path) -> Card:
    """The card beside a weights file. Raises ModelError if there is none, or it can't be read."""
    try:
        return Card.from_dict(json.loads(card_path(weights).read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"{weights} has no card beside it ({card_path(weights).name}): it can't be used") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{card_path(weights)} is not JSON: {error}") from error
