"""What an admin has fetched from an archive: which archives are asked, what they have, what comes, and what by itself.

Whom an archive tells of rests nowhere. A question and a choice go to the worker sealed to the site's key; the answer
comes back sealed to a key that the asking process alone has, and only in its memory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.records import Job, Lane, User
from cxr_core.store import audit, jobs, pulls, senders
from cxr_core.store.db import opened, transaction
from cxr_core.store.pulls import Pull
from cxr_core.store.senders import Sender
from cxr_core.work.guarding import NETWORK, NETWORK_SEEN, open_to
from cxr_core.work.hospital import receiving
from cxr_core.work.hospital.connecting import WebAddress, checked_name
from cxr_core.work.incoming import passing
from cxr_core.work.incoming.passing import Asked
from cxr_core.work.privacy import identity

QUERY, FETCH, PULL = "query", "fetch", "pull"
"""Kinds of jobs: a question, X-rays that somebody chose, and those that come by themselves, which may be thousands."""
_MOST = 200
"""Jobs that are looked through for the newest of each source."""


@open_to(*NETWORK)
def add_source(home: Path, user: User, name: str, web: WebAddress) -> None:
    """Let the program ask a DICOMweb server for X-rays.

    Raises BadInput, also for a file told by more than its name, Conflict where the name is taken, SettingsError for an
    address that can't be one, or without a key.
    """
    receiving.require_key(home)
    WebEndpoint(**web.as_dict())
    with opened(home) as db, transaction(db):
        senders.add_source(db, checked_name(name), web.as_dict())
        audit.record(db, user.name, "add source", name, url=web.url)


@open_to(*NETWORK)
def remove_source(home: Path, user: User, name: str) -> None:
    """Ask it for nothing any more; what is being fetched there is broken off. Raises NotFound."""
    with opened(home) as db, transaction(db):
        source = _source(db, name)
        senders.remove(db, source.name)
        for job in _open_jobs(db, source.id):
            jobs.cancel(db, job, f"{source.name} is asked for nothing any more")
        audit.record(db, user.name, "remove source", name)


@open_to(*NETWORK_SEEN)
def all_sources(home: Path, user: User) -> list[Sender]:
    """Who is asked for X-rays."""
    with opened(home) as db:
        return senders.asked(db)


@open_to(*NETWORK)
def search(home: Path, user: User, name: str, query: Query) -> Asked:
    """Have a source asked what it has; `found` gives the answer. Raises NotFound, SettingsError without a key."""
    receiving.require_key(home)
    with opened(home) as db, transaction(db):
        payload = {"source": _source(db, name).id, "sealed": _sealed(db, asdict(query), identity.QUESTION)}
        audit.record(db, user.name, "search", name)
        return passing.ask(db, jobs.Request(QUERY, Lane.READING, payload, user.id or None, bulk=True))


@open_to(*NETWORK)
def found(home: Path, user: User, asked: Asked) -> list[Match] | None:
    """The answer to a question, once: it is nowhere then but with who asked. None while there is none yet.

    Raises BadInput with the reason where it failed, NotFound where it is there no more.
    """
    with opened(home) as db, transaction(db):
        answer = passing.take(db, asked, identity.MATCHES)
    return None if answer is None else matches_in(answer)


@open_to(*NETWORK)
def let_go(home: Path, user: User, asked: Asked) -> None:
    """Nobody waits for the answer to a question any more: it is broken off, or what it found is dropped."""
    with opened(home) as db, transaction(db):
        if jobs.cancel(db, asked.job, f"broken off by {user.name}"):
            audit.record(db, user.name, "cancel fetching", str(asked.job))
        jobs.take_sealed(db, asked.job)


@open_to(*NETWORK)
def fetch(home: Path, user: User, name: str, chosen: Sequence[Match]) -> int:
    """Have X-rays fetched that a source has, and return the job's number.

    Raises BadInput where none is chosen, NotFound, and SettingsError without a key.
    """
    if not chosen:
        raise BadInput("choose at least one X-ray to fetch")
    receiving.require_key(home)
    with opened(home) as db, transaction(db):
        job = ask_to_fetch(db, _source(db, name).id, chosen, user.id or None)
        audit.record(db, user.name, "fetch", name, x_rays=len(chosen))
    return job


@open_to(*NETWORK_SEEN)
def newest(home: Path, user: User) -> dict[int, Job]:
    """The last time that somebody had X-rays fetched from each source, by its number."""
    with opened(home) as db:
        found = [job for job in jobs.newest(db, FETCH, _MOST) if job.payload["pull"] is None]
    return {job.payload["source"]: job for job in reversed(found)}


@open_to(*NETWORK)
def cancel(home: Path, user: User, job: int) -> None:
    """Break off a question, or fetching; what has come stays. Raises NotFound, Conflict where it has ended."""
    with opened(home) as db, transaction(db):
        if jobs.get(db, job).kind not in (QUERY, FETCH, PULL) or not jobs.cancel(db, job, f"cancelled by {user.name}"):
            raise Conflict("there is nothing to cancel: it has ended")
        audit.record(db, user.name, "cancel fetching", str(job))


@open_to(*NETWORK)
def every(home: Path, user: User, name: str, pull: Pull) -> None:
    """Fetch what is new at a source by itself, by this and no other rule; `pull.source` is set here.

    Raises BadInput, NotFound, and SettingsError without a key.
    """
    receiving.require_key(home)
    if not 1 <= pull.minutes <= 7 * 24 * 60 or not 1 <= pull.days <= 365:
        raise BadInput("ask every 1 to 10,080 minutes, for 1 to 365 days back")
    Query(modalities=pull.modalities, station=pull.station or "")
    with opened(home) as db, transaction(db):
        pulls.put(db, Pull(_source(db, name).id, pull.modalities, pull.days, pull.minutes, pull.station or None))
        audit.record(db, user.name, "fetch by itself", name, minutes=pull.minutes, days=pull.days)


@open_to(*NETWORK)
def every_no_more(home: Path, user: User, name: str) -> None:
    """Fetch nothing from a source by itself any more. Raises NotFound."""
    with opened(home) as db, transaction(db):
        if not pulls.remove(db, _source(db, name).id):
            raise NotFound(f"nothing is fetched from {name} by itself")
        audit.record(db, user.name, "fetch by itself no more", name)


@open_to(*NETWORK)
def hold(home: Path, user: User, name: str, because: str) -> None:
    """Fetch nothing from a source by itself for now. Raises NotFound, BadInput without a reason."""
    if not because.strip():
        raise BadInput("say why nothing should be fetched there")
    with opened(home) as db, transaction(db):
        pulls.hold(db, pulls.of_source(db, _source(db, name).id).id, because.strip())
        audit.record(db, user.name, "hold fetching", name, reason=because.strip())


@open_to(*NETWORK)
def go_on(home: Path, user: User, name: str) -> None:
    """Fetch from it by itself again. Raises NotFound."""
    with opened(home) as db, transaction(db):
        pulls.go_on(db, pulls.of_source(db, _source(db, name).id).id)
        audit.record(db, user.name, "go on with fetching", name)


@open_to(*NETWORK_SEEN)
def all_pulls(home: Path, user: User) -> list[Pull]:
    """What is fetched by itself, and what came of it the last time."""
    with opened(home) as db:
        return pulls.in_use(db)


def ask_to_fetch(db: Database, source: int, chosen: Sequence[Match], asked_by: int | None, pull: int | None = None
) -> int:  # fmt: skip
    """Queue the fetching of X-rays, for a pull or for a person. Of a match only its UIDs and its day go along."""
    only = [{**asdict(match), "patient": "", "patient_name": ""} for match in chosen]
    payload = {"source": source, "sealed": _sealed(db, only, identity.CHOSEN), "pull": pull}
    kind = FETCH if pull is None else PULL
    return jobs.ask(db, jobs.Request(kind, Lane.READING, payload, asked_by, bulk=pull is not None))


def matches_in(text: bytes) -> list[Match]:
    """The X-rays that JSON tells of."""
    return [Match(**each) for each in json.loads(text)]


def query_in(text: bytes) -> Query:
    """The question that JSON tells of."""
    said = json.loads(text)
    days = {name: date.fromisoformat(said[name]) if said[name] else None for name in ("since", "until")}
    return Query(**{**said, **days, "modalities": tuple(said["modalities"])})


def sealed_text(public: str, value: Any, purpose: bytes) -> str:
    """A value as JSON, sealed to a public key, as text."""
    return passing.sealed(public, json.dumps(value, default=str).encode(), purpose)


def _sealed(db: Database, value: Any, purpose: bytes) -> str:
    public = identity.public_key(db)
    assert public is not None  # receiving.require_key was asked, and a key stays
    return sealed_text(public, value, purpose)


def _source(db: Database, name: str) -> Sender:
    found = senders.named(db, name)
    if found.address is None:
        raise NotFound(f"{name} sends, and isn't asked: name one of `pacs from`")
    return found


def _open_jobs(db: Database, source: int) -> list[int]:
    return [number for kind in (QUERY, FETCH, PULL) for number in jobs.open_of(db, kind, "source", source)]
