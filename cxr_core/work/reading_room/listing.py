"""The worklists: how each is read, which one an image comes to, and changing that for what comes next."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput
from cxr_core.records import Mode, Ordering, Role, User, Worklist
from cxr_core.store import audit, lists
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import NETWORK_SEEN, READING_ROOM, open_to

BLIND_ORDERS = (Ordering.WAITING, Ordering.RANDOM)
"""Those that tell nothing of what the model says."""


@open_to(*READING_ROOM)
def worklists(home: Path, user: User) -> list[Worklist]:
    """Every worklist, the one that takes whatever isn't drawn for another first."""
    with opened(home) as db:
        return lists.all_lists(db)


@open_to(*NETWORK_SEEN)
def blind_lists(home: Path, user: User) -> list[Worklist]:
    """The lists to which X-rays come and whose readers must not know the model's opinion beforehand."""
    with opened(home) as db:
        first, *others = lists.all_lists(db)
    return [each for each in (first, *others) if each.mode is not Mode.CONCURRENT and (each is first or each.share)]


@open_to(Role.ADMIN)
def change(home: Path, user: User, changed: Worklist) -> None:
    """Change how a list is read, for what comes in from now on. Raises BadInput, NotFound."""
    with opened(home) as db, transaction(db):
        before = lists.get(db, changed.id)
        _check(changed, [each for each in lists.all_lists(db) if each.id != changed.id])
        lists.change(db, changed)
        audit.record(db, user.name, "change worklist", before.name, **_differences(before, changed))


def drawn(db: Database, secret: bytes, image: str) -> dict[str, Any]:
    """The columns of an image that say how it is read: list, mode and readers, drawn by a keyed hash of its pixels."""
    first, *others = lists.all_lists(db)
    share, chosen = _chance(secret, "list", image), first
    for each in others:
        if 0 <= share < each.share:
            chosen = each
        share -= each.share
    readers = 2 if _chance(secret, "twice", image) < chosen.twice else 1
    return {"worklist": chosen.id, "mode": chosen.mode.value, "readers": readers, "slots_open": readers}


def _chance(secret: bytes, what: str, image: str) -> float:
    """The same number in 0..1 for the same image, that nobody without the secret can foretell."""
    digest = hashlib.blake2b(f"{what} {image}".encode(), key=secret, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _check(changed: Worklist, others: list[Worklist]) -> None:
    if changed.mode is not Mode.CONCURRENT and changed.ordering not in BLIND_ORDERS:
        raise BadInput(
            f"a list that is read {changed.mode} can't go by {changed.ordering}: that order tells what the model says"
        )
    if not (0 <= changed.share <= 1 and 0 <= changed.twice <= 1):
        raise BadInput("a share lies between 0 and 100 %")
    if changed.share + sum(each.share for each in others) > 1:
        raise BadInput("the lists' shares add up to more than all that comes in")
    if not 0 < changed.longest_wait_hours <= 24 * 365:
        raise BadInput("the longest wait lies between a minute and a year")


def _differences(before: Worklist, after: Worklist) -> dict[str, Any]:
    names = ("mode", "ordering", "share", "twice", "longest_wait_hours")
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
