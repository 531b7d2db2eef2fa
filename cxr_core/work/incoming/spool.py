"""The one way in: bytes are sealed, written, synced and queued, not decoded. A bad file can hurt no screen."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.errors import NotFound
from cxr_core.records import Job, Lane
from cxr_core.settings import Settings
from cxr_core.store import audit, files, jobs, quarantine, seal
from cxr_core.store.db import opened, transaction
from cxr_core.store.secret import site_secret
from cxr_core.work.privacy import identity

INTAKE = "intake"
UNREAD = "unread"
"""In the payload of an intake that only notes that a file was refused: why it isn't read."""
BROKE_OFF = f"The file could not be read: the program broke off on it {jobs.MOST_ATTEMPTS} times."
FAILED = "The file could not be read: the program failed at it."


@dataclass(frozen=True)
class Sender:
    """Who sends a file in, and what they say of it."""

    user: int | None = None
    patient: str | None = None
    """An identifier for a PNG's or JPEG's patient; it is keyed before it is written anywhere."""
    bulk: bool = False
    network: int | None = None
    """The number of the sender that it came from over the network, to which an answer may go back."""
    name: str = "program"
    """Who it is to the audit chain: the user's name, or `sender` and that of one of the network."""


def patient_from_name(settings: Settings, name: str) -> str | None:
    """The patient that the site's file-name pattern finds in a name, if a pattern is set and fits."""
    found = re.search(settings.patient_pattern, name) if settings.patient_pattern else None
    return (found.group(1) if found.re.groups else found.group(0)) if found else None


def folder(home: Path) -> Path:
    """Where bytes with identity rest until intake has dealt with them (mode 0700)."""
    return home / "spool"


def receive(home: Path, data: bytes, sender: Sender) -> int:
    """Put a file (an X-ray or a zip of them) in the spool, durably, and return the number of its intake job."""
    token = secrets.token_hex(16)
    patient = pseudonym(site_secret(home), "patient", sender.patient) if sender.patient else None
    with opened(home) as db:
        put(db, home, token, data)
        with transaction(db):
            job = queue(db, token, patient, sender)
            over = "screen" if sender.network is None else "network"
            audit.record(db, sender.name, "receive file", "", job=job, over=over, bytes=len(data))
            return job


def put(db: Database, home: Path, token: str, data: bytes) -> None:
    """Write bytes durably, sealed where the site has a key."""
    public = identity.public_key(db)
    parts = seal.sealed_parts(public, data, identity.SPOOL) if public else (data,)
    files.write_durably(folder(home) / token, *parts)


def queue(db: Database, token: str, patient: str | None, sender: Sender, member: str | None = None) -> int:
    """Queue the intake of a file in the spool; `patient` is a pseudonym already, `member` its place in a zip."""
    payload: dict[str, Any] = {"spool": token, "patient": patient, "member": member}
    if sender.network is not None:
        payload |= {"sender": sender.network, "received_at": clock.stamp()}
    return jobs.ask(db, jobs.Request(INTAKE, Lane.READING, payload, sender.user, sender.bulk))


def queue_decided(db: Database, payload: dict[str, Any], **decided: Any) -> int:
    """Queue the intake of a file that was held back, with what was decided on it."""
    return jobs.ask(db, jobs.Request(INTAKE, Lane.READING, {**payload, **decided}))


def owe(db: Database, job: Job, why: str) -> bool:
    """Have a file that no worker gets through noted as refused, within the caller's transaction; whether that is due.

    It is where a sender was told that the file is kept: an answer must say `why` nothing came of it. Its pixels aren't
    looked at again.
    """
    due = job.kind == INTAKE and job.payload.get("sender") is not None and UNREAD not in job.payload
    if due:
        queue_decided(db, job.payload, **{UNREAD: why})
    return due


def fetch(settings: Settings, token: str) -> bytes:
    """The spooled bytes, opened. Raises NotFound, and as `identity.unseal`."""
    try:
        data = (folder(settings.home) / token).read_bytes()
    except FileNotFoundError as error:
        raise NotFound("the file is no longer in the spool: send it again") from error
    return identity.unseal(settings, data, identity.SPOOL) if seal.is_sealed(data) else data


def remove(home: Path, token: str) -> None:
    """Remove the spooled bytes; nothing happens if they are gone."""
    (folder(home) / token).unlink(missing_ok=True)


def member_token(archive: str, number: int) -> str:
    """The token of the file with this number in the zip with the token `archive`: it tells where the file belongs."""
    return f"{archive}-{number}"


def sweep(home: Path) -> int:
    """Remove what lies in the spool with no open job and not in quarantine: left by a kill. Returns how many.

    The files of a zip have no jobs until all are unpacked: until then they belong to the zip's job. What a sender was
    told is kept stays even where not so much as its refusal could be noted.
    """
    # A file younger than this may belong to a job whose row is being written at this moment.
    old = [path for path in folder(home).iterdir() if files.is_older_than(path, 600)]
    if not old:
        return 0
    # One transaction: what an intake holds back, or somebody decides on, between two would be missed by both.
    with opened(home) as db, transaction(db):
        needed = wanted(db)
    left = [path for path in old if needed.isdisjoint(_tokens_of(path))]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def wanted(db: Database) -> set[str]:
    """The tokens of what is to be taken in, waits for somebody's decision, or was acknowledged and not answered."""
    held = [held.payload for held in quarantine.waiting(db)]
    owed = jobs.failed_payloads(db, INTAKE, UNREAD)
    return {payload["spool"] for payload in (*jobs.open_payloads(db, INTAKE), *held, *owed)}


def _tokens_of(path: Path) -> tuple[str, str]:
    """A spooled file's own token, and that of the zip it came from, if any; a half-written file has them too."""
    own = path.name.split(".")[0]
    return own, own.rpartition("-")[0]
