"""Decisions on models: each with its reason, the plan it goes by, and its place in the audit chain."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, Conflict
from cxr_core.records import User
from cxr_core.store import audit, models


def given(reason: str, kept: str = "decisions on models are kept with their reasons") -> str:
    """The reason without the blanks around it. Raises BadInput for an empty one, saying what it is `kept` with."""
    if not reason.strip():
        raise BadInput(f"say why, in a sentence: {kept}")
    return reason.strip()


def decide(db: Database, user: User, model: str, action: str, reason: str) -> None:
    """Write a decision down, under the plan that the model was made under, within the caller's transaction."""
    why = given(reason)
    models.decide(db, model, action, why, user.id, models.card(db, model)["data"].get("plan"))
    audit.record(db, user.name, f"{action} model", model, reason=why)


def candidate_card(db: Database, model: str) -> dict[str, Any]:
    """The card of a model on which nothing was decided yet; a first of two approvals decides nothing.

    Raises NotFound, or Conflict for a release of the program or a model that was decided on.
    """
    card = models.card(db, model)
    if models.is_decided(db, model):
        raise Conflict(f"{model} has been decided on already")
    if card["parent"] is None:
        raise Conflict(f"{model} is a release of the program, which candidates are compared with: it is no candidate")
    return card
