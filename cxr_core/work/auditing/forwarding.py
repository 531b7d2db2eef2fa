"""Sending the audit log on by syslog, in order, from a place that is kept in the database."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from threading import Thread
from urllib.parse import urlsplit

from sqlite_utils import Database

from cxr_core.errors import DeliveryError
from cxr_core.pacs import syslog
from cxr_core.pacs.syslog import Collector
from cxr_core.settings import Settings
from cxr_core.store import audit_search, files, site
from cxr_core.store.db import opened, transaction
from cxr_core.work.auditing import atna

SENT = "audit sent up to"
"""The fact of the site that says which row was sent last."""
PROGRAM = "cxr-second-reader"
LOCK = "forwarding.lock"
BATCH = 200
"""Rows over one connection: what was sent once more where one breaks off is at most these."""
LOOK_SECONDS = 5.0
LONGEST_PAUSE = 300.0
"""Between attempts, each of which waits twice as long as the one before."""
log = logging.getLogger(__name__)


def forwarding(settings: Settings) -> Iterator[bool]:
    """A worker's chore: every few seconds a thread sends what is new; a host that is slow keeps nobody waiting."""
    sender = _Sender(settings)
    while True:
        if settings.syslog and not sender.thread.is_alive() and time.monotonic() >= sender.next_at:
            sender.thread = Thread(target=sender.send, daemon=True)
            sender.thread.start()
        yield False


class _Sender:
    """What sends, and when it does next."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.thread = settings, Thread()
        self.next_at, self.pause = 0.0, LOOK_SECONDS

    def send(self) -> None:
        """Send what is new; the next time is set whatever comes of it, a full disk or a locked database included."""
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        try:
            forward(self.settings)
            self.pause = LOOK_SECONDS
        except (DeliveryError, OSError, sqlite3.Error) as error:
            log.warning("the audit log can't be sent on; again in %.0f s: %s", self.pause, error)
        finally:
            self.next_at = time.monotonic() + self.pause


def forward(settings: Settings) -> int:
    """Send every row that wasn't sent, oldest first; returns how many. Raises DeliveryError; what was sent is noted.

    One process does at a time; in the others nothing happens meanwhile. A row is noted as sent once its connection was
    ended by both sides: none is lost. Where one breaks off, its rows go again, and have the same numbers.
    """
    collector, done = collector_of(settings), 0
    with files.held(settings.home / LOCK) as alone, opened(settings.home) as db:
        while alone and (found := audit_search.after(db, _sent(db), BATCH)):
            syslog.send(collector, [_message(settings, event) for event in found])
            with transaction(db):
                site.put(db, SENT, str(found[-1]["id"]))
            done += len(found)
    return done


def collector_of(settings: Settings) -> Collector:
    """Where CXR_SYSLOG sends it."""
    parts = urlsplit(settings.syslog)
    return Collector(parts.hostname or "", parts.port or 0, parts.scheme == "tls", settings.syslog_authority)


def _message(settings: Settings, event: dict) -> bytes:
    return syslog.message(event["at"], PROGRAM, atna.message(event, settings.ae_title))


def _sent(db: Database) -> int:
    return int(site.get(db, SENT) or 0)
