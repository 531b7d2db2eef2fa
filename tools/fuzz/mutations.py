"""Changes by chance that break a file: blind ones, and ones that know a few words of its format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
"""At which lengths and sizes go wrong."""
WORDS: dict[str, tuple[bytes, ...]] = {
    "dicom": (
        b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xe0\x7f\x10\x00", b"SQ\0\0\xff\xff\xff\xff",
        b"OW\0\0", b"UN\0\0\xff\xff\xff\xff", b"\x28\x00\x10\x00US\x02\0", b"\x28\x00\x11\x00US\x02\0",
        b"\x28\x00\x00\x30SQ\0\0", b"\x28\x00\x10\x30SQ\0\0", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.5",
        b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.50",
        b"\xff\x4f\xff\x51", b"\xff\x93", b"\xff\xd8\xff", b"\xff\xda", b"\xff\xf7", b"\xff\xf8",
    ),
    "png": (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"zTXt", b"iTXt", b"cHRM"),
    "jpeg": (b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xdb", b"\xff\xdd",
             b"\xff\xe1\0\x10Exif\0\0", b"\xff\xee\0\x0eAdobe", b"\xff\xd0", b"\xff\xff", b"\xff\x00"),
    "zip": (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08", b"../", b"\x0c\0",
            b"\x01\0\x10\0", b"\x75\x70"),
    "stow": (b"\r\n", b"\r\n\r\n", b"--edge", b"\r\n--edge\r\n", b"\r\n--edge--", b"Content-Type:", b"boundary=",
             b"application/dicom", b"DICM", b"\0"),
}  # fmt: skip
"""What each format's readers look for."""
Change = Callable[[bytearray, int, Random, Sequence[bytes]], None]


def mutated(whole: bytes, other: bytes, kind: str, chance: Random) -> bytes:
    """`whole` after one to six changes, the same for the same `chance`; `other` is what a piece may come from."""
    if kind == "png" and whole.startswith(PNG_SIGNATURE) and chance.random() < 0.7:
        return _in_a_chunk(whole, chance)
    return _broken(whole, other, kind, chance)


def _broken(whole: bytes, other: bytes, kind: str, chance: Random) -> bytes:
    broken = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        at = int(len(broken) * chance.random() ** chance.choice((1, 3)))  # headers are where most is decided
        chance.choice(_CHANGES)(broken, at, chance, (other, *WORDS[kind]))
    if chance.random() < 0.04:
        del broken[chance.randrange(len(broken) + 1) :]
    return bytes(broken)


def _replace(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    count = chance.choice((1, 1, 4, 30))
    broken[at : at + count] = chance.randbytes(count)


def _flip(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    if at < len(broken):
        broken[at] ^= 1 << chance.randrange(8)


def _cut(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    del broken[at : at + chance.choice((1, 2, 40, 400))]


def _double(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    broken[at:at] = broken[at : at + chance.choice((1, 8, 60, 900))]


def _number(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    form = chance.choice(("B", "<H", ">H", "<I", ">I"))
    size = struct.calcsize(form)
    broken[at : at + size] = struct.pack(form, chance.choice(NUMBERS) & (256**size - 1))


def _word(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    word = chance.choice(known[1:])
    broken[at : at + chance.choice((0, len(word)))] = word


def _piece(broken: bytearray, at: int, chance: Random, known: Sequence[bytes]) -> None:
    begin = chance.randrange(len(known[0]) + 1)
    broken[at:at] = known[0][begin : begin + chance.choice((4, 40, 1000))]


_CHANGES: tuple[Change, ...] = (_replace, _flip, _cut, _double, _number, _number, _word, _word, _piece)


def _in_a_chunk(data: bytes, chance: Random) -> bytes:
    """A PNG with one chunk's content broken, its length and checksum right; pixels are unpacked for it, and packed."""
    chunks = list(_chunks(data))
    if not chunks:
        return data
    number = chance.randrange(len(chunks))
    kind, content = chunks[number]
    packed = kind == b"IDAT" and chance.random() < 0.7
    with suppress(zlib.error):  # they were broken before: broken again as they are
        content = zlib.decompress(content) if packed else content
    content = _broken(content, content, "png", chance)
    chunks[number] = kind, zlib.compress(content, 1) if packed else content
    return PNG_SIGNATURE + b"".join(map(_chunk, chunks))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], data[position + 8 : end]
        position = end + 4


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, content = chunk
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
