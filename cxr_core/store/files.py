"""The content-addressed folder: a file's name is the hash of its bytes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cxr_core.errors import IntegrityError, NotFound

_PIECE_BYTES = 2**18
OF_THE_DISK = "lost+found"
"""What ext4 keeps at the top of a disk, and root alone may look into."""


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


def lying_in(folder: Path) -> list[Path]:
    """What lies in a folder, but for what isn't anybody's where it is a disk of its own."""
    return [path for path in folder.iterdir() if path.name != OF_THE_DISK]


def is_older_than(path: Path, seconds: float) -> bool:
    """Whether a file was written longer ago than this; a file that is gone is not."""
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def write_durably(path: Path, *parts: bytes, mode: int = 0o600) -> None:
    """Write a file so that after a power cut it is there whole or not at all; `mode` says who may read it."""
    with _durable(path, mode) as file:
        # In pieces: for one write of megabytes Linux takes memory that nothing has used yet; where a host lends that
        # page by page, it costs five times the copy.
        for part in parts:
            for start in range(0, len(part), _PIECE_BYTES):
                file.write(memoryview(part)[start : start + _PIECE_BYTES])


def copy_durably(source: BinaryIO, path: Path) -> str:
    """Copy what an open file holds to `path`, whole or not at all, and return its hash; in pieces: it may be large."""
    digest = hashlib.sha256()
    with _durable(path, 0o600) as file:
        for piece in iter(lambda: source.read(_PIECE_BYTES), b""):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


@contextmanager
def _durable(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A file to write to, which is at `path` once the block has ended, and not before."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # there only where the disk was full, or the like
    sync(path.parent)


def sync(path: Path) -> None:
    """Have what a file holds, or what was renamed or removed in a folder, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether this block has the lock file to itself; where another has it, that isn't waited for."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
