"""What text is planted on: phantoms, and real films where they are at hand, in many sizes."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.exposure import WHITE
from cxr_core.dicom.phantoms.machines import MACHINES, NEWCOMER
from cxr_core.dicom.phantoms.phantom import exposed
from cxr_core.dicom.phantoms.thorax import anatomy_of

Grey = NDArray[np.uint8]
_SIDES = (640, 2600)
"""Rows that films are brought to: at least, at most."""


@cache
def phantom(number: int) -> Grey:
    """The film of a synthetic child as its machine shows it, with neither label nor marker."""
    machines = (*MACHINES, NEWCOMER)
    machine = machines[number % len(machines)]
    grey = exposed(number, number % 2 == 1, anatomy_of(number), machine, Chance(number, "exposure"))
    return (grey * 255 // WHITE).astype(np.uint8)


def real_films(folder: Path, half: int) -> list[Path]:
    """JPEG and PNG files below the folder that belong to one `half` (0, 1), by their names' checksum."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".jpeg", ".jpg", ".png"))
    return [path for path in found if zlib.crc32(path.stem.split("_")[0].encode()) % 2 == half]


def opened(path: Path) -> Grey:
    """A real film's picture."""
    film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert film is not None, path
    return film.astype(np.uint8)


def brought_to_size(film: Grey, rng: np.random.Generator) -> Grey:
    """`film` in another size and gradation, grainy as a detector makes it where it had to be enlarged."""
    rows = int(np.exp(rng.uniform(*np.log(_SIDES))))
    shape = film.shape[1] * rows // film.shape[0], rows
    larger = rows > film.shape[0]
    sized = cv2.resize(film, shape, interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA).astype(np.float32)
    shown = 255 * (sized / 255).clip(0, 1) ** rng.uniform(0.75, 1.35)
    if larger:
        shown += rng.uniform(1, 2.5) * rng.standard_normal(shown.shape, np.float32)
    return np.rint(shown.clip(0, 255)).astype(np.uint8)
