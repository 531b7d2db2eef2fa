"""Opinions: loading the model that a home uses, and asking it about stored images and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core.dicom.stored import from_stored
from cxr_core.errors import ModelError, RejectedFile
from cxr_core.model import gate, predict, release
from cxr_core.model.card import Card
from cxr_core.model.predict import Model
from cxr_core.records import Job, Lane, Opinion, Radiograph, Status
from cxr_core.store import files, jobs, models, predictions
from cxr_core.store.db import opened
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.retraining import REPREDICT
from cxr_core.work.sources import batched, open_files

BATCH = 16


@dataclass(frozen=True)
class Reading:
    """What a model says of one X-ray: an opinion, or why there is none."""

    opinion: Opinion | None
    reasons: list[str]

    @property
    def status(self) -> Status:
        """Predicted, or not analysed."""
        return Status.PREDICTED if self.opinion else Status.NOT_ANALYSED

    def write(self, db: Database, image: str, model: str) -> None:
        """Store it as the model's prediction on the image."""
        if self.opinion:
            predictions.add(db, image, model, self.opinion)
        else:
            predictions.add_not_analysed(db, image, model, self.reasons)


def read_all(model: Model, radiographs: Sequence[Radiograph]) -> list[Reading]:
    """The model's opinion on each X-ray that its gate lets through, in one batch, in order."""
    objections = [gate.objections(radiograph, model.card.intended) for radiograph in radiographs]
    judged = [radiograph for radiograph, reasons in zip(radiographs, objections, strict=True) if not reasons]
    opinions = iter(predict.opinions(model, judged) if judged else [])
    return [Reading(None if reasons else next(opinions), reasons) for reasons in objections]


def running_model(desk: Desk) -> Model:
    """The model that the home uses now."""
    with opened(desk.home) as db:
        return model_named(desk, db, models.running(db) or "")


def warm_up(desk: Desk) -> None:
    """Load the running model and ask it once about nothing: the first person shouldn't wait for that."""
    model = running_model(desk)
    size = model.card.preprocessing.size
    predict.judge(model, np.zeros((1, size, size), np.float32))


def model_named(desk: Desk, db: Database, name: str) -> Model:
    """A model of the home by name, loaded once. Raises NotFound, or ModelError if its weights are missing."""
    if name not in desk.models:
        desk.models[name] = load(db, name)
    return desk.models[name]


def load(db: Database, name: str) -> Model:
    """A model put together from the first release and the changes of each of its ancestors."""
    chain = [models.card(db, name)]
    while chain[0]["parent"] is not None:
        chain.insert(0, models.card(db, chain[0]["parent"]))
    return predict.assemble(Card.from_dict(chain[-1]), *(_tensors(db, card) for card in chain))


def _tensors(db: Database, card: dict[str, Any]) -> bytes:
    if card["weights_sha256"] == release.card()["weights_sha256"]:
        return release.WEIGHTS.read_bytes()
    stored = models.weights(db, card["weights_sha256"])
    if stored is None:
        raise ModelError(f"the weights of {card['name']} are not in the database: bring it back from a backup")
    return stored


def repredict(desk: Desk, job: Job) -> Outcome:
    """A job: the new running model reads what still waits, a batch a job, so that what comes in isn't kept waiting."""
    name = str(job.payload["model"])
    with opened(desk.home) as db:
        model = model_named(desk, db, name)
        batch = predictions.lacking(db, name, BATCH)
    readings = read_all(model, [from_stored(files.get(desk.home, row["file_sha256"])) for row in batch])

    def write(db: Database) -> None:
        for row, reading in zip(batch, readings, strict=True):
            reading.write(db, row["id"], name)
        if predictions.lacking(db, name, 1):
            jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, job.payload, bulk=True))

    return Outcome({"images": len(batch)}, write)


def read_files(model: Model, paths: Iterable[Path]) -> Iterator[tuple[str, Reading | RejectedFile]]:
    """Each path with its Reading, or the RejectedFile that it raised; read in batches, in order."""
    for batch in batched(open_files(paths), BATCH):
        radiographs = [found for _, found in batch if isinstance(found, Radiograph)]
        readings = iter(read_all(model, radiographs))
        for path, found in batch:
            yield path, next(readings) if isinstance(found, Radiograph) else found
