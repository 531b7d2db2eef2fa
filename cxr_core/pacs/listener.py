"""The DICOM node that X-ray machines and archives call: echo, storage, reports of storage commitment (PS3.4 A, B, J).

It asks a desk what to do with whom and with what, and knows no database.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Thread

from pydicom.uid import UID
from pynetdicom.ae import ApplicationEntity as AE
from pynetdicom.association import Association

from cxr_core.pacs import contexts
from cxr_core.pacs.answering import Answers, Desk
from cxr_core.pacs.door import Door
from cxr_core.pacs.ports import OpenPort, Port, open_ports
from cxr_core.pacs.wire import OBJECT_BYTES, PDU_BYTES, wire_of

ANSWER_SECONDS = 30.0
"""For what must follow at once: an association's first words, and its last."""
MOST_AT_ONCE = 64
"""Associations at a time."""
IDLE_SECONDS = 60.0
"""After which an association on which nothing comes is ended."""
_LOOK_SECONDS = 0.05
_END_SECONDS = 5.0
"""For threads to end whose connection is gone."""


class Listener:
    """One AE title on some ports; `start` and `stop` once each.

    It has at most so many associations at once, and listens to objects of at most `largest` bytes.
    """

    def __init__(
        self, ae_title: str, ports: Sequence[Port], desk: Desk, most: int = MOST_AT_ONCE, largest: int = OBJECT_BYTES
    ) -> None:
        self._ports, self._most, self._largest = ports, most, largest
        self._answers = Answers(ae_title, desk)
        self._doors: list[Door] = []
        self._threads: list[Thread] = []
        self._ae = AE(ae_title)
        self._ae.implementation_class_uid = UID(contexts.IMPLEMENTATION_CLASS_UID)
        self._ae.implementation_version_name = contexts.IMPLEMENTATION_VERSION_NAME
        self._ae.maximum_associations = most
        self._ae.maximum_pdu_size = PDU_BYTES
        self._ae.acse_timeout = self._ae.dimse_timeout = ANSWER_SECONDS
        self._ae.network_timeout = IDLE_SECONDS

    @property
    def ports(self) -> list[int]:
        """The ports that it listens at, in the order that they were asked for."""
        return [door.server_address[1] for door in self._doors]

    def start(self, shared: Sequence[OpenPort] = ()) -> None:
        """Listen, in threads, at the ports that other processes share, or else at its own.

        Raises SettingsError where a port, a host or a certificate can't be used.
        """
        for port in shared or open_ports(self._ports):
            self._doors.append(Door(self._ae, port, self._answers, self._most, self._largest, bool(shared)))
        for door in self._doors:
            thread = Thread(target=door.serve_forever, args=(_LOOK_SECONDS,), name="DICOM port", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, seconds: float) -> None:
        """Take nothing new, let what is being sent come to its end and be acknowledged, then end all associations.

        What isn't done after `seconds` is cut off, unacknowledged; a desk that is still busy isn't waited for.
        """
        self._answers.close()
        for door in self._doors:
            door.close()
        here = self._associations()
        self._see_out(here, time.monotonic() + seconds)
        for assoc in here:
            wire_of(assoc).hang_up()
        end = time.monotonic() + _END_SECONDS
        for thread in [*self._threads, *here, *(assoc.dul for assoc in here)]:
            thread.join(max(end - time.monotonic(), 0))

    def _associations(self) -> list[Association]:
        return [assoc for door in self._doors for assoc in door.active_associations]

    def _see_out(self, here: list[Association], end: float) -> None:
        """Until nobody is left, or it is late. Who does nothing is looked at twice: a request may just be going in."""
        idle: set[Association] = set()
        while any(assoc.is_alive() for assoc in here) and time.monotonic() < end:
            idle_now = {assoc for assoc in here if self._idle(assoc)}
            for assoc in idle & idle_now:
                assoc.abort(block=False)
            idle = idle_now
            time.sleep(_LOOK_SECONDS)

    def _idle(self, assoc: Association) -> bool:
        dimse, wire = assoc.dimse, wire_of(assoc)
        on_the_way = wire.something_is_there() or dimse.message is not None or not dimse.msg_queue.empty()
        return not on_the_way and not self._answers.serving(assoc)
