"""What is spoken on an association: SOP classes, transfer syntaxes, and who this program says it is (PS3.8 9.3.2)."""

from __future__ import annotations

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom.presentation import PresentationContext, build_context

from cxr_core.pacs.classes import STORAGE_CLASSES

VERIFICATION = UID("1.2.840.10008.1.1")
STORAGE_COMMITMENT = UID("1.2.840.10008.1.20.1")
"""The Push Model."""
IMPLEMENTATION_CLASS_UID = "2.25.136060229990284385552508657076688937815"
IMPLEMENTATION_VERSION_NAME = "CXR_READER_1"
PLAIN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
"""The transfer syntaxes that every data set without compression can be put into."""
TRANSFER_SYNTAXES = (
    *PLAIN,
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ExplicitVRBigEndian,
    JPEGLSNearLossless,
    JPEG2000,
    HTJ2K,
    JPEGExtended12Bit,
    JPEGBaseline8Bit,
)
"""All that this program reads. Where a sender leaves the choice, the first is taken; what loses something is last."""


def served() -> list[PresentationContext]:
    """What a listener accepts: echo, storage, and reports of storage commitment, whose SCP is the one that calls."""
    commitment = build_context(STORAGE_COMMITMENT, list(PLAIN))
    commitment.scu_role, commitment.scp_role = False, True
    storage = [build_context(each, list(TRANSFER_SYNTAXES)) for each in STORAGE_CLASSES]
    return [build_context(VERIFICATION, list(PLAIN)), *storage, commitment]
