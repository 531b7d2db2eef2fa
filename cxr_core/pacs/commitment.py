"""What an archive says of the objects that it was asked to keep (Storage Commitment Push Model, PS3.4 J.3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from cxr_core.pacs.status import Refused, Status

COMPLETE, FAILURES_EXIST = 1, 2
"""The event types: all is kept; something isn't."""


@dataclass(frozen=True)
class Commitment:
    """The answer to one transaction."""

    transaction_uid: str
    stored: frozenset[str]
    """SOP Instance UIDs that the archive has taken the responsibility for."""
    failed: dict[str, int]
    """Those that it hasn't, with its failure reason (0008,1197), 0 where it gives none."""


def reported(event_type: int | None, information: Dataset) -> Commitment:
    """The content of an N-EVENT-REPORT: of what it doesn't name, it says nothing, whatever its event type.

    Raises Refused where it is of another event type, or names no transaction.
    """
    if event_type not in (COMPLETE, FAILURES_EXIST):
        raise Refused(Status.NO_SUCH_EVENT_TYPE, "no report of storage commitment: ask whoever runs the archive")
    transaction = str(information.get("TransactionUID") or "")
    if not transaction:
        raise Refused(
            Status.INVALID_ARGUMENT, "a storage commitment names no transaction: ask whoever runs the archive"
        )
    stored = {_instance(item) for item in information.get("ReferencedSOPSequence") or ()}
    failed = {
        _instance(item): int(item.get("FailureReason") or 0) for item in information.get("FailedSOPSequence") or ()
    }
    return Commitment(transaction, frozenset(stored - failed.keys() - {""}), failed)


def _instance(item: Dataset) -> str:
    return str(item.get("ReferencedSOPInstanceUID") or "")
