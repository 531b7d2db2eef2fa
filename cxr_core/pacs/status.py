"""What is answered to a sender, and what it means where we are the sender (PS3.4 B.2.3, PS3.7 annex C)."""

from __future__ import annotations

from enum import IntEnum

from cxr_core.errors import CxrError


class Status(IntEnum):
    """The codes that this program answers with, or tells apart."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    NO_SUCH_EVENT_TYPE = 0x0113
    INVALID_ARGUMENT = 0x0115
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORISED = 0x0124
    OUT_OF_RESOURCES = 0xA700
    """The sender may try the same object again."""
    CLASS_MISMATCH = 0xA900
    """The data set isn't of the SOP class that it was announced as."""
    NOT_UNDERSTOOD = 0xC000
    """No DICOM, or without a UID that answers need. The sender must not try the same object again."""


class Refused(CxrError):
    """An object that isn't taken; `status` is what its sender is told."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
