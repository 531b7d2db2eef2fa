"""The listener: what comes over the DICOM network goes to the spool, from those alone who may send."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from cxr_core import service
from cxr_core.errors import SettingsError
from cxr_core.pacs.answering import Caller
from cxr_core.pacs.commitment import Commitment
from cxr_core.pacs.listener import Listener
from cxr_core.pacs.memory import keep_memory
from cxr_core.pacs.ports import OpenPort, Port, close, open_ports
from cxr_core.pacs.processes import Processes, hold_signals, side_by_side, told_to_stop
from cxr_core.pacs.status import Refused, Status
from cxr_core.pacs.wire import OBJECT_BYTES
from cxr_core.records import MEGABYTE
from cxr_core.settings import Settings
from cxr_core.store import listeners
from cxr_core.store.db import opened
from cxr_core.store.listeners import Listening
from cxr_core.store.migrations import check
from cxr_core.store.senders import Sender
from cxr_core.work.auditing import changed_settings
from cxr_core.work.hospital import confirming, receiving
from cxr_core.work.hospital.archives import own_tls

log = logging.getLogger(__name__)
BEAT_SECONDS = 2.0
STOP_SECONDS = 60.0
"""For what is being sent when the listener is told to stop."""
_END_SECONDS = 10.0
"""For a process to end after that."""
ASSOCIATIONS = 64
"""At once, in all processes together."""


class Desk:
    """Who may send, and what becomes of what they send."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def knows(self, address: str) -> bool:
        """Whether an admin lets anybody send from there."""
        return receiving.is_known(self._settings.home, address)

    def admits(self, caller: Caller) -> bool:
        """Whether an admin lets the caller send."""
        return self._sender(caller) is not None

    def take(self, caller: Caller, data: bytes) -> None:
        """Have a DICOM file in the spool, synced and queued. Raises Refused."""
        sender = self._sender(caller)
        if sender is None:
            raise Refused(Status.NOT_AUTHORISED, "no longer allowed to send")
        taken = receiving.take(self._settings, sender, data)
        if taken.refused is not None:
            raise Refused(taken.refused, taken.why)

    def committed(self, caller: Caller, commitment: Commitment) -> None:
        """Note what an archive has taken the responsibility for."""
        confirming.committed(self._settings.home, commitment)

    def _sender(self, caller: Caller) -> Sender | None:
        return receiving.sender_calling(self._settings.home, caller.calling, caller.address, caller.certificate)


def run(settings: Settings, tell: Callable[[list[int]], None]) -> None:
    """Listen until told to stop (SIGTERM, SIGINT); `tell` gets the ports. What was taken is finished first.

    Processes of its own receive, one for each core. Raises SettingsError where no port is open, or one can't be used,
    or the site has no key.
    """
    hold_signals()
    check(settings.home)
    receiving.require_key(settings.home)
    changed_settings.note(settings, "listener")
    asked = _ports(settings)
    if not asked:
        raise SettingsError("no port is open: say CXR_LISTEN_PORT, or CXR_LISTEN_TLS_PORT with the files of TLS")
    ports = open_ports(asked)
    keep_memory()
    count = side_by_side()
    receivers = Processes(count, partial(_receive, settings, ports, ASSOCIATIONS // count))
    tell([port.number for port in ports])
    service.tell(service.READY)
    _watch(settings, receivers, ports)
    service.tell(service.STOPPING)
    close(ports)
    receivers.stop(STOP_SECONDS + _END_SECONDS)


def _receive(settings: Settings, ports: Sequence[OpenPort], most: int) -> None:
    """Receive, as one of several processes, until told to stop."""
    largest = min(OBJECT_BYTES, settings.max_upload_mb * MEGABYTE)
    listener = Listener(settings.ae_title, (), Desk(settings), most, largest)
    # Held open: the last to close a database writes its log into it and syncs both, and each X-ray would pay for that.
    with opened(settings.home):
        listener.start(ports)
        told_to_stop()
        listener.stop(STOP_SECONDS)


def _watch(settings: Settings, receivers: Processes, ports: Sequence[OpenPort]) -> None:
    """Until told to stop, replace processes that have ended, and have a row that says where this one listens."""
    name = secrets.token_hex(8)
    given = {port.tls is not None: port.number for port in ports}
    found = Listening(settings.ae_title, settings.listen_host, given.get(False), given.get(True))
    while True:
        _beat(settings, name, found)
        if told_to_stop(BEAT_SECONDS):
            break
        receivers.mend()
    with suppress(sqlite3.OperationalError), opened(settings.home) as db:
        listeners.leave(db, name)


def _beat(settings: Settings, name: str, found: Listening) -> None:
    """Say that this process listens; a database that is busy ends no listener, and is open for this alone."""
    service.tell(service.ALIVE)
    try:
        with opened(settings.home) as db:
            if not listeners.beat(db, name):
                listeners.register(db, name, found)
    except sqlite3.OperationalError:
        log.warning("the database is busy: screens may say that nothing listens")


def _ports(settings: Settings) -> list[Port]:
    plain = [Port(settings.listen_host, settings.listen_port)] if settings.listen_port else []
    tls = [Port(settings.listen_host, settings.listen_tls_port, own_tls(settings))] if settings.listen_tls_port else []
    return plain + tls
