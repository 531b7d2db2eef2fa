"""Model versions, the weights that are the site's own, and what was decided on them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import count, one, rows

PUT_TO_USE = ("install", "promote", "roll back")
"""The decisions by which a model comes to use."""


def add(db: Database, card: dict[str, Any], training_set: str | None = None) -> None:
    """Write a model version down; its card is never edited after this."""
    db.table("models").insert({
        "name": card["name"], "parent": card["parent"], "card": json.dumps(card, sort_keys=True),
        "weights_sha256": card["weights_sha256"], "training_set": training_set, "made_at": clock.stamp(),
    })  # fmt: skip


def exists(db: Database, name: str) -> bool:
    """Whether a model of that name was written down."""
    return one(db, "SELECT 1 FROM models WHERE name = ?", (name,)) is not None


def is_decided(db: Database, name: str) -> bool:
    """Whether a model was put to use or refused; a first of two approvals decides nothing yet."""
    return one(db, "SELECT 1 FROM decisions WHERE model = ? AND action <> 'approve'", (name,)) is not None


def add_weights(db: Database, tensors: bytes) -> str:
    """Store the tensors in which a model differs from its parent (safetensors); returns their hash."""
    sha256 = hashlib.sha256(tensors).hexdigest()
    db.execute("INSERT OR IGNORE INTO weights (sha256, tensors) VALUES (?, ?)", (sha256, tensors))
    return sha256


def weights(db: Database, sha256: str) -> bytes | None:
    """The stored tensors with this hash, or None where they aren't in the database."""
    row = one(db, "SELECT tensors FROM weights WHERE sha256 = ?", (sha256,))
    return bytes(row["tensors"]) if row else None


def card(db: Database, name: str) -> dict[str, Any]:
    """A model's card. Raises NotFound."""
    row = one(db, "SELECT card FROM models WHERE name = ?", (name,))
    if row is None:
        raise NotFound(f"there is no model {name}")
    loaded: dict[str, Any] = json.loads(row["card"])
    return loaded


def all_models(db: Database) -> list[dict[str, Any]]:
    """Every model version with the last decision on it, newest first."""
    found = rows(
        db,
        "SELECT m.name, m.parent, m.card, m.weights_sha256, m.training_set, m.made_at, "
        "d.action, d.reason, d.decided_at "
        "FROM models m LEFT JOIN decisions d ON d.id = (SELECT max(id) FROM decisions WHERE model = m.name) "
        "ORDER BY m.made_at DESC, m.name DESC",
    )
    return [{**row, "card": json.loads(row["card"])} for row in found]


def next_name(db: Database, stem: str) -> str:
    """The name of the site's next model: the stem and a number that counts all models."""
    return f"{stem}-{count(db, 'SELECT count(*) FROM models') + 1}"


def decide(db: Database, model: str, action: str, reason: str, decided_by: int | None, plan: str | None = None) -> None:
    """Write a decision down: install, approve, promote, refuse, retire or roll back.

    `plan` is the hash of the plan that it was taken under, where there was one.
    """
    db.table("decisions").insert({
        "model": model, "action": action, "reason": reason, "decided_by": decided_by, "decided_at": clock.stamp(),
        "plan": plan,
    })  # fmt: skip


def retired(db: Database) -> set[str]:
    """The models that were taken out of reach, for good."""
    return {row["model"] for row in rows(db, "SELECT model FROM decisions WHERE action = 'retire'")}


def running(db: Database) -> str | None:
    """The name of the model that is in use, or None before the first is installed."""
    row = one(db, f"SELECT model FROM decisions WHERE action IN {PUT_TO_USE} ORDER BY id DESC LIMIT 1")
    return str(row["model"]) if row else None


def put_to_use_at(db: Database, name: str, before: str | None = None) -> str:
    """The stamp of the last decision that put a model to use, before a stamp if given. Raises NotFound for none."""
    found = one(
        db,
        f"SELECT decided_at FROM decisions WHERE model = :name AND action IN {PUT_TO_USE} "
        "AND (:before IS NULL OR decided_at < :before) ORDER BY id DESC LIMIT 1",
        {"name": name, "before": before},
    )
    if found is None:
        raise NotFound(f"{name} was never put to use")
    return str(found["decided_at"])


def training_sets_of(db: Database, name: str | None) -> list[str]:
    """The training sets that a model and its ancestors were made from, its own first."""
    found = rows(
        db,
        "WITH RECURSIVE line (name, parent, training_set) AS ("
        "SELECT name, parent, training_set FROM models WHERE name = ? UNION ALL "
        "SELECT m.name, m.parent, m.training_set FROM models m JOIN line ON m.name = line.parent) "
        "SELECT training_set FROM line WHERE training_set IS NOT NULL",
        (name,),
    )
    return [row["training_set"] for row in found]


def decisions_on(db: Database, model: str) -> list[dict[str, Any]]:
    """Every decision on one model with who took it, oldest first."""
    return [row for row in decisions(db) if row["model"] == model]


def decisions(db: Database) -> list[dict[str, Any]]:
    """Every decision with who took it, oldest first."""
    return rows(
        db,
        "SELECT d.*, u.name AS decided_by_name FROM decisions d LEFT JOIN users u ON u.id = d.decided_by ORDER BY d.id",
    )


def forget_all(db: Database) -> None:
    """Take all versions out of a home that nobody has used yet, with what was decided on them."""
    db.execute("DELETE FROM decisions")
    db.execute("DELETE FROM models")
