"""Which part of the body a header names, in DICOM's own terms (PS3.16 Annex L); free text never gets through."""

from __future__ import annotations

import re

from cxr_core.dicom.elements import Header

CHEST = "CHEST"
OTHER_PARTS = frozenset(
    (
        "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "ARM", "BRAIN", "BREAST", "CALCANEUS", "CLAVICLE", "COCCYX", "CSPINE",
        "CERVICALSPINE", "ELBOW", "EXTREMITY", "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD", "HIP", "HUMERUS",
        "JAW", "KNEE", "LEG", "LOWERLEG", "LSPINE", "LUMBARSPINE", "MAXILLA", "NECK", "ORBIT", "PATELLA", "PELVIS",
        "SACRUM", "SCAPULA", "SHOULDER", "SINUS", "SKULL", "SSPINE", "THIGH", "THUMB", "TIBIA", "TIBIAFIBULA", "TOE",
        "TSPINE", "THORACICSPINE", "UPPERARM", "WHOLEBODY", "WRIST", "ZYGOMA",
    )
)  # fmt: skip
"""Terms, letters only, that are clearly not the chest."""
_CHEST = re.compile("CHEST|THORA|TORAX|TORACE|LUNG|BRUSTKORB|POITRINE")
"""How senders write it, in whatever company: PORT CHEST, THORAX, Structure of thorax."""


def body_part_of(header: Header) -> str | None:
    """CHEST, one of OTHER_PARTS, or None where the header says nothing that is known: Body Part Examined, else
    Anatomic Region Sequence by its meaning."""
    regions = (item.text("CodeMeaning") for item in header.items("AnatomicRegionSequence"))
    return _term(header.text("BodyPartExamined")) or _term(next(regions, None))


def _term(text: str | None) -> str | None:
    words = re.findall(r"[A-Z]+", (text or "").upper())
    if "".join(words) in OTHER_PARTS:
        return "".join(words)
    if any(_CHEST.search(word) for word in words):
        return CHEST
    return next((word for word in words if word in OTHER_PARTS), None)
