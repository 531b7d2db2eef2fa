"""An X-ray without the text that is burnt into it, or a refusal until somebody has looked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.blanking import blank
from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.dicom.burned_in.finding import Found, find
from cxr_core.errors import RejectedFile
from cxr_core.records import Radiograph


class HeldBack(RejectedFile):
    """Text may be in the picture where it can't be taken out unseen."""

    def __init__(self, boxes: Sequence[Box], doubts: Sequence[Box]) -> None:
        super().__init__("held_back", "Text may be in the picture itself: somebody must look at it first.")
        self.boxes, self.doubts = boxes, doubts


def without_text(radiograph: Radiograph, decided: Sequence[Box] | None = None) -> Radiograph:
    """The X-ray without what is written on it; of one that somebody has looked at, without what they `decided` on.

    Side markers stay. Raises HeldBack. The program's own synthetic X-rays carry a label that says so, and keep it.
    """
    if decided is not None:
        return radiograph if radiograph.synthetic else blank(radiograph, decided)
    cleared, found = without_sure_text(radiograph)
    if found.doubts:
        raise HeldBack(found.boxes, found.doubts)
    return cleared


def without_sure_text(radiograph: Radiograph) -> tuple[Radiograph, Found]:
    """The X-ray with what is text for sure blanked and all else as it is, and what was found; for what isn't stored."""
    if radiograph.synthetic:
        return radiograph, Found()
    found = find(shown(radiograph))
    return blank(radiograph, found.boxes), found


def shown(radiograph: Radiograph) -> NDArray[np.uint8]:
    """rows x columns, 0..255 as displayed."""
    grey = np.rint(radiograph.tone.table * 255).astype(np.uint8)
    index = np.clip(radiograph.pixels.astype(np.int32) - radiograph.tone.lowest, 0, len(grey) - 1)
    return np.take(grey, index)
