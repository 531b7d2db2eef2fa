"""Where X-rays come from over the network: who may send them in, and who is asked for them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import Conflict, NotFound
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Sender:
    """One that may send, over DICOM where it has an AE title, else by STOW-RS with a token; or one that is asked."""

    id: int
    name: str
    calling: str | None
    network: str | None
    """Of one that sends: an address, or a network such as 10.20.0.0/16."""
    certificate: str | None
    """SHA-256 of its certificate (DER), in hex; where it is None, none is asked for."""
    address: dict[str, Any] | None = None
    """Of one that is asked, over DICOMweb: `url`, and files with what signs in there."""


def add(db: Database, name: str, network: str, calling: str | None = None, certificate: str | None = None,
        token: str | None = None) -> int:  # fmt: skip
    """Let one more send, by its AE title or by a token of which only the hash is kept; returns its number.

    Raises Conflict where the name is taken.
    """
    _require_free(db, name)
    return insert(db, "senders", {
        "name": name, "network": network, "calling": calling, "certificate": certificate,
        "token_sha256": _hash(token) if token else None, "created_at": clock.stamp(),
    })  # fmt: skip


def add_source(db: Database, name: str, address: dict[str, Any]) -> int:
    """Ask one more for X-rays, and return its number. Raises Conflict where the name is taken."""
    _require_free(db, name)
    row = {"name": name, "address": json.dumps(address), "created_at": clock.stamp()}
    return insert(db, "senders", row)


def remove(db: Database, name: str) -> int:
    """Let one send no more, or ask it no more, and return its number; its pull goes with it. Raises NotFound."""
    found, now = named(db, name), clock.stamp()
    db.execute("UPDATE senders SET removed_at = ? WHERE id = ?", (now, found.id))
    db.execute("UPDATE pulls SET removed_at = ? WHERE source = ? AND removed_at IS NULL", (now, found.id))
    return found.id


def get(db: Database, number: int) -> Sender:
    """The one with this number, whether or not it was removed. Raises NotFound."""
    row = one(db, "SELECT * FROM senders WHERE id = ?", (number,))
    if row is None:
        raise NotFound(f"there is no sender {number}")
    return _sender(row)


def named(db: Database, name: str) -> Sender:
    """The one that may send, or is asked, under this name. Raises NotFound."""
    row = one(db, "SELECT * FROM senders WHERE name = ? COLLATE NOCASE AND removed_at IS NULL", (name,))
    if row is None:
        raise NotFound(f"there is no sender called {name}")
    return _sender(row)


def allowed(db: Database) -> list[Sender]:
    """All that may send, by name."""
    return [sender for sender in _all(db) if sender.address is None]


def asked(db: Database) -> list[Sender]:
    """All that are asked, by name."""
    return [sender for sender in _all(db) if sender.address is not None]


def with_token(db: Database, token: str) -> Sender | None:
    """The one whose token this is, if it may send."""
    row = one(db, "SELECT * FROM senders WHERE token_sha256 = ? AND removed_at IS NULL", (_hash(token),))
    return _sender(row) if row else None


def names(db: Database) -> dict[int, str]:
    """What each sender that there ever was is called, by its number."""
    return {row["id"]: row["name"] for row in rows(db, "SELECT id, name FROM senders")}


def _require_free(db: Database, name: str) -> None:
    if one(db, "SELECT 1 FROM senders WHERE name = ? COLLATE NOCASE AND removed_at IS NULL", (name,)):
        raise Conflict(f"there is a sender called {name} already: take another name, or remove that one first")


def _all(db: Database) -> list[Sender]:
    return list(map(_sender, rows(db, "SELECT * FROM senders WHERE removed_at IS NULL ORDER BY name")))


def _sender(row: dict[str, Any]) -> Sender:
    address = row["address"] and json.loads(row["address"])
    return Sender(row["id"], row["name"], row["calling"], row["network"], row["certificate"], address)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
