"""Slices: groups of X-rays by device, view, age and sex, in which a model is looked at by itself."""

from __future__ import annotations

from cxr_core.records import Radiograph

UNKNOWN = "not known"
SLICES = ("device", "view", "age band", "sex")
"""By what X-rays are sliced."""
_BANDS = (1, 6, 18, 40, 60, 80)
"""Years at which an age band begins, after the first."""


def age_band(years: int | None) -> str:
    """The band of an age in full years, as `18 to 39`."""
    if years is None:
        return UNKNOWN
    edges = (0, *_BANDS)
    place = sum(years >= edge for edge in _BANDS)
    return f"{edges[place]} to {edges[place + 1] - 1}" if place + 1 < len(edges) else f"{edges[place]} and over"


def slices_of(radiograph: Radiograph, device: str | None) -> dict[str, str]:
    """The slice of each kind that an X-ray is in; `device` is its pseudonym, else the manufacturer stands for it."""
    return {
        "device": device or radiograph.manufacturer or UNKNOWN, "view": radiograph.view or UNKNOWN,
        "age band": age_band(radiograph.age_years), "sex": radiograph.sex or UNKNOWN,
    }  # fmt: skip
