"""Learning: the program's release from folders, and candidates from readers' flags, each with its card."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import ModelError
from cxr_core.model import dataset, release
from cxr_core.model.beside import split_path
from cxr_core.model.calibrate import require_enough
from cxr_core.model.card import Card, is_usable, write_card
from cxr_core.model.ensemble import checkpoints as release_checkpoints
from cxr_core.model.ensemble import train_network
from cxr_core.model.head import HeadRecipe, train_head
from cxr_core.model.material import Material
from cxr_core.model.network import Network, from_files, to_file
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.recipe import Recipe
from cxr_core.model.train import Progress, train
from cxr_core.records import Job, Side
from cxr_core.store import audit, files, looks, models, site, training_sets
from cxr_core.store.db import opened
from cxr_core.work.bounds import lacked_memory
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.models import change_plan, checkpoints, comparing, gathering, reading
from cxr_core.work.models.carding import Origin, make_card
from cxr_core.work.models.change_plan import ChangePlan
from cxr_core.work.models.drafting import is_flagged_and_kept_out
from cxr_core.work.models.gathering import Gathered
from cxr_core.work.models.pace import timed


def train_release(folders: list[Path], out: Path, base: str, recipe: Recipe, tell: Progress) -> Card:
    """Train on FOLDER/NORMAL and FOLDER/PNEUMONIA and write weights, card and split at `out`.

    A run that is broken off goes on from its last epoch (the checkpoint beside `out`). Raises ModelError.
    """
    rule = Preprocessing()
    samples = dataset.find_samples(folders)
    split = dataset.split_by_patient(samples, recipe.split)
    sides = gathering.by_side(samples, split, rule)
    require_enough(sides[Side.CALIBRATION].examples.labels)  # before the hours of training, not after them
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = out.with_suffix(".checkpoint")
    network, history = train_network(base, _material(sides, rule), recipe, checkpoint, tell)
    weights = to_file(network)
    dataset.write_split(split, split_path(out))
    data = {"folders": [folder.name for folder in folders], "split": split_path(out).name, "seed": recipe.split,
            "split_sha256": hashlib.sha256(split_path(out).read_bytes()).hexdigest()}  # fmt: skip
    origin = Origin(out.stem, None, base, hashlib.sha256(weights).hexdigest(), data, recipe.as_dict(), history)
    card = make_card(from_files(weights, name=out.stem), sides, origin, rule)
    files.write_durably(out, weights)
    write_card(card, out)
    for path in release_checkpoints(checkpoint, recipe):
        path.unlink(missing_ok=True)
    return card


PATIENCE = 5
"""Epochs of fine-tuning without a better AUC on the validation patients, after which it stops."""


@dataclass(frozen=True)
class Lesson:
    """All that a retrain needs, fetched before it begins."""

    training_set: str
    recipe: Recipe | HeadRecipe
    parent: Model
    rivals: list[Model]
    """The running model and the first release, once if they are one."""
    sides: dict[Side, Gathered]
    flagged: Gathered
    """Flagged images of patients kept out of training."""
    plan: ChangePlan
    """Under which it was asked for."""
    locked_sha256: str
    """Of its locked images with their labels."""
    name: str
    """Of the candidate."""
    made_from: str
    """What its card says of its studies."""

    @property
    def rule(self) -> Preprocessing:
        """How images go in: as into the parent, in training as in serving."""
        return self.parent.card.preprocessing


def retrain(desk: Desk, job: Job) -> Outcome:
    """A job: learn from the training set that was fixed when it was asked for; a broken-off one goes on."""
    checkpoints.remove(desk.home, but=job.id)
    checkpoint = checkpoints.place(desk.home, job.id)
    try:
        outcome = learn(desk, str(job.payload["training_set"]), checkpoint)
    except (MemoryError, RuntimeError) as error:  # torch has no error of its own for it
        raise _too_much(desk, error) from error
    return replace(outcome, after=lambda: checkpoint.unlink(missing_ok=True))


def _too_much(desk: Desk, error: Exception) -> Exception:
    """What the job fails with where the learning worker got no more memory; any other error as it is."""
    if not lacked_memory(error):
        return error
    limit = f"CXR_LEARNING_MEMORY_MB={desk.settings.learning_memory_mb}"
    return ModelError(
        f"the retrain needs more memory than it may take ({limit}): raise it, or train less of the network"
    )


def learn(desk: Desk, training_set: str, checkpoint: Path | None = None) -> Outcome:
    """Fine-tune the parent on a fixed training set; what is written is a candidate, used for nothing yet."""
    lesson = _prepared(desk, training_set)
    tuned = copy.deepcopy(lesson.parent.network)
    history = _fine_tune(tuned, lesson, checkpoint, timed(desk.tell))
    desk.tell({"doing": "comparing with the running model and the program's release", "history": history})
    tensors = to_file(tuned, lesson.parent.network)
    card = _judged(tuned, lesson, history, hashlib.sha256(tensors).hexdigest())

    def write(db: Database) -> None:
        models.add_weights(db, tensors)
        models.add(db, card.as_dict(), training_set)
        if card.metrics["gate"]["locked"]["images"]:
            looks.add(db, card.name, lesson.locked_sha256)
        audit.record(db, "program", "make candidate", card.name, weights=card.weights_sha256, training_set=training_set)

    return Outcome({"candidate": card.name, "passed": card.metrics["gate"]["passed"]}, write)


def _prepared(desk: Desk, training_set: str) -> Lesson:
    with opened(desk.home) as db:
        manifest = training_sets.get(db, training_set)
        parent, items = reading.model_named(desk, db, manifest["parent"]), manifest["items"]
        rule, kept_out = parent.card.preprocessing, [item for item in items if is_flagged_and_kept_out(item)]
        return Lesson(
            training_set,
            recipe_of(manifest["options"], rule),
            parent,
            [reading.model_named(desk, db, name) for name in _rivals(db, manifest["parent"])],
            gathering.of_training_set(desk.settings, db, items, rule),
            gathering.of_the_site(desk.home, db, kept_out, rule),
            change_plan.kept(db, manifest["plan"]),
            comparing.name_of(items),
            models.next_name(db, release.STEM),
            "synthetic studies (DEMO)" if site.get(db, site.DEMO) else "studies of this site",
        )


def _judged(tuned: Network, lesson: Lesson, history: list[dict[str, float]], weights_sha256: str) -> Card:
    """The candidate's card with its gate report. The network is judged as its file will give it back, rounded."""
    network, parent = from_files(to_file(tuned), name=lesson.name), lesson.parent.card.name
    data = {"made_from": lesson.made_from, "training_set": lesson.training_set, "plan": lesson.plan.sha256}
    origin = Origin(lesson.name, parent, parent, weights_sha256, data, lesson.recipe.as_dict(), history)
    inherited = lesson.parent.card.gate if isinstance(lesson.recipe, HeadRecipe) else None
    card = make_card(network, lesson.sides, origin, lesson.rule, inherited)
    locked = lesson.sides[Side.LOCKED]
    gate = comparing.gate(Model(card, network), lesson.rivals, locked, lesson.flagged, lesson.plan)
    return replace(card, metrics={**card.metrics, "gate": gate})


def recipe_of(options: dict[str, Any], rule: Preprocessing) -> Recipe | HeadRecipe:
    """The recipe of a fine-tuning run's options, at the size of `rule`; a body learns at a tenth of the head's rate."""
    epochs, learning_rate, trained = int(options["epochs"]), float(options["learning_rate"]), str(options["trained"])
    if trained == "head":
        return HeadRecipe(rule.size, epochs, learning_rate)
    return Recipe(
        ((rule.size, epochs),), learning_rate=learning_rate, trained=trained, body_share=0.1, patience=PATIENCE
    )


def on_side(samples: list[dataset.Sample], side: Side, split: dict[str, Side]) -> list[dataset.Sample]:
    """The samples that a split puts on a side. Raises ModelError if it knows none of them."""
    chosen = [sample for sample in samples if split.get(sample.sha256) is side]
    if not chosen:
        raise ModelError(f"none of these files is on the {side.value} side of the model's split")
    return chosen


def _fine_tune(network: Network, lesson: Lesson, checkpoint: Path | None, tell: Progress) -> list[dict[str, float]]:
    material = _material(lesson.sides, lesson.rule)
    if isinstance(lesson.recipe, HeadRecipe):
        return train_head(network, material, lesson.recipe, tell)
    return train(network, material, lesson.recipe, checkpoint, tell)


def _material(sides: dict[Side, Gathered], rule: Preprocessing) -> Material:
    return Material(sides[Side.TRAIN].examples, sides[Side.VALIDATION].examples, rule)


def _rivals(db: Database, parent: str) -> list[str]:
    """The running model and the site's first release that this version can use, each once."""
    installed = [row["model"] for row in models.decisions(db) if row["action"] == "install"]
    first = next((name for name in installed if is_usable(models.card(db, name))), release.card()["name"])
    return list(dict.fromkeys((models.running(db) or parent, first)))
