"""Collecting what is new at the archives by itself, every so many minutes, never while what came before isn't done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from threading import Thread

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, DeliveryError, SettingsError
from cxr_core.pacs.web import finding
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.settings import Settings
from cxr_core.store import audit, jobs, pulls
from cxr_core.store.db import opened, transaction
from cxr_core.store.pulls import Pull
from cxr_core.work.hospital import fetching, pulling
from cxr_core.work.incoming import spool

LOOK_SECONDS = 5.0
MOST_STUDIES = 2_000
"""Of one question."""


def collecting(settings: Settings, apart: Callable[..., Thread]) -> Iterator[bool]:
    """A worker's chore: each source that is due is asked by a thread of its own, so that a slow one keeps nobody.

    `apart` begins a thread.
    """
    looked_at, threads = -LOOK_SECONDS, dict[int, Thread]()
    while True:
        if time.monotonic() - looked_at >= LOOK_SECONDS:
            looked_at = time.monotonic()
            for pull in due(settings):
                if pull.source not in threads or not threads[pull.source].is_alive():
                    threads[pull.source] = apart(run, settings, pull)
        yield False


def due(settings: Settings) -> list[Pull]:
    """What is to be run now. Where X-rays of a source are still being fetched or taken in, nothing is."""
    with opened(settings.home) as db:
        return [pull for pull in pulls.due(db) if not _is_busy(db, pull.source)]


def run(settings: Settings, pull: Pull) -> None:
    """Ask one source, and have fetched what is new there. What came of it is noted, failures with their remedy."""
    with opened(settings.home) as db:
        if not pulls.begin(db, pull):
            return
    try:
        matches = _search(settings, pull)
    except (DeliveryError, BadInput, SettingsError) as error:
        fetching.note(settings.home, pull.id, str(error), failed=True)
        return
    new = fetching.wanted(settings.home, matches)
    with opened(settings.home) as db, transaction(db):
        stands = pulls.note(db, pull.id, f"{len(matches)} X-rays are there, {len(new)} of them new")
        if not new:
            pulls.complete(db, pull.id)
        elif stands:
            pulling.ask_to_fetch(db, pull.source, new, None, pull.id)
            audit.record(db, "program", "fetch", fetching.sender_of(settings.home, pull.source).name, x_rays=len(new))


def _search(settings: Settings, pull: Pull) -> list[Match]:
    sender = fetching.sender_of(settings.home, pull.source)
    endpoint = fetching.endpoint_of(settings, sender)
    queries = [
        Query(since, until, pull.modalities, station=pull.station or "", limit=MOST_STUDIES)
        for since, until in _spans(pull)
    ]
    return list(dict.fromkeys(match for query in queries for match in finding.search(endpoint, query)))


def _spans(pull: Pull) -> Iterator[tuple[date, date | None]]:
    """The days that are asked about, by the machine's clock: the rule's, and all since the last complete run.

    After a long outage they are several spans of the rule's length, since MOST_STUDIES is for one of them.
    """
    length, today = timedelta(days=pull.days), clock.now().astimezone().date()
    complete = datetime.fromisoformat(pull.complete_at).astimezone().date() if pull.complete_at else today
    since = min(today - length, complete)
    while since + length < today:
        yield since, since + length
        since += length + timedelta(days=1)
    yield since, None


def _is_busy(db: Database, source: int) -> bool:
    fetched = (jobs.open_of(db, kind, "source", source) for kind in (pulling.FETCH, pulling.PULL))
    return any(fetched) or bool(jobs.open_of(db, spool.INTAKE, "sender", source))
