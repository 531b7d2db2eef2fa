"""The site's secret, which keys every pseudonym. Whoever has it can link patients, so it stays here."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cxr_core.errors import IntegrityError

FILE = "secret.key"
LENGTH = 32


def site_secret(home: Path) -> bytes:
    """The 32 bytes of `home`'s secret (file mode 0600), made the first time.

    Raises IntegrityError if the file is not 32 bytes long.
    """
    create(home, secrets.token_bytes(LENGTH))
    secret = (home / FILE).read_bytes()
    if len(secret) != LENGTH:
        raise IntegrityError(f"{home / FILE} is damaged: bring it back from a backup, or pseudonyms will change")
    return secret


def exists(home: Path) -> bool:
    """Whether `home` has its secret."""
    return (home / FILE).exists()


def check_value(home: Path) -> str:
    """16 hex digits by which `home`'s secret is known again, and which tell nothing of it."""
    return hashlib.sha256(b"check value" + site_secret(home)).hexdigest()[:16]


def create(home: Path, secret: bytes) -> None:
    """Write `secret` unless there is one: whole or not at all, and two starters agree on one."""
    path = home / FILE
    if path.exists():
        return
    temporary = _written_aside(home, secret)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # somebody else was first: theirs is the secret
    finally:
        temporary.unlink()


def _written_aside(home: Path, secret: bytes) -> Path:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / FILE
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return temporary
