"""What is answered to a sender, and what it means where we are the sender (PS3.4 B.2.3, PS3.7 annex C)."""

from __future__ import annotations

from enum import IntEnum

from cxr_core.errors import CxrError


class Status(IntEnum):
    """The codes that this program answers with, or tells apart."""

    SUCCESS = 0x0000
    """The object is sealed, synced to the disk and queued. Whether it can be judged is found out later."""
    PROCESSING_FAILURE = 0x0110
    """The program failed at it. The sender may try the same object again."""
    NO_SUCH_EVENT_TYPE = 0x0113
    """A report of storage commitment that is none of the two kinds of PS3.4 J.3.3."""
    INVALID_ARGUMENT = 0x0115
    """A report of storage commitment that names no transaction, or another one than was asked about."""
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    """The object is of a SOP class that isn't taken."""
    NOT_AUTHORISED = 0x0124
    """The sender was removed since it began the association."""
    OUT_OF_RESOURCES = 0xA700
    """The disk is nearly full (`CXR_FREE_MB`), or the database doesn't answer. The same object may be tried again."""
    CLASS_MISMATCH = 0xA900
    """The data set isn't of the SOP class, or not the instance, that it was announced as."""
    NOT_UNDERSTOOD = 0xC000
    """No data set that can be walked, or no valid UID of itself, its series or study. It must not be sent again."""


class Refused(CxrError):
    """An object that isn't taken; `status` is what its sender is told."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
