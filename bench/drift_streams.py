"""Simulated streams of X-rays: drawn with replacement, as their reference is, and what may come among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bench.drift_material import Columns, Material
from cxr_core.drift import causes
from cxr_core.drift.causes import Cause
from cxr_core.drift.grid import Counts
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout

DEVICES = 5
REFERENCE = 500
"""X-rays in the site's reference."""
FIRST = date(2024, 1, 1)
LAYOUTS = (PICTURE_LAYOUT, OPINION_LAYOUT)
Chance = np.random.Generator


@dataclass(frozen=True)
class Change:
    """What comes in from a day on."""

    name: str
    kind: str
    """Of the material, from which X-rays are drawn instead."""
    share: float
    """Of the X-rays of the devices concerned, 0..1."""
    cause: Cause
    """Its right name."""
    device: int | None = None
    """The only one concerned; None for all."""

    @property
    def place(self) -> str:
        """Where it is, as alarms say it."""
        return "site" if self.device is None else f"device {self.device}"


CHANGES = (
    Change("another hospital, 10 %", "elsewhere", 0.1, causes.SOURCE),
    Change("another hospital, 25 %", "elsewhere", 0.25, causes.SOURCE),
    Change("another hospital, 100 %", "elsewhere", 1.0, causes.SOURCE),
    Change("inverted polarity, 5 %", "inverted", 0.05, causes.INVERTED),
    Change("blur", "blurred", 1.0, causes.BLURRED),
    Change("exposure shift", "darker", 1.0, causes.EXPOSURE),
    Change("one broken detector of five", "broken", 1.0, causes.DETECTOR, device=2),
    Change("laterals, 5 %", "lateral", 0.05, causes.NOT_CHESTS),
    Change("laterals, 25 %", "lateral", 0.25, causes.NOT_CHESTS),
    Change("label shift, 60 % made healthy", "healthy", 0.6, causes.CASE_MIX),
    Change("preprocessing swapped", "otherwise prepared", 1.0, causes.PREPROCESSING),
)


@dataclass(frozen=True)
class Came:
    """What came in, counted: by layout (PICTURE_LAYOUT, OPINION_LAYOUT)."""

    days: list[date]
    images: NDArray[np.int64]
    """By day."""
    reference: tuple[Counts, Counts]
    """Devices x width, of the site's reference."""
    tallies: tuple[Counts, Counts]
    """Devices x days x width."""

    def since(self, first: int) -> Came:
        """From one of the days on."""
        pictures, opinions = (tally[:, first:] for tally in self.tallies)
        return Came(self.days[first:], self.images[first:], self.reference, (pictures, opinions))


def stream(
    material: Material, chance: Chance, rate: float, days: int, change: Change | None = None, at: int = 0
) -> Came:
    """`rate` X-rays a day on average (Poisson), from devices by chance; from day `at` on with the change."""
    kept = chance.integers(0, len(material["usual"].labels), REFERENCE), chance.integers(0, DEVICES, REFERENCE)
    images = chance.poisson(rate, days)
    day, device = np.repeat(np.arange(days), images), chance.integers(0, DEVICES, images.sum())
    drawn = chance.integers(0, len(material["usual"].labels), images.sum())
    others = _others(material, chance, device, day >= at, change)
    reference, tallies = [], []
    for layout in LAYOUTS:
        usual = material["usual"].of(layout)
        reference.append(_counted(layout, usual[kept[0]], kept[1], DEVICES))
        columns = usual[drawn]
        if change:
            columns[others >= 0] = material[change.kind].of(layout)[others[others >= 0]]
        counts = _counted(layout, columns, device * days + day, DEVICES * days)
        tallies.append(counts.reshape(DEVICES, days, layout.width))
    dates = [FIRST + timedelta(number) for number in range(days)]
    return Came(dates, images, (reference[0], reference[1]), (tallies[0], tallies[1]))


def _others(
    material: Material, chance: Chance, device: NDArray[np.int64], late: NDArray[np.bool_], change: Change | None
) -> NDArray[np.int64]:
    """Which X-ray of the change's kind comes in the place of each, -1 for none."""
    if change is None:
        return np.full(len(device), -1)
    concerned = late if change.device is None else late & (device == change.device)
    hit = concerned & (chance.random(len(device)) < change.share)
    return np.where(hit, chance.integers(0, len(material[change.kind].labels), len(device)), -1)


def _counted(layout: Layout, columns: Columns, group: NDArray[np.int64], groups: int) -> Counts:
    """The tally of each group of images: groups x width."""
    places = np.where(columns >= 0, group[:, None] * layout.width + columns, -1)
    return np.bincount(places[places >= 0], minlength=groups * layout.width).reshape(groups, layout.width)
