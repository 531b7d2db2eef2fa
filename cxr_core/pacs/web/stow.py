"""STOW-RS as a server (DICOM PS3.18, 10.5): what a request brings, and what it is answered. Stores nothing itself.

A route takes `parts`, has each stored, and sends `answer`; where RejectedFile ends it, `refused`. What is answered is
DICOM JSON (PS3.18, Annex F), to whoever `acceptable` allows it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cxr_core.errors import RejectedFile
from cxr_core.pacs.web.multipart import Limits, Splitter

ANSWER_TYPE = "application/dicom+json"
_FITTING = {ANSWER_TYPE, "application/json", "application/*", "*/*"}
_STATUS = {"malformed": 400, "too-large": 413, "media-type": 415}


class Reason(IntEnum):
    """Why an instance was not stored: Failure Reason (0008,1197), PS3.18 table I.2-2 and PS3.7 Annex C."""

    PROCESSING = 0x0110
    NOT_ALLOWED = 0x0124
    CLASS_NOT_SUPPORTED = 0x0122
    OUT_OF_RESOURCES = 0xA700
    CLASS_MISMATCH = 0xA900
    NOT_UNDERSTOOD = 0xC000
    SYNTAX_NOT_SUPPORTED = 0xC122


@dataclass(frozen=True)
class Stored:
    """An instance that is kept."""

    sop_class: str
    instance: str
    warning: int | None = None
    """Warning Reason (0008,1196), as 0xB000."""


@dataclass(frozen=True)
class Failed:
    """An instance that isn't kept; without its UIDs where the file gives none."""

    sop_class: str
    instance: str
    reason: int


async def parts(content_type: str, body: AsyncIterable[bytes], limits: Limits | None = None) -> AsyncIterator[bytes]:
    """The DICOM files of a request's body, each as soon as it is whole; holds one at a time.

    Raises RejectedFile (`malformed`, `too-large`, `media-type`), also after some parts: those have come in whole.
    """
    splitter = Splitter(content_type, limits)
    async for piece in body:
        for part in splitter.feed(piece):
            yield part
    splitter.end()


def answer(stored: Sequence[Stored], failed: Sequence[Failed]) -> tuple[int, bytes]:
    """Status and body (PS3.18, 10.5.3): 200 all is stored, 202 some, 409 nothing, 503 nothing for want of resources."""
    said: dict[str, Any] = {"00081190": {"vr": "UR"}}  # no Retrieve URL: what came in isn't given out again
    unnamed = [each for each in failed if not each.instance]
    named = [each for each in failed if each.instance]
    if named:
        said["00081198"] = _sequence([{**_referenced(each), "00081197": _us(each.reason)} for each in named])
    if stored:
        said["00081199"] = _sequence([_stored(each) for each in stored])
    if unnamed:
        said["0008119A"] = _sequence([{"00081197": _us(each.reason)} for each in unnamed])
    return _status(stored, failed), json.dumps(said).encode("ascii")


def refused(error: RejectedFile) -> tuple[int, str]:
    """Status and text for a body that `parts` refuses: 400, 413 or 415."""
    return _STATUS.get(error.reason, 400), str(error)


def acceptable(accept: str | None) -> bool:
    """Whether a request with this Accept header (RFC 9110, 12.5.1) takes DICOM JSON; 406 is for those that don't."""
    if not accept or not accept.strip():
        return True
    weights = dict(_weight(each) for each in accept.split(","))
    exact = [kind for kind in (ANSWER_TYPE, "application/json") if kind in weights]
    return any(weights[kind] > 0 for kind in exact or _FITTING & weights.keys())


def _weight(entry: str) -> tuple[str, float]:
    kind, *parameters = (each.strip().lower() for each in entry.split(";"))
    quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 1.0


def _status(stored: Sequence[Stored], failed: Sequence[Failed]) -> int:
    if stored:
        return 202 if failed else 200
    full = bool(failed) and all(each.reason >> 8 == Reason.OUT_OF_RESOURCES >> 8 for each in failed)
    return 503 if full else 409


def _stored(each: Stored) -> dict[str, Any]:
    warned = {} if each.warning is None else {"00081196": _us(each.warning)}
    return {**_referenced(each), **warned}


def _referenced(each: Stored | Failed) -> dict[str, Any]:
    return {"00081150": _ui(each.sop_class), "00081155": _ui(each.instance)}


def _ui(uid: str) -> dict[str, Any]:
    return {"vr": "UI", "Value": [uid]} if uid else {"vr": "UI"}


def _us(code: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [int(code)]}


def _sequence(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": found}
