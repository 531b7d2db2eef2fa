"""Telling the end of the audit chain elsewhere, once a day: whoever can write the database can't write it there."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from threading import Thread

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import DeliveryError
from cxr_core.records import Channel
from cxr_core.settings import Settings
from cxr_core.store import audit, files, site
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift.notifying import SEND
from cxr_core.work.drift.sending import facts_of

TOLD = "send audit head"
LOCK = "anchoring.lock"
DAYS = "audit head told"
"""The fact of the site that says on which day it was last told in each channel."""
LOOK_SECONDS = 300.0
"""Between looks whether it is to be told, and so between attempts."""
log = logging.getLogger(__name__)


def telling(settings: Settings) -> Iterator[bool]:
    """A worker's chore: once on each day (UTC) a thread tells it; a host that is slow keeps nobody waiting."""
    looked_at, thread = -LOOK_SECONDS, Thread()
    while True:
        if settings.anchor_daily and not thread.is_alive() and time.monotonic() - looked_at >= LOOK_SECONDS:
            looked_at = time.monotonic()
            thread = Thread(target=tell, args=(settings,), daemon=True)
            thread.start()
        yield False


def tell(settings: Settings) -> int:
    """Tell it in each channel where it wasn't told today; in how many that was done."""
    with files.held(settings.home / LOCK) as alone, opened(settings.home) as db:
        today, channels = clock.stamp()[:10], settings.channels if alone else ()
        return sum(_tell(settings, db, channel, today) for channel in channels if _days(db).get(channel) != today)


def _tell(settings: Settings, db: Database, channel: Channel, today: str) -> bool:
    head = audit.head(db)
    try:
        SEND[channel](settings, facts_of(settings, "audit head", clock.stamp(), audit_head=str(head)))
    except DeliveryError as error:
        log.warning("the end of the audit chain could not be told: %s", error)
        return False
    with transaction(db):
        site.put(db, DAYS, json.dumps({**_days(db), channel: today}))
        audit.record(db, "program", TOLD, str(head.number), channel=channel.value, hash=head.hash)
    return True


def _days(db: Database) -> dict[str, str]:
    found: dict[str, str] = json.loads(site.get(db, DAYS) or "{}")
    return found
