"""Files, folders and zips on disk, as X-rays or as the reason why one isn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path
from typing import TypeVar

from cxr_core.dicom.archive import is_zip, members
from cxr_core.dicom.reading import read
from cxr_core.errors import RejectedFile
from cxr_core.records import Radiograph

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file: those named, and those in the folders named, in the order of their names; hidden ones left out."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("."))
        else:
            yield path


def load(path: Path, most: float = inf) -> bytes | RejectedFile:
    """The bytes of a file, or why there are none: it can't be opened, or has more than `most` bytes."""
    try:
        if path.stat().st_size > most:
            return RejectedFile("too_large", f"The file is larger than {most / 2**20:.0f} MB (CXR_MAX_UPLOAD_MB).")
        return path.read_bytes()
    except OSError as error:
        return RejectedFile("unreadable", f"The file can't be opened: {error.strerror}.")


def is_zip_file(path: Path) -> bool:
    """Whether a file is a zip archive, by its content; one that can't be opened isn't."""
    try:
        with path.open("rb") as file:
            return is_zip(file.read(4))
    except OSError:
        return False


def contents(paths: Iterable[Path]) -> Iterator[tuple[str, bytes | RejectedFile]]:
    """Each file (and each file of a zip, as `zip!member`) with its bytes or why there are none."""
    for source in sources(paths):
        yield source.name, source.load()


@dataclass(frozen=True)
class Source:
    """A file, or a file of a zip (as `zip!member`), that is loaded when somebody asks."""

    name: str
    load: Callable[[], bytes | RejectedFile]
    """Its bytes, or why there are none."""

    def open(self) -> Radiograph | RejectedFile:
        """Its X-ray, or why it isn't one."""
        data = self.load()
        if isinstance(data, RejectedFile):
            return data
        try:
            return read(data).radiograph
        except RejectedFile as error:
            return error


def sources(paths: Iterable[Path]) -> Iterator[Source]:
    """Every file that `walk` finds, and in the place of a zip the files in it."""
    for path in walk(paths):
        if is_zip_file(path):
            yield from _members(str(path), load(path))
        else:
            yield Source(str(path), partial(load, path))


def _members(name: str, data: bytes | RejectedFile) -> Iterator[Source]:
    if isinstance(data, RejectedFile):
        yield _loaded(name, data)
        return
    try:
        for member in members(data):
            yield _loaded(f"{name}!{member.name}", member.rejected or member.data)
    except RejectedFile as error:
        yield _loaded(name, error)


def _loaded(name: str, found: bytes | RejectedFile) -> Source:
    return Source(name, lambda: found)
