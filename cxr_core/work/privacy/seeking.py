"""Seeking many identifiers at once in bytes: with tables of their first six bytes, then by comparing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

WINDOW = 6
"""Bytes that an identifier needs to be sought in whatever a file holds: shorter ones would be found by chance."""
BLOCK = 4 * 2**20
LEAD = 16
"""Bytes before a place that are looked at to tell whether a number is part of a longer one."""
_BITS = 22
_MIX = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(rb"[0-9a-z\x80-\xff]+")
_AROUND_NUMBERS = frozenset(b"\"'()\\\n\r\t\0")


@dataclass(frozen=True, slots=True)
class Label:
    """What a needle stands for."""

    kind: str
    encoding: str
    number: int = 0
    """Bytes a digit takes, where the needle is digits alone; else 0."""


@dataclass(frozen=True, slots=True)
class Found:
    """A needle that was found."""

    at: int
    needle: bytes
    label: Label


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a file with something of what is before and after it."""

    data: bytes
    offset: int
    """Where in the file `data` begins."""
    first: int
    last: int
    """What begins in `data` from `first` up to, but not at, `last` is this block's own."""


def blocks(file: BinaryIO, longest: int, size: int = BLOCK) -> Iterator[Block]:
    """A file in blocks, in which needles of up to `longest` bytes are whole, wherever they lie."""
    before, at, held = b"", 0, _read(file, size + longest)
    while held:
        ends = len(held) < size + longest
        own = len(held) if ends else size
        yield Block(before + held, at - len(before), len(before), len(before) + own)
        if ends:
            return
        before, at = (before + held[:own])[-LEAD:], at + own
        held = held[own:] + _read(file, size)


def _read(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end: what unpacks as it reads may give fewer at a time."""
    parts, wanted = [], size
    while wanted and (part := file.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


class Seeker:
    """Finds needles of WINDOW bytes or more, anywhere, in small and capital letters of ASCII alike."""

    def __init__(self, needles: Mapping[bytes, Label]) -> None:
        """`needles` are in small letters, as bytes.lower() makes them."""
        self.needles = needles
        self.longest = max(map(len, needles), default=WINDOW)
        lengths: dict[int, set[int]] = defaultdict(set)
        for needle in needles:
            lengths[int.from_bytes(needle[:WINDOW], "little")].add(len(needle))
        self._lengths = {key: sorted(found, reverse=True) for key, found in lengths.items()}
        self._keys = np.array(sorted(lengths), np.uint64)
        self._pairs = [np.zeros(65536, bool) for _ in range(3)]
        for number, table in enumerate(self._pairs):
            table[self._keys >> np.uint64(16 * number) & np.uint64(0xFFFF)] = True
        self._hashed = np.zeros(1 << _BITS, bool)
        self._hashed[_hash(self._keys)] = True

    def find(self, data: bytes, first: int = 0, last: int | None = None) -> Iterator[Found]:
        """What begins from `first` up to `last`, the longest at each place, and nothing that lies in another."""
        folded, end = data.lower(), 0
        for at, key in self._likely(folded):
            found = self._longest_at(folded, at, key) if first <= at and (last is None or at < last) else None
            if found and at + len(found.needle) > end:
                end = at + len(found.needle)
                yield found

    def _likely(self, folded: bytes) -> Iterator[tuple[int, int]]:
        """The places where the first WINDOW bytes are some needle's, and these as a number."""
        octets = np.frombuffer(folded, np.uint8)
        if len(octets) < WINDOW or not len(self._keys):
            return
        pairs: NDArray[np.uint16] = octets[1:].astype(np.uint16) << np.uint16(8) | octets[:-1]
        places = np.flatnonzero(self._pairs[0][pairs[: len(octets) - WINDOW + 1]])
        for number in (1, 2):
            places = places[self._pairs[number][pairs[places + 2 * number]]]
        keys = _keys_at(pairs, places)
        likely = self._hashed[_hash(keys)]
        places, keys = places[likely], keys[likely]
        known = self._keys[np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)] == keys
        yield from zip(places[known].tolist(), keys[known].tolist(), strict=True)

    def _longest_at(self, folded: bytes, at: int, key: int) -> Found | None:
        for length in self._lengths[key]:
            needle = folded[at : at + length]
            label = self.needles.get(needle)
            if label and not (label.number and _is_part(folded, at, at + length, label.number)):
                return Found(at, needle, label)
        return None


def _keys_at(pairs: NDArray[np.uint16], places: NDArray[np.intp]) -> NDArray[np.uint64]:
    low, middle, high = (pairs[places + 2 * number].astype(np.uint64) for number in range(3))
    return low | middle << np.uint64(16) | high << np.uint64(32)


def _hash(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return keys * _MIX >> np.uint64(64 - _BITS)


def _is_part(data: bytes, start: int, end: int, width: int) -> bool:
    """Whether digits are part of a longer number, or the decimals of one."""
    before, after = data[max(0, start - width) : start].strip(b"\0"), data[end : end + width].strip(b"\0")
    one_more = data[max(0, start - 2 * width) : max(0, start - width)].strip(b"\0")
    return before.isdigit() or after.isdigit() or (before == b"." and one_more.isdigit())


class Words:
    """Finds needles of fewer bytes in text, where no letter or digit stands beside them.

    Digits alone are found only where they are the whole of a value, or in quotes or brackets: else they are counts.
    """

    def __init__(self, needles: Mapping[bytes, Label]) -> None:
        """`needles` are in small letters, as bytes.lower() makes them."""
        self.needles = needles
        self.longest = max(map(len, needles), default=0)
        self._lengths = sorted({len(needle) for needle in needles}, reverse=True)
        self._beginnings = {found[0] for needle in needles if (found := _WORD.match(needle))}

    def find(self, data: bytes, first: int = 0, last: int | None = None) -> Iterator[Found]:
        """What begins from `first` up to `last`, in bytes of text; of those that begin at one place, the longest."""
        folded = data.lower()
        if self._beginnings.isdisjoint(_WORD.findall(folded)):
            return
        for word in _WORD.finditer(folded):
            at = word.start()
            if word[0] not in self._beginnings or at < first or (last is not None and at >= last):
                continue
            if found := self._longest_at(folded, at):
                yield found

    def _longest_at(self, folded: bytes, at: int) -> Found | None:
        for length in self._lengths:
            needle = folded[at : at + length]
            label = self.needles.get(needle)
            if label and _stands_alone(folded, at, at + length, bool(label.number)):
                return Found(at, needle, label)
        return None


def _stands_alone(data: bytes, start: int, end: int, number: bool) -> bool:
    after = data[end : end + 1]
    if not number:
        return not _WORD.match(after)
    return all(not side or side[0] in _AROUND_NUMBERS for side in (data[max(0, start - 1) : start], after))
