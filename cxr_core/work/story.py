"""What the demo tells: which synthetic study came on which day, whether it was read, and when a retrain was."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxr_core.dicom.phantoms.phantom import Phantom, demo_set, newcomer_set
from cxr_core.records import Label, Reason, Side
from cxr_core.work.models.drafting import Options
from cxr_core.work.starting import DEMO_DAYS

DAYS = DEMO_DAYS - 1
RETRAINED_ON_DAY = 15
"""Days back: the retrain comes after three weeks of reads, and two weeks are read by its model."""
RETRAINED_WITH = Options(epochs=6, learning_rate=0.0005)
NEWCOMER_FROM_DAY = 5
"""Days back: a machine set up quite otherwise goes into use."""
A_DAY = 5
SMALL = 256
"""Rows of the history's studies: they are looked at less than the waiting ones, and this is quick."""


@dataclass(frozen=True)
class Study:
    """One study of the demo."""

    phantom: Phantom
    day: int
    """Days back."""
    is_read: bool

    @property
    def reading(self) -> Label:
        """What the reader sees: what is there, but for a case now and then, since readers err, too."""
        errs = self.phantom.number % 23 == 5
        return Label.PNEUMONIA if self.phantom.opacity != errs else Label.NORMAL

    @property
    def reason(self) -> Reason:
        """Why the reader disagrees, where they do."""
        return Reason.SMALL if self.reading is Label.PNEUMONIA else Reason.OTHER_OPACITY


def _history() -> list[Study]:
    """Five studies a day, all read, from machines in turn: enough for a week to be judged."""
    days = range(DAYS, NEWCOMER_FROM_DAY - 1, -1)
    numbers = ((1000 + A_DAY * (DAYS - day) + place, day) for day in days for place in range(A_DAY))
    return [Study(Phantom(number, number * 9 % 20 < 9, rows=SMALL), day, is_read=True) for number, day in numbers]


def _lately() -> list[Study]:
    """The newcomer's studies, read, and the demo's full-size studies, most of them waiting."""
    set_up_otherwise = [replace(phantom, rows=SMALL) for phantom in newcomer_set(A_DAY * (NEWCOMER_FROM_DAY - 1))]
    newcomer = [
        Study(phantom, NEWCOMER_FROM_DAY - 1 - number // A_DAY, is_read=True)
        for number, phantom in enumerate(set_up_otherwise)
    ]
    shown = [Study(phantom, 0, is_read=False) for phantom in demo_set(24)]
    return [*newcomer, *shown]


STUDIES = tuple(sorted((*_history(), *_lately()), key=lambda study: -study.day))
"""In the order in which they came."""

BASE_SIDES = {Side.TRAIN: 24, Side.VALIDATION: 8, Side.CALIBRATION: 20, Side.LOCKED: 24}
"""How many studies of each class stand in for the public data set on each side; calibrating needs 19."""


def base() -> list[tuple[Phantom, Side]]:
    """The stand-in for the public data set, with the side of each synthetic patient."""
    sides = [side for side, number in BASE_SIDES.items() for _ in range(number)]
    return [
        (Phantom(2000 + 2 * place + opacity, bool(opacity), rows=SMALL), side)
        for place, side in enumerate(sides)
        for opacity in (0, 1)
    ]
