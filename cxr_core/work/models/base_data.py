"""The base data: the public set that a site names, or what stands in for it in a demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.model import dataset, release
from cxr_core.records import CLASSES, Side
from cxr_core.settings import Settings
from cxr_core.store import site
from cxr_core.store.training_sets import BASE

DEMO_BASE = "demo-base"
"""Folder of a demo's home with synthetic studies that stand in for the public data set."""


def base_folder(db: Database, settings: Settings) -> Path | None:
    """The folder with base data: the site's own setting, or the phantoms of a demo."""
    demo = settings.home / DEMO_BASE
    return settings.base_data or (demo if site.get(db, site.DEMO) and demo.is_dir() else None)


@dataclass(frozen=True)
class BaseData:
    """What there is of it; nothing where a site names none."""

    samples: dict[str, dataset.Sample]
    """Every file by its content hash."""
    sides: dict[str, Side]

    def items(self) -> list[dict[str, Any]]:
        """An item of a training set for every file."""
        return [
            {"image": each, "label": CLASSES[sample.label].value, "side": self.sides[each].value, "origin": BASE}
            for each, sample in self.samples.items()
        ]

    def about(self) -> dict[str, dict[str, str]]:
        """What a draft says of every file beside its label."""
        return {
            each: {"patient": f"{BASE} {sample.patient}", "device": BASE, "age band": BASE, "site": BASE}
            for each, sample in self.samples.items()
        }


def base_data(db: Database, settings: Settings) -> BaseData:
    """The base data as it lies in its folder now. Reads every file, for its hash."""
    base = base_folder(db, settings)
    samples = dataset.find_samples([base]) if base else []
    sides = base_sides(base, samples) if base else {}
    return BaseData({sample.sha256: sample for sample in samples}, sides)


def base_samples(db: Database, settings: Settings, items: Sequence[dict[str, Any]]) -> dict[str, dataset.Sample]:
    """The files of the base data, by their content hashes, if any of these items is of them."""
    base = base_folder(db, settings) if any(item["origin"] == BASE for item in items) else None
    return {sample.sha256: sample for sample in dataset.find_samples([base])} if base else {}


def base_sides(base: Path, samples: list[dataset.Sample]) -> dict[str, Side]:
    """The side of every base image: the folder's own split, else the release's, else a draw by patient.

    An image that no split knows is on the side where its patient's other images are.
    """
    own = dataset.split_file(base)
    known = {**(dataset.read_split(own) if own.is_file() else {}), **release.split()}
    drawn = dataset.split_by_patient(samples, seed=0)
    of_patient = {sample.patient: known[sample.sha256] for sample in samples if sample.sha256 in known}
    return {s.sha256: known.get(s.sha256) or of_patient.get(s.patient, drawn[s.sha256]) for s in samples}
