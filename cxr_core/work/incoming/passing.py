"""What a worker tells whoever asked, and nobody else: sealed to a key that the asking process has in memory alone."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, NotFound
from cxr_core.records import JobState
from cxr_core.store import jobs, seal

KEPT_HOURS = 1
"""For which an answer waits for who asked."""


@dataclass(frozen=True)
class Asked:
    """A question to a worker."""

    job: int
    key: X25519PrivateKey = field(repr=False)
    """Opens the answer, and is written nowhere."""


def ask(db: Database, request: jobs.Request) -> Asked:
    """Queue a job whose answer is for the asking process alone, within the caller's transaction."""
    key = seal.passing_key()
    payload = {**request.payload, "key": seal.public_of(key)}
    return Asked(jobs.ask(db, replace(request, payload=payload)), key)


def sealed(public: str, answer: bytes, purpose: bytes) -> str:
    """An answer sealed to a public key, as the text that a job's result has under `sealed`."""
    return b64encode(seal.seal(public, answer, purpose)).decode("ascii")


def sweep(db: Database, kinds: Iterable[str]) -> None:
    """Drop the answers that nobody has taken in time, as where a process was killed or a page was left."""
    for kind in kinds:
        jobs.drop_sealed(db, kind, clock.ago(hours=KEPT_HOURS))


def take(db: Database, asked: Asked, purpose: bytes) -> bytes | None:
    """The answer to a question, once, within the caller's transaction; None while there is none yet.

    Raises BadInput with the reason where it failed, NotFound where it is there no more.
    """
    job = jobs.get(db, asked.job)
    if job.state.is_open:
        return None
    if job.state is JobState.FAILED:
        raise BadInput(job.error or "the program failed at this")
    answer = jobs.take_sealed(db, job.id)
    if answer is None:
        raise NotFound("the answer is there no more: ask again")
    return seal.unseal(asked.key, b64decode(answer), purpose)
