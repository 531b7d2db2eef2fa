"""What a model says of a labelled folder: forced answers of every readable file, and those it chose to give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.errors import ModelError
from cxr_core.model import dataset
from cxr_core.model.assess import assess
from cxr_core.model.gate import header, walk
from cxr_core.model.gate.objection import Objection
from cxr_core.model.gate.quality import of_shape
from cxr_core.model.gate.walk import Answer
from cxr_core.model.predict import Model, forward_all
from cxr_core.records import Opinion
from cxr_core.work.models import gathering
from cxr_core.work.models.gathering import Gathered, Labelled


def evaluate(model: Model, samples: list[dataset.Sample]) -> dict[str, Any]:
    """What `python -m cxr_core evaluate` prints: every readable file at the card's threshold.

    `refused` counts the files that can't be read, and those that the gate keeps from the model; a file that the gate
    puts right is judged as put right. Raises ModelError if none can be read.
    """
    headers = _Headers(model)
    found = gathering.prepare(map(headers.noted, gathering.readable(samples)), model.card.preprocessing)
    if not len(found):
        raise ModelError(f"none of the {len(samples)} files can be read")
    outputs = forward_all(model.network, found.examples.grey, model.card.preprocessing)
    images = (image / np.float32(255) for image in found.examples.grey)
    answers = walk.answered(model, images, outputs)
    judged = np.array([isinstance(answer, Opinion) for answer in answers]) & ~headers.refused(found)
    logits = np.where(judged, [_logit(answer) for answer in answers], outputs.logits)
    report = assess(model.card.calibration, logits, found.examples, judged)
    return {**report, "refused": len(samples) - int(judged.sum()), "model": model.card.name}


def _logit(answer: Answer) -> float:
    return answer.logit if isinstance(answer, Opinion) else 0.0


class _Headers:
    """What the gate asks before the model looks, noted while X-rays pass by, so that none has to be kept."""

    def __init__(self, model: Model) -> None:
        self._card = model.card
        self._found: list[list[Objection]] = []

    def noted(self, item: Labelled) -> Labelled:
        """`item`, once what its header says has been written down."""
        film = item.radiograph
        self._found.append(header.objections(film, self._card.intended) or of_shape(film.pixels.shape))
        return item

    def refused(self, found: Gathered) -> NDArray[np.bool_]:
        """Which of the X-rays that passed by, and became `found`, their header or their looks speak against."""
        quality = self._card.gate.quality
        noted = zip(self._found, found.appearance, strict=True)
        return np.array([bool(said or quality.objections(looks)) for said, looks in noted])
