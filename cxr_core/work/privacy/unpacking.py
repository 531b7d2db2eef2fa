"""A file, and what is packed in it: the files of a zip, and what gzip has packed, within one another, too."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

DEEPEST = 3
"""How far into packed files within packed files one looks."""
HEAD = 8192
CANNOT = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, gzip.BadGzipFile)
"""What unpacking raises: damaged, cut off, encrypted, packed in another way."""
_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"


@dataclass(frozen=True)
class Unpacked:
    """Bytes that can be read from the beginning again and again."""

    inside: tuple[str, ...]
    """What it is called in the file that it lies in, from the outermost on; nothing for the file itself."""
    open: Callable[[], BinaryIO]

    def head(self) -> bytes:
        """Its first HEAD bytes."""
        with self.open() as file:
            return file.read(HEAD)


def unpacked(path: Path) -> Iterator[Unpacked]:
    """A file and all that is packed in it. Raises OSError, and CANNOT where something can't be unpacked."""
    yield from _within(Unpacked((), partial(_opened, path)))


def _within(outer: Unpacked) -> Iterator[Unpacked]:
    yield outer
    head = outer.head()
    if len(outer.inside) == DEEPEST:
        return
    if head.startswith(_GZIP):
        yield from _within(Unpacked((*outer.inside, "gzip"), partial(_gunzipped, outer)))
    if head.startswith(_ZIP):
        with outer.open() as file, zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
        for member in members:
            yield from _within(Unpacked((*outer.inside, member.filename), partial(_member, outer, member)))


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _gunzipped(outer: Unpacked) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=outer.open()))


def _member(outer: Unpacked, member: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, zipfile.ZipFile(outer.open()).open(member))
