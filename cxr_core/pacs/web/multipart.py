"""Bodies of several DICOM files (multipart/related, RFC 2046 and 2387): split as they come in, and put together.

A boundary counts at the start of a line only, and where its line then ends: pixels may hold anything else. What was
looked through is not looked through again, however small the pieces are that a body comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message

from cxr_core.errors import RejectedFile

DICOM = "application/dicom"
LONGEST_HEADER = 16_384
"""Bytes of what stands before the first part, and of the header lines of a part."""
LONGEST_TYPE = 1_000
"""Characters of a Content-Type that are looked at: parsing one takes longer the longer it is, and more so."""
_BOUNDARY = re.compile(r"[!-~]([ -~]{0,198}[!-~])?")
_END_OF_LINE = re.compile(rb"[ \t]{0,1000}\r\n")
"""Blanks, which gateways may add after a boundary, and the end of its line."""
_UNFINISHED = re.compile(rb"-|[ \t]{0,1000}\r?")


@dataclass(frozen=True)
class Limits:
    """What a body may have: bytes of a part and of the whole, and how many parts."""

    part: int = 256 * 2**20
    whole: int = 4 * 2**30
    parts: int = 5_000


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type of DICOM files names.

    Raises RejectedFile with the reason `media-type` for any other type, and `malformed` without a usable boundary.
    """
    header = _parsed(content_type)
    named = header.get_param("type", DICOM)
    if header.get_content_type() != "multipart/related" or str(named).lower() != DICOM:
        raise RejectedFile("media-type", f'the body must be multipart/related; type="{DICOM}"')
    boundary = header.get_param("boundary", "")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise RejectedFile("malformed", "the Content-Type must name a boundary of 1 to 200 plain characters")
    return boundary.encode("ascii")


def split(content_type: str, pieces: Iterable[bytes], limits: Limits | None = None) -> Iterator[bytes]:
    """The DICOM files of a body, each once it is whole. Raises RejectedFile as Splitter does."""
    splitter = Splitter(content_type, limits)
    for piece in pieces:
        yield from splitter.feed(piece)
    splitter.end()


def joined(files: Iterable[bytes], boundary: str) -> Iterator[bytes]:
    """The pieces of a body that holds these DICOM files; `boundary` occurs in none of them."""
    for file in files:
        yield f"--{boundary}\r\nContent-Type: {DICOM}\r\n\r\n".encode("ascii")
        yield file
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


class Splitter:
    """Takes a body in pieces and gives its parts, holding one part at a time.

    Raises RejectedFile, with the reason `too-large` beyond the limits, `media-type` for a part that isn't
    application/dicom, and `malformed` for what is no such body, or one that breaks off.
    """

    def __init__(self, content_type: str, limits: Limits | None = None) -> None:
        self._line = b"\r\n--" + boundary_of(content_type)
        self._limits = limits or Limits()
        self._held = bytearray(b"\r\n")  # the first boundary may stand at the very beginning
        self._from = 0
        """Where in what is held the next search begins."""
        self._taken = self._parts = 0
        self._step = self._preamble
        self._over = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The parts that `piece` completes. To be used up before the next piece."""
        self._taken += len(piece)
        if self._taken > self._limits.whole:
            raise RejectedFile("too-large", f"the body is larger than {self._limits.whole} bytes: send fewer at once")
        if self._over:
            return  # whatever follows the last boundary means nothing (RFC 2046, 5.1.1)
        self._held += piece
        while not self._over and (found := self._step()) is not None:
            yield from found
        if self._over:
            self._held.clear()

    def end(self) -> None:
        """The body is over. Raises RejectedFile where its last boundary, or any part, is missing."""
        if not self._over:
            raise RejectedFile("malformed", "the body breaks off before its last boundary: send it again")
        if not self._parts:
            raise RejectedFile("malformed", "the body has no part")

    def _preamble(self) -> list[bytes] | None:
        """Up to the first boundary; None where more must come in."""
        content = self._up_to_boundary(LONGEST_HEADER, "malformed", "no boundary where the body begins")
        return None if content is None else []

    def _header(self) -> list[bytes] | None:
        """The header lines of a part, the first of which begins after a line end that is still held."""
        end = self._held.find(b"\r\n\r\n", self._from)
        if (len(self._held) if end < 0 else end) > LONGEST_HEADER:
            raise RejectedFile("malformed", f"the header of a part is longer than {LONGEST_HEADER} bytes")
        if end < 0:
            self._from = max(0, len(self._held) - 3)
            return None
        _check_header(bytes(self._held[:end]))
        self._cut(end + 2)  # of an empty part, the line end that its boundary begins with
        self._step = self._content
        return []

    def _content(self) -> list[bytes] | None:
        """The bytes of a part up to the boundary after it."""
        limit = self._limits.part
        content = self._up_to_boundary(limit + 2, "too-large", f"a part is larger than {limit} bytes")
        if content is None:
            return None
        self._parts += 1
        if self._parts > self._limits.parts:
            raise RejectedFile("too-large", f"the body has more than {self._limits.parts} parts: send fewer at once")
        return [content[2:]]

    def _up_to_boundary(self, limit: int, reason: str, message: str) -> bytes | None:
        """What stands before the next boundary, which is then cut off with its line; None where more must come in."""
        while (at := self._held.find(self._line, self._from)) >= 0:
            rest = self._after_boundary(at + len(self._line))
            if rest is None or at > limit:
                break
            if rest:
                content = bytes(self._held[:at])
                self._cut(rest)
                return content
            self._from = at + 1
        if (at if at >= 0 else len(self._held) - len(self._line)) > limit:
            raise RejectedFile(reason, message)
        self._from = at if at >= 0 else max(self._from, len(self._held) - len(self._line) + 1)
        return None

    def _after_boundary(self, end: int) -> int | None:
        """Where it goes on after what looks like a boundary up to `end`; 0 if it is none, None if that shows later."""
        if self._held.startswith(b"--", end):
            self._over = True
            return end + 2
        if found := _END_OF_LINE.match(self._held, end):
            self._step = self._header
            return found.end() - 2
        return None if _UNFINISHED.fullmatch(self._held, end) else 0

    def _cut(self, count: int) -> None:
        del self._held[:count]
        self._from = 0


def _check_header(lines: bytes) -> None:
    for line in lines.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            if _parsed(value.decode("latin-1")).get_content_type() != DICOM:
                raise RejectedFile("media-type", f"each part must be {DICOM}")
            return


def _parsed(content_type: str) -> Message:
    header = Message()
    header["Content-Type"] = " ".join(content_type[:LONGEST_TYPE].split())
    return header
