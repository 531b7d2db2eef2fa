"""Where in a file something stands that is sought: in its name, bytes, cells, elements, or in what it packs."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.uid import DeflatedExplicitVRLittleEndian

from cxr_core.dicom.dicom_file import is_dicom, unpack
from cxr_core.dicom.flat import PIXEL_DATA, TEXTS, Flat, elements_of
from cxr_core.dicom.rendering import MAGIC
from cxr_core.errors import RejectedFile
from cxr_core.store import cells
from cxr_core.work.privacy.seeking import BLOCK, Found, Seeker, Words, blocks
from cxr_core.work.privacy.unpacking import CANNOT, Unpacked, unpacked

MOST_HELD = 256 * 2**20
"""Bytes of a DICOM file that is walked; a longer one is only looked through."""
_TEXT = bytes({*range(0x20, 0x100), *b"\t\n\r\f\x1b"})
_BETWEEN = b"\0\0"


@dataclass(frozen=True)
class Hit:
    """Something that is sought, and where it stands: never what it is."""

    kind: str
    encoding: str
    place: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {**self.place, "kind": self.kind, "encoding": self.encoding}


@dataclass(frozen=True)
class Search:
    """What is sought."""

    seeker: Seeker
    words: Words

    def find(self, data: bytes, first: int = 0, last: int | None = None, text: bool = True) -> list[Found]:
        """What begins from `first` up to `last`, in order; nothing that lies in another."""
        anywhere = self.seeker.find(data, first, last)
        found = sorted((*anywhere, *(self.words.find(data, first, last) if text else ())), key=_start_and_length)
        kept: list[Found] = []
        for each in found:
            if not kept or each.at + len(each.needle) > kept[-1].at + len(kept[-1].needle):
                kept.append(each)
        return kept

    def in_name(self, name: str) -> tuple[str, list[Found]]:
        """A name with `…` in the place of what was found in it, and that."""
        data = name.encode(errors="surrogateescape")
        found = self.find(data)
        shown, end = b"", 0
        for each in found:
            shown += data[end : each.at] + "…".encode()
            end = max(end, each.at + len(each.needle))
        return (shown + data[end:]).decode(errors="replace"), found

    def in_file(self, path: Path, name: str) -> Iterator[Hit]:
        """All hits in a file that is called `name`. Raises OSError, and CANNOT where something can't be unpacked."""
        shown, found = self.in_name(name)
        yield from (_hit(each, {"file": shown, "in": "name"}) for each in found)
        for part in unpacked(path):
            place: dict[str, Any] = {"file": shown}
            if part.inside:
                inside, found = self.in_name("!".join(part.inside))
                place["inside"] = inside
                yield from (_hit(each, {**place, "in": "name"}) for each in found)
            yield from self._in_part(part, path, place)

    def _in_part(self, part: Unpacked, path: Path, place: dict[str, Any]) -> Iterator[Hit]:
        head = part.head()
        held = _held(part) if is_dicom(head) else b""
        yield from self._in_bytes(part, place, _pixels(held) if held else _all_of(head))
        if held:
            yield from self._in_elements(held, place)
        if head.startswith(cells.MARK) and not part.inside:
            yield from self._in_cells(path, place)

    def _in_bytes(self, part: Unpacked, place: dict[str, Any], pixels: range) -> Iterator[Hit]:
        """Numbers aren't sought among pixels, where dark ones look like digits."""
        is_text = not part.head().translate(None, _TEXT)
        with part.open() as file:
            for block in blocks(file, max(self.seeker.longest, self.words.longest)):
                for each in self.find(block.data, block.first, block.last, is_text):
                    at = block.offset + each.at
                    if not (each.label.number and at in pixels):
                        yield _hit(each, {**place, "offset": at})

    def _in_elements(self, data: bytes, place: dict[str, Any]) -> Iterator[Hit]:
        deflated = unpack(data).transfer_syntax == DeflatedExplicitVRLittleEndian
        texts = (
            (bytes(element.value), {**place, "element": f"{element.tag >> 16:04X},{element.tag & 0xFFFF:04X}"})
            for element in _walked(data)
            if element.vr in TEXTS or element.vr == "UN"
        )
        for joined, places in _joined(texts):
            for each in self.find(joined) if deflated else self.words.find(joined):
                yield _hit(each, places(each.at))

    def _in_cells(self, path: Path, place: dict[str, Any]) -> Iterator[Hit]:
        """Cells once more by themselves: long ones lie about in the file in parts. Raises sqlite3.Error."""
        for text in (True, False):
            values = (
                (cell.value, {**place, "table": cell.table, "column": cell.column, "row": cell.row})
                for cell in cells.cells(path)
                if cell.text == text
            )
            for joined, places in _joined(values):
                for each in self.find(joined, text=text):
                    yield _hit(each, places(each.at))


def _start_and_length(found: Found) -> tuple[int, int]:
    return found.at, -len(found.needle)


def _hit(found: Found, place: dict[str, Any]) -> Hit:
    return Hit(found.label.kind, found.label.encoding, place)


class _Places:
    """Which value lies at a place of many that were joined."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.places: list[dict[str, Any]] = []

    def __call__(self, at: int) -> dict[str, Any]:
        return self.places[bisect_right(self.starts, at) - 1]


def _joined(values: Iterable[tuple[bytes, dict[str, Any]]]) -> Iterator[tuple[bytes, _Places]]:
    """Values, joined to about a block at a time, with where each came from: one look is quicker than many."""
    held, places = bytearray(), _Places()
    for value, place in values:
        places.starts.append(len(held))
        places.places.append(place)
        held += value + _BETWEEN
        if len(held) >= BLOCK:
            yield bytes(held), places
            held, places = bytearray(), _Places()
    yield bytes(held), places


def _held(part: Unpacked) -> bytes:
    """The whole of it, or nothing where it is too long."""
    with part.open() as file:
        data = file.read(MOST_HELD + 1)
    return data if len(data) <= MOST_HELD else b""


def _walked(data: bytes) -> Iterator[Flat]:
    try:
        yield from elements_of(data)
    except RejectedFile:
        return


def _pixels(data: bytes) -> range:
    """Where in a DICOM file the pixels lie; nowhere if it can't be walked."""
    for element in _walked(data):
        if element.tag == PIXEL_DATA:
            return range(element.start, element.start + len(element.value))
    return range(0)


def _all_of(head: bytes) -> range:
    """All of a picture as the viewer gets it; nothing of another file."""
    return range(2**62) if head.startswith(MAGIC) else range(0)


UNREADABLE = (OSError, sqlite3.Error, *CANNOT)
"""What keeps a file from being looked at."""
