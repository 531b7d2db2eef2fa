"""Made-up chests that somebody has written on: at the edge, where text is found for sure, and in the middle."""

from __future__ import annotations

from functools import cache

import cv2

from cxr_core.work.incoming import spool
from tests.dicom.films import dataset, to_bytes
from tests.model.chests import phantom_chest, png
from tests.work.sites import take_in, work_off

SIDE = 800
MIDDLE = slice(350, 410), slice(200, 500)
"""Where something is written over the lungs."""


@cache
def written():
    """uint8, SIDE x SIDE."""
    chest = phantom_chest(1, False, SIDE).copy()
    cv2.putText(chest, "DOE JANE 1961", (SIDE // 4, SIDE // 2), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 255, 2)
    cv2.putText(chest, "ROOM 1 HOSPITAL", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 1)
    return chest


def film(patient="CANARY-7"):
    """A DICOM file of it."""
    return to_bytes(dataset(written(), PatientID=patient, PatientName="Canary^Jane", StudyInstanceUID="1.2.3",
                            SeriesInstanceUID="1.2.3.4"))  # fmt: skip


def hold_back(settings, data=None):
    """Bring one in, by default as a PNG, which is held back."""
    (verdict,) = take_in(settings, data or png(written()))
    assert verdict.status == "held back"


def send_in(settings, sender):
    """The same over the network, from the sender with this number."""
    spool.receive(settings.home, film(), spool.Sender(network=sender))
    work_off(settings)
