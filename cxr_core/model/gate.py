"""May the model judge this X-ray? What the header says, held against the card's intended population."""

from __future__ import annotations

from cxr_core.model.card import Intended
from cxr_core.records import Radiograph


def objections(radiograph: Radiograph, intended: Intended) -> list[str]:
    """Why the model gives no opinion, in plain words; empty if it may. What isn't known doesn't object."""
    found = []
    if radiograph.view is not None and radiograph.view not in intended.views:
        found.append(f"view {radiograph.view}: the model judges {' and '.join(intended.views)} views only")
    age = radiograph.age_years
    if age is not None and not intended.youngest <= age <= intended.oldest:
        years = f"{intended.youngest} to {intended.oldest} years"
        found.append(f"patient of {age} years: the model was trained and tested on children of {years}")
    return found
