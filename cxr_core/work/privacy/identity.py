"""What identifies rests sealed: whoever receives can seal it, only intake and the sender of answers can open it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlite_utils import Database

from cxr_core.errors import Conflict, SettingsError
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, seal, site
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import open_to

SPOOL, ENVELOPE = b"spool", b"envelope"
"""What things are sealed for: one doesn't open as the other."""
QUESTION, MATCHES, CHOSEN = b"question", b"matches", b"chosen"
"""The same, on their way to the worker that asks an archive, and back."""
PICTURE = b"picture"
"""The same, on its way from the worker to an admin who must see it."""
PUBLIC = "identity key"
"""The fact of a site that has a public key."""


@open_to(Role.ADMIN)
def make_key(home: Path, user: User, path: Path) -> str:
    """Write the site's private key to `path`, and return the public one; from now on what comes in is sealed.

    Raises SettingsError where `path` exists, or lies in the home: a backup of that would hold lock and key.
    Raises Conflict where the site has a key.
    """
    if seal.is_inside(path, home):
        raise SettingsError(f"{path} lies in {home}, beside what it opens: name a file outside of it")
    with opened(home) as db, transaction(db):
        if site.get(db, PUBLIC):
            raise Conflict("this site has its key already: what was sealed to it needs it")
        public = seal.make_key(path)
        site.put(db, PUBLIC, public)
        audit.record(db, user.name, "make identity key", public[:16])
    return public


def public_key(db: Database) -> str | None:
    """The site's public key in hex, or None where nobody has made one."""
    return site.get(db, PUBLIC)


def require_key(settings: Settings) -> None:
    """Raises SettingsError where the site seals, and CXR_IDENTITY_KEY doesn't name the key that opens it."""
    with opened(settings.home) as db:
        public = public_key(db)
    if public is not None and seal.public_of(_key(settings)) != public:
        raise SettingsError(f"CXR_IDENTITY_KEY={settings.identity_key} isn't this site's key: bring that back")


def unseal(settings: Settings, data: bytes, purpose: bytes) -> bytes:
    """What was sealed for a purpose. Raises IntegrityError, or SettingsError without the private key."""
    return seal.unseal(_key(settings), data, purpose)


def _key(settings: Settings) -> X25519PrivateKey:
    if settings.identity_key is None:
        raise SettingsError("this site seals what identifies: say CXR_IDENTITY_KEY, the file with its private key")
    if seal.is_inside(settings.identity_key, settings.home):
        raise SettingsError(f"CXR_IDENTITY_KEY={settings.identity_key} lies in the home, beside what it opens: move it")
    return seal.read_key(settings.identity_key)
