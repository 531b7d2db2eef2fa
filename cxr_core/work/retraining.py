"""Retraining, as the admin asks for it: what would go in, start, progress, and the decision on the result."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, Conflict
from cxr_core.model import dataset, release
from cxr_core.model.calibrate import FEWEST_PER_CLASS
from cxr_core.records import CLASSES, Job, JobState, Lane, Role, Side, User
from cxr_core.settings import Settings
from cxr_core.store import audit, jobs, models, reads, site, training_sets
from cxr_core.store.db import one, opened, transaction
from cxr_core.work.accounts import demand

RETRAIN = "retrain"
REPREDICT = "repredict"
BASE = "base data"
DEMO_BASE = "demo-base"
"""Folder of a demo's home with synthetic studies that stand in for the public data set."""
FEWEST_REPLAYED = 64
"""Replay at least this many, however few flags there are."""


@dataclass(frozen=True)
class Options:
    """How a fine-tuning run goes."""

    trained: str = "head"
    """`head` (the last layer alone; seconds), `last block`, or `all`."""
    epochs: int = 10
    """Times that every image is seen, 1 to 100."""
    learning_rate: float = 0.001
    """Adam's step, 0.00001 to 0.01; a tenth of it for the body of the network."""
    replay: int = 4
    """Agreed cases and base data for every flagged one, 0 to 50, so that the model doesn't forget."""

    def __post_init__(self) -> None:
        if self.trained not in ("head", "last block", "all"):
            raise BadInput("train the head, the last block, or all")
        if not (1 <= self.epochs <= 100 and 1e-5 <= self.learning_rate <= 0.01 and 0 <= self.replay <= 50):
            raise BadInput("epochs 1 to 100, learning rate 0.00001 to 0.01, replay 0 to 50")


@dataclass(frozen=True)
class Plan:
    """What would go into a training set if it were made now."""

    items: list[dict[str, Any]]
    """`image` (id, or content hash for base data), `label`, `origin`, `side`, and `reads` for those from readers."""
    left_out: list[dict[str, Any]]
    """`image` and `why`."""
    missing: list[str]
    """What must come first, in plain words; empty if a retrain may start."""

    def table(self) -> list[dict[str, Any]]:
        """Counts by origin, label and side."""
        counted = Counter((item["origin"], item["label"], item["side"]) for item in self.items)
        return [
            {"origin": origin, "label": label, "side": side, "images": number}
            for (origin, label, side), number in sorted(counted.items())
        ]


def plan(settings: Settings, options: Options) -> Plan:
    """The training set as it would be now: flags since the running model's set, with replay."""
    with opened(settings.home) as db:
        chosen, left_out = _from_reads(db)
        parent = models.running(db) or ""
        items = _with_replay(chosen, _base_items(db, settings), options, parent)
    return Plan(items, left_out, _missing(items))


def start(settings: Settings, user: User, options: Options) -> int:
    """Fix the training set and queue the retrain; returns the job's number.

    Raises NotAllowed, or Conflict if a retrain is open or the plan lacks something.
    """
    demand(user, Role.ADMIN)
    planned = plan(settings, options)
    if planned.missing:
        raise Conflict("; ".join(planned.missing))
    with opened(settings.home) as db, transaction(db):
        if any(job.state in (JobState.QUEUED, JobState.RUNNING) for job in jobs.newest(db, RETRAIN)):
            raise Conflict("a retrain is under way: wait for it, or cancel it")
        return _queue(db, user, options, planned)


def cancel(home: Path, user: User, job: int) -> None:
    """Stop a retrain that waits or runs; nothing of it is kept."""
    demand(user, Role.ADMIN)
    with opened(home) as db, transaction(db):
        if not jobs.cancel(db, job, f"cancelled by {user.name}"):
            raise Conflict("this retrain has ended already")
        audit.record(db, user.name, "cancel retrain", str(job))
    remove_checkpoints(home)


def checkpoint_of(home: Path, job: int) -> Path:
    """Where a retrain keeps its finished epochs while it runs; its folder is made."""
    folder = home / "checkpoints"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / f"{job}.pt"


def remove_checkpoints(home: Path, but: int | None = None) -> None:
    """Remove what earlier retrains left: there is one retrain at a time, so all but that of the job `but`."""
    for path in (home / "checkpoints").glob("*"):
        if path.stem != str(but):
            path.unlink(missing_ok=True)


def newest_job(home: Path) -> Job | None:
    """The last retrain, with its progress (`epoch`, `epochs`, `history`) or result (`candidate`, `gate`)."""
    with opened(home) as db:
        return next(iter(jobs.newest(db, RETRAIN)), None)


def candidate(home: Path) -> dict[str, Any] | None:
    """The newest model on which nothing has been decided, with its card, or None."""
    with opened(home) as db:
        return next((row for row in models.all_models(db) if row["action"] is None), None)


def promote(home: Path, user: User, model: str, reason: str) -> None:
    """Put a candidate to use; what waits is read again by it.

    Raises Conflict if its gate says no, or compared it with a model that is no longer the running one.
    """
    demand(user, Role.ADMIN)
    with opened(home) as db, transaction(db):
        gate = _undecided(db, model)["metrics"].get("gate", {})
        if not gate.get("passed"):
            raise Conflict("; ".join(gate.get("reasons", [])) or f"{model} has no gate report")
        if (running := models.running(db)) not in [row["model"] for row in gate["compared"]]:
            raise Conflict(f"{model} was never compared with {running}, which runs now: retrain")
        _put_to_use(db, user, model, "promote", reason)


def refuse(home: Path, user: User, model: str, reason: str) -> None:
    """Decide against a candidate; it stays on record."""
    demand(user, Role.ADMIN)
    with opened(home) as db, transaction(db):
        _undecided(db, model)
        models.decide(db, model, "refuse", _given(reason), user.id)
        audit.record(db, user.name, "refuse model", model, reason=reason)


def roll_back(home: Path, user: User, model: str, reason: str) -> None:
    """Put an earlier model to use again. Raises Conflict unless it was in use before and isn't now."""
    demand(user, Role.ADMIN)
    with opened(home) as db, transaction(db):
        if model == models.running(db) or model not in _once_running(db):
            raise Conflict(f"{model} can't be rolled back to: choose a model that was in use before")
        _put_to_use(db, user, model, "roll back", reason)


def earlier_models(home: Path) -> list[str]:
    """The models that one can roll back to, latest in use first."""
    with opened(home) as db:
        running = models.running(db)
        return [name for name in reversed(_once_running(db)) if name != running]


def base_folder(db: Database, settings: Settings) -> Path | None:
    """The folder with base data: the site's own setting, or the phantoms of a demo."""
    demo = settings.home / DEMO_BASE
    return settings.base_data or (demo if site.get(db, "demo") and demo.is_dir() else None)


def base_sides(base: Path, samples: list[dataset.Sample]) -> dict[str, Side]:
    """The side of every base image: the folder's own split, else the first release's, else a draw by patient.

    An image that no split knows is on the side where its patient's other images are.
    """
    own = dataset.split_file(base)
    known = {**release.split(), **(dataset.read_split(own) if own.is_file() else {})}
    drawn = dataset.split_by_patient(samples, seed=0)
    of_patient = {sample.patient: known[sample.sha256] for sample in samples if sample.sha256 in known}
    for sample in samples:
        drawn[sample.sha256] = known.get(sample.sha256) or of_patient.get(sample.patient, drawn[sample.sha256])
    return drawn


def _from_reads(db: Database) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One item for every image that was read; what readers don't agree on, and locked patients, are left out."""
    used = _used_images(db)
    by_image: dict[str, list[dict[str, Any]]] = {}
    for read in reads.current(db):
        by_image.setdefault(read["image"], []).append(read)
    chosen, left_out = [], []
    for image, found in by_image.items():
        if len({read["label"] for read in found}) > 1:
            left_out.append({"image": image, "why": "its readers disagree with each other"})
        elif found[0]["side"] == Side.LOCKED:
            left_out.append({"image": image, "why": "the patient is locked: kept for comparing models"})
        else:
            chosen.append(_read_item(image, found, used))
    return chosen, left_out


def _read_item(image: str, found: list[dict[str, Any]], used: set[tuple[str, str]]) -> dict[str, Any]:
    flagged = any(read["agrees"] == 0 for read in found)
    known = (image, found[0]["label"]) in used
    origin = "agreed" if not flagged else "flagged before" if known else "flagged"
    return {
        "image": image, "label": found[0]["label"], "side": found[0]["side"], "origin": origin,
        "reads": [read["id"] for read in found],
    }  # fmt: skip


def _used_images(db: Database) -> set[tuple[str, str]]:
    """Image and label of the running model's own training set and its ancestors': what it has learnt already."""
    used: set[tuple[str, str]] = set()
    name = models.running(db)
    while name is not None:
        row = one(db, "SELECT parent, training_set FROM models WHERE name = ?", (name,)) or {}
        if row.get("training_set"):
            items = training_sets.get(db, row["training_set"])["items"]
            used |= {(item["image"], item["label"]) for item in items}
        name = row.get("parent")
    return used


def _base_items(db: Database, settings: Settings) -> list[dict[str, Any]]:
    base = base_folder(db, settings)
    samples = dataset.find_samples([base]) if base else []
    sides = base_sides(base, samples) if base else {}
    unique = {sample.sha256: sample for sample in samples}
    return [
        {"image": sha256, "label": CLASSES[sample.label].value, "side": sides[sha256].value, "origin": BASE}
        for sha256, sample in unique.items()
    ]


def _with_replay(
    chosen: list[dict[str, Any]], base: list[dict[str, Any]], options: Options, parent: str
) -> list[dict[str, Any]]:
    """What was flagged, and for every flag some of what was right, drawn by hash and balanced between the labels."""
    flagged = [item for item in chosen if item["origin"] == "flagged" and item["side"] == Side.TRAIN]
    kept_apart = [item for item in (*chosen, *base) if item["side"] != Side.TRAIN]
    pool = [item for item in (*chosen, *base) if item["side"] == Side.TRAIN and item["origin"] != "flagged"]
    pool.sort(key=lambda item: hashlib.sha256(f"{parent}:{item['image']}".encode()).digest())
    wanted = max(FEWEST_REPLAYED, options.replay * len(flagged)) if options.replay else 0
    replayed = [
        item for label in CLASSES for item in [item for item in pool if item["label"] == label][: -(-wanted // 2)]
    ]
    return [*flagged, *replayed, *kept_apart]


def _missing(items: list[dict[str, Any]]) -> list[str]:
    """Why a retrain can't start yet."""
    found = []
    if not any(item["origin"] == "flagged" and item["side"] == Side.TRAIN for item in items):
        found.append("nothing to learn: no case on the training side was flagged since the running model was trained")
    for side, needed in ((Side.TRAIN, 2), (Side.VALIDATION, 5), (Side.CALIBRATION, FEWEST_PER_CLASS)):
        for label in CLASSES:
            at_hand = sum(item["side"] == side and item["label"] == label for item in items)
            if at_hand < needed:
                found.append(f"{side.value}: {needed} {label.value} images are needed, there are {at_hand}")
    return found


def _queue(db: Database, user: User, options: Options, planned: Plan) -> int:
    manifest = {
        "parent": models.running(db), "options": asdict(options),
        "items": sorted(planned.items, key=lambda item: (item["side"], item["image"])),
    }  # fmt: skip
    training_set = training_sets.add(db, manifest, user.id)
    job = jobs.ask(db, jobs.Request(RETRAIN, Lane.LEARNING, {"training_set": training_set}, user.id))
    audit.record(db, user.name, "start retrain", training_set, job=job, images=len(planned.items))
    return job


def _given(reason: str) -> str:
    if not reason.strip():
        raise BadInput("say why, in a sentence: decisions on models are kept with their reasons")
    return reason.strip()


def _undecided(db: Database, model: str) -> dict[str, Any]:
    card = models.card(db, model)
    if one(db, "SELECT 1 FROM decisions WHERE model = ?", (model,)):
        raise Conflict(f"{model} has been decided on already")
    return card


def _once_running(db: Database) -> list[str]:
    """Every model that was ever in use, in the order of its first use."""
    return list(dict.fromkeys(row["model"] for row in models.decisions(db) if row["action"] != "refuse"))


def _put_to_use(db: Database, user: User, model: str, action: str, reason: str) -> None:
    models.decide(db, model, action, _given(reason), user.id)
    audit.record(db, user.name, f"{action} model", model, reason=reason)
    jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, {"model": model}, user.id, bulk=True))
