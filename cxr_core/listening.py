"""The listener: what comes over the DICOM network goes to the spool, from those alone who may send."""

from __future__ import annotations

import logging
import secrets
import signal
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from types import FrameType

from cxr_core.errors import SettingsError
from cxr_core.pacs.answering import Caller
from cxr_core.pacs.commitment import Commitment
from cxr_core.pacs.door import Port
from cxr_core.pacs.listener import Listener
from cxr_core.pacs.memory import keep_memory
from cxr_core.pacs.status import Refused, Status
from cxr_core.pacs.wire import OBJECT_BYTES
from cxr_core.settings import Settings
from cxr_core.store import listeners
from cxr_core.store.db import opened
from cxr_core.store.listeners import Listening
from cxr_core.store.migrations import check
from cxr_core.store.senders import Sender
from cxr_core.work import confirming, receiving
from cxr_core.work.archives import own_tls
from cxr_core.work.requests import MEGABYTE

log = logging.getLogger(__name__)
BEAT_SECONDS = 2.0
STOP_SECONDS = 60.0
"""For what is being sent when the listener is told to stop."""


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

    Raises SettingsError where no port is open, or one can't be used, or the site has no key.
    """
    check(settings.home)
    receiving.require_key(settings.home)
    ports = _ports(settings)
    if not ports:
        raise SettingsError("no port is open: say CXR_LISTEN_PORT, or CXR_LISTEN_TLS_PORT with the files of TLS")
    stopping = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    keep_memory()
    largest = min(OBJECT_BYTES, settings.max_upload_mb * MEGABYTE)
    listener = Listener(settings.ae_title, ports, Desk(settings), largest=largest)
    listener.start()
    tell(listener.ports)
    _be_seen(settings, ports, listener.ports, stopping)
    listener.stop(STOP_SECONDS)


def _be_seen(settings: Settings, asked: list[Port], ports: list[int], stopping: Event) -> None:
    """Have a row that says where this process listens, until told to stop; a database that is busy ends no listener."""
    name = secrets.token_hex(8)
    given = {port.tls is not None: number for port, number in zip(asked, ports, strict=True)}
    found = Listening(settings.ae_title, settings.listen_host, given.get(False), given.get(True))
    # Held open: the last to close a database writes its log into it and syncs both, and each X-ray would pay for that.
    with opened(settings.home) as db:
        while True:
            try:
                if not listeners.beat(db, name):
                    listeners.register(db, name, found)
            except sqlite3.OperationalError:
                log.warning("the database is busy: screens may say that nothing listens")
            if stopping.wait(BEAT_SECONDS):
                break
        with suppress(sqlite3.OperationalError):
            listeners.leave(db, name)


def _ports(settings: Settings) -> list[Port]:
    plain = [Port(settings.listen_host, settings.listen_port)] if settings.listen_port else []
    tls = [Port(settings.listen_host, settings.listen_tls_port, own_tls(settings))] if settings.listen_tls_port else []
    return plain + tls
