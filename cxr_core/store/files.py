"""The content-addressed folder: a file's name is the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path

from cxr_core.errors import IntegrityError, NotFound

_PIECE_BYTES = 2**18


def path_of(home: Path, sha256: str) -> Path:
    """Where the file with this hash lies."""
    return home / "images" / sha256[:2] / f"{sha256}.dcm"


def put(home: Path, data: bytes) -> str:
    """Store `data` durably and return its hash: written aside, synced, renamed, the folder synced."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(home, sha256)
    if not path.exists():
        write_durably(path, data)
    return sha256


def get(home: Path, sha256: str) -> bytes:
    """The bytes with this hash. Raises NotFound, or IntegrityError if they have changed or can't be read."""
    try:
        data = path_of(home, sha256).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"image file {sha256[:12]}… is missing: bring it back from a backup") from error
    except OSError as error:
        why = f"can't be read ({error.strerror}): bring it back from a backup"
        raise IntegrityError(f"image file {sha256[:12]}… {why}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise IntegrityError(f"image file {sha256[:12]}… has changed on disk: bring it back from a backup")
    return data


def is_older_than(path: Path, seconds: float) -> bool:
    """Whether a file was written longer ago than this; a file that is gone is not."""
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def write_durably(path: Path, *parts: bytes, mode: int = 0o600) -> None:
    """Write a file so that after a power cut it is there whole or not at all; `mode` says who may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    try:
        _write(temporary, parts, mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # there only where the disk was full, or the like
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(path: Path, parts: tuple[bytes, ...], mode: int) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        # In pieces: for one write of megabytes Linux takes memory that nothing has used yet; where a host lends that
        # page by page, it costs five times the copy.
        for part in parts:
            for start in range(0, len(part), _PIECE_BYTES):
                file.write(memoryview(part)[start : start + _PIECE_BYTES])
        file.flush()
        os.fsync(file.fileno())
