"""Opinions: loading the model that a home uses, and asking it about stored images and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlite_utils import Database

from cxr_core.dicom.burned_in.clearing import without_sure_text
from cxr_core.dicom.burned_in.finding import Found
from cxr_core.dicom.stored import from_stored
from cxr_core.drift.appearance import measure
from cxr_core.errors import CxrError, ModelError, RejectedFile
from cxr_core.model import predict, release, thorax, trust
from cxr_core.model.card import Card
from cxr_core.model.gate import walk
from cxr_core.model.gate.objection import Objection
from cxr_core.model.gate.walk import Film
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import INVERTED, brightness, stretch
from cxr_core.records import Job, Lane, Opinion, Radiograph, Status
from cxr_core.store import files, images, jobs, models, predictions, shadows
from cxr_core.store.db import opened
from cxr_core.work.ahead import ahead
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.drift import references, rolling
from cxr_core.work.hospital import answering
from cxr_core.work.incoming.sources import Source, batched, sources
from cxr_core.work.models import quickening
from cxr_core.work.models.retraining import REPREDICT
from cxr_core.work.models.shadowing import SHADOW

BATCH = 16
UNREADABLE = "its stored file"
"""What an image isn't analysed for, as drafting tells it apart, where its stored file is gone or damaged."""

E = TypeVar("E", bound=CxrError)


@dataclass(frozen=True)
class Reading:
    """What a model says of one X-ray: an opinion, or why there is none."""

    opinion: Opinion | None
    objections: list[Objection]
    text: Found = field(default_factory=Found)
    """Of a file that isn't stored: where it is written on; its doubts were left in what the model saw."""

    @property
    def reasons(self) -> list[str]:
        """Why there is no opinion, in plain words; empty if there is one."""
        return [objection.sentence for objection in self.objections]

    @property
    def status(self) -> Status:
        """Predicted, or not analysed."""
        return Status.PREDICTED if self.opinion else Status.NOT_ANALYSED

    def write(self, db: Database, row: Mapping[str, Any], model: Card) -> None:
        """Store it as the model's prediction on the image with this row, and count it."""
        if not self.opinion:
            _write_refusal(db, row, model.name, self.reasons, [found.kind for found in self.objections])
        elif predictions.add(db, row["id"], model.name, self.opinion):
            signals = rolling.of_opinion(self.opinion, [], references.axes_of(vars(model)))
            rolling.count_opinion(db, row, model.name, signals)


def _write_refusal(db: Database, row: Mapping[str, Any], model: str, reasons: list[str], kinds: Sequence[str]) -> None:
    if predictions.add_not_analysed(db, row["id"], model, reasons, kinds):
        rolling.count_opinion(db, row, model, rolling.of_opinion(None, kinds, None))


Look = Callable[[Model, Sequence[Film]], list[Reading]]
"""How films are judged: with a check of their heatmaps (`trusted`) or without (`judged`)."""


def read_all(model: Model, radiographs: Sequence[Radiograph]) -> list[Reading]:
    """The model's opinion on each X-ray that its gate lets through, in one batch, in order."""
    return judged(model, [prepared(radiograph, model.card) for radiograph in radiographs])


def prepared(radiograph: Radiograph, card: Card) -> Film:
    """An X-ray as the model takes it, with what speaks against it before the model has looked."""
    shown = brightness(radiograph, card.preprocessing.size)
    return Film.of(radiograph, stretch(shown, card.preprocessing), measure(shown), card)


def judged(model: Model, films: Sequence[Film]) -> list[Reading]:
    """As read_all, of X-rays that are prepared already."""
    answers = walk.judge(model, films)
    return [Reading(said, []) if isinstance(said, Opinion) else Reading(None, said) for said in answers]


def trusted(model: Model, films: Sequence[Film]) -> list[Reading]:
    """As judged, each heatmap with its doubt: what is stored or drawn has been through here."""
    readings = judged(model, films)
    seen = [(film.grey, found.opinion) for film, found in zip(films, readings, strict=True) if found.opinion]
    if not seen:
        return readings
    grey = np.stack([1 - image if opinion.put_right == INVERTED else image for image, opinion in seen])
    doubts = iter(trust.doubts(model, grey, [opinion for _, opinion in seen]))
    return [_doubted(reading, next(doubts)) if reading.opinion else reading for reading in readings]


def _each(look: Look, model: Model, films: Sequence[Film | E]) -> list[Reading | E]:
    """What the model says of each film; what is in the place of one stays there."""
    readings = iter(look(model, [film for film in films if isinstance(film, Film)]))
    return [next(readings) if isinstance(film, Film) else film for film in films]


def _doubted(reading: Reading, doubt: str | None) -> Reading:
    return replace(reading, opinion=reading.opinion and replace(reading.opinion, heatmap_doubt=doubt))


def running_model(desk: Desk) -> Model:
    """The model that the home uses now."""
    with opened(desk.home) as db:
        return model_named(desk, db, models.running(db) or "")


def warm_up(desk: Desk) -> None:
    """Load the running model and ask it once about nothing: the first person shouldn't wait for that."""
    model = running_model(desk)
    size = model.card.preprocessing.size
    nothing = np.zeros((1, size, size), np.float32)
    predict.judge(model, nothing)
    thorax.coverage(nothing)


def model_named(desk: Desk, db: Database, name: str) -> Model:
    """A model of the home by name, loaded once. Raises NotFound, or ModelError if its weights are missing."""
    if name not in desk.models:
        desk.models[name] = quickening.as_set(desk.settings, load(db, name))
    return desk.models[name]


def load(db: Database, name: str) -> Model:
    """A model put together from a release and the changes of each of its ancestors."""
    chain = [models.card(db, name)]
    while chain[0]["parent"] is not None:
        chain.insert(0, models.card(db, chain[0]["parent"]))
    return predict.assemble(Card.from_dict(chain[-1]), *(_tensors(db, card) for card in chain))


def _tensors(db: Database, card: dict[str, Any]) -> bytes:
    stored = release.weights_of(card["weights_sha256"]) or models.weights(db, card["weights_sha256"])
    if stored is None:
        raise ModelError(f"the weights of {card['name']} are not in the database: bring it back from a backup")
    return stored


def repredict(desk: Desk, job: Job) -> Outcome:
    """A job: the new running model reads what still waits, a batch a job, so that what comes in isn't kept waiting.

    An image whose stored file can't be read isn't analysed, and says so; it keeps no other waiting.
    """
    name = str(job.payload["model"])
    with opened(desk.home) as db:
        model = model_named(desk, db, name)
        batch = predictions.lacking(db, name, BATCH)

    answers = _of_stored(desk, model, batch, trusted)

    def write(db: Database) -> None:
        for row, answer in zip(batch, answers, strict=True):
            if not images.exists(db, row["id"]):
                continue  # erased meanwhile
            if isinstance(answer, Reading):
                answer.write(db, images.get(db, row["id"]), model.card)
            else:
                why = f"{answer}. The next model version reads it again."
                _write_refusal(db, images.get(db, row["id"]), name, [why], [UNREADABLE])
            answering.answer_image(db, row["id"])
        if predictions.lacking(db, name, 1):
            jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, job.payload, bulk=True))

    return Outcome({"images": len(batch)}, write)


def predict_beside(desk: Desk, job: Job) -> Outcome:
    """A job: the candidate in the shadow judges what came in since it began, a batch a job.

    No heatmap of it is shown to anybody, so none is checked or kept. One that was ended meanwhile judges nothing.
    """
    with opened(desk.home) as db:
        shadow = shadows.current(db)
        if shadow is None or shadow.model != job.payload["model"]:
            return Outcome({"images": 0})
        model, batch = model_named(desk, db, shadow.model), shadows.lacking(db, shadow, BATCH)
    answers = _of_stored(desk, model, batch, judged)

    def write(db: Database) -> None:
        for row, answer in zip(batch, answers, strict=True):
            if not images.exists(db, row["id"]):
                continue  # erased meanwhile
            said = answer.opinion if isinstance(answer, Reading) else None
            shadows.add(db, row["id"], shadow.model, (said.label, said.probability) if said else None)
        if shadows.lacking(db, shadow, 1):
            jobs.ask(db, jobs.Request(SHADOW, Lane.READING, job.payload, bulk=True))

    return Outcome({"images": len(batch)}, write)


def _of_stored(desk: Desk, model: Model, batch: list[dict[str, Any]], look: Look) -> list[Reading | CxrError]:
    """What the model says of each stored image, or why its file can't be read; in order."""

    def film(row: dict[str, Any]) -> Film | CxrError:
        try:
            return prepared(from_stored(files.get(desk.home, row["file_sha256"])), model.card)
        except CxrError as error:
            return error

    return _each(look, model, list(ahead(film, batch, BATCH)))


def read_files(
    model: Model, paths: Iterable[Path], heatmaps: bool = False
) -> Iterator[tuple[str, Reading | RejectedFile]]:
    """Each path with its Reading, or the RejectedFile that it raised; in order.

    Text near the edges is blanked as it is at intake, but nothing waits for anybody's look, since nothing is stored.

    While the model looks at one batch, the next one is loaded, decoded and squeezed, and only as many X-rays as there
    are threads are in memory at full size. Whoever wants to draw the `heatmaps` has them checked.
    """

    def film(source: Source) -> tuple[str, Film | RejectedFile, Found]:
        opened_ = source.open()
        if isinstance(opened_, RejectedFile):
            return source.name, opened_, Found()
        cleared, found = without_sure_text(opened_)
        return source.name, prepared(cleared, model.card), found

    look = trusted if heatmaps else judged
    with closing(ahead(film, sources(paths), 2 * BATCH)) as prepared_films:
        for batch in batched(prepared_films, BATCH):
            answers = _each(look, model, [film for _, film, _ in batch])
            for (name, _, text), answer in zip(batch, answers, strict=True):
                yield name, replace(answer, text=text) if isinstance(answer, Reading) else answer
