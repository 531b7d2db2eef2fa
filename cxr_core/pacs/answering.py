"""What each request of another DICOM node is answered with: an association, a status, always one of the two."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock
from typing import Protocol

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.pdu import P_DATA_TF

from cxr_core.pacs.commitment import Commitment, reported
from cxr_core.pacs.quiet import told_without_words
from cxr_core.pacs.status import Refused, Status
from cxr_core.pacs.upper_layer import file_of
from cxr_core.pacs.wire import wire_of

_CALLING_UNKNOWN, _CALLED_UNKNOWN, _CONGESTED = (1, 1, 3), (1, 1, 7), (2, 3, 1)
"""Result, source and reason of a rejection (PS3.8 9.3.4)."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Who has asked for an association, as far as that can be known."""

    calling: str
    """The AE title that it gives itself."""
    called: str
    address: str
    certificate: str | None
    """SHA-256 of its certificate in DER, as hex; None without TLS."""


class Desk(Protocol):
    """What decides, in threads of its callers: several at once."""

    def knows(self, address: str) -> bool:
        """Whether anybody at an address may ever have an association; asked before it says a word, one at a time."""

    def admits(self, caller: Caller) -> bool:
        """Whether the caller may have an association. An exception is a no."""

    def take(self, caller: Caller, data: bytes) -> None:
        """Keep a DICOM file (PS3.10), whose data set is exactly as it came. Returns once it is durable.

        Raises Refused with the status to answer; OSError becomes `OUT_OF_RESOURCES`, all else `PROCESSING_FAILURE`.
        """

    def committed(self, caller: Caller, commitment: Commitment) -> None:
        """Note what an archive says that it has taken the responsibility for. Raises what `take` does."""


class Answers:
    """The answers of one AE title, by what its desk says."""

    def __init__(self, ae_title: str, desk: Desk) -> None:
        self._title, self._desk = ae_title, desk
        self._closing, self._lock = Flag(), Lock()
        self._serving: list[Association] = []

    def handlers(self) -> list[EventHandlerType]:
        """What pynetdicom calls for which event."""
        return [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._stored),
            (evt.EVT_N_EVENT_REPORT, self._reported),
            (evt.EVT_PDU_SENT, self._sent),
            (evt.EVT_CONN_CLOSE, _closed),
        ]

    def knows(self, address: str) -> bool:
        """Whether to listen to an address at all: a desk that can't tell is a no."""
        try:
            return self._desk.knows(address)
        except Exception as error:  # noqa: BLE001  (whatever it is, the door stays closed)
            log.error("whom to listen to can't be told: %s", told_without_words(error))
            return False

    def close(self) -> None:
        """From now on no association is accepted, and each ends with the answer that it waits for."""
        self._closing.set()

    def serving(self, assoc: Association) -> bool:
        """Whether a request of the association is with the desk."""
        with self._lock:
            return assoc in self._serving

    def _requested(self, event: Event) -> None:
        rejection: tuple[int, int, int] | None = _CALLING_UNKNOWN
        try:
            rejection = self._rejection(_caller(event.assoc))
        except Exception as error:  # noqa: BLE001  (whatever it is, the door stays closed)
            log.error("whom to admit can't be told: %s", told_without_words(error))
        if rejection:
            event.assoc.acse.send_reject(*rejection)
            event.assoc.kill()

    def _rejection(self, caller: Caller) -> tuple[int, int, int] | None:
        if self._closing.is_set():
            return _CONGESTED
        if caller.called != self._title:
            log.warning("%r at %s calls %r, which isn't here", caller.calling, caller.address, caller.called)
            return _CALLED_UNKNOWN
        if not self._desk.admits(caller):
            log.warning("%r at %s isn't admitted: an admin lets it by `pacs let`", caller.calling, caller.address)
            return _CALLING_UNKNOWN
        return None

    def _stored(self, event: Event) -> int:
        if event.request.AffectedSOPClassUID != event.context.abstract_syntax:
            return Status.CLASS_MISMATCH
        caller = _caller(event.assoc)
        return self._status(event.assoc, lambda: self._desk.take(caller, file_of(event)))

    def _reported(self, event: Event) -> tuple[int, None]:
        _wait_until_established(event.assoc)
        caller = _caller(event.assoc)
        return self._status(event.assoc, lambda: self._desk.committed(caller, _told(event))), None

    def _sent(self, event: Event) -> None:
        """After the answer that an association waited for, it has to end: the next request would come too late."""
        if self._closing.is_set() and isinstance(event.pdu, P_DATA_TF):
            event.assoc.abort(block=False)

    def _status(self, assoc: Association, do: Callable[[], None]) -> int:
        with self._with_the_desk(assoc):
            try:
                do()
            except Refused as refused:
                return refused.status
            except OSError as error:
                log.error("what came from the network can't be kept: %s", told_without_words(error))
                return Status.OUT_OF_RESOURCES
            except Exception as error:  # noqa: BLE001  (the sender must have an answer)
                log.error("what came from the network wasn't taken: %s", told_without_words(error))
                return Status.PROCESSING_FAILURE
        return Status.SUCCESS

    @contextmanager
    def _with_the_desk(self, assoc: Association) -> Iterator[None]:
        with self._lock:
            self._serving.append(assoc)
        try:
            yield
        finally:
            with self._lock:
                self._serving.remove(assoc)


def _told(event: Event) -> Commitment:
    return reported(event.event_type, event.event_information)


def _wait_until_established(assoc: Association) -> None:
    """A report is dealt with in a thread of its own, whose answer would be lost while the association begins."""
    while not assoc.is_established and assoc.is_alive():
        time.sleep(0.001)


def _closed(event: Event) -> None:
    """A caller that has left without a word needn't be waited for: pynetdicom would, and count it as an association."""
    if event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(None)  # type: ignore[arg-type]


def _caller(assoc: Association) -> Caller:
    request = assoc.requestor.primitive
    assert request is not None
    calling, called = str(request.calling_ae_title).strip(), str(request.called_ae_title).strip()
    return Caller(calling, called, str(assoc.requestor.address), wire_of(assoc).certificate)
