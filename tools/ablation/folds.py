"""Hold-outs that differ from what is learnt: groups of the Guangzhou set left out, by what its file names tell."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxr_core.model.dataset import Sample

LOWEST = 0.15
"""Share of each series, by number, that the fold of the lowest numbers leaves out."""
NAMES = re.compile(r"(?:(NORMAL2)-)?(IM|person)-?(\d+)(?:_(bacteria|virus))?")


@dataclass(frozen=True)
class Named:
    """What a file's name tells of a sample."""

    sample: Sample
    series: str
    """`IM`, `NORMAL2`, `bacteria` or `virus`."""
    number: int
    """Of the patient, within normals or pneumonias."""


@dataclass(frozen=True)
class Fold:
    """What is left out of training, and the columns that are judged on it."""

    name: str
    left_out: frozenset[str]
    """Content hashes of whole patients, whom no training, validation or calibration sees."""
    columns: dict[str, frozenset[str]]
    """By column, the content hashes of those that are judged, together with the locked side's of the other class."""


def named(samples: list[Sample]) -> list[Named]:
    """The samples whose names follow the Guangzhou set's; others are left away."""
    found = []
    for sample in samples:
        if match := NAMES.match(sample.path.name):
            second, kind, number, cause = match.groups()
            found.append(Named(sample, cause or second or kind, int(number)))
    return found


def folds(known: list[Named]) -> list[Fold]:
    """The two trainings that each row of the table takes."""
    lowest = _hashes(known, _among_the_lowest(known))
    batch = _hashes(known, lambda item: item.series == "NORMAL2")
    virus = _hashes(known, lambda item: item.series == "virus")
    return [
        Fold("lowest numbers", _of_the_same_patients(known, lowest), {"lowest": lowest}),
        Fold("batch and kind", _of_the_same_patients(known, batch | virus), {"batch": batch, "virus": virus}),
    ]


def halves(second: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Another hospital's samples: those of patients who may be learnt from, and those of patients who never are."""
    coin = {item.patient: hashlib.sha256(f"second {item.patient}".encode()).digest()[0] % 2 for item in second}
    learnt, kept = ([item for item in second if coin[item.patient] == half] for half in (0, 1))
    return learnt, kept


def _of_the_same_patients(known: list[Named], hashes: frozenset[str]) -> frozenset[str]:
    """Every image of the patients whom these images show."""
    patients = {item.sample.patient for item in known if item.sample.sha256 in hashes}
    return _hashes(known, lambda item: item.sample.patient in patients)


def _among_the_lowest(known: list[Named]) -> Callable[[Named], bool]:
    kinds = {"IM": "IM", "NORMAL2": "NORMAL2", "bacteria": "person", "virus": "person"}
    limits = {
        kind: np.quantile([item.number for item in known if kinds[item.series] == kind], LOWEST)
        for kind in {kinds[item.series] for item in known}
    }
    return lambda item: item.number <= limits[kinds[item.series]]


def _hashes(known: list[Named], chosen: Callable[[Named], bool]) -> frozenset[str]:
    return frozenset(item.sample.sha256 for item in known if chosen(item))
