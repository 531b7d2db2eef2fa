"""Receiving over the network: from those who are allowed to send alone, durably before it is said to be taken."""

from __future__ import annotations

import hmac
import logging
import sqlite3
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from cxr_core.dicom.reading import Named, named
from cxr_core.errors import OutOfRoom, RejectedFile, SettingsError
from cxr_core.pacs.classes import STORAGE_CLASSES
from cxr_core.pacs.status import Status
from cxr_core.settings import Settings
from cxr_core.store import jobs, senders, users
from cxr_core.store.db import opened
from cxr_core.store.senders import Sender
from cxr_core.work.incoming import spool
from cxr_core.work.keeping import room
from cxr_core.work.privacy import identity

MOST_WAITING = 50
"""Files from the network in the spool from which on no more are fetched: whoever sends can't be told to wait."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """What became of a DICOM file that was sent."""

    sop_class: str
    instance: str
    """SOP Instance UID; empty, as the SOP class, where the file doesn't say."""
    refused: Status | None = None
    """Why it isn't kept, as its sender is told; None where it is."""
    why: str = ""
    """The same for the log: it names nobody."""


def require_key(home: Path) -> None:
    """Raises SettingsError where the site has no key yet: nothing from the network may rest unsealed."""
    with opened(home) as db:
        if identity.public_key(db) is None:
            raise SettingsError(
                "what comes over the network is sealed at once, and this site has no key yet: "
                "make it by `python -m cxr_core pacs key FILE`, with a FILE outside of the home"
            )


def sender_calling(home: Path, calling: str, address: str, certificate: str | None) -> Sender | None:
    """Who calls from an address by this AE title, and with the certificate asked of them; None if nobody may."""
    with opened(home) as db:
        found = [sender for sender in senders.allowed(db) if sender.calling == calling]
    return next((sender for sender in found if _is_theirs(sender, address, certificate)), None)


def is_known(home: Path, address: str) -> bool:
    """Whether anybody may send over DICOM from an address, by whatever AE title."""
    with opened(home) as db:
        found = [sender.network for sender in senders.allowed(db) if sender.calling is not None]
    return any(is_within(address, network) for network in found)


def sender_bearing(home: Path, token: str, address: str) -> Sender | None:
    """Who sends by STOW-RS from an address with this token; None if nobody may.

    A token is looked up by its hash, so that how long that takes tells nothing of those that there are.
    """
    with opened(home) as db:
        sender = senders.with_token(db, token)
    return sender if sender is not None and is_within(address, sender.network) else None


def take(settings: Settings, sender: Sender, data: bytes, study: str | None = None) -> Taken:
    """Check a DICOM file, and have it in the spool, synced and queued. Never raises for what a sender can send.

    It must be readable, of a SOP class that is taken, the object that its file meta information announces, and of
    `study` where one is named.
    """
    try:
        found = named(data)
    except RejectedFile:
        return Taken("", "", Status.NOT_UNDERSTOOD, "not a DICOM object")
    about = found.sop_class or "", found.identity.instance or ""
    if objection := _objection(found, study):
        return Taken(*about, *objection)
    try:
        receive(settings, sender, data)
    except (OutOfRoom, OSError, sqlite3.OperationalError) as error:  # a full disk, a database that is busy for long
        log.error("nothing can be received: %s", error)
        return Taken(*about, Status.OUT_OF_RESOURCES, "no room")
    return Taken(*about)


def _objection(found: Named, study: str | None) -> tuple[Status, str] | None:
    """Why an object isn't taken, whatever it shows."""
    if found.lacking:
        return Status.NOT_UNDERSTOOD, f"no valid {found.lacking}: no answer could go back"
    if (found.sop_class, found.identity.instance) != found.announced:
        return Status.CLASS_MISMATCH, "not the object that was announced"
    if found.sop_class not in STORAGE_CLASSES:
        return Status.SOP_CLASS_NOT_SUPPORTED, "of a SOP class that isn't taken"
    if study not in (None, found.identity.study):
        return Status.CLASS_MISMATCH, "of another study than was named"
    return None


def why_to_wait(settings: Settings) -> str:
    """Why nothing more should be fetched before some of what has come is taken in; empty where there is no reason.

    A disk that is nearly full while nothing is left to be taken in is no reason: waiting makes no room there.
    """
    with opened(settings.home) as db:
        waiting = jobs.open_from_network(db, spool.INTAKE)
    if waiting >= MOST_WAITING:
        return f"{MOST_WAITING} files or more are still to be taken in"
    if waiting and room.measured(settings).is_out:
        return "the disk is nearly full, and files are still to be taken in"
    return ""


def receive(settings: Settings, sender: Sender, data: bytes) -> int:
    """Seal, sync and queue a DICOM file; returns its job's number. Raises OutOfRoom where the disk is nearly full."""
    room.require(settings)
    name = f"{users.SENDER}{sender.name}"  # no user can be called so
    return spool.receive(settings.home, data, spool.Sender(bulk=True, network=sender.id, name=name))


def is_within(address: str, network: str | None) -> bool:
    """Whether an address lies in a network; one of IPv4 may be written as IPv6 has it. What is no address doesn't."""
    if network is None:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return plain in ip_network(network, strict=False)


def _is_theirs(sender: Sender, address: str, certificate: str | None) -> bool:
    if not is_within(address, sender.network):
        return False
    return sender.certificate is None or hmac.compare_digest(sender.certificate, certificate or "")
