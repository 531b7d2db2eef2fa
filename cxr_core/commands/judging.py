"""predict, evaluate, train, deidentify: what needs files, and of a home at most its model or its secret."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cxr_core.commands.output import result, say, training_progress
from cxr_core.dicom.burned_in.boxes import as_lists
from cxr_core.dicom.deidentify import deidentify
from cxr_core.errors import BadInput, Conflict, NotFound, RejectedFile
from cxr_core.model import dataset, predict, release
from cxr_core.model.beside import split_path
from cxr_core.model.explain import on_scale
from cxr_core.model.predict import Model
from cxr_core.model.recipe import RELEASE, SETTLING, Recipe
from cxr_core.records import Floats, Side, Status
from cxr_core.settings import Settings
from cxr_core.store import db as database
from cxr_core.store import files, models
from cxr_core.store.migrations import check, has_database
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import sources
from cxr_core.work.models import evaluating, learning, quickening, reading, stopping
from cxr_core.work.opening import open_home

PICTURE_SIZE = 448
LONGEST_STEM = 60
"""Characters of a file's own name in the name of its heatmap."""


def model_to_use(settings: Settings, name: str | None) -> Model:
    """The model called `name` (of the home, or a file), else the home's running one, else the program's release."""
    if name and Path(name).suffix == ".safetensors":
        return predict.load_file(Path(name))
    if not has_database(settings.home):
        if name not in (None, release.card()["name"]):
            raise NotFound(f"there is no model {name} here: say a .safetensors file, or set CXR_HOME")
        return predict.load_file(release.WEIGHTS)
    check(settings.home)
    with database.opened(settings.home) as db:
        return reading.load(db, name or models.running(db) or release.card()["name"])


def run_predict(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON line a file; with --heatmaps, what became of each heatmap, too. Words say where text was in pictures."""
    _require_no_stop(settings, options.model)
    model = model_to_use(settings, options.model)
    if options.heatmaps:
        options.heatmaps.mkdir(parents=True, exist_ok=True)
    for path in options.paths:
        if not path.exists():
            raise NotFound(f"{path}: there is no such file or folder")
    model = quickening.for_files(settings, model, options.paths)
    written = Counter[str]()
    for number, (path, found) in enumerate(reading.read_files(model, options.paths, bool(options.heatmaps)), 1):
        answer = {"path": path, **_answer(found), "model": model.card.name}
        if options.heatmaps:
            name = f"{number:05d}-{Path(path).stem.rpartition('!')[2][:LONGEST_STEM]}.png"
            answer |= _drawn(found, options.heatmaps / name, model)
        result(answer)
        written.update(name for name in ("path", "text_blanked", "text_left") if answer[name])
    _say_written(written)
    return 0


def _say_written(files: Counter[str]) -> None:
    """In how many files there was text, and whether the model saw it."""
    for name, words in (
        ("text_blanked", "text near an edge of the picture was blanked before the model looked"),
        ("text_left", "there may be text where it can't be taken out unseen: the model looked at it as it is, and "
         "`import` would hold the file back until an admin has looked"),
    ):  # fmt: skip
        if files[name]:
            say(f"{files[name]} of {files['path']} files: {words} ({name})")


def _require_no_stop(settings: Settings, name: str | None) -> None:
    """Raises Conflict while the home's stop stands; a file of weights is a model of nobody's home."""
    if not has_database(settings.home) or Path(name or "").suffix == ".safetensors":
        return
    check(settings.home)
    if found := stopping.standing(settings.home, COMMAND_LINE):
        raise Conflict(
            f"the model's opinion is switched off since {found.stopped_at[:16]} UTC by {stopping.by(found)}: "
            f"“{found.reason}”; an admin lifts that stop on the Models page"
        )


def _drawn(found: reading.Reading | RejectedFile, path: Path, model: Model) -> dict[str, Any]:
    """Where the heatmap is, if there is one that may be shown; else why not."""
    opinion = None if isinstance(found, RejectedFile) else found.opinion
    if opinion is None or opinion.heatmap_doubt:
        return {"heatmap": None, "heatmap_doubt": opinion and opinion.heatmap_doubt}
    _write_picture(path, opinion.heatmap, model)
    return {"heatmap": path, "heatmap_doubt": None}


def _answer(found: reading.Reading | RejectedFile) -> dict[str, Any]:
    if isinstance(found, RejectedFile):
        return {
            "status": Status.REJECTED, "probability": None, "label": None, "reasons": [str(found)],
            "codes": [found.reason], "put_right": None, "text_blanked": None, "text_left": None,
        }  # fmt: skip
    opinion = found.opinion
    return {
        "status": found.status,
        "probability": opinion.probability if opinion else None,
        "label": opinion.label if opinion else None,
        "reasons": found.reasons,
        "codes": [objection.code for objection in found.objections],
        "put_right": opinion.put_right if opinion else None,
        "text_blanked": as_lists(found.text.boxes),
        "text_left": as_lists(found.text.doubts),
    }


def _write_picture(path: Path, heatmap: Floats, model: Model) -> None:
    """The heatmap as a coloured PNG, on the card's scale."""
    grey = np.round(on_scale(heatmap, model.card.heatmap_scale, PICTURE_SIZE) * 255).astype(np.uint8)
    path.write_bytes(cv2.imencode(".png", cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO))[1].tobytes())


def run_evaluate(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON object over a labelled folder."""
    model = model_to_use(settings, options.model)
    samples = dataset.find_samples([options.folder])
    if options.side:
        weights = Path(options.model or "")
        split = dataset.read_split(split_path(weights)) if weights.suffix == ".safetensors" else release.split()
        samples = learning.on_side(samples, Side(options.side), split)
    say(f"{len(samples)} files, model {model.card.name}")
    result(evaluating.evaluate(model, samples))
    return 0


def run_train(settings: Settings, options: argparse.Namespace) -> int:
    """Train, write weights, card and split, print the card."""
    card = learning.train_release(options.folders, options.out, options.base, _recipe(options), training_progress)
    result(card.as_dict())
    return 0


def _recipe(options: argparse.Namespace) -> Recipe:
    """The release's, at the chosen pace throughout; with stages of one's own nothing follows them."""
    own = replace(RELEASE, learning_rate=options.learning_rate, seed=options.seed)
    if options.stages:
        return replace(own, stages=tuple(options.stages), then=None, keeps=0.0)
    pace = options.learning_rate / RELEASE.learning_rate
    return replace(own, then=replace(SETTLING, learning_rate=pace * SETTLING.learning_rate, seed=options.seed))


def run_deidentify(settings: Settings, options: argparse.Namespace) -> int:
    """Write a de-identified copy of each X-ray, one JSON line each.

    As with `cp`, a single file goes to a file or into a folder, and several go into a folder; in a folder copies are
    numbered, because names can identify. Unlike with `cp`, nothing is overwritten.
    """
    if not options.source.exists():
        raise NotFound(f"{options.source}: there is no such file or folder")
    named = _is_to_be_a_file(options.source, options.destination)
    open_home(settings.home)
    secret = site_secret(settings.home)
    (options.destination.parent if named else options.destination).mkdir(parents=True, exist_ok=True)
    for number, (path, found) in enumerate(sources.contents([options.source]), 1):
        copy = options.destination if named else options.destination / f"{number:06d}.dcm"
        refused = found if isinstance(found, RejectedFile) else _copy(found, copy, secret)
        result({"path": path, "copy": None if refused else copy, "reasons": [str(refused)] if refused else []})
    return 0


def _is_to_be_a_file(source: Path, destination: Path) -> bool:
    """Whether the copy of `source` is to have the name of `destination`, and not a number in it."""
    if destination.is_dir() or not (destination.exists() or destination.suffix.lower() == ".dcm"):
        return False
    if source.is_dir() or sources.is_zip_file(source):
        raise BadInput(f"{destination}: several files go into a folder; name one")
    return True


def _copy(data: bytes, copy: Path, secret: bytes) -> RejectedFile | None:
    try:
        content = deidentify(data, secret)
    except RejectedFile as error:
        return error
    if copy.exists():
        raise BadInput(f"{copy} is there already, and might be an original: name another place")
    files.write_durably(copy, content)
    return None
