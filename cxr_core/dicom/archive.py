"""The files in a zip archive, one after the other, without trusting what it says of itself."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from cxr_core.errors import RejectedFile

_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_ENTRY = b"PK\x01\x02"
"""Begins each entry of the central directory (APPNOTE 4.3.12)."""
_ARCHIVES = frozenset((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".iso"))
_ENCRYPTED = 0x1
_CHUNK = 2**20
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, LookupError,
    OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How far an archive is followed. Beyond any of these a member, or the archive, is refused."""

    members: int = 20_000
    total: int = 4 * 2**30
    """Bytes of all members together."""
    member: int = 512 * 2**20
    """Bytes of one member."""
    ratio: int = 200
    """Unpacked bytes for one packed byte, in members of more than `ratio_from` bytes."""
    ratio_from: int = 16 * 2**20


@dataclass(frozen=True)
class Member:
    """One file of an archive: its bytes, or why it isn't unpacked."""

    name: str
    """As the archive says; for showing only, never a path to write to."""
    data: bytes = b""
    rejected: RejectedFile | None = None


def is_zip(data: bytes) -> bool:
    """Whether `data` is a zip archive, by its content."""
    return data.startswith(_SIGNATURES)


def members(data: bytes, limits: Limits | None = None) -> Iterator[Member]:
    """Each file of a zip, unpacked when it is asked for; folders, hidden files and DICOMDIR are left out.

    A member that can't be unpacked comes with its reason: `archive_in_archive`, `encrypted`, `too_large`,
    `zip_bomb`, `damaged`. Raises RejectedFile where the archive as a whole is `damaged` or has `too_many_files`.
    """
    limits = limits or Limits()
    left = limits.total
    with _opened(data, limits) as archive:
        for info in archive.infolist():
            if not _is_skipped(info):
                member = _unpacked(archive, info, limits, left)
                yield member
                left -= len(member.data)


def _opened(data: bytes, limits: Limits) -> zipfile.ZipFile:
    if data.count(_ENTRY) > limits.members:
        raise RejectedFile("too_many_files", f"The archive has more than {limits.members} files. Split it.")
    try:
        return zipfile.ZipFile(BytesIO(data))
    except (*_DAMAGE, NotImplementedError) as error:
        raise RejectedFile("damaged", "The zip archive is damaged or cut off. Send it again.") from error


def _is_skipped(info: zipfile.ZipInfo) -> bool:
    """Folders, and what nobody means to send. A file may have no name at all, or one that leads out of its folder."""
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
    return info.filename.endswith("/") or hidden or "".join(parts[-1:]).upper() == "DICOMDIR"


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, left: int) -> Member:
    try:
        _check(info, limits)
        return Member(info.filename, _inflate(archive, info, limits, left))
    except RejectedFile as rejected:
        return Member(info.filename, rejected=rejected)
    except _DAMAGE:
        return Member(info.filename, rejected=RejectedFile("damaged", "This file of the archive is damaged."))


def _check(info: zipfile.ZipInfo, limits: Limits) -> None:
    if PurePosixPath(info.filename).suffix.lower() in _ARCHIVES:
        raise RejectedFile("archive_in_archive", "An archive inside the archive isn't opened. Send it by itself.")
    if info.flag_bits & _ENCRYPTED:
        raise RejectedFile("encrypted", "This file of the archive is encrypted. Send it without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RejectedFile("damaged", "This file is packed in a way that isn't read. Use a plain zip.")
    if info.file_size > limits.member:
        raise _too_large()


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, left: int) -> bytes:
    """The member's bytes, counted while they come: what the archive promises isn't believed."""
    allowed = min(limits.member, left)
    chunks, size = [], 0
    with archive.open(info) as packed:
        while chunk := packed.read(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > allowed:
                raise _too_large()
            if size > limits.ratio_from and size > limits.ratio * max(info.compress_size, 1):
                raise RejectedFile("zip_bomb", "This file unpacks to far more than an image would: a zip bomb.")
    return b"".join(chunks)


def _too_large() -> RejectedFile:
    return RejectedFile("too_large", "This file, or the archive as a whole, unpacks to more than is accepted.")
