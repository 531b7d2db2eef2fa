"""Storage commitment: what an archive says, later, that it has taken the responsibility for (PS3.4 J)."""

from __future__ import annotations

from pathlib import Path

from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.pacs.commitment import Commitment
from cxr_core.store import deliveries
from cxr_core.store.db import opened, transaction
from cxr_core.store.secret import site_secret
from cxr_core.work.hospital import retrying


def question(secret: bytes, transaction_uid: str, instance: str) -> str:
    """How the ledger knows that an archive was asked, in a transaction, about an instance: keyed, for it names both.

    So an answer is compared with what was asked by whoever hears it, without the key that opens identities.
    """
    return pseudonym(secret, "commitment", f"{transaction_uid}/{instance}")


def committed(home: Path, commitment: Commitment) -> None:
    """Note an archive's answer with each delivery that it names; what nobody has asked about changes nothing."""
    secret = site_secret(home)
    with opened(home) as db, transaction(db):
        for instance in sorted(commitment.stored | commitment.failed.keys()):
            delivery = deliveries.of_commitment(db, question(secret, commitment.transaction_uid, instance))
            if delivery is not None and instance in commitment.failed:
                retrying.lost(db, delivery, "accepted it, and doesn't commit to keeping it")
            elif delivery is not None:
                deliveries.verified(db, delivery, "committed to")
