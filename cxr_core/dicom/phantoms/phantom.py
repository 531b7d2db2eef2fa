"""Synthetic chest X-rays: proper DICOM files of children who do not exist, the same to the byte everywhere.

A thorax is built from anatomy (`thorax`, `skeleton`, `vessels`), may be given pneumonia (`opacities`),
is rendered as a machine would (`exposure`) and stored as that machine would (`machines`, `study_header`).
Nothing is learnt from patients' images. `canvas` and `chance` say how the bytes stay the same; the
compressed ones also need the pinned versions of the encoders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from cxr_core.dicom.phantoms.canvas import enlarged
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.exposure import WHITE, attenuation, brightness, collimated, grained
from cxr_core.dicom.phantoms.lettering import write
from cxr_core.dicom.phantoms.machines import MACHINES, NEWCOMER, Machine, store
from cxr_core.dicom.phantoms.study_header import header
from cxr_core.dicom.phantoms.thorax import Anatomy, anatomy_of, canvas_of
from cxr_core.errors import BadInput

_GRID_ROWS = 560
_ENCODERS: dict[UID, str] = {RLELossless: "pylibjpeg", JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg"}


@dataclass(frozen=True)
class Phantom:
    """One synthetic study; its bytes are rendered when they are asked for."""

    number: int
    opacity: bool
    machine: str | None = None
    rows: int | None = None
    """Rows of a reduced picture; None for the machine's own."""

    @property
    def data(self) -> bytes:
        """The DICOM file."""
        return phantom(self.number, self.opacity, self.machine, self.rows)


def demo_set(count: int = 36) -> list[Phantom]:
    """The demo's studies, numbered from 1, from all machines in turn; about 45 in 100 have opacities."""
    return [Phantom(number, _falls_ill(number)) for number in range(1, count + 1)]


def newcomer_set(count: int = 12, first: int = 501) -> list[Phantom]:
    """Studies, numbered from `first`, of a machine unlike the others: what a drift monitor should notice."""
    return [Phantom(number, _falls_ill(number), NEWCOMER.name) for number in range(first, first + count)]


def _falls_ill(number: int) -> bool:
    return Chance(number, "pneumonia").happens(0.45)


def phantom(number: int, opacity: bool, machine: str | None = None, rows: int | None = None) -> bytes:
    """A DICOM file (part 10) of the synthetic child with this number, with or without pneumonia.

    `number` is 0..9999; `machine` is the station name of one of MACHINES or of NEWCOMER, by default
    the number's own; `rows` reduces the picture. Raises BadInput for another number or machine.
    """
    if not 0 <= number <= 9999:
        raise BadInput(f"phantom {number}: the number must be from 0 to 9999")
    chosen = MACHINES[number % len(MACHINES)] if machine is None else machine_named(machine)
    if rows is not None:
        chosen = replace(chosen, rows=rows, columns=rows * chosen.columns // chosen.rows)
    anatomy = anatomy_of(number)
    ds = header(number, opacity, anatomy.age, chosen)
    store(ds, picture(number, opacity, anatomy, chosen), chosen)
    return _written(ds, chosen.syntax)


def machine_named(name: str) -> Machine:
    """The invented machine with this station name; raises BadInput if there is none."""
    for machine in (*MACHINES, NEWCOMER):
        if machine.name == name:
            return machine
    known = ", ".join(machine.name for machine in (*MACHINES, NEWCOMER))
    raise BadInput(f"there is no demo machine {name!r}: say one of {known}")


def picture(number: int, opacity: bool, anatomy: Anatomy, machine: Machine) -> NDArray[np.int32]:
    """What the machine shows, rows x columns, 0 (black) to 65535 (white), with noise and letters."""
    chance = Chance(number, "exposure")
    grey = exposed(number, opacity, anatomy, machine, chance)
    _label(grey, machine, chance)
    return grey


def exposed(number: int, opacity: bool, anatomy: Anatomy, machine: Machine, chance: Chance) -> NDArray[np.int32]:
    """What the machine shows before anything is written on it, as `picture` gives it."""
    shape = machine.rows, machine.columns
    grid = min(_GRID_ROWS, machine.rows), min(_GRID_ROWS, machine.rows) * machine.columns // machine.rows
    weakened = attenuation(canvas_of(anatomy, grid, number), anatomy, number, opacity)
    shown = (brightness(weakened, machine.look, chance) * WHITE).astype(np.int32)
    if machine.shutter:
        shown = collimated(shown, chance)
    return grained(enlarged(shown, shape), machine.look.grain, chance)


def _label(grey: NDArray[np.int32], machine: Machine, chance: Chance) -> None:
    """The word that says what it is, small, in a corner, and the side marker at the edge."""
    rows, columns = grey.shape
    scale = max(1, rows // 480)
    write(grey, "SYNTHETIC", (rows - 11 * scale, 4 * scale), scale, 42000)
    if machine.marker:
        down = int(rows * chance.between(0.06, 0.4))
        across = 0.02 if machine.marker == "R" else 0.95
        write(grey, machine.marker, (down, int(columns * across)), max(1, rows // 240), 60000)


def _written(ds: Dataset, syntax: UID) -> bytes:
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax in _ENCODERS else syntax
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 else "OW"
    if syntax in _ENCODERS:
        ds.compress(syntax, encoding_plugin=_ENCODERS[syntax], generate_instance_uid=False)
    file = BytesIO()
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()
