"""What the demo tells: which synthetic study came on which day, whether it was read, and when a retrain was."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_core.dicom.phantoms import Phantom, demo_set, newcomer_set
from cxr_core.records import Side

DAYS = 35
RETRAINED_ON_DAY = 15
"""Days back: the retrain comes after three weeks of reads, and two weeks are read by its model."""
NEWCOMER_FROM_DAY = 4
"""Days back: a machine set up quite otherwise goes into use."""
SMALL = 256
"""Rows of the history's studies: they are looked at less than the waiting ones, and this is quick."""


@dataclass(frozen=True)
class Study:
    """One study of the demo."""

    phantom: Phantom
    day: int
    """Days back."""
    is_read: bool


def _history() -> list[Study]:
    """Four studies a day, all read, from machines in turn."""
    numbers = (
        (1000 + 4 * (DAYS - day) + place, day) for day in range(DAYS, NEWCOMER_FROM_DAY, -1) for place in range(4)
    )
    return [Study(Phantom(number, number * 9 % 20 < 9, rows=SMALL), day, is_read=True) for number, day in numbers]


def _lately() -> list[Study]:
    """The newcomer's studies, read, and the demo's full-size studies, most of them waiting."""
    newcomer = [Study(phantom, 4 - number // 4, is_read=True) for number, phantom in enumerate(newcomer_set(16))]
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
