"""Folders of labelled X-rays, whose patients they are, and the side each patient is on."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cxr_core.errors import ModelError
from cxr_core.records import CLASSES, Side

SUFFIXES = {".png", ".jpg", ".jpeg", ".dcm"}
SHARES = {Side.TRAIN: 0.70, Side.VALIDATION: 0.08, Side.CALIBRATION: 0.10, Side.LOCKED: 0.12}
PATIENT_PATTERNS = (re.compile(r"(person\d+)_"), re.compile(r"(IM-\d+)"), re.compile(r"^(\d+)_"))
"""Guangzhou's pneumonia and normal names, and the NIH's; else each file is a patient of its own."""


@dataclass(frozen=True)
class Sample:
    """One labelled file."""

    path: Path
    label: int
    """Index into records.CLASSES."""
    sha256: str
    """Of the file's bytes."""
    patient: str


def patient_of(path: Path) -> str:
    """The patient that a public data set's file name tells, else the name itself."""
    for pattern in PATIENT_PATTERNS:
        if found := pattern.search(path.name):
            return found.group(1)
    return path.stem


def find_samples(folders: Iterable[Path]) -> list[Sample]:
    """Every file of FOLDER/NORMAL and FOLDER/PNEUMONIA, in the order of their names.

    Raises ModelError where a folder has neither.
    """
    samples = [sample for folder in folders for sample in _samples_of(folder)]
    if not samples:
        raise ModelError("no X-rays found: a data folder holds NORMAL/ and PNEUMONIA/ with PNG, JPEG or DICOM files")
    return samples


def _samples_of(folder: Path) -> list[Sample]:
    found = []
    for label, name in enumerate(CLASSES):
        for path in sorted((folder / name.upper()).glob("*")):
            if path.suffix.lower() in SUFFIXES:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found.append(Sample(path, label, digest, patient_of(path)))
    return found


def split_by_patient(samples: list[Sample], seed: int) -> dict[str, Side]:
    """The side of every content hash. Patients who share a byte-identical file stay together."""
    leader = _joined_patients(samples)
    return {sample.sha256: draw_side(f"{seed}:{leader(sample.patient)}".encode()) for sample in samples}


def draw_side(key: bytes) -> Side:
    """A side drawn by the hash of `key`, in the shares of SHARES: the same key, the same side, for ever."""
    point = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") / 2**64
    for side, share in SHARES.items():
        if point < share:
            return side
        point -= share
    return Side.TRAIN


def _joined_patients(samples: list[Sample]) -> Callable[[str], str]:
    """Union-find over patients: those who share a content hash have one leader."""
    parent = {sample.patient: sample.patient for sample in samples}

    def leader(patient: str) -> str:
        while parent[patient] != patient:
            patient = parent[patient]
        return patient

    first: dict[str, str] = {}
    for sample in samples:
        other = first.setdefault(sample.sha256, sample.patient)
        a, b = sorted((leader(other), leader(sample.patient)))
        parent[b] = a
    return leader


def split_file(folder: Path) -> Path:
    """Where a data folder that brings its own split keeps it."""
    return folder / "split.csv"


def write_split(split: dict[str, Side], path: Path) -> None:
    """The split as CSV, `sha256,side`, in the order of the hashes."""
    with path.open("w", newline="", encoding="ascii") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("sha256", "side"))
        rows.writerows(sorted((sha256, side.value) for sha256, side in split.items()))


def read_split(path: Path) -> dict[str, Side]:
    """The side of every content hash, as written by `write_split`."""
    with path.open(newline="", encoding="ascii") as file:
        return {row["sha256"]: Side(row["side"]) for row in csv.DictReader(file)}
