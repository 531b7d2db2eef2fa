"""Storage commitment: what an archive says, later, that it has taken the responsibility for (PS3.4 J)."""

from __future__ import annotations

from pathlib import Path

from cxr_core.pacs.commitment import Commitment
from cxr_core.store import deliveries
from cxr_core.store.db import opened, transaction
from cxr_core.work import retrying


def committed(home: Path, commitment: Commitment) -> None:
    """Note an archive's answer with the delivery that it is about; one that nobody waits for changes nothing."""
    with opened(home) as db, transaction(db):
        delivery = deliveries.of_commitment(db, commitment.transaction_uid)
        if delivery is not None and commitment.failed:
            retrying.lost(db, delivery, "accepted it, and doesn't commit to keeping it")
        elif delivery is not None:
            deliveries.verified(db, delivery, "committed to")
