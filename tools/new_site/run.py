"""The program in use at another hospital: a home, its reads, a retrain, and what was gained and forgotten."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cxr_core.errors import ModelError
from cxr_core.model import dataset, predict, release
from cxr_core.model.dataset import Sample
from cxr_core.model.examples import Examples
from cxr_core.model.gate.objection import Kind
from cxr_core.model.metrics import Scores, paired_interval95, report
from cxr_core.model.predict import Model, forward_all
from cxr_core.records import CLASSES, Label, Lane, Reason, Role, Side, User
from cxr_core.settings import Settings
from cxr_core.store import secret
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload, Verdict
from cxr_core.work.models import gathering, reading, retraining
from cxr_core.work.models.base_data import base_sides
from cxr_core.work.models.change_plan import FILE, shipped
from cxr_core.work.models.drafting import Options
from cxr_core.work.opening import open_home
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.worker import new_worker, process_one_job

PATIENT = r"^(\d+)_"
"""Finds the patient in ChestX-ray8's file names, so that one patient's X-rays stay on one side."""


@dataclass(frozen=True)
class Judged:
    """X-rays of patients whom no model has learnt from, on which models are judged."""

    examples: Examples
    logits: Scores
    """What the release says of them, n."""

    @classmethod
    def of(cls, samples: list[Sample]) -> Judged:
        """These samples, as the release sees them."""
        model = the_release()
        examples = gathering.prepare(gathering.of_samples(samples), model.card.preprocessing).examples
        return cls(examples, forward_all(model.network, examples.grey, model.card.preprocessing).logits)

    @property
    def patients(self) -> list[str]:
        """Whose X-rays these are, n."""
        return list(self.examples.patients)


@dataclass(frozen=True)
class Site:
    """A home of the program, and who works there."""

    settings: Settings
    reader: User
    admin: User


def judged_on(base: Path, unseen: list[Sample]) -> dict[str, Judged]:
    """`new`: those of the new site's patients whom no reader there sees. `old`: those of the locked patients of `base`.

    `base` is the data that the release was made with, and has at hand when it is retrained.
    """
    samples = dataset.find_samples([base])
    sides = base_sides(base, samples)
    locked = {sample.sha256: sample for sample in samples if sides[sample.sha256] is Side.LOCKED}
    return {"new": Judged.of(unseen), "old": Judged.of(list(locked.values()))}


@cache
def the_release() -> Model:
    """The program's own model, which every home starts with."""
    return predict.load_file(release.WEIGHTS)


def new_site(home: Path, base: Path, seed: int) -> Site:
    """A fresh home whose key comes of the seed: it is the key that draws the side of each patient."""
    secret.create(home, hashlib.sha256(f"new site {seed}".encode()).digest())
    open_home(home)
    (home / FILE).write_text(plan(), encoding="utf-8")
    reader, admin = (
        people.add_user(home, COMMAND_LINE, role.value, role, "known to nobody else")
        for role in (Role.RADIOLOGIST, Role.ADMIN)
    )
    return Site(Settings(home=home, base_data=base, patient_pattern=PATIENT), reader, admin)


def plan() -> str:
    """The shipped plan for a site with one reader, who is the only one there and always right, and for its adults."""
    lines = {"readers": "1", "one_reader": "1", "refused_for": f'["{Kind.QUALITY}", "{Kind.UNLIKE}"]'}
    text = shipped("default").text
    for name, value in lines.items():
        text = re.sub(rf"(?m)^{name} = [^#\n]*", f"{name} = {value} ", text)
    return text


def take_in_and_read(site: Site, samples: list[Sample]) -> dict[str, int]:
    """Send the files in and read each as its folder says; returns how many were agreed with, flagged, and so on."""
    uploads = (Upload(sample.path.name, sample.path.read_bytes()) for sample in samples)
    numbers = requests.take_in(site.settings, COMMAND_LINE, uploads)
    _work_off(site, Lane.READING)
    verdicts = requests.verdicts(site.settings.home, COMMAND_LINE, numbers)
    return dict(Counter(_read(site, *pair) for pair in zip(verdicts, samples, strict=True)))


def _read(site: Site, verdict: Verdict, sample: Sample) -> str:
    """Record what the folder says of an X-ray; returns how that stands to what the model said."""
    if verdict.image is None or verdict.known:
        return "not taken in"
    home, truth = site.settings.home, CLASSES[sample.label]
    said = reviewing.case(home, site.reader, verdict.image).prediction
    disagrees = said["label"] in CLASSES and said["label"] != truth
    reason = Reason.ATYPICAL if disagrees else None
    recording.submit(home, site.reader, recording.ReadForm(verdict.image, said["id"], truth, reason))
    if said["label"] is None:
        return "refused by the gate"
    return "flagged" if disagrees else "uncertain" if said["label"] == Label.UNCERTAIN else "agreed"


def candidate(site: Site, options: Options) -> Model:
    """What the program's own retrain makes of the reads so far. Raises ModelError where it fails."""
    retraining.start(site.settings, site.admin, options)
    _work_off(site, Lane.LEARNING)
    job = retraining.newest_job(site.settings.home, site.admin)
    if "candidate" not in job.result:
        raise ModelError(f"the retrain made no candidate: {job.error}")
    with opened(site.settings.home) as db:
        return reading.load(db, job.result["candidate"])


def _work_off(site: Site, lane: Lane) -> None:
    worker = new_worker(site.settings, lane)
    while process_one_job(worker):
        pass


def result(site: Site, options: Options, judged: dict[str, Judged]) -> dict[str, Any]:
    """What one retrain learns from, what release and candidate reach on each site, and the gate's verdict."""
    drafted = retraining.preview(site.settings, site.admin, options)
    learnt = Counter(item["origin"] for item in drafted.items if item["side"] == Side.TRAIN)
    made = candidate(site, options)
    gate = made.card.metrics["gate"]
    return {
        "options": asdict(options), "learnt": dict(sorted(learnt.items())),
        **{name: compared(made, kept) for name, kept in judged.items()},
        "gate": {"passed": gate["passed"], "reasons": gate["reasons"]},
    }  # fmt: skip


def compared(made: Model, judged: Judged) -> dict[str, Any]:
    """`before`, `after`, and `change` of the AUC with its paired 95 % interval; every X-ray gets a forced answer."""
    truth = judged.examples.labels
    logits = forward_all(made.network, judged.examples.grey, made.card.preprocessing).logits
    before, after = _reached(the_release(), judged.logits, judged), _reached(made, logits, judged)
    return {
        "images": len(truth), "patients": len(set(judged.patients)), "before": before, "after": after,
        "change": after["auc"] - before["auc"],
        "change_ci95": paired_interval95(truth, logits, judged.logits, judged.patients),
    }  # fmt: skip


def _reached(model: Model, logits: Scores, judged: Judged) -> dict[str, Any]:
    calibration = model.card.calibration
    said = calibration.probability(logits)
    found = report(judged.examples.labels, said, judged.patients, calibration.threshold, logits)
    return {name: found[name] for name in ("auc", "auc_ci95", "sensitivity", "specificity", "ece")}
