"""What becomes of planted films."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.dicom.burned_in.finding import Found, find
from tools.burned_in.planting import Planted

BLANKED, QUARANTINED, MISSED = "blanked", "quarantined", "missed"
_SIZES = {"12 to 17": range(12, 18), "18 to 29": range(18, 30), "30 to 48": range(30, 49)}
_CONTRASTS = {"40 to 59": range(40, 60), "60 to 99": range(60, 100), "100 and more": range(100, 256)}


@dataclass(frozen=True)
class Verdict:
    """What was found on a film."""

    outcome: str
    """With text: `blanked` wholly, `quarantined` or `missed`, if only in part. Without: what wrongly became of it."""
    marker_kept: bool | None
    """None where it has none."""
    facts: dict[str, Any]


def judge(film: Planted) -> Verdict:
    """What the detector makes of a film."""
    found = find(film.film)
    kept = None if not film.marker.any() else not film.marker[_covered(film.film.shape, found.boxes)].any()
    return Verdict(_outcome(film, found), kept, film.facts)


def _outcome(film: Planted, found: Found) -> str:
    if found.doubts:
        return QUARANTINED
    if film.text.any():
        return MISSED if film.text[~_covered(film.film.shape, found.boxes)].any() else BLANKED
    return BLANKED if found.boxes else "left alone"


def _covered(shape: tuple[int, ...], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    covered = np.zeros(shape, bool)
    for box in boxes:
        covered[box.part] = True
    return covered


def counts(on: str, written: Iterable[Planted], clean: Iterable[Planted]) -> list[dict[str, Any]]:
    """A row for all films with text, for each kind of them, and for the films without."""
    verdicts, others = [judge(film) for film in written], [judge(film) for film in clean]
    rows = [_row(on, name, [each for each in verdicts if fits(each.facts)]) for name, fits in _kinds().items()]
    markers = [each.marker_kept for each in (*verdicts, *others) if each.marker_kept is not None]
    wrongly = Counter(each.outcome for each in others)
    clear = {
        "on": on,
        "text": "none",
        "films": len(others),
        QUARANTINED: wrongly[QUARANTINED],
        BLANKED: wrongly[BLANKED],
    }
    return [*(row for row in rows if row["films"]), clear, {"on": on, "markers": len(markers), "kept": sum(markers)}]


def _row(on: str, name: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    found = Counter(each.outcome for each in verdicts)
    return {
        "on": on,
        "text": name,
        "films": len(verdicts),
        **{what: found[what] for what in (BLANKED, QUARANTINED, MISSED)},
    }


def _kinds() -> dict[str, Any]:
    """Kinds of films with text, and how they're told by their facts."""
    return {
        "all": lambda facts: True,
        **{f"{name} pixels": lambda facts, sizes=sizes: facts["size"] in sizes for name, sizes in _SIZES.items()},
        **{f"{name} grey levels": lambda facts, far=far: facts["contrast"] in far for name, far in _CONTRASTS.items()},
        **{way: lambda facts, way=way: facts["ground"] == way for way in ("lighter", "darker", "boxed")},
        "in a corner": lambda facts: " " in facts["place"],
        "at an edge": lambda facts: " " not in facts["place"],
    }
