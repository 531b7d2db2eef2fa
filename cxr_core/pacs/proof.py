"""Whether an archive has what it was sent: by asking it (PS3.4 C), or by its own word (PS3.4 J)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from threading import Event as Flag

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import build_context

from cxr_core.errors import DeliveryError
from cxr_core.pacs.calling import Endpoint, associated
from cxr_core.pacs.commitment import Commitment, reported
from cxr_core.pacs.contexts import PLAIN, STORAGE_COMMITMENT
from cxr_core.pacs.status import Refused, Status

STUDY_ROOT_FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
_INSTANCE = UID("1.2.840.10008.1.20.1.1")
"""The one instance that storage commitment has."""
_REQUEST = 1


def present(endpoint: Endpoint, study: str, series: str, instances: Collection[str]) -> set[str]:
    """Which of the SOP Instance UIDs of a series the archive has. Raises DeliveryError where it can't be asked.

    It is asked for the whole series: lists of UIDs are not what every archive understands.
    """
    query = Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    query.StudyInstanceUID, query.SeriesInstanceUID, query.SOPInstanceUID = study, series, ""
    with associated(endpoint, [build_context(STUDY_ROOT_FIND, list(PLAIN))]) as assoc:
        if not assoc.is_established:
            raise DeliveryError(f"{endpoint} can't be asked what it has: let it accept queries (Study Root C-FIND)")
        answers = [(status.get("Status"), match) for status, match in assoc.send_c_find(query, STUDY_ROOT_FIND)]
    last = answers[-1][0] if answers else None
    if last != Status.SUCCESS:
        raise DeliveryError(f"{endpoint} can't be asked what it has: {_said(last)}")
    return {str(match.get("SOPInstanceUID")) for _, match in answers if match is not None} & set(instances)


def ask_commitment(
    endpoint: Endpoint, objects: Sequence[tuple[str, str]], transaction_uid: str, wait: float
) -> Commitment | None:
    """Ask the archive to take the responsibility for objects, by SOP class and instance.

    Its answer, if it comes on the same association within `wait` seconds; else it comes to the listener, on one of the
    archive's own. Raises DeliveryError where the archive can't be asked, or refuses.
    """
    answers = _Answers(transaction_uid)
    context = build_context(STORAGE_COMMITMENT, list(PLAIN))
    with associated(endpoint, [context], answers.handlers()) as assoc:
        if not assoc.is_established:
            raise DeliveryError(f"{endpoint} can't be asked what it keeps: it knows no storage commitment")
        asked, _ = assoc.send_n_action(_request(objects, transaction_uid), _REQUEST, STORAGE_COMMITMENT, _INSTANCE)
        if asked.get("Status") != Status.SUCCESS:
            raise DeliveryError(f"{endpoint} can't be asked what it keeps: {_said(asked.get('Status'))}")
        answers.wait(wait)
    return answers.commitment


class _Answers:
    """What the archive says on the association on which it was asked."""

    def __init__(self, transaction_uid: str) -> None:
        self.commitment: Commitment | None = None
        self._transaction, self._acknowledged = transaction_uid, Flag()

    def handlers(self) -> list[EventHandlerType]:
        """What pynetdicom calls for which event."""
        return [(evt.EVT_N_EVENT_REPORT, self._heard), (evt.EVT_PDU_SENT, self._sent)]

    def wait(self, seconds: float) -> None:
        """Until the archive has answered, and knows that it was heard; no longer than this."""
        self._acknowledged.wait(seconds)

    def _heard(self, event: Event) -> tuple[int, None]:
        try:
            commitment = reported(event.event_type, event.event_information)
        except Refused as refused:
            return refused.status, None
        if commitment.transaction_uid != self._transaction:
            return Status.INVALID_ARGUMENT, None
        self.commitment = commitment
        return Status.SUCCESS, None

    def _sent(self, event: Event) -> None:
        if self.commitment is not None:
            self._acknowledged.set()


def _request(objects: Sequence[tuple[str, str]], transaction_uid: str) -> Dataset:
    request = Dataset()
    request.TransactionUID = transaction_uid
    request.ReferencedSOPSequence = [_reference(*each) for each in objects]
    return request


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
    return item


def _said(status: int | None) -> str:
    return "it doesn't answer: check that it runs" if status is None else f"it refuses (status {status:04X}): ask there"
