"""Keyed names: the same secret and value give the same name, and without the secret nobody can tell whose it is."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta

from cxr_core.errors import BadInput

MIN_SECRET = 16
MOST_DAYS = 3650
"""That a patient's dates are shifted by."""
_DIGITS = {"device": 8, "equipment": 8}
_DEFAULT_DIGITS = 20


def pseudonym(secret: bytes, kind: str, value: str) -> str:
    """`patient-` and 20 hex digits, `device-` or `equipment-` and 8, of HMAC-SHA-256 (RFC 2104) over kind and value.

    Raises BadInput where the secret has fewer than 16 bytes.
    """
    return f"{kind}-{_keyed(secret, kind, value).hex()[: _DIGITS.get(kind, _DEFAULT_DIGITS)]}"


def uid_of(digest: bytes) -> str:
    """`2.25.` and the first 128 bits of `digest` as a number (PS3.5 B.2)."""
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def keyed_uid(secret: bytes, kind: str, value: str) -> str:
    """A UID of HMAC-SHA-256 over kind and value: nobody can tell, without the secret, what it was made from.

    Raises BadInput where the secret has fewer than 16 bytes.
    """
    return uid_of(_keyed(secret, kind, value))


def shifted(secret: bytes, patient: str, day: date) -> date | None:
    """A date of a patient's, 1 to MOST_DAYS days earlier: as many for all of theirs, and nobody else knows how many.

    None where there is no such date. Raises BadInput where the secret has fewer than 16 bytes.
    """
    days = 1 + int.from_bytes(_keyed(secret, "days", patient)[:8], "big") % MOST_DAYS
    return day - timedelta(days) if day.toordinal() > days else None


def _keyed(secret: bytes, kind: str, value: str) -> bytes:
    if len(secret) < MIN_SECRET:
        raise BadInput(f"the secret has {len(secret)} bytes; it needs at least {MIN_SECRET}")
    return hmac.new(secret, f"{kind}\0{value}".encode(), hashlib.sha256).digest()
